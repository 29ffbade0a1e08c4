import { z } from 'zod'
import { declare, type Store } from '../store/collection.ts'

const hour = 3_600_000
/** Refusals after which an app may ask that person for nothing more, for a while. */
const patience = 2

const declaration = declare({
  name: 'approval_mutes',
  shape: z.object({ id: z.string(), refusals: z.number(), expiresAt: z.number() }),
})

/** Apps that a person said no to, so that nobody is asked until they give in. */
export interface Mutes {
  /** May the app not ask that person now? */
  has(account: string, client: string): Promise<boolean>
  /** Notes a refusal: two in an hour mute the app for that hour, a report for a day. */
  refused(account: string, client: string, reported: boolean): Promise<void>
}

/** Keeps mutes on a store. */
export function mutes(store: Store, now: () => number): Mutes {
  const kept = store.collection(declaration)
  const name = (account: string, client: string): string => `${account} ${client}`
  return {
    has: async (account, client) => ((await kept.get(name(account, client)))?.refusals ?? 0) >= patience,
    refused: async (account, client, reported) => {
      const id = name(account, client)
      if (reported) await kept.put({ id, refusals: patience, expiresAt: now() + 24 * hour })
      else await kept.count(id, 'refusals', 1, { id, refusals: 0, expiresAt: now() + hour })
    },
  }
}
