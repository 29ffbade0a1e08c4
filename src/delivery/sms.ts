import { DeliveryFault, type DeliveryReason, socketReason } from './delivery-fault.ts'
import type { Send } from './message.ts'

/** Refusals that say nothing of the message: credentials that the operator can mend, and bad moments. */
const passing = new Set([401, 403, 408, 429])

/** Sends by POST of `{to, text}` as JSON to an endpoint; a user and password in its URL become Basic authorization (RFC 7617). */
export function sms({ url, now, timeout = 10_000 }: { url: string; now: () => number; timeout?: number }): Send {
  const endpoint = new URL(url)
  const { username, password } = endpoint
  endpoint.username = ''
  endpoint.password = ''
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (username !== '' || password !== '') {
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    headers.authorization = `Basic ${Buffer.from(credentials).toString('base64')}`
  }

  return async ({ id, to, text }, signal) => {
    const { host } = endpoint
    let response: Response
    try {
      response = await fetch(endpoint, {
        method: 'POST',
        headers: { ...headers, 'idempotency-key': id },
        body: JSON.stringify({ to, text }),
        // A code is for this endpoint alone, wherever it would send us.
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)]),
      })
    } catch (cause) {
      throw new DeliveryFault({ reason: socketReason(cause) ?? 'failed', host }, { cause })
    }
    await response.body?.cancel()
    if (response.ok) return
    const { status: reply } = response
    const forGood = reply >= 400 && reply < 500 && !passing.has(reply)
    const retryAfter = retryAfterOf(response.headers.get('retry-after'), now())
    throw new DeliveryFault({ reason: reasonOf(reply), host, reply }, { forGood, retryAfter })
  }
}

function reasonOf(status: number): DeliveryReason {
  if (status < 400) return 'redirected'
  if (status === 401 || status === 403) return 'sign-in-refused'
  if (status === 429) return 'too-many'
  if (status === 408) return 'timed-out'
  return status < 500 ? 'refused' : 'failed'
}

/** Reads Retry-After (RFC 9110, 10.2.3), in seconds or as a date; resolves to milliseconds from now. */
export function retryAfterOf(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  const text = header.trim()
  const at = /^\d{1,9}$/.test(text) ? now + Number(text) * 1_000 : Date.parse(/^[A-Za-z]{3}/.test(text) ? text : '')
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
