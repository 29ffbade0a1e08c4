import { type FirebaseProject, firebaseHash, HashFault } from '../crypto/foreign-hash.ts'
import {
  bytes,
  djangoHash,
  type Fields,
  fields,
  json,
  keycloakHash,
  keycloakOtp,
  list,
  logtoHash,
  parsed,
  words,
} from './foreign-fields.ts'
import type { Layout } from './people-lines.ts'

/** What an operator says besides the file. */
export interface Told {
  firebase?: FirebaseProject | undefined
  /** The relying party's id of the passkeys, where the export does not say it. */
  rpId?: string | undefined
}

interface Format {
  /** The member of the JSON document that lists people, and whether columns are read, too. */
  within?: string
  columns?: true
  /** Brings a record into the fields of the format `latchkey`; undefined for one that is no person. Throws HashFault. */
  read(record: Fields, told: Told): Fields | undefined
}

const joined = (...parts: unknown[]): string | undefined => words(parts.filter(words).join(' '))
/** An object that other systems keep for the operator, where there is anything in it. */
const more = (value: unknown): Fields | undefined => (Object.keys(fields(value)).length > 0 ? fields(value) : undefined)

/** A realm's export with its users, or one file of many that have them. */
const keycloak: Format = {
  within: 'users',
  read: (user, { rpId }) => {
    // A client's own account is nobody's.
    if (words(user.serviceAccountClientId)) return undefined
    const { locale, phoneNumber, ...attributes } = fields(user.attributes) as Record<string, unknown[]>
    const of = (...types: string[]) => list(user.credentials).filter(each => types.includes(String(each.type)))
    const [password] = of('password')
    return {
      id: words(user.id),
      email: words(user.email),
      email_verified: user.emailVerified === true,
      phone: words(phoneNumber?.[0]),
      name: joined(user.firstName, user.lastName),
      username: words(user.username),
      locale: words(locale?.[0]),
      created_at: user.createdTimestamp,
      locked: user.enabled === false,
      password_hash: password && keycloakHash(json(password.credentialData), json(password.secretData)),
      totp: of('otp').map(each => keycloakOtp(json(each.credentialData), json(each.secretData), each.userLabel)),
      passkeys: of('webauthn', 'webauthn-passwordless').map(each => {
        const key = json(each.credentialData)
        return {
          id: unpadded(key.credentialId),
          public_key: unpadded(key.credentialPublicKey),
          rp_id: rpId ?? '(not told)',
          counter: key.counter,
          aaguid: words(key.aaguid),
          transports: key.transports,
          label: words(each.userLabel),
          user_handle: Buffer.from(String(user.id)).toString('base64url'),
        }
      }),
      attributes: more(attributes),
    }
  },
}

const unpadded = (value: unknown): string | undefined => words(value) && bytes(value).toString('base64url')

/** A job's export, with the hashes that Auth0 hands out on request, or either of them: one JSON object a line. */
const auth0: Format = {
  read: user => {
    const own = words(fields(user._id).$oid) ?? words(user._id)
    const factors = list(user.mfa_factors)
    return {
      id: words(user.user_id) ?? (own && `auth0|${own}`),
      email: words(user.email),
      email_verified: user.email_verified === true,
      phone: words(user.phone_number),
      phone_verified: user.phone_verified === true,
      name: words(user.name) === words(user.email) ? undefined : words(user.name),
      username: words(user.username),
      created_at: user.created_at,
      locked: user.blocked === true,
      password_hash: words(user.passwordHash) ?? words(user.password_hash),
      totp: factors.flatMap(each => (each.totp ? [{ secret: fields(each.totp).secret }] : [])),
      attributes: more({ ...fields(user.user_metadata), ...fields(user.app_metadata) }),
    }
  },
}

/** `firebase auth:export FILE --format=json`. */
const firebase: Format = {
  within: 'users',
  read: (user, { firebase: project }) => {
    const [salt, hash] = [bytes(user.salt), bytes(user.passwordHash)]
    if (hash.length > 0 && !project)
      throw new HashFault('unknown', 'the hash of a Firebase project that --firebase does not describe')
    return {
      id: words(user.localId),
      email: words(user.email),
      email_verified: user.emailVerified === true,
      // Firebase keeps only numbers that a code was sent to.
      phone: words(user.phoneNumber),
      phone_verified: words(user.phoneNumber) !== undefined,
      name: words(user.displayName),
      created_at: user.createdAt,
      locked: user.disabled === true,
      password_hash: hash.length > 0 && project ? firebaseHash(project, { salt, hash }) : undefined,
      attributes: more(json(user.customAttributes)),
    }
  },
}

