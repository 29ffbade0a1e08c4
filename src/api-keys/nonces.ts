import { z } from 'zod'
import { sha256 } from '../crypto/digest.ts'
import { Conflict, declare, type Store } from '../store/collection.ts'
import type { Claim, Scheme } from './scheme.ts'

/** How far the clocks of processes that share a store may differ, in milliseconds. */
const drift = 10_000

const noncesDeclaration = declare({
  name: 'api_key_nonces',
  shape: z.object({ id: z.string(), expiresAt: z.number() }),
})

export interface Nonces {
  /** Uses a claim's nonce up: of many that are alike, exactly one gets true. */
  spend(scheme: Scheme['id'], claim: Claim): Promise<boolean>
}

/** The nonces of this store, each kept for as long as its request could pass. */
export function nonces({ store }: { store: Store }): Nonces {
  const kept = store.collection(noncesDeclaration)
  return {
    spend: async (scheme, { key, nonce, at, behind }) => {
      try {
        await kept.insert({ id: sha256(JSON.stringify([key, scheme, nonce])), expiresAt: at + behind + drift })
        return true
      } catch (fault) {
        if (fault instanceof Conflict) return false
        throw fault
      }
    },
  }
}
