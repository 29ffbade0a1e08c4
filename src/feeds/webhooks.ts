import { z } from 'zod'
import { id } from '../crypto/random.ts'
import type { Webhook } from '../delivery/message.ts'
import type { Entry } from '../observers/chain.ts'
import { ledgerEnd } from '../observers/ledger.ts'
import { allOf, declare, pageOf, type Store } from '../store/collection.ts'
import { entriesBehind } from './event-feed.ts'

const webhooksDeclaration = declare({
  name: 'webhooks',
  shape: z.object({
    id: z.string(),
    url: z.string(),
    /** Names of events, and families such as `session.*`; every event where there is none. */
    events: z.array(z.string()),
    /** The last event that was handed to the outbox, or passed over. */
    sequence: z.number(),
    /** Until when one process has it to itself to hand events on. */
    until: z.number(),
    createdAt: z.number(),
    /** Since when it takes nothing, why, how often it was tried, and when it is tried again. */
    failing: z.object({ since: z.number(), why: z.string(), times: z.number(), retryAt: z.number() }).optional(),
  }),
})
export type Hook = z.output<typeof webhooksDeclaration.shape>

const attemptsDeclaration = declare({
  name: 'webhook_attempts',
  shape: z.object({
    id: z.string(),
    webhook: z.string(),
    sequence: z.number(),
    name: z.string(),
    at: z.number(),
    /** What it answered, or why there was no answer. */
    status: z.number().optional(),
    why: z.string().optional(),
    expiresAt: z.number(),
  }),
  indexes: [['webhook', 'at']],
})
export type Attempt = z.output<typeof attemptsDeclaration.shape>

const day = 24 * 3_600_000
/** How long an event may take to arrive, and how long it is known which attempts there were, in milliseconds. */
const life = 7 * day
/** Events that are handed on at a time, and the milliseconds that it may take one process. */
const batch = 500
const lease = 30_000
/** Attempts on one page. */
const page = 50

export type Webhooks = ReturnType<typeof webhooks>

/** Keeps webhooks: where events are posted to, which ones, and how far each has come. */
export function webhooks({ store, now }: { store: Store; now: () => number }) {
  const kept = store.collection(webhooksDeclaration)
  const attempts = store.collection(attemptsDeclaration)
  return {
    list: async (): Promise<Hook[]> => (await allOf(kept, {})).sort((one, other) => one.createdAt - other.createdAt),
    get: (webhook: string): Promise<Hook | undefined> => kept.get(webhook),
    /** Adds a webhook, which is told what happens from now on. */
    add: async (url: string, events: readonly string[]): Promise<Hook> => {
      const { sequence } = await ledgerEnd(store)
      const made = { id: id(), url, events: [...events], sequence, until: 0, createdAt: now() }
      await kept.insert(made)
      return made
    },
    /** Changes a webhook; undefined where there is none. What has failed is tried again at once. */
    change: (webhook: string, changes: Partial<Pick<Hook, 'url' | 'events'>>): Promise<Hook | undefined> =>
      kept.patch(webhook, { ...changes, failing: undefined }),
    /** Sends a webhook every event after a sequence number again; one that lies ahead leaves none out. Undefined where there is no such webhook. */
    replay: async (webhook: string, after: number): Promise<Hook | undefined> => {
      const found = await kept.get(webhook)
      const sequence = Math.min(after, found?.sequence ?? 0)
      return kept.patch(webhook, { sequence, until: 0, failing: undefined })
    },
    /** Removes a webhook and what is known of it; undefined where there is none. What was on its way to it is dropped. */
    remove: async (webhook: string): Promise<Hook | undefined> => {
      const gone = await kept.take(webhook)
      if (gone) await attempts.remove({ webhook })
      return gone
    },
    /** Resolves to the attempts of the last seven days, newest first. Throws Problem `not_found` for a cursor that is gone. */
    attempts: async (webhook: string, after?: string): Promise<{ attempts: Attempt[]; next: string | undefined }> => {
      const part = { sort: { by: 'at', descending: true }, limit: page, after } as const
      const { page: found, next } = await pageOf(attempts, { webhook }, part)
      return { attempts: found, next }
    },
    /** Keeps what came of an attempt; `retryAt`: nothing is tried before. */
    note: async (
      { id: webhook, url, failing }: Hook,
      { sequence, name }: Entry,
      { status, why }: Pick<Attempt, 'status' | 'why'>,
      pause: { why: string; retryAt: number } | undefined,
    ): Promise<void> => {
      const at = now()
      const known = { ...(status !== undefined && { status }), ...(why !== undefined && { why }) }
      await attempts.insert({ id: id(), webhook, sequence, name, at, ...known, expiresAt: at + life })
      const { since = at, times = 0 } = failing ?? {}
      const paused = pause && { ...pause, since, times: times + 1 }
      // What another address answered says nothing of the one that it has by now.
      if (paused || failing) await kept.patch(webhook, { failing: paused }, { url })
    },
  }
}

interface Dispatch {
  store: Store
  post(message: Webhook): Promise<void>
  now: () => number
}

/**
 * Returns a function to call every second, which hands new events to the outbox for each webhook that wants them. Of many processes one
 * does it; where that one dies, some events are handed on twice. While a webhook takes nothing, its events stay in the audit log.
 */
export function webhookDispatch({ store, post, now }: Dispatch): () => Promise<void> {
  const kept = store.collection(webhooksDeclaration)

  const handOn = async (hook: Hook): Promise<void> => {
    const entries = await entriesBehind(store, hook.sequence, batch)
    const last = entries.at(-1)?.sequence
    if (last === undefined) return
    const until = now() + lease
    const mine = await kept.patch(hook.id, { until }, { until: hook.until, sequence: hook.sequence })
    if (!mine) return
    for (const entry of entries.filter(each => wants(mine, each))) {
      const { account } = entry.data
      // One account's events arrive in order; the rest does among itself.
      const to = `${hook.id} ${typeof account === 'string' ? account : ''}`
      const message = { to, webhook: hook.id, sequence: entry.sequence, purpose: 'webhook', expiresAt: now() + life }
      await post({ channel: 'webhook', ...message })
    }
    await kept.patch(hook.id, { sequence: last, until: 0 }, { until, sequence: hook.sequence })
  }

  return async () => {
    for (const hook of await allOf(kept, {}))
      if (hook.until <= now() && (hook.failing?.retryAt ?? 0) <= now()) await handOn(hook)
  }
}

/** Tells whether a webhook is told of an event. Of what became of a webhook's own message it is not, or it would never end. */
function wants({ events }: Pick<Hook, 'events'>, { name, data }: Entry): boolean {
  if (data.channel === 'webhook') return false
  return events.length === 0 || events.some(each => each === name || familyOf(name) === each)
}

/** Returns the family of an event: `session.*`. */
export const familyOf = (name: string): string => `${name.split('.', 1)[0]}.*`
