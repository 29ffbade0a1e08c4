import { createHash } from 'node:crypto'
import { Refused } from './challenge.ts'
import type { Caller, Options, Received } from './guard.ts'
import { senderOf } from './sender.ts'

/** What Latchkey answers about a signed request. */
type Verdict =
  | { active: true; sub: string; key_id: string; scope: string; hold_until?: number }
  | { active: false; code: number; reason: string; retry_after?: number }

/** Makes the judge of signed requests: Latchkey, which alone knows what was seen before. */
export function signatures(
  { issuer, origin, proxies = [] }: Options,
  authorization: string,
  unauthorized: () => Refused,
) {
  const sender = senderOf(proxies)
  return async (received: Received, scope: string): Promise<Caller> => {
    const { method, target, headers, peer } = received
    const asked = {
      ...signed(received, unauthorized),
      method,
      url: origin + target,
      address: sender(peer, headers['x-forwarded-for']),
      scope,
    }
    const answer = await fetch(`${issuer}/api-keys/verify`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: authorization },
      body: JSON.stringify(asked),
    }).catch(() => undefined)
    // A question that Latchkey cannot take is what the caller sent, or we are configured wrongly: nobody passes.
    if (answer?.status !== 200) throw new Refused(answer?.status === 400 ? 400 : 503, { error: 'not_verified' })
    const verdict = (await answer.json()) as Verdict
    if (!verdict.active) throw refused(verdict)
    const { sub: account, scope: may, key_id: key, hold_until: heldUntil } = verdict
    return { account, scope: new Set(may.split(' ')), key, heldUntil }
  }
}

/** Which scheme a request is signed by, and what Latchkey has to see of it: for RFC 9421 the body's digest will do. */
function signed({ target, headers, body }: Received, unauthorized: () => Refused): object {
  const { 'signature-input': input, 'x-api-key': key } = headers
  if (input !== undefined) {
    const covered = (name: string) => name.startsWith('signature') || String(input).includes(`"${name}"`)
    const digest = `sha-256=:${createHash('sha256').update(body).digest('base64')}:`
    return {
      scheme: 'rfc9421',
      headers: Object.fromEntries(Object.entries(headers).filter(([name, value]) => value && covered(name))),
      ...(body.length > 0 && { body_digest: digest }),
    }
  }
  const text = new TextDecoder().decode(body)
  if (key !== undefined) return { scheme: 'query', headers: { 'x-api-key': key }, ...(text !== '' && { body: text }) }
  if (!text.startsWith('{')) throw unauthorized()
  // This scheme signs what is to be done, and not where it is sent: the two must say the same.
  if (!target.endsWith(`/${methodIn(text)}`)) throw new Refused(400, { error: 'bad_request', code: 40001 })
  return { scheme: 'exchange', body: text }
}

function methodIn(text: string): unknown {
  try {
    return JSON.parse(text).method
  } catch {
    return undefined
  }
}

const unknownKey = 40101
const wrongSignature = { code: 40104, reason: 'INVALID_SIGNATURE' }
const statuses: Readonly<Record<number, number>> = {
  40001: 400,
  40002: 400,
  40004: 400,
  40006: 409,
  40301: 403,
  42901: 429,
}

function refused(verdict: Verdict & { active: false }): Refused {
  // Whoever tries ids is not told which of them are keys.
  const { code, reason } = verdict.code === unknownKey ? wrongSignature : verdict
  const wait = verdict.retry_after
  const headers = wait !== undefined && { 'Retry-After': String(wait) }
  return new Refused(statuses[code] ?? 401, { error: reason.toLowerCase(), code }, { ...headers })
}
