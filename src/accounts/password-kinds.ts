import { setTimeout as rest } from 'node:timers/promises'
import { z } from 'zod'
import { hmac } from '../crypto/digest.ts'
import { kindOf } from '../crypto/foreign-hash.ts'
import type { Sealer } from '../crypto/seal.ts'
import { claim, declare, every, type Store, update } from '../store/collection.ts'
import { credentialContext, credentialsDeclaration } from './credential.ts'

/** How long a count is good for, in milliseconds, and how long a process uses what it has read. */
const [day, fresh] = [24 * 3_600_000, 30_000]
/** Milliseconds between two pages of a count: requests come first. */
const pause = 5
/** How many kinds are told apart: no product has so many, and each costs the answer to an unknown address one digest. */
const most = 50

const counted = z.object({ kind: z.string(), held: z.number() })
const shape = z.object({
  id: z.string(),
  kinds: z.array(counted),
  /** When they were last counted; 0 asks for a count. */
  countedAt: z.number(),
  /** Rises with each change of `kinds`: what compare-and-set compares. */
  rev: z.number(),
})
type Counted = z.output<typeof counted>

export const kindsDeclaration = declare({ name: 'password_kinds', shape })
/** The only document; the first import makes it. */
const id = 'all'

/**
 * Draws a kind for an address, each as often as its share of all passwords, and always the same one for the same address and shares (weighted
 * rendezvous hashing). When one kind becomes rarer, only addresses that had drawn it change, as people do who sign in and have their hash
 * replaced. Returns undefined where there are no kinds.
 */
export function drawn(address: string, kinds: readonly Counted[], key: Uint8Array): string | undefined {
  let [first, least]: [string | undefined, number] = [undefined, Number.POSITIVE_INFINITY]
  for (const { kind, held } of kinds) {
    const chance = (Number.parseInt(hmac(key, `${address}\n${kind}`, 'hex').slice(0, 12), 16) + 1) / 2 ** 48
    const at = -Math.log(chance) / held
    if (at < least) [first, least] = [kind, at]
  }
  return first
}

/**
 * Counts the passwords of each kind of hash, from the first import on, so that a kind is as frequent among unknown addresses as among people.
 * Otherwise the time that another product's hash takes would tell which addresses have an account.
 */
export function passwordKinds({
  store,
  sealer,
  now,
}: {
  store: Store
  sealer: Pick<Sealer, 'open'>
  now: () => number
}) {
  const kept = store.collection(kindsDeclaration)
  const credentials = store.collection(credentialsDeclaration)
  /** What this process read last, or reads now; of a failed reading `at` is 0, so that the next request reads again. */
  let read: { at: number; kinds: readonly Counted[] | Promise<readonly Counted[]> } | undefined

  /** Opens the hash of a password; returns none where the secret that sealed it is gone. */
  const opened = (sealed: { id: string; secret: string }): string[] => {
    try {
      return [JSON.parse(sealer.open(sealed.secret, credentialContext(sealed))).hash]
    } catch {
      return []
    }
  }

  /** Counts the hashes of all passwords; resolves to undefined when it is told to stop. */
  const count = async (signal?: AbortSignal): Promise<Counted[] | undefined> => {
    const hashes: string[] = []
    let kinds: Counted[] = []
    let seen = 0
    for await (const each of every(credentials, {})) {
      if (++seen % 500 === 0) {
        if (signal?.aborted) return undefined
        kinds = merged(kinds, hashes.splice(0))
        await rest(pause)
      }
      if (each.factor === 'password') hashes.push(...opened(each))
    }
    return merged(kinds, hashes)
  }

  return {
    /** Counts what is there before an import, unless that was done within the last day. */
    begin: async (): Promise<void> => {
      const found = await kept.get(id)
      if (found && now() - found.countedAt < day) return
      const fresh = { kinds: (await count()) ?? [], countedAt: now() }
      if (found) await kept.patch(id, { ...fresh, rev: found.rev + 1 }, { rev: found.rev })
      else await claim(kept, { id, ...fresh, rev: 0 })
    },
    /** Adds hashes that are about to be imported, so that unknown addresses draw a kind before the first person has it. */
    foresee: async (hashes: readonly string[]): Promise<void> => {
      await update(kept, id, 'rev', ({ kinds }) => ({ kinds: merged(kinds, hashes) }))
    },
    /** Asks for a new count, because people who were foreseen may be there already or have been refused. */
    end: async (): Promise<void> => {
      await kept.patch(id, { countedAt: 0 })
    },
    /**
     * Counts anew once a day, in one of several processes, as long as there are kinds other than `current`: people sign in, and their hashes
     * are replaced.
     */
    recount: async (current: string, signal?: AbortSignal): Promise<void> => {
      const { kinds, countedAt, rev } = (await kept.get(id)) ?? { kinds: [], countedAt: 0, rev: 0 }
      if (!kinds.some(({ kind }) => kind !== current) || now() - countedAt < day) return
      if (!(await kept.patch(id, { countedAt: now() }, { countedAt, rev }))) return
      const found = await count(signal)
      // An import that ran meanwhile asks for another count at its end.
      if (found) await kept.patch(id, { kinds: found, rev: rev + 1 }, { rev })
      else await kept.patch(id, { countedAt: 0 })
    },
    /**
     * Draws the kind whose time the answer to an unknown address takes, as a hash that no password matches; undefined for a hash of ours. It
     * never fails: only unknown addresses come here, so an error would tell them apart. In a fault the last reading counts on.
     */
    likeness: async (address: string, key: Uint8Array): Promise<string | undefined> => {
      const at = now()
      if (!read || at - read.at >= fresh) {
        const last = read?.kinds ?? []
        const reading: typeof read = { at, kinds: [] }
        reading.kinds = kept.get(id).then(
          found => found?.kinds ?? [],
          () => {
            reading.at = 0
            return last
          },
        )
        read = reading
      }
      return drawn(address, await read.kinds, key)
    },
  }
}

function merged(kinds: readonly Counted[], hashes: readonly string[]): Counted[] {
  const sum = new Map(kinds.map(({ kind, held }) => [kind, held]))
  for (const each of hashes) {
    const kind = kindOf(each)
    if (sum.has(kind) || sum.size < most) sum.set(kind, (sum.get(kind) ?? 0) + 1)
  }
  return [...sum].map(([kind, held]) => ({ kind, held }))
}
