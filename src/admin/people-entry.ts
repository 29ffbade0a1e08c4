import { z } from 'zod'
import type { AttributeValue } from '../clients/attributes.ts'
import { foreignHash, HashFault } from '../crypto/foreign-hash.ts'
import { isForeign, pepperOf } from '../crypto/hash.ts'
import { emailAddress, phoneNumber } from '../factors/contacts.ts'

const text = (most: number) => z.string().min(1).max(most)
const yes = z.union([z.boolean(), z.stringbool()])
const base64url = text(2048).regex(/^[\w-]+$/, 'is no base64url')
const totp = z.strictObject({
  /** Base32. SHA-1, six digits, 30 seconds. */
  secret: text(200),
  label: text(80).optional(),
})
const passkey = z.strictObject({
  /** Credential id. */
  id: base64url,
  /** COSE. */
  public_key: base64url,
  /** The domain that it was made for. */
  rp_id: text(253),
  counter: z.int().nonnegative().default(0),
  transports: z.array(text(32)).max(16).default([]),
  backed_up: yes.default(false),
  /** Whether it may be copied; unknown until its first use where it is not said. */
  device_type: z.enum(['singleDevice', 'multiDevice']).optional(),
  aaguid: text(36).default('00000000-0000-0000-0000-000000000000'),
  /** What the authenticator calls its owner, where that is not the account's id. */
  user_handle: base64url.max(86).optional(),
  label: text(80).optional(),
})

/** One person as a file says it: the fields of the format `latchkey`, which every other format is brought into. */
const entryShape = z.strictObject({
  id: text(255).optional(),
  /** The id by which an earlier product knew the account, beside its own. */
  legacy_sub: text(255).optional(),
  email: text(1000),
  email_verified: yes.default(false),
  phone: text(100).optional(),
  phone_verified: yes.default(false),
  name: text(80).optional(),
  username: text(40).optional(),
  zoneinfo: text(64).optional(),
  locale: text(35).optional(),
  created_at: z.union([z.number(), text(40)]).optional(),
  locked: yes.default(false),
  password_hash: text(2048).optional(),
  totp: z.array(totp).max(2).default([]),
  passkeys: z.array(passkey).max(20).default([]),
  /** By name, of the attributes that clients.json declares. */
  attributes: z.record(z.string(), z.unknown()).default({}),
  /** Roles in single apps, by client id. */
  app_roles: z.record(z.string(), z.array(text(40)).max(50)).default({}),
  /** Codes that stand in for what was lost, as an export of Latchkey has them. */
  recovery_codes: z.strictObject({ key: text(100), left: z.array(text(100)).max(10) }).optional(),
})

/** A field, and what is wrong with it. Never says what a secret is. */
export interface Fault {
  field: string
  what: string
}

/** What a credential of the import is. */
interface Proposed {
  factor: string
  lookup?: string
  label?: string | undefined
  secret: unknown
}

/** A person who can be imported. */
export interface Person {
  id: string | undefined
  legacySub: string | undefined
  email: string
  emailProved: boolean
  phone: string | undefined
  profile: { name?: string | undefined; username?: string | undefined; zone?: string | undefined }
  locale: string
  createdAt: number
  locked: boolean
  attributes: Record<string, AttributeValue>
  appRoles: Record<string, string[]>
  credentials: Proposed[]
  unguarded: boolean
  /** The number was left out, because nobody proved it. */
  numberLeft: boolean
}

export interface Reading {
  /** The relying party's id of passkeys: the issuer's host name. */
  rpId: string
  /** Tells whether this key's pepper is among those of the configured secrets. */
  pepper(id: string): boolean
  /** Returns the nearest language of ours. */
  language(tag: string): string
  /** Tells whether a time zone is one. */
  zone(name: string): boolean
  /** Reads the value of an attribute as it is declared; undefined where there is no such attribute, or no such value of it. */
  attribute(name: string, value: unknown): AttributeValue | undefined
  /** Tells whether an app has this role. */
  role(app: string, role: string): boolean
  /** The operator says that every address was proved at the source. */
  emailsProved?: boolean | undefined
  /** Former ids become account ids; otherwise they are kept beside them. */
  keepIds: boolean
  now: number
}

const earliest = Date.UTC(1990, 0)
const idSpelling = /^[\w.|@-]{1,64}$/

