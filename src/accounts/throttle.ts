import { z } from 'zod'
import { sha256 } from '../crypto/digest.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import { networksOf } from '../network.ts'
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

/** One thing that is rationed: its name (a label of the metrics), whose ration it is (an address counts for its networks, too), and how much there is. */
export interface Ration {
  what: string
  whose: string
  allowance: Allowance
}

interface Services {
  store: Store
  now: () => number
  /** Records each ration that is used up, once for each window. */
  emit?: Emit
}

interface Count {
  id: string
  allowance: Allowance
  /** What `values.by` says. */
  by: string
}

export type Throttle = ReturnType<typeof throttle>

/** Slows guessers by account, address and pair; a known device counts for itself alone, so that nobody can lock its owner out. */
export function throttle({ store, now, emit }: Services) {
  const kept = store.collection(throttlesDeclaration)
  const key = (what: string, by: string, whose: string) => sha256(`${what}\n${by}\n${whose}`)
  const born = (id: string, { window }: Allowance) => ({ id, spent: 0, expiresAt: now() + window })

  const guessing = ({ what, account, address, device }: Trier): (Count & { by: By })[] => {
    const count = (by: By, whose: string, times = 1) => {
      const { tries, window } = guesses[by]
      return { by, id: key(what, by, whose), allowance: { tries: tries * times, window } }
    }
    if (account !== undefined && device !== undefined) return [count('device', `${account}\n${device}`)]
    const networks = networksOf(address)
    const from = networks.map(({ network, times }) => count('address', network, times))
    if (account === undefined) return from
    return [...from, count('pair', `${account}\n${networks[0]?.network}`), count('account', account)]
  }

  const rationing = ({ what, whose, allowance: { tries, window } }: Ration): Count[] =>
    networksOf(whose).map(({ network, times }) => ({
      id: key(what, 'ration', network),
      allowance: { tries: tries * times, window },
      by: what,
    }))

  const slowDown = async ({ id, by }: Count, first = false): Promise<Problem> => {
    const at = now()
    const until = (await kept.get(id))?.expiresAt ?? at
    const retryAfter = Math.max(1, Math.ceil((until - at) / 1000))
    return new Problem('slow_down', { values: { by, ...(first && { first: 1 }) }, retryAfter })
  }

  const pay = async (count: Count): Promise<void> => {
    const { id, allowance } = count
    // No answer is given before something else is written that waits for the disk, and takes the count along: see flows/proof.ts.
    const spent = await kept.count(id, 'spent', 1, born(id, allowance), true)
    if (spent > allowance.tries) throw await slowDown(count, spent === allowance.tries + 1)
  }

  const giveBack = async (counts: readonly Count[]): Promise<void> => {
    await Promise.all(counts.map(({ id, allowance }) => kept.count(id, 'spent', -1, born(id, allowance))))
  }

  /** Records that a ration is used up, once for each window. Running into one of one is no news: it is a pause between two. */
  const tell = async ({ id, allowance, by }: Count): Promise<void> => {
    if (!emit || allowance.tries === 1) return
    const told = `${id}.told`
    if (await kept.get(told)) return
    if ((await kept.count(told, 'spent', 1, born(told, allowance))) === 1) await emit('limit.closed', { limit: by })
  }

  const rations = async (list: readonly Ration[]): Promise<() => Promise<void>> => {
    const counts = list.flatMap(rationing)
    const before = await Promise.all(counts.map(({ id }) => kept.get(id)))
    // What is used up is read and not written: a flood of refusals costs the store nothing.
    let refused = counts.find(({ allowance }, at) => (before[at]?.spent ?? 0) >= allowance.tries)
    if (!refused) {
      const spent = await Promise.all(
        counts.map(({ id, allowance }) => kept.count(id, 'spent', 1, born(id, allowance))),
      )
      refused = counts.find(({ allowance }, at) => (spent[at] ?? 0) > allowance.tries)
      if (!refused) return () => giveBack(counts)
      await giveBack(counts)
    }
    await tell(refused)
    throw await slowDown(refused)
  }

  return {
    /**
     * Pays for one guess before it is judged, so that parallel guesses cannot outrun the count. The disk has it with the next write: what came of the guess is
     * to be on record before it is told. Throws `slow_down`, with `values.by` saying which count, and `values.first` in the first that it refuses.
     */
    spend: async (trier: Trier): Promise<void> => {
      const counts = guessing(trier)
      const spent = await Promise.all(counts.map(({ id }) => kept.get(id)))
      // Near an end one after the other: what one count refuses is charged to none behind it, so that no flood from one
      // address fills up an account's. Far from it at one stroke, which is one commit and not three.
      if (counts.some(({ allowance }, at) => (spent[at]?.spent ?? 0) >= allowance.tries / 2)) {
        for (const each of counts) await pay(each)
        return
      }
      const paid = await Promise.allSettled(counts.map(pay))
      const refused = paid.findIndex(each => each.status === 'rejected')
      if (refused < 0) return
      // What was refused is counted, too. Of what failed nobody knows whether it is: given back in vain, it would be a guess for nothing.
      const counted = (each: PromiseSettledResult<void> | undefined) =>
        each?.status === 'fulfilled' || (each?.reason instanceof Problem && each.reason.code === 'slow_down')
      await giveBack(counts.filter((_, at) => at > refused && counted(paid[at])))
      throw (paid[refused] as PromiseRejectedResult).reason
    },
    /** Gives back what a right answer paid, and forgives what its device, or its account at this address, got wrong before. */
    forgive: async (trier: Trier): Promise<void> => {
      const forgiven = (count: Count): Promise<unknown> =>
        count.by === 'pair' || count.by === 'device' ? kept.take(count.id) : giveBack([count])
      await Promise.all(guessing(trier).map(forgiven))
    },
    /** How many wrong answers an account got, at most to any one of these, from devices that it does not know: of the last half hour. */
    failures: async (account: string, whats: readonly string[]): Promise<number> => {
      const found = await Promise.all(whats.map(what => kept.get(key(what, 'account', account))))
      return Math.max(0, ...found.map(each => each?.spent ?? 0))
    },
    /** Pays for one of something else that is rationed, such as a message to one phone, or from one address; resolves to what gives it back. Throws `slow_down`. */
    ration: (what: string, whose: string, allowance: Allowance) => rations([{ what, whose, allowance }]),
    /** Pays for one of each of these, or for none; resolves to what gives all of it back. Throws `slow_down`, with `values.by` saying which. */
    rations,
  }
}
