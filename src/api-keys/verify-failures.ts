import { z } from 'zod'
import { sha256 } from '../crypto/digest.ts'
import { declare, type Store } from '../store/collection.ts'

/** How many failures in how long a time, in milliseconds, are let pass. */
export const patience = { failures: 10, within: 15 * 60_000 }

const failuresDeclaration = declare({
  name: 'api_key_failures',
  shape: z.object({ id: z.string(), failures: z.number(), expiresAt: z.number() }),
})

/** Whose failures are counted: a key's at one address, so that a stranger who knows its id cannot close it to its owner. */
interface Failing {
  key: string
  address: string | undefined
}

export interface Failures {
  /** Seconds until this key may be tried again from here; undefined while it may. */
  closedFor(failing: Failing): Promise<number | undefined>
  /** Counts one more; resolves to how many there were in this time. */
  count(failing: Failing): Promise<number>
}

/** Counts what fails, in this store. */
export function failures({ store, now }: { store: Store; now: () => number }): Failures {
  const kept = store.collection(failuresDeclaration)
  const id = ({ key, address = '' }: Failing) => sha256(`${key}\n${address}`)
  return {
    closedFor: async failing => {
      const found = await kept.get(id(failing))
      if (!found || found.failures < patience.failures) return undefined
      return Math.max(1, Math.ceil((found.expiresAt - now()) / 1000))
    },
    count: failing => {
      const own = id(failing)
      return kept.count(own, 'failures', 1, { id: own, failures: 0, expiresAt: now() + patience.within })
    },
  }
}
