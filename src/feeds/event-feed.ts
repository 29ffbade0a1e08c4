import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import type { Entry } from '../observers/chain.ts'
import { leafId, leaves } from '../observers/ledger.ts'
import type { Store } from '../store/collection.ts'

/** Leaves of the audit log that are read at a time: at most two thousand entries. */
const stride = 20
/** Milliseconds between two looks of somebody who waits for news. */
const look = 500
/** How many may wait at once in one process; any more are answered at once. */
const waiting = 100

/** Version 1 of an event, as docs/events.md describes it: in the admin API and in the file of events alike. */
export const eventShape = z.object({
  version: z.literal(1),
  sequence: z.number().describe('Counted from 1, with no gap'),
  at: z.number().describe('Milliseconds since the epoch'),
  name: z.string(),
  level: z.enum(['info', 'notice', 'warning']),
  data: z.record(z.string(), z.unknown()),
  address: z.string().optional().describe('Where the request came from'),
  agent: z.string().optional().describe('The User-Agent of the request'),
  device: z.string().optional().describe('The id of the browser'),
  request: z.string().optional().describe('The X-Request-Id of the answer, which log lines carry'),
  previous: z.string().describe('The hash of the event before'),
  hash: z.string(),
})

type FedEvent = z.output<typeof eventShape>

/** Returns an entry of the audit log as feeds show it. */
export function fed({ sequence, at, name, level, data, origin, previous, hash }: Entry): FedEvent {
  const { address, agent, device, request } = origin
  return { version: 1, sequence, at, name, level, data, address, agent, device, request, previous, hash }
}

/** Resolves to what follows a sequence number in the audit log, in order: at most `limit` entries, and at least one where there is any. */
export async function entriesBehind(store: Store, after: number, limit: number): Promise<Entry[]> {
  const book = store.collection(leaves)
  // The leaf that the next entry is in, if it is there: a leaf is named by its first one.
  const [leaf] = await book.find({ id: { lt: leafId(after + 2) } }, { sort: { by: 'id', descending: true }, limit: 1 })
  const found = leaf?.entries.filter(({ sequence }) => sequence > after) ?? []
  if (leaf && found.length > 0 && found.length < limit) {
    const more = await book.find({}, { after: leaf.id, limit: Math.min(stride, limit - found.length) })
    found.push(...more.flatMap(({ entries }) => entries))
  }
  return found.slice(0, limit)
}

/** Returns a function that reads what follows a sequence number and, where nothing does yet, waits for it. */
export function longPoll(store: Store, stopping: AbortSignal) {
  let waits = 0
  /** Resolves to entries, or to none once `patience` (milliseconds) is over, who asked is `gone`, or this process stops. */
  return async (after: number, limit: number, patience: number, gone?: AbortSignal): Promise<Entry[]> => {
    const ended = AbortSignal.any([stopping, AbortSignal.timeout(patience), ...(gone ? [gone] : [])])
    let found = await entriesBehind(store, after, limit)
    if (found.length > 0 || patience === 0 || waits >= waiting) return found
    waits += 1
    try {
      while (found.length === 0 && !ended.aborted) {
        await wait(look, undefined, { signal: ended }).catch(() => {})
        if (!stopping.aborted && !gone?.aborted) found = await entriesBehind(store, after, limit)
      }
      return found
    } finally {
      waits -= 1
    }
  }
}
