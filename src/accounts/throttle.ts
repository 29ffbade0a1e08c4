import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { sha256 } from '../crypto/digest.ts'
import { Problem } from '../errors.ts'
import { declare, type Store } from '../store/collection.ts'

const minute = 60_000

const shape = z.object({ id: z.string(), spent: z.number(), expiresAt: z.number() })

export const throttlesDeclaration = declare({ name: 'throttles', shape })

/** So many tries in so long a window, in milliseconds. */
export interface Allowance {
  tries: number
  window: number
}

/** Who is trying what. `account` is an id or a typed address: an unknown one is counted like any other. */
export interface Trier {
  what: string
  account: string | undefined
  address: string
  /** Set when the account has signed in on this device before: it has an allowance that no guesser elsewhere can use up. */
  device: string | undefined
}

export type By = 'account' | 'address' | 'pair' | 'device'

const guesses: Record<By, Allowance> = {
  account: { tries: 20, window: 30 * minute },
  pair: { tries: 8, window: 15 * minute },
  address: { tries: 60, window: 15 * minute },
  device: { tries: 10, window: 15 * minute },
}

export interface Throttle {
  /** Pays for one guess before it is judged, so that parallel guesses cannot outrun the count. Throws `slow_down`, with `values.by` saying which count. */
  spend(trier: Trier): Promise<void>
  /** Gives back what a right answer paid, and forgives what its device, or its account at this address, got wrong before. */
  forgive(trier: Trier): Promise<void>
  /** How many wrong answers an account got, at most to any one of these, from devices that it does not know: of the last half hour. */
  failures(account: string, whats: readonly string[]): Promise<number>
  /** Pays for one of something else that is rationed, such as a message to one phone, or from one address; resolves to what gives it back. Throws `slow_down`. */
  ration(what: string, whose: string, allowance: Allowance): Promise<() => Promise<void>>
}

/** Slows guessers by account, address and pair; a known device counts for itself alone, so that nobody can lock its owner out. */
export function throttle({ store, now }: { store: Store; now: () => number }): Throttle {
  const kept = store.collection(throttlesDeclaration)
  const key = (what: string, by: string, whose: string) => sha256(`${what}\n${by}\n${whose}`)

  const keys = ({ what, account, address: from, device }: Trier): [By, string][] => {
    const address = whole(from)
    if (account !== undefined && device !== undefined) return [['device', key(what, 'device', `${account}\n${device}`)]]
    const byAddress: [By, string] = ['address', key(what, 'address', address)]
    if (account === undefined) return [byAddress]
    return [
      byAddress,
      ['pair', key(what, 'pair', `${account}\n${address}`)],
      ['account', key(what, 'account', account)],
    ]
  }

  const pay = async (id: string, { tries, window }: Allowance, by: string) => {
    const at = now()
    const spent = await kept.count(id, 'spent', 1, { id, spent: 0, expiresAt: at + window })
    if (spent <= tries) return
    const until = (await kept.get(id))?.expiresAt ?? at
    throw new Problem('slow_down', { values: { by }, retryAfter: Math.max(1, Math.ceil((until - at) / 1000)) })
  }

  const giveBack = async (id: string, { window }: Allowance): Promise<void> => {
    await kept.count(id, 'spent', -1, { id, spent: 0, expiresAt: now() + window })
  }

  return {
    spend: async trier => {
      const counts = keys(trier)
      const payOne = ([by, id]: [By, string]) => pay(id, guesses[by], by)
      const spent = await Promise.all(counts.map(([, id]) => kept.get(id)))
      // Near an end one after the other: what one count refuses is charged to none behind it, so that no flood from one
      // address fills up an account's. Far from it at one stroke, which is one commit and not three.
      if (counts.some(([by], at) => (spent[at]?.spent ?? 0) >= guesses[by].tries / 2)) {
        for (const each of counts) await payOne(each)
        return
      }
      const paid = await Promise.allSettled(counts.map(payOne))
      const refused = paid.findIndex(each => each.status === 'rejected')
      if (refused < 0) return
      // What was refused is counted, too.
      const behind = counts.slice(refused + 1)
      await Promise.all(behind.map(([by, id]) => giveBack(id, guesses[by])))
      throw (paid[refused] as PromiseRejectedResult).reason
    },
    forgive: async trier => {
      const forgiven = ([by, id]: [By, string]): Promise<unknown> =>
        by === 'pair' || by === 'device' ? kept.take(id) : giveBack(id, guesses[by])
      await Promise.all(keys(trier).map(forgiven))
    },
    failures: async (account, whats) => {
      const found = await Promise.all(whats.map(what => kept.get(key(what, 'account', account))))
      return Math.max(0, ...found.map(each => each?.spent ?? 0))
    },
    ration: async (what, whose, allowance) => {
      const id = key(what, 'ration', whole(whose))
      await pay(id, allowance, what)
      return () => giveBack(id, allowance)
    },
  }
}

/** What counts as one address: of IPv6 the 64 bits that everybody who has one has all of (RFC 6177, 2); anything else as it is. */
function whole(address: string): string {
  if (!ipaddr.IPv6.isValid(address)) return address
  return ipaddr.IPv6.networkAddressFromCIDR(`${address}/64`).toString()
}
