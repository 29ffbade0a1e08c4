import { z } from 'zod'
import { SealError, type Sealer } from '../crypto/seal.ts'
import { declare, type Store } from '../store/collection.ts'
import type { Outgoing } from './message.ts'

/** A message as the development outbox shows it. */
export interface Kept {
  id: string
  /** Milliseconds since the epoch. */
  at: number
  channel: 'email' | 'sms'
  to: string
  subject: string
  text: string
  code?: string
  link?: string
}

/** Messages that lead nowhere. */
export const kept = declare({
  name: 'kept-messages',
  shape: z.strictObject({
    id: z.string(),
    expiresAt: z.number(),
    to: z.string(),
    order: z.number(),
    sealed: z.string(),
  }),
  indexes: ['order', ['to', 'order']],
})
const most = 300
const week = 7 * 24 * 3_600_000

/** Where messages go that have nowhere to go: kept in the store, so that every process shows them; the newest 300, for a week. */
export function development({ store, sealer }: { store: Store; sealer: Sealer }): {
  keep(message: Outgoing, order: number): Promise<void>
  list(to?: string): Promise<Kept[]>
} {
  const messages = store.collection(kept)
  let sinceTrim = 0

  async function trim(): Promise<void> {
    const newest = await messages.find({}, { sort: { by: 'order', descending: true }, limit: most })
    const oldest = newest.at(-1)
    if (newest.length === most && oldest) await messages.remove({ order: { lt: oldest.order } })
  }

  return {
    async keep({ id, at, channel, to, subject, text, code, link }, order) {
      const shown: Kept = { id, at, channel, to, subject, text, ...(code && { code }), ...(link && { link }) }
      await messages.insert({
        id,
        expiresAt: at + week,
        to: sealer.blind(to, 'kept')[0],
        order,
        sealed: sealer.seal(JSON.stringify(shown), `kept:${id}`),
      })
      sinceTrim = (sinceTrim + 1) % 50
      if (sinceTrim === 0) await trim()
    },
    async list(to) {
      const where = to === undefined ? {} : { to: { in: sealer.blind(to, 'kept') } }
      const found = await messages.find(where, { sort: { by: 'order', descending: true }, limit: most })
      return found.flatMap(({ id, sealed }) => {
        try {
          return [JSON.parse(sealer.open(sealed, `kept:${id}`)) as Kept]
        } catch (error) {
          // Kept under development secrets that were thrown away since.
          if (error instanceof SealError) return []
          throw error
        }
      })
    },
  }
}
