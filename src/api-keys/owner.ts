import { type Account, type Accounts, active, keyEnded } from '../accounts/account.ts'
import type { Hold } from '../accounts/hold.ts'
import type { Throttle } from '../accounts/throttle.ts'
import type { SendMail } from '../delivery/mails.ts'
import { Problem } from '../errors.ts'
import type { Emit, Origin } from '../events.ts'
import { type ApiKeyForm, nameOf } from './api-key-form.ts'
import { type ApiKey, type Keys, overlap, type Revealed } from './api-keys.ts'

const hour = 3_600_000
/** How many keys an account may make in a day, and how often it is written to about one that fails. */
const makes = { tries: 50, window: 24 * hour }
const warnings = { tries: 1, window: hour }

/** What people do with keys of their own; each change is an event and a mail. All but `make` throw `not_found` for a key that is not theirs. */
export interface Owner {
  keys(account: string): Promise<ApiKey[]>
  /** Throws `limit_reached`, `slow_down`. */
  make(account: Account, form: ApiKeyForm, origin: Origin): Promise<Revealed>
  /** Throws `invalid_name`. */
  rename(account: Account, id: string, name: string, origin: Origin): Promise<void>
  /** A key that signs with the owner's own private key takes its new public key; one with a secret gets a new secret. */
  rotate(account: Account, id: string, publicKey: string | undefined, origin: Origin): Promise<Revealed>
  revoke(account: Account, id: string, origin: Origin): Promise<void>
  /** Revokes all that there are, by the account's id. */
  revokeAll(account: string, origin: Origin): Promise<void>
  /** Tells the owner that a key was closed to an address, at most once an hour. */
  warn(key: ApiKey, address: string | undefined): Promise<void>
}

interface Services {
  keys: Keys
  accounts: Pick<Accounts, 'get'>
  throttle: Pick<Throttle, 'ration'>
  /** Has apps wait: a key that moves money was made. */
  hold: Hold
  sendMail: SendMail
  emit: Emit
}

/** Makes what the pages of an account do with its keys. */
export function owner({ keys, accounts, throttle, hold, sendMail, emit }: Services): Owner {
  const own = async (account: Account, id: string): Promise<ApiKey> => {
    const key = await keys.get(id)
    if (key?.account !== account.id || key.revokedAt !== undefined || keyEnded(account, key))
      throw new Problem('not_found')
    return key
  }
  const about = ({ id, name }: ApiKey) => ({ key: name, id })

  const end = async ({ id: account, email, locale }: Account, key: ApiKey, origin: Origin): Promise<boolean> => {
    if (!(await keys.revoke(key.id))) return false
    await emit('api-key.revoked', { account, key: key.id }, origin)
    await sendMail('key-revoked', { email, locale }, about(key))
    return true
  }

  return {
    keys: async id => {
      const [account, all] = await Promise.all([accounts.get(id), keys.of(id)])
      return all.filter(each => account && !keyEnded(account, each))
    },
    make: async ({ id: account, securityStamp, email, locale }, { publicKey, ...wanted }, origin) => {
      await throttle.ration('api-key.make', account, makes)
      // Before there is a key that the apps would not know to wait for.
      if (wanted.scopes.includes('transfer')) await hold(account, origin)
      const made = await keys.add({ ...wanted, account, securityStamp }, publicKey)
      // Whoever revokes all that there are, for good reason, has changed the security stamp before: one of both sees the other.
      const owner = await accounts.get(account)
      if (!active(owner) || owner.securityStamp !== securityStamp) {
        await keys.revoke(made.key.id)
        throw new Problem('conflict')
      }
      const { id, scopes, algorithm, addresses } = made.key
      await emit('api-key.created', { account, key: id, scopes, algorithm, addresses: addresses.length }, origin)
      const bounds = { scopes: scopes.join(', '), addresses: addresses.join(', ') }
      await sendMail('key-created', { email, locale }, { ...about(made.key), ...bounds })
      return made
    },
    rename: async (account, id, typed, origin) => {
      const key = await own(account, id)
      const name = nameOf(typed)
      if (name === key.name) return
      await keys.rename(id, name)
      await emit('api-key.renamed', { account: account.id, key: id }, origin)
      await sendMail('key-renamed', account, { key: name, id, former: key.name })
    },
    rotate: async (account, id, publicKey, origin) => {
      const key = await own(account, id)
      const needed = key.algorithm === 'ed25519'
      if (needed !== (publicKey !== undefined)) throw new Problem('invalid_public_key', { field: 'public_key' })
      // The new secret may be somebody else's.
      if (key.scopes.includes('transfer')) await hold(account.id, origin)
      const rotated = await keys.rotate(key, publicKey)
      await emit('api-key.rotated', { account: account.id, key: id }, origin)
      await sendMail('key-rotated', account, { ...about(key), hours: overlap / hour })
      return rotated
    },
    revoke: async (account, id, origin) => {
      if (!(await end(account, await own(account, id), origin))) throw new Problem('not_found')
    },
    revokeAll: async (id, origin) => {
      const account = await accounts.get(id)
      if (account) for (const key of await keys.of(id)) await end(account, key, origin)
    },
    warn: async (key, address = '') => {
      const account = await accounts.get(key.account)
      if (!active(account)) return
      try {
        await throttle.ration('api-key.warn', key.id, warnings)
      } catch (fault) {
        if (fault instanceof Problem && fault.code === 'slow_down') return
        throw fault
      }
      await sendMail('key-misused', account, { ...about(key), address })
    },
  }
}
