import { argon2Hash, djangoBcryptHash, HashFault, pbkdf2Hash, scryptHash } from '../crypto/foreign-hash.ts'

export type Fields = Record<string, unknown>

/** Reads what may be an object. */
export const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {})
/** Reads what may be a list of objects. */
export const list = (value: unknown): Fields[] => (Array.isArray(value) ? value.map(fields) : [])
/** Reads what may be a text with something in it. */
export const words = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined
/** Reads base64 of either alphabet. */
export const bytes = (value: unknown): Buffer => Buffer.from(words(value) ?? '', 'base64')

/** Reads JSON in a text, and anything else as it is; undefined for a text that is no JSON. */
export function parsed(value: unknown): unknown {
  try {
    return typeof value === 'string' ? JSON.parse(value) : value
  } catch {
    return undefined
  }
}
/** Reads an object, or one as JSON in a text; an empty one for anything else. */
export const json = (value: unknown): Fields => fields(parsed(value))

/** Spells a text's bytes in base32 (RFC 4648, 6), without padding. */
function base32(text: string): string {
  const bits = [...Buffer.from(text)].map(byte => byte.toString(2).padStart(8, '0')).join('')
  const groups = bits.match(/.{1,5}/g) ?? []
  return groups.map(each => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(each.padEnd(5, '0'), 2)]).join('')
}

const unread = (what: string) => new HashFault('unknown', what)

/** Spells a password of Keycloak by its `credentialData` and `secretData`. Throws HashFault. */
export function keycloakHash(how: Fields, secret: Fields): string {
  const pbkdf2 = /^pbkdf2(?:-(sha256|sha512))?$/.exec(String(how.algorithm))
  const [passes, salt, hash] = [Number(how.hashIterations), bytes(secret.salt), bytes(secret.value)]
  if (pbkdf2) return pbkdf2Hash({ digest: pbkdf2[1] ?? 'sha1', iterations: passes, salt, hash })
  if (how.algorithm !== 'argon2') throw unread(`Keycloak's ${JSON.stringify(how.algorithm)}`)
  const given = fields(how.additionalParameters) as Record<string, unknown[]>
  const version = given.version?.[0] === '1.0' ? 16 : 19
  const [memory, lanes] = [Number(given.memory?.[0]), Number(given.parallelism?.[0])]
  return argon2Hash({ type: String(given.type?.[0]), version, memory, passes, lanes, salt, hash })
}

/** Returns a one-time password of Keycloak, with no secret where its app shows other codes than ours verify. */
export function keycloakOtp(how: Fields, { value }: Fields, label: unknown): Fields {
  const usual = how.subType === 'totp' && how.digits === 6 && how.period === 30 && how.algorithm === 'HmacSHA1'
  const secret = how.secretEncoding === 'BASE32' ? String(value) : base32(String(value))
  return { secret: usual ? secret : '', label: words(label) }
}

/** Spells a password of Logto. Throws HashFault. */
export function logtoHash(method: string, hash: string): string {
  if (/^(Argon2(i|d|id)|Bcrypt)$/.test(method)) return hash
  const [name, values, expected] = method === 'Legacy' && Array.isArray(parsed(hash)) ? (parsed(hash) as unknown[]) : []
  // Anything else is a digest that is guessed by the billion a second.
  if (name !== 'pbkdf2' || !Array.isArray(values) || values[4] !== '@')
    throw new HashFault('weak', `Logto's ${method}${name === undefined ? '' : ` ${name}`} can be guessed too quickly`)
  const [salt, iterations, , digest] = values.map(String)
  const parts = { salt: Buffer.from(salt ?? ''), hash: Buffer.from(String(expected), 'hex') }
  return pbkdf2Hash({ digest: digest ?? '', iterations: Number(iterations), ...parts })
}

/** Spells a password of Django. Throws HashFault. */
export function djangoHash(encoded: string): string {
  const [name, ...rest] = encoded.split('$')
  const [first = '', second = '', third = ''] = rest
  if (name === 'argon2') return `$${rest.join('$')}`
  if (name === 'bcrypt') return rest.join('$')
  if (name === 'bcrypt_sha256') return djangoBcryptHash(rest.join('$'))
  const [, digest] = /^pbkdf2_(sha1|sha256)$/.exec(name ?? '') ?? []
  if (digest) return pbkdf2Hash({ digest, iterations: Number(first), salt: Buffer.from(second), hash: bytes(third) })
  const ln = Math.log2(Number(first))
  const [r, p, hash] = [Number(rest[2]), Number(rest[3]), bytes(rest[4])]
  if (name === 'scrypt' && Number.isInteger(ln)) return scryptHash({ ln, r, p, salt: Buffer.from(second), hash })
  // Without a scheme before it, the text is the digest itself, and nobody may read that in a terminal.
  throw unread(rest.length > 0 ? `Django's ${JSON.stringify(String(name).slice(0, 40))}` : 'an unsalted hash of Django')
}
