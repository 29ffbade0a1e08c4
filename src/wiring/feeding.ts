import { outgoing } from '../clients/outgoing.ts'
import type { Config } from '../config.ts'
import type { Webhook } from '../delivery/message.ts'
import type { Emit } from '../events.ts'
import { eventFile } from '../feeds/event-file.ts'
import { webhookSender } from '../feeds/webhook-sender.ts'
import { webhookDispatch, webhooks as webhooksOf } from '../feeds/webhooks.ts'
import type { Ring } from '../keys/signing-keys.ts'
import type { Store } from '../store/collection.ts'
import { repeating } from './composing.ts'

const second = 1_000

interface Services {
  store: Store
  emit: Emit
  now: () => number
  /** The signing keys, once they are there. */
  ring: () => Pick<Ring, 'keys'>
  onFault(fault: unknown): void
}

/** Puts together what carries events out of the house: the file of events, and webhooks. */
export function feeding({ audit: { file }, production, local }: Config, { onFault, ring, ...services }: Services) {
  const written = file === undefined ? undefined : eventFile(file, services)
  const stopping = new AbortController()
  const webhooks = webhooksOf(services)
  const fetch = outgoing({ loopback: local && !production })
  return {
    webhooks,
    /** Posts an event to a webhook, as the outbox has it. */
    webhook: webhookSender({ ...services, hooks: webhooks, ring: { keys: () => ring().keys() }, fetch }),
    /** Aborts once those who wait for events are to be answered. */
    stopping: stopping.signal,
    leave: () => stopping.abort(),
    eventFileFault: (): string | undefined => written?.fault(),
    /** Starts to write and to hand events to the outbox; what it returns stops, once what is under way is done. */
    work: (post: (message: Webhook) => Promise<void>) => {
      const rests = [repeating(webhookDispatch({ ...services, post }), second, onFault)]
      if (written) rests.push(repeating(written.turn, second, onFault))
      return async () => {
        stopping.abort()
        await Promise.all([written?.stop(), ...rests.map(rest => rest())])
      }
    },
  }
}
