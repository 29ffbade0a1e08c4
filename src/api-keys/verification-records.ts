import { z } from 'zod'
import { sha256 } from '../crypto/digest.ts'
import { claim, declare, type Store } from '../store/collection.ts'
import type { Claim, Scheme } from './scheme.ts'

/** How far the clocks of processes that share a store may differ, in milliseconds. */
const drift = 10_000

const noncesDeclaration = declare({
  name: 'api_key_nonces',
  shape: z.object({ id: z.string(), expiresAt: z.number() }),
})

export type Nonces = ReturnType<typeof nonces>

/** Remembers the nonces of signed requests, each for as long as its request could pass. */
export function nonces({ store }: { store: Store }) {
  const kept = store.collection(noncesDeclaration)
  return {
    /** Uses a claim's nonce up: of many that are alike, exactly one gets true. */
    spend: (scheme: Scheme['id'], { key, nonce, at, behind }: Claim): Promise<boolean> =>
      claim(kept, { id: sha256(JSON.stringify([key, scheme, nonce])), expiresAt: at + behind + drift }),
  }
}

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

export type Failures = ReturnType<typeof failures>

/** Counts verifications that fail. */
export function failures({ store, now }: { store: Store; now: () => number }) {
  const kept = store.collection(failuresDeclaration)
  const id = ({ key, address = '' }: Failing) => sha256(`${key}\n${address}`)
  return {
    /** Resolves to the seconds until this key may be tried again from this address; undefined while it may. */
    closedFor: async (failing: Failing): Promise<number | undefined> => {
      const found = await kept.get(id(failing))
      if (!found || found.failures < patience.failures) return undefined
      return Math.max(1, Math.ceil((found.expiresAt - now()) / 1000))
    },
    /** Counts one more; resolves to how many there were within `patience.within`. */
    count: (failing: Failing): Promise<number> => {
      const own = id(failing)
      return kept.count(own, 'failures', 1, { id: own, failures: 0, expiresAt: now() + patience.within })
    },
  }
}
