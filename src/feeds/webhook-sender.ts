import { signedFields } from '../api-keys/rfc9421.ts'
import { immediateSigner } from '../crypto/jws.ts'
import { id } from '../crypto/random.ts'
import { DeliveryFault, factsOf } from '../delivery/delivery-fault.ts'
import type { Send, Webhook } from '../delivery/message.ts'
import type { Ring } from '../keys/signing-keys.ts'
import type { Store } from '../store/collection.ts'
import { entriesBehind, fed } from './event-feed.ts'
import type { Hook, Webhooks } from './webhooks.ts'

/** What signatures of ours are for (RFC 9421, 2.3): no receiver takes one for anything else. */
const tag = 'latchkey-webhook'
/** The longest pause before a webhook that takes nothing is tried again, in milliseconds. */
const longest = 5 * 60_000
/** The longest pause that it may ask for itself, in milliseconds. */
const longestAsked = 24 * 3_600_000
/** Statuses by which it says that it takes nothing for now, beside those of 500 and up. */
const busy = new Set([408, 425, 429])

interface Services {
  store: Store
  hooks: Pick<Webhooks, 'get' | 'note'>
  ring: Pick<Ring, 'keys'>
  /** Posts to addresses that others choose. */
  fetch: (url: string, init: RequestInit) => Promise<Response>
  now: () => number
}

/**
 * Returns a function that posts one event to a webhook, signed by HTTP Message Signatures (RFC 9421) with a published key. It throws
 * DeliveryFault where the event has to be posted again: only a status of 2xx says that it arrived.
 */
export function webhookSender({ store, hooks, ring, fetch, now }: Services): Send<Webhook> {
  const signer = () => {
    const found = ring.keys().find(({ alg, state }) => alg === 'EdDSA' && state === 'current')
    if (!found) throw new Error('there is no EdDSA key to sign with')
    return { id: found.jwk.kid, alg: 'ed25519' as const, sign: immediateSigner(found.jwk).sign }
  }

  const ask = async (hook: Hook, body: string, signal: AbortSignal): Promise<Response> => {
    const signed = await signedFields(
      signer(),
      { method: 'POST', url: hook.url, body },
      { at: now(), nonce: id(), tag },
    )
    const headers = { ...signed, 'Content-Type': 'application/json', 'User-Agent': 'Latchkey' }
    return fetch(hook.url, { method: 'POST', headers, body, signal })
  }

  return async ({ webhook, sequence }, signal) => {
    const hook = await hooks.get(webhook)
    const [entry] = await entriesBehind(store, sequence - 1, 1)
    // It was removed meanwhile.
    if (!hook || entry?.sequence !== sequence) return
    const { failing } = hook
    const pause = (failing?.retryAt ?? 0) - now()
    if (pause > 0) throw new DeliveryFault({ reason: 'refused-for-now' }, { retryAfter: pause })
    const backOff = Math.min(1_000 * 2 ** (failing?.times ?? 0), longest)
    const retryAfter = (after: number) => ({ retryAt: now() + Math.max(backOff, after) })
    const { host } = new URL(hook.url)
    let answer: Response
    try {
      answer = await ask(hook, JSON.stringify(fed(entry)), signal)
    } catch (fault) {
      const why = (fault as Error).message.slice(0, 200)
      await hooks.note(hook, entry, { why }, { why, ...retryAfter(0) })
      throw new DeliveryFault({ ...factsOf(fault), host }, { cause: fault })
    }
    const { status, ok } = answer
    const asked = Math.min(Number(answer.headers.get('Retry-After')) * 1_000 || 0, longestAsked)
    const away = status >= 500 || busy.has(status)
    await hooks.note(hook, entry, { status }, away ? { why: `it answered ${status}`, ...retryAfter(asked) } : undefined)
    if (!ok) throw new DeliveryFault({ reason: away ? 'refused-for-now' : 'refused', host, reply: status })
  }
}
