import { type Send, Undeliverable } from './message.ts'

/** Refusals that say nothing of the message: credentials that the operator can mend, and bad moments. */
const passing = new Set([401, 403, 408, 429])

/** Sends by POST of `{to, text}` as JSON to an endpoint; a user and password in its URL become Basic authorization (RFC 7617). */
export function sms({ url, timeout = 10_000 }: { url: string; timeout?: number }): Send {
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
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { ...headers, 'idempotency-key': id },
      body: JSON.stringify({ to, text }),
      // A code is for this endpoint alone, wherever it would send us.
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)]),
    })
    await response.body?.cancel()
    if (response.ok) return
    const { status } = response
    if (status >= 400 && status < 500 && !passing.has(status)) throw new Undeliverable()
    throw new Error(`the SMS endpoint answered ${status}`)
  }
}