/** Reads one person; throws no fault but returns all of them. */
export function readEntry(given: Record<string, unknown>, reading: Reading): { person?: Person; faults: Fault[] } {
  const fits = entryShape.safeParse(given)
  if (!fits.success) return { faults: fits.error.issues.flatMap(faultsOf) }
  const entry = fits.data
  const faults: Fault[] = []
  const fault = (field: string, what: string): undefined => void faults.push({ field, what })

  const email = emailAddress(entry.email) ?? fault('email', 'is no email address')
  const emailProved = entry.email_verified || reading.emailsProved === true
  const phone = entry.phone === undefined ? undefined : phoneNumber(entry.phone)
  if (entry.phone !== undefined && phone === undefined && entry.phone_verified)
    fault('phone', 'is no mobile number with its country code')
  if (reading.keepIds && entry.id !== undefined && !idSpelling.test(entry.id))
    fault('id', 'cannot be a `sub` (64 letters, digits and . | @ _ - at most): use --ids legacy_sub')
  if (entry.zoneinfo !== undefined && !reading.zone(entry.zoneinfo)) fault('zoneinfo', 'is no time zone')
  const createdAt = momentOf(entry.created_at, reading.now) ?? fault('created_at', 'is no time in the past')

  if (!reading.keepIds && entry.id !== undefined && entry.legacy_sub !== undefined)
    fault('legacy_sub', 'is there beside an id that --ids legacy_sub would keep as it')
  const { attributes, faults: unfit } = attributesOf(entry.attributes, reading)
  faults.push(...unfit)
  for (const [app, roles] of Object.entries(entry.app_roles))
    for (const role of roles) if (!reading.role(app, role)) fault('app_roles', `names no role of ${app}: ${role}`)

  const credentials: Proposed[] = []
  if (entry.password_hash !== undefined) {
    const wrong = hashFault(entry.password_hash, reading)
    if (wrong) fault('password_hash', wrong)
    credentials.push({ factor: 'password', secret: { hash: entry.password_hash } })
  }
  for (const { secret, label } of entry.totp) {
    const base32 = secret.replace(/[\s=-]/g, '').toUpperCase()
    // RFC 4226, 4: R6 asks for 128 bits.
    if (!/^[A-Z2-7]{26,103}$/.test(base32)) fault('totp', 'has a secret that is no base32 of 16 to 64 bytes')
    credentials.push({ factor: 'totp', label, secret: { secret: base32, step: 0 } })
  }
  for (const { rp_id, public_key, backed_up, device_type, user_handle, label, ...key } of entry.passkeys) {
    if (rp_id !== reading.rpId)
      fault('passkeys', `were made for ${rp_id}, and work at ${reading.rpId} only if it were the same`)
    const secret = { ...key, publicKey: public_key, backedUp: backed_up, deviceType: device_type, handle: user_handle }
    credentials.push({ factor: 'passkey', lookup: key.id, label, secret })
  }
  if (phone !== undefined && entry.phone_verified) credentials.push({ factor: 'sms', secret: { to: phone } })
  const unguarded = !credentials.some(({ factor }) => factor !== 'password')
  if (entry.recovery_codes) credentials.push({ factor: 'recovery-code', secret: entry.recovery_codes })
  if (email !== undefined) credentials.push({ factor: 'email', secret: { to: email } })
  if (!emailProved && !credentials.some(({ factor }) => factor === 'password' || factor === 'passkey'))
    fault('email', 'is not verified, and there is no password or passkey to sign in with')

  if (faults.length > 0 || email === undefined || createdAt === undefined) return { faults }
  const {
    id,
    legacy_sub: legacySub,
    app_roles: appRoles,
    name,
    username,
    zoneinfo: zone,
    locale = 'en',
    locked,
  } = entry
  const profile = { name, username: username?.toLowerCase() === email ? undefined : username, zone }
  const proved = entry.phone_verified ? phone : undefined
  const more = {
    ...{ id, legacySub, attributes, appRoles },
    phone: proved,
    profile,
    locale: reading.language(locale),
    createdAt,
    locked,
    credentials,
    unguarded,
  }
  return {
    person: { email, emailProved, ...more, numberLeft: entry.phone !== undefined && proved === undefined },
    faults,
  }
}

/** Reads attributes by their declarations. Other products keep a list for each: one of one value is that value. */
function attributesOf(given: Record<string, unknown>, { attribute }: Pick<Reading, 'attribute'>) {
  const read = Object.entries(given).map(([name, value]) => {
    const single = Array.isArray(value) && value.length === 1 ? value[0] : value
    return [name, attribute(name, single)] as const
  })
  const faults = read.flatMap(([name, value]) =>
    value === undefined
      ? [
          {
            field: 'attributes',
            what: `has ${name}, which clients.json does not declare so (--ignore leaves them out)`,
          },
        ]
      : [],
  )
  return { attributes: Object.fromEntries(read) as Record<string, AttributeValue>, faults }
}

function hashFault(hash: string, { pepper }: Reading): string | undefined {
  if (!isForeign(hash)) {
    const id = pepperOf(hash)
    if (id === undefined) return 'is a password hash of an unknown form'
    return pepper(id) ? undefined : 'was made with a secret that is not in LATCHKEY_SECRETS'
  }
  try {
    foreignHash(hash)
    return undefined
  } catch (thrown) {
    if (thrown instanceof HashFault) return `is refused: ${thrown.message}`
    throw thrown
  }
}

/** Reads ISO 8601, or seconds or milliseconds since the epoch; now where nothing is said. */
function momentOf(given: string | number | undefined, now: number): number | undefined {
  if (given === undefined) return now
  const count = typeof given === 'number' || /^\d{9,14}(\.\d+)?$/.test(given) ? Number(given) : undefined
  const at = count === undefined ? Date.parse(String(given)) : count < 100_000_000_000 ? count * 1000 : count
  return at >= earliest && at <= now ? Math.round(at) : undefined
}

function faultsOf(issue: z.core.$ZodIssue): Fault[] {
  const [field = 'record'] = issue.path
  if (issue.code === 'unrecognized_keys' && issue.path.length === 0)
    return issue.keys.map(each => ({
      field: each,
      what: 'is a field that accounts do not have (--ignore leaves it out)',
    }))
  if (issue.code === 'invalid_type' && issue.input === undefined && issue.path.length === 1)
    return [{ field: String(field), what: 'is missing' }]
  return [{ field: String(field), what: `does not fit: ${issue.message}` }]
}
