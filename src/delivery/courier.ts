import { z } from 'zod'
import { between } from '../crypto/random.ts'
import { SealError } from '../crypto/seal.ts'
import { type Collection, declare } from '../store/collection.ts'
import { type DeliveryFacts, DeliveryFault, factsOf } from './delivery-fault.ts'
import type { Send, Sent } from './message.ts'

/** What messages go by: mail and text to people, word of the end of a session and of an answered request to apps, events to webhooks. */
export const postedChannels = ['email', 'sms', 'logout', 'ping', 'webhook'] as const

const shape = z.strictObject({
  id: z.string(),
  expiresAt: z.number(),
  channel: z.enum(postedChannels),
  purpose: z.string(),
  /** The recipient's blind index. */
  lane: z.string(),
  /** Rises with every message of one process; what "in order" means. */
  order: z.number(),
  at: z.number(),
  /** When it is of no more use. */
  until: z.number(),
  /** Not to be looked at before; while it is held, when its holder must be dead. */
  due: z.number(),
  state: z.enum(['fresh', 'waiting', 'held']),
  tries: z.number(),
  sealed: z.string(),
})

/** A posted message as the store keeps it. */
export type Posted = z.output<typeof shape>

/** Messages that have not been delivered yet. */
export const posted = declare({
  name: 'messages',
  shape,
  indexes: [
    ['channel', 'due'],
    ['lane', 'order'],
  ],
})

/** What a message is sealed for. */
export const messageContext = ({ id }: { id: string }): string => `message:${id}`

/** What became of a message, and why it was not delivered; never its content, nor whose it is. */
export type Tell = (
  name: 'message.sent' | 'message.delayed' | 'message.abandoned',
  data: { message: string; channel: Posted['channel']; tries: number } & Partial<DeliveryFacts>,
) => unknown

const free = { in: ['fresh', 'waiting'] } as const

interface Options<M> {
  channel: Posted['channel']
  messages: Collection<Posted>
  open: (message: Posted) => Sent<M>
  send: Send<M>
  now: () => number
  onEvent: Tell
  /** Milliseconds between two looks at the store; a post of this process wakes it at once. */
  poll: number
  /** Milliseconds that a message is held for one try. */
  lease: number
  /** How many recipients are served at once. */
  concurrency: number
}

/** Milliseconds until the next try: doubling from a second, up to half a minute or a tenth of the message's age, give or take a quarter. */
export function backoff(tries: number, age: number): number {
  return Math.min(1000 * 2 ** Math.min(tries - 1, 20), Math.max(30_000, age / 10)) * between(0.75, 1.25)
}

/** Carries one channel's messages, each recipient's in order, beside the couriers of other processes. */
export function courier<M>(options: Options<M>): { wake(): void; start(): () => Promise<void> } {
  const { channel, messages, open, send, now, onEvent, poll, lease, concurrency } = options
  const serving = new Map<string, Promise<void>>()
  // Sent, but the store did not hear of it: not to be sent again.
  const delivered = new Set<string>()
  let running = false
  let wake = () => {}

  const nap = () =>
    new Promise<void>(resolve => {
      const timer = setTimeout(resolve, poll)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  async function look(): Promise<void> {
    const due = { lt: now() + 1 }
    for (const found of await messages.find({ channel, due }, { sort: { by: 'due' }, limit: 4 * concurrency })) {
      if (serving.has(found.lane)) await setAside(found, now() + poll)
      else if (serving.size < concurrency) serving.set(found.lane, take(found))
    }
  }

  async function take(found: Posted): Promise<void> {
    // When the store is away its messages keep, and the next look comes soon.
    const served = await serve(found).then(
      () => true,
      () => false,
    )
    serving.delete(found.lane)
    if (served) wake()
  }

  /** Serves a recipient until nothing is left, or what comes next must wait. */
  async function serve(found: Posted): Promise<void> {
    // A new message is worth a try at once, of the one before it too.
    let eager = found.state === 'fresh'
    for (let first = true; running; first = false) {
      const [head] = await messages.find({ lane: found.lane }, { sort: { by: 'order' }, limit: 1 })
      if (!head) return
      const held = head.state === 'held' && head.due > now()
      if (first && head.id !== found.id) await setAside(found, held ? now() + poll : Math.max(head.due, now() + poll))
      if (held || (head.due > now() && !eager) || !(await attempt(head))) return
      eager = true
    }
  }

  // The worker that serves its recipient reaches it in turn; its own time counts only if that worker dies.
  async function setAside({ id, due }: Posted, until: number): Promise<void> {
    await messages.patch(id, { state: 'waiting', due: until }, { due, state: free })
  }

  /** Tells whether it is off the list now. */
  async function attempt({ id, state, due, tries, until, at }: Posted): Promise<boolean> {
    const late = now() >= until
    const claim = { state: 'held', due: now() + lease, tries: late ? tries : tries + 1 } as const
    const held = await messages.patch(id, claim, state === 'held' ? { state, due, tries } : { state: free, tries })
    if (!held) return false
    if (delivered.has(id)) return settle('message.sent', held)
    if (late) return settle('message.abandoned', held, { reason: 'expired' })
    try {
      await send(open(held), AbortSignal.timeout(lease * 0.75))
    } catch (error) {
      if (error instanceof SealError) return settle('message.abandoned', held, { reason: 'unreadable' })
      const facts = factsOf(error)
      const { forGood, retryAfter = 0 } = error instanceof DeliveryFault ? error : { forGood: false }
      if (forGood) return settle('message.abandoned', held, facts)
      const next = Math.min(now() + Math.max(backoff(held.tries, now() - at), retryAfter), until)
      await messages.patch(id, { state: 'waiting', due: next }, { due: held.due, tries: held.tries })
      await onEvent('message.delayed', { message: id, channel, tries: held.tries, ...facts })
      return false
    }
    delivered.add(id)
    return settle('message.sent', held)
  }

  async function settle(
    name: 'message.sent' | 'message.abandoned',
    { id, tries }: Posted,
    facts?: DeliveryFacts,
  ): Promise<true> {
    const gone = await messages.take(id)
    delivered.delete(id)
    if (gone) await onEvent(name, { message: id, channel, tries, ...facts })
    return true
  }

  return {
    wake: () => wake(),
    start() {
      running = true
      const loop = (async () => {
        while (running) {
          const slept = nap()
          await look().catch(() => {})
          await slept
        }
      })()
      return async () => {
        running = false
        wake()
        await loop
        await Promise.all(serving.values())
      }
    },
  }
}
