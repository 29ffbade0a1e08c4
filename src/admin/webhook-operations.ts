import { z } from 'zod'
import { web } from '../clients/standard-metadata.ts'
import { Problem } from '../errors.ts'
import { type Emit, events } from '../events.ts'
import { type Attempt, familyOf, type Hook, type Webhooks } from '../feeds/webhooks.ts'
import { forReason, nothing, type Operator, operation, recordOf, time } from './operation.ts'

interface Services {
  webhooks: Webhooks
  /** Webhooks may be plain http: where only this machine is reached. */
  local: boolean
  emit: Emit
}

const which = { webhook: z.string().max(100).describe('Its id') }
const wishes = {
  url: z.string().max(2_000).describe('Where events are posted to: https'),
  events: z
    .array(z.string().max(60))
    .max(200)
    .describe('Names of events, and families such as session.*; every event where it is empty'),
}

const shown = z.object({
  id: z.string(),
  ...wishes,
  sequence: z.number().describe('It was told of what it wants up to this event, or is about to be'),
  createdAt: time,
  failing: z
    .object({ since: time, why: z.string(), retryAt: time.describe('Nothing is posted before') })
    .optional()
    .describe('There where it takes nothing at the moment'),
})
/** A webhook as staff see it. Times in milliseconds since the epoch. */
export type WebhookShown = z.output<typeof shown>

/** As programs send it, or as a form does: an empty field is no 0, which would begin with the first event. */
const sequenceNumber = z.union([
  z.int().nonnegative(),
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
])

const attempt = z.object({
  sequence: z.number(),
  name: z.string(),
  at: time,
  status: z.number().optional().describe('What it answered: 200 to 299 says that the event arrived'),
  why: z.string().optional().describe('Why there was no answer'),
})
export type AttemptShown = z.output<typeof attempt>

const view = ({ until: _, ...hook }: Hook): WebhookShown => shown.parse(hook)
const attemptView = ({ sequence, name, at, status, why }: Attempt): AttemptShown => ({
  sequence,
  name,
  at,
  status,
  why,
})

const known = new Set(Object.keys(events).flatMap(name => [name, familyOf(name)]))

/** What staff do with webhooks. */
export function webhookOperations({ webhooks, local, emit }: Services) {
  const checked = (url: string, names: readonly string[]): void => {
    const sound = web.safeParse(url).success && (local || url.startsWith('https:'))
    if (!sound) throw new Problem('invalid_webhook_url', { field: 'url' })
    const unknown = names.find(each => !known.has(each))
    if (unknown !== undefined) throw new Problem('unknown_event', { field: 'events', values: { event: unknown } })
  }
  /** Throws `not_permitted` for anybody who may not read the events that they would have posted to an address of their choice. */
  const reads = ({ scopes }: Operator): void => {
    if (!scopes.has('admin:audit.read')) throw new Problem('not_permitted')
  }
  const found = (hook: Hook | undefined): Hook => {
    if (!hook) throw new Problem('not_found')
    return hook
  }
  return {
    list: operation({
      id: 'webhooks.list',
      means: 'Lists the webhooks: where events are posted to, which ones, and whether that works.',
      scope: 'admin:audit.read',
      at: 'GET /webhooks',
      args: z.object({}),
      result: z.object({ webhooks: z.array(shown) }),
      run: async () => ({ webhooks: (await webhooks.list()).map(view) }),
    }),
    get: operation({
      id: 'webhooks.get',
      means: 'Shows one webhook.',
      scope: 'admin:audit.read',
      at: 'GET /webhooks/{webhook}',
      args: z.object(which),
      result: shown,
      run: async ({ webhook }) => view(found(await webhooks.get(webhook))),
    }),
    attempts: operation({
      id: 'webhooks.attempts',
      means: 'Lists what was posted to a webhook in the last seven days and what it answered, newest first.',
      scope: 'admin:audit.read',
      at: 'GET /webhooks/{webhook}/attempts',
      args: z.object({ ...which, cursor: z.string().max(100).optional() }),
      result: z.object({ attempts: z.array(attempt), next: z.string().optional() }),
      run: async ({ webhook, cursor }) => {
        const { attempts, next } = await webhooks.attempts(found(await webhooks.get(webhook)).id, cursor)
        return { attempts: attempts.map(attemptView), next }
      },
    }),
    create: operation({
      id: 'webhooks.create',
      means: 'Adds a webhook, which is told what happens from now on.',
      scope: 'admin:webhooks.write',
      at: 'POST /webhooks',
      args: z.object({ ...wishes, ...forReason }),
      result: shown,
      event: 'webhook.created',
      run: async ({ url, events, reason }, by) => {
        reads(by)
        checked(url, events)
        const made = await webhooks.add(url, events)
        await emit('webhook.created', { webhook: made.id, url, ...recordOf(by, reason) }, by.origin)
        return view(made)
      },
    }),
    change: operation({
      id: 'webhooks.change',
      means: 'Replaces the address and the events of a webhook; what failed is tried again at once.',
      scope: 'admin:webhooks.write',
      at: 'POST /webhooks/{webhook}',
      args: z.object({ ...which, ...wishes, ...forReason }),
      result: shown,
      event: 'webhook.changed',
      run: async ({ webhook, url, events, reason }, by) => {
        reads(by)
        checked(url, events)
        const changed = found(await webhooks.change(webhook, { url, events }))
        await emit('webhook.changed', { webhook, url, ...recordOf(by, reason) }, by.origin)
        return view(changed)
      },
    }),
    replay: operation({
      id: 'webhooks.replay',
      means: 'Tells a webhook again of every event that it wants after a sequence number; 0 begins with the first.',
      scope: 'admin:webhooks.write',
      at: 'POST /webhooks/{webhook}/replay',
      args: z.object({ ...which, after: sequenceNumber, ...forReason }),
      result: shown,
      event: 'webhook.replayed',
      run: async ({ webhook, after, reason }, by) => {
        reads(by)
        const replayed = found(await webhooks.replay(webhook, after))
        await emit('webhook.replayed', { webhook, after, ...recordOf(by, reason) }, by.origin)
        return view(replayed)
      },
    }),
    remove: operation({
      id: 'webhooks.remove',
      means: 'Removes a webhook; what was on its way to it is dropped.',
      scope: 'admin:webhooks.write',
      at: 'POST /webhooks/{webhook}/remove',
      args: z.object({ ...which, ...forReason }),
      result: nothing,
      event: 'webhook.removed',
      run: async ({ webhook, reason }, by) => {
        const { url } = found(await webhooks.remove(webhook))
        await emit('webhook.removed', { webhook, url, ...recordOf(by, reason) }, by.origin)
        return {}
      },
    }),
  }
}
