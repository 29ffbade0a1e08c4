import { z } from 'zod'
import { token } from '../crypto/random.ts'
import type { Observer, Recorded } from '../events.ts'
import { declare, type Store } from '../store/collection.ts'

const shape = z.object({
  /** Rises with time: paging by id is paging through what happened, in order. */
  id: z.string(),
  at: z.number(),
  name: z.string(),
  level: z.enum(['info', 'notice', 'warning']),
  data: z.record(z.string(), z.unknown()),
  origin: z.object({
    address: z.string().optional(),
    agent: z.string().optional(),
    device: z.string().optional(),
    request: z.string().optional(),
  }),
})

export const auditDeclaration = declare({ name: 'audit', shape })

/** Keeps every event but the routine ones, for good: it only ever adds. Awaited, so that nothing is done that could not be written down. */
export function audit({ store }: { store: Store }): Observer {
  const kept = store.collection(auditDeclaration)
  const next = rising()
  return {
    awaited: true,
    async observe({ name, level, at, data, origin }: Recorded) {
      if (level !== 'routine') await kept.insert({ id: next(at), at, name, level, data, origin })
    },
  }
}

/** Ids in the order in which they are made here, and among processes in that of their milliseconds; none is made twice. */
function rising(): (at: number) => string {
  let last = 0
  let sequence = 0
  return at => {
    // A clock that is set back must not file what happens next under what went before.
    sequence = at > last ? 0 : sequence + 1
    last = Math.max(last, at)
    return `${last.toString(36).padStart(9, '0')}${sequence.toString(36).padStart(6, '0')}${token(6)}`
  }
}
