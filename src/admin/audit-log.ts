import { z } from 'zod'
import type { Emit } from '../events.ts'
import { eventShape, fed, longPoll } from '../feeds/event-feed.ts'
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
/** The most events of one answer to those who follow the log, and the longest that they wait, in seconds: proxies give up after sixty. */
const mostFed = 1_000
const longestWait = 50

interface Services {
  store: Store
  emit: Emit
  /** Aborts when this process is about to stop. */
  stopping: AbortSignal
  now: () => number
}

const moment = z.coerce.number().int().nonnegative().optional()

interface Part {
  account?: string | undefined
  event?: string | undefined
  from?: number | undefined
  until?: number | undefined
  cursor?: string | undefined
}

/** What reads the log from its newest event on, and so goes together with no `after`. */
const backward = ['account', 'event', 'from', 'until', 'cursor'] as const
const searching = z
  .object({
    account: z.string().max(100).optional(),
    event: z.string().max(60).optional(),
    from: moment,
    until: moment,
    cursor: z.string().max(100).optional(),
    after: moment.describe(
      'Reads forward instead: what follows this sequence number, oldest first; 0 begins at the first event',
    ),
    limit: z.coerce
      .number()
      .int()
      .min(1)
      .max(mostFed)
      .optional()
      .describe(`With after: at most so many; ${mostFed} unless told`),
    wait: z.coerce
      .number()
      .int()
      .min(0)
      .max(longestWait)
      .optional()
      .describe('With after: seconds to wait for news where there is none'),
  })
  .superRefine(({ after, limit, wait, ...given }, { addIssue }) => {
    const name = backward.find(each => given[each] !== undefined)
    if (after !== undefined && name)
      addIssue({ code: 'custom', path: [name], message: 'does not go together with after' })
    for (const [alone, value] of Object.entries({ limit, wait }))
      if (after === undefined && value !== undefined)
        addIssue({ code: 'custom', path: [alone], message: 'needs after' })
  })

/** Reads the audit log for the staff, newest first: by account, by event and by time, on declared indexes only; or forward, for programs that follow it. */
export function auditLog({ store, emit, stopping, now }: Services) {
  const book = store.collection(leaves)
  const about = concerning(store)
  const follow = longPoll(store, stopping)

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
      means:
        'Reads the audit log, newest first: all of it, or what concerns an account, an event or a time. With `after` it is a feed: oldest first, and it can wait for news.',
      scope: 'admin:audit.read',
      at: 'GET /audit',
      args: searching,
      result: z.object({ entries: z.array(eventShape), next: z.string().optional() }),
      run: async ({ account, after, limit = mostFed, wait = 0, ...part }, { gone }) => {
        if (after !== undefined) return { entries: (await follow(after, limit, wait * 1000, gone)).map(fed) }
        const { entries, next } = await (account === undefined
          ? everything(part)
          : about(account, { ...part, name: part.event }, part.cursor))
        return { entries: entries.map(fed), next }
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
