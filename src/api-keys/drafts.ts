import { z } from 'zod'
import { id } from '../crypto/random.ts'
import { declare, type Store } from '../store/collection.ts'
import type { Typed } from './api-key-form.ts'

const lifetime = 3_600_000

const draftsDeclaration = declare({
  name: 'api_key_drafts',
  shape: z.object({
    id: z.string(),
    account: z.string(),
    typed: z.object({
      name: z.string(),
      scope: z.array(z.string()),
      addresses: z.string(),
      expires: z.string(),
      public_key: z.string(),
    }),
    expiresAt: z.number(),
  }),
})

/** What somebody had typed when they were sent to prove who they are: kept for an hour, so that nothing is typed twice. */
export interface Drafts {
  /** Resolves to its id. */
  keep(account: string, typed: Typed): Promise<string>
  /** Undefined when it is gone, or another's. */
  get(id: string, account: string): Promise<Typed | undefined>
}

/** The drafts in this store. */
export function drafts({ store, now }: { store: Store; now: () => number }): Drafts {
  const kept = store.collection(draftsDeclaration)
  return {
    keep: async (account, { scope, ...typed }) => {
      const own = id()
      await kept.insert({ id: own, account, typed: { ...typed, scope: [...scope] }, expiresAt: now() + lifetime })
      return own
    },
    get: async (own, account) => {
      const found = await kept.get(own)
      return found?.account === account ? found.typed : undefined
    },
  }
}
