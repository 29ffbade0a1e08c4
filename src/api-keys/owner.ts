import { type Account, type Accounts, active, keyEnded } from '../accounts/account.ts'
import { type Agent, agentOf } from '../accounts/device.ts'
import type { Hold } from '../accounts/hold.ts'
import type { Throttle } from '../accounts/throttle.ts'
import { zoneOf } from '../accounts/time-zone.ts'
import type { SendMail, Whence } from '../delivery/mails.ts'
import { Problem } from '../errors.ts'
import type { Emit, Origin } from '../events.ts'
import { type ApiKeyForm, nameOf } from './api-key-form.ts'
import { type ApiKey, type Keys, overlap, type Revealed } from './api-keys.ts'

const hour = 3_600_000
/** How many keys an account may make in a day, and how often it is written to about one that fails. */
const makes = { tries: 50, window: 24 * hour }
const warnings = { tries: 1, window: hour }

export type Owner = ReturnType<typeof owner>

/** Says of what was done to keys where it was done from, and when in the reader's time zone. */
export interface Words {
  whence(locale: string, origin: { address?: string | undefined; agent: Agent }): Whence
  moment(locale: string, at: number, zone?: string): string
}

interface Services {
  keys: Keys
  accounts: Pick<Accounts, 'get'>
  throttle: Pick<Throttle, 'ration'>
  /** Tells apps to wait: a key that moves money was made. */
  hold: Hold
  sendMail: SendMail
  words: Words
  emit: Emit
  now: () => number
}

/** Changes people's API keys, each change with an event and a mail. All but `make` throw `not_found` for a key that is not theirs. */
export function owner({ keys, accounts, throttle, hold, sendMail, words, emit, now }: Services) {
  const own = async (account: Account, id: string): Promise<ApiKey> => {
    const key = await keys.get(id)
    if (key?.account !== account.id || key.revokedAt !== undefined || keyEnded(account, key))
      throw new Problem('not_found')
    return key
  }
  const about = ({ id, name }: ApiKey) => ({ key: name, id })
  /** When the owner did it, on which device and where. */
  const seen = ({ locale, ...account }: Account, { address, agent }: Origin) => ({
    when: words.moment(locale, now(), zoneOf(account)),
    ...words.whence(locale, { address, agent: agentOf(agent) }),
  })

  const end = async (account: Account, key: ApiKey, origin: Origin, told: object = {}): Promise<boolean> => {
    if (!(await keys.revoke(key.id))) return false
    await emit('api-key.revoked', { account: account.id, key: key.id }, origin)
    await sendMail('key-revoked', account, { ...about(key), ...told })
    return true
  }

  return {
    keys: async (id: string): Promise<ApiKey[]> => {
      const [account, all] = await Promise.all([accounts.get(id), keys.of(id)])
      return all.filter(each => account && !keyEnded(account, each))
    },
    /** Throws `limit_reached`, `slow_down`, and `conflict` where all keys were revoked meanwhile. */
    make: async (maker: Account, { publicKey, ...wanted }: ApiKeyForm, origin: Origin): Promise<Revealed> => {
      const { id: account, securityStamp } = maker
      await throttle.ration('api-key.make', account, makes)
      // Before there is a key that the apps would not know to wait for.
      if (wanted.scopes.includes('transfer')) await hold(account, origin)
      const made = await keys.add({ ...wanted, account, securityStamp }, publicKey)
      // Revoking all keys of an account comes after a change of its security stamp: one of the two requests sees the other.
      const owner = await accounts.get(account)
      if (!active(owner) || owner.securityStamp !== securityStamp) {
        await keys.revoke(made.key.id)
        throw new Problem('conflict')
      }
      const { id, scopes, algorithm, addresses } = made.key
      await emit('api-key.created', { account, key: id, scopes, algorithm, addresses: addresses.length }, origin)
      const bounds = { scopes: scopes.join(', '), addresses: addresses.join(', ') }
      await sendMail('key-created', maker, { ...about(made.key), ...bounds, ...seen(maker, origin) })
      return made
    },
    /** Throws `invalid_name`. */
    rename: async (account: Account, id: string, typed: string, origin: Origin): Promise<void> => {
      const key = await own(account, id)
      const name = nameOf(typed)
      if (name === key.name) return
      await keys.rename(id, name)
      await emit('api-key.renamed', { account: account.id, key: id }, origin)
      await sendMail('key-renamed', account, { key: name, id, former: key.name, ...seen(account, origin) })
    },
    /** Replaces what a key signs with: by a new public key where its owner keeps the private one, else by a new secret. */
    rotate: async (account: Account, id: string, publicKey: string | undefined, origin: Origin): Promise<Revealed> => {
      const key = await own(account, id)
      const needed = key.algorithm === 'ed25519'
      if (needed !== (publicKey !== undefined)) throw new Problem('invalid_public_key', { field: 'public_key' })
      // The new secret may be somebody else's.
      if (key.scopes.includes('transfer')) await hold(account.id, origin)
      const rotated = await keys.rotate(key, publicKey)
      await emit('api-key.rotated', { account: account.id, key: id }, origin)
      await sendMail('key-rotated', account, { ...about(key), hours: overlap / hour, ...seen(account, origin) })
      return rotated
    },
    revoke: async (account: Account, id: string, origin: Origin): Promise<void> => {
      if (!(await end(account, await own(account, id), origin, seen(account, origin)))) throw new Problem('not_found')
    },
    /** Revokes all keys of an account, by its id. Its emails do not say from where: it may be the staff's. */
    revokeAll: async (id: string, origin: Origin): Promise<void> => {
      const account = await accounts.get(id)
      if (account) for (const key of await keys.of(id)) await end(account, key, origin)
    },
    /** Tells the owner that a key was closed to an address, at most once an hour. */
    warn: async (key: ApiKey, address = ''): Promise<void> => {
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