/** `aws cognito-idp list-users`, or its CSV template. It exports no hashes: people choose a new password. */
const cognito: Format = {
  within: 'Users',
  columns: true,
  read: user => {
    const attributes = Array.isArray(user.Attributes)
      ? Object.fromEntries(list(user.Attributes).map(({ Name, Value }) => [String(Name), Value]))
      : user
    const { sub, email, email_verified, phone_number, phone_number_verified, name, ...others } = attributes as Fields
    const custom = Object.entries(others).filter(([key, value]) => key.startsWith('custom:') && words(value))
    const [given, family] = [others.given_name, others.family_name]
    return {
      id: words(sub) ?? words(user.Username) ?? words(user['cognito:username']),
      email: words(email),
      email_verified: String(email_verified).toLowerCase() === 'true',
      phone: words(phone_number),
      phone_verified: String(phone_number_verified).toLowerCase() === 'true',
      name: words(name) ?? joined(given, family),
      zoneinfo: words(others.zoneinfo),
      locale: words(others.locale),
      created_at: user.UserCreateDate,
      locked: user.Enabled === false,
      attributes: more(Object.fromEntries(custom)),
    }
  },
}

/** Rows of Logto's table `users`, or what its Management API answers. */
const logto: Format = {
  read: row => {
    const user = Object.fromEntries(
      Object.entries(row).map(([key, value]) => [
        key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
        value,
      ]),
    )
    const verified = list(parsed(user.mfaVerifications))
    return {
      id: words(user.id),
      // Logto keeps only addresses and numbers that a code was sent to.
      email: words(user.primaryEmail),
      email_verified: words(user.primaryEmail) !== undefined,
      phone: words(user.primaryPhone) && `+${String(user.primaryPhone).replace(/^\+/, '')}`,
      phone_verified: words(user.primaryPhone) !== undefined,
      name: words(user.name),
      username: words(user.username),
      zoneinfo: words(json(user.profile).zoneinfo),
      locale: words(json(user.profile).locale),
      created_at: user.createdAt,
      locked: user.isSuspended === true,
      password_hash:
        words(user.passwordEncrypted) &&
        logtoHash(String(user.passwordEncryptionMethod), String(user.passwordEncrypted)),
      totp: verified.filter(({ type }) => type === 'Totp').map(({ key }) => ({ secret: key })),
      passkeys: verified
        .filter(({ type }) => type === 'WebAuthn')
        .map(each => ({
          id: each.credentialId,
          public_key: each.publicKey,
          rp_id: each.rpId,
          counter: each.counter,
          transports: each.transports,
          label: words(each.name),
          user_handle: Buffer.from(String(user.id)).toString('base64url'),
        })),
      attributes: more(json(user.customData)),
    }
  },
}

/** `manage.py dumpdata auth.user`, as one array or (`--format jsonl`) line by line. */
const django: Format = {
  read: record => {
    const user = fields(record.fields)
    if (!/(^|\.)user$/i.test(String(record.model))) return undefined
    const hash = words(user.password)
    return {
      id: record.pk === undefined ? undefined : String(record.pk),
      email: words(user.email),
      name: joined(user.first_name, user.last_name),
      username: words(user.username),
      created_at: user.date_joined,
      locked: user.is_active === false,
      // One that nobody can sign in with begins with an exclamation mark.
      password_hash: hash === undefined || hash.startsWith('!') ? undefined : djangoHash(hash),
    }
  },
}

/** The format of `people export`; as columns, `totp` has one secret. */
const latchkey: Format = {
  columns: true,
  read: record => ({ ...record, ...(typeof record.totp === 'string' && { totp: [{ secret: record.totp }] }) }),
}

/** Every format that people are imported from. */
export const formats = { latchkey, keycloak, auth0, firebase, cognito, logto, django } as const satisfies Record<
  string,
  Format
>
export type FormatName = keyof typeof formats

/** Returns how a file of a format is laid out, by its name and how it begins. Throws SyntaxError. */
export function layoutOf(name: FormatName, path: string, beginning: string): Layout {
  const { within, columns }: Format = formats[name]
  if (/\.csv$/i.test(path)) {
    if (!columns) throw new SyntaxError(`The format ${name} is read from JSON.`)
    return { kind: 'columns' }
  }
  const text = beginning.replace(/^\uFEFF/, '').trimStart()
  if (text.startsWith('[')) return { kind: 'list' }
  const first = fields(parsed(text.split('\n', 1)[0]))
  return within === undefined || (Object.keys(first).length > 0 && !(within in first))
    ? { kind: 'lines' }
    : { kind: 'list', within }
}
