import { type Account, accountsDeclaration } from '../accounts/account.ts'
import { credentialContext, credentialsDeclaration } from '../accounts/credential.ts'
import type { Sealer } from '../crypto/seal.ts'
import { allOf, every, type Store } from '../store/collection.ts'

/** People who are read together. */
const together = 100

interface Services {
  store: Store
  /** Opens credentials; without it, an export holds no secrets. */
  sealer?: Pick<Sealer, 'open'> | undefined
  /** The relying party's id of passkeys: the issuer's host name. */
  rpId: string
}

/** Whatever a factor keeps. */
type Secret = Partial<Record<string, unknown>>

/**
 * Yields everybody whose account is open, in the fields that an import reads. With a sealer, also what they sign in with: hashes of passwords,
 * which verify only with the same secrets of the operator, authenticators, passkeys and recovery codes.
 */
export async function* peopleExport({ store, sealer, rpId }: Services): AsyncGenerator<Record<string, unknown>> {
  const credentials = store.collection(credentialsDeclaration)
  const secretsOf = async (account: Account) => {
    if (!sealer) return {}
    const found = await allOf(credentials, { account: account.id })
    const held = found.filter(each => account.holds?.includes(each.id))
    const of = (factor: string) =>
      held
        .filter(each => each.factor === factor)
        .map(
          (each): Secret => ({ label: each.label, ...JSON.parse(sealer.open(each.secret, credentialContext(each))) }),
        )
    const [[password], authenticators, passkeys, [codes]] = [
      of('password'),
      of('totp'),
      of('passkey'),
      of('recovery-code'),
    ]
    return {
      ...(password && { password_hash: password.hash }),
      ...(authenticators.length > 0 && { totp: authenticators.map(({ secret, label }) => ({ secret, label })) }),
      ...(passkeys.length > 0 && { passkeys: passkeys.map(each => passkeyOf(each, account.id, rpId)) }),
      ...(codes && { recovery_codes: { key: codes.key, left: codes.left } }),
    }
  }
  const batch: Account[] = []
  const flush = async () => {
    const people = batch.splice(0)
    const secrets = await Promise.all(people.map(secretsOf))
    return people.map((person, at) => ({ ...fieldsOf(person), ...secrets[at] }))
  }
  for await (const account of every(store.collection(accountsDeclaration), {})) {
    if (account.status !== 'active') continue
    batch.push(account)
    if (batch.length >= together) yield* await flush()
  }
  yield* await flush()
}

function fieldsOf({ id, email, emailUnproved, phone, profile = { at: 0 }, locale, lock, createdAt, ...more }: Account) {
  const { legacySub, attributes, appRoles } = more
  const { name, username, zone } = profile
  return {
    ...{ id, email, email_verified: emailUnproved !== true },
    ...(legacySub !== undefined && { legacy_sub: legacySub }),
    ...(phone !== undefined && { phone, phone_verified: true }),
    ...(name !== undefined && { name }),
    ...(username !== undefined && { username }),
    ...(zone !== undefined && { zoneinfo: zone }),
    ...{ locale, created_at: new Date(createdAt).toISOString() },
    ...(lock && { locked: true }),
    ...(attributes && { attributes }),
    ...(appRoles && { app_roles: appRoles }),
  }
}

function passkeyOf(
  { id, publicKey, counter, transports, backedUp, deviceType, aaguid, handle, label }: Secret,
  account: string,
  rpId: string,
) {
  const key = { id, public_key: publicKey, rp_id: rpId, counter, transports, backed_up: backedUp, aaguid, label }
  const owner = handle ?? Buffer.from(account).toString('base64url')
  return { ...key, ...(deviceType !== undefined && { device_type: deviceType }), user_handle: owner }
}
