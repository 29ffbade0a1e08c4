import { z } from 'zod'
import type { Emit } from '../events.ts'
import { concerning } from '../observers/activity.ts'
import { type Entry, walk } from '../observers/chain.ts'
import { keyAt, leaves, ledger, strays } from '../observers/ledger.ts'
import type { Store } from '../store/collection.ts'
import { operation, recordOf } from './operation.ts'

/** Entries on one page, about: what was written at one stroke stays together. */
const page = 50
/** Leaves read at a time, and the most that are read for one page: a rare event is looked for page by page. */
const stride = 100
const reads = 20

interface Services {
  store: Store
  emit: Emit
  now: () => number
}

const entry = z.object({
  sequence: z.number(),
  at: z.number().describe('Milliseconds since the epoch'),
  name: z.string(),
  level: z.string(),
  data: z.record(z.string(), z.unknown()),
  address: z.string().optional(),
  agent: z.string().optional(),
  request: z.string().optional(),
  hash: z.string(),
})
const moment = z.coerce.number().int().nonnegative().optional()

interface Part {
  account?: string | undefined
  event?: string | undefined
  from?: number | undefined
  until?: number | undefined
  cursor?: string | undefined
}

/** Reads the audit log for the staff, newest first: by account, by event and by time, on declared indexes only. */
export function auditLog({ store, emit, now }: Services) {
  const book = store.collection(leaves)
  const about = concerning(store)
  const shown = ({ sequence, at, name, level, data, origin, hash }: Entry): z.output<typeof entry> => {
    const { address, agent, request } = origin
    return { sequence, at, name, level, data, address, agent, request, hash }
  }

  /** Everything: leaf after leaf from the end, until a page is full. */
  const everything = async ({ event, from, until, cursor }: Part) => {
    const key = { ...(from !== undefined && { gte: keyAt(from) }), ...(until !== undefined && { lt: keyAt(until) }) }
    const where = Object.keys(key).length > 0 ? { key } : {}
    const sort = { by: 'key', descending: true } as const
    const entries: Entry[] = []
    let after = cursor
    for (let read = 0; read < reads; read++) {
      const found = await book.find(where, { sort, limit: stride, after })
      for (const leaf of found) {
        entries.push(...leaf.entries.toReversed().filter(({ name }) => event === undefined || name === event))
        after = leaf.id
        if (entries.length >= page) return { entries, next: after }
      }
      if (found.length < stride) return { entries, next: undefined }
    }
    return { entries, next: after }
  }

  return {
    search: operation({
      id: 'audit.search',
      means: 'Reads the audit log, newest first: all of it, or what concerns an account, an event or a time.',
      scope: 'admin:audit.read',
      at: 'GET /audit',
      args: z.object({
        account: z.string().max(100).optional(),
        event: z.string().max(60).optional(),
        from: moment,
        until: moment,
        cursor: z.string().max(100).optional(),
      }),
      result: z.object({ entries: z.array(entry), next: z.string().optional() }),
      run: async ({ account, ...part }) => {
        const { entries, next } = await (account === undefined
          ? everything(part)
          : about(account, { ...part, name: part.event }, part.cursor))
        return { entries: entries.map(shown), next }
      },
    }),
    verify: operation({
      id: 'audit.verify',
      means: 'Walks the whole audit log and tells whether it is one unbroken chain.',
      scope: 'admin:audit.export',
      at: 'GET /audit/verify',
      args: z.object({}),
      result: z.object({
        sound: z.boolean(),
        entries: z.number().describe('How many are sound, from the first one on'),
        fault: z.string().optional().describe('What is wrong with the entry that follows'),
      }),
      event: 'audit.verified',
      run: async (_, by) => {
        const { head, fault } = await walk(ledger({ store }).entries())
        const missing = fault ? undefined : await strays(store, now())
        const sound = !fault && !missing
        const { staff, client } = recordOf(by)
        await emit('audit.verified', { sound, staff, client }, by.origin)
        return { sound, entries: head.sequence, fault: fault?.what ?? (missing && 'cut') }
      },
    }),
  }
}
