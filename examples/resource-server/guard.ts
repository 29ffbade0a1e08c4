import { createHash } from 'node:crypto'
import { createRemoteJWKSet, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { senderOf } from './sender.ts'

/** What an API knows of Latchkey, and of itself. */
export interface Options {
  issuer: string
  /** The client that the API is: it authenticates to ask about signed requests. */
  client: { id: string; secret: string }
  /** The API's resource identifier: access tokens must be for it. */
  audience: string
  /** Scheme, host and port that callers address; what they sign begins with it. */
  origin: string
  /** Proxies whose X-Forwarded-For is believed: addresses or CIDR blocks. */
  proxies?: readonly string[]
}

/** A request as any server has it. */
export interface Received {
  method: string
  /** Path and query, as they were sent. */
  target: string
  /** By lower-case names. */
  headers: Readonly<Record<string, string | string[] | undefined>>
  body: Uint8Array
  /** Who is at the other end of the connection. */
  peer: string
}

/** On whose behalf a request comes, and what it may do. */
export interface Caller {
  account: string
  scope: ReadonlySet<string>
  /** The API key that signed it; undefined when it came with an access token. */
  key: string | undefined
}

/** A request that does not pass: what to answer. */
export class Refused extends Error {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: { error: string; code?: number }
  constructor(status: number, body: Refused['body'], headers: Refused['headers'] = {}) {
    super(body.error)
    this.status = status
    this.body = body
    this.headers = headers
  }
}

/** Says whose request it is, by its access token or its signature, and that it may do what it asks. Throws Refused. */
export type Guard = (received: Received, scope: string) => Promise<Caller>

/** What Latchkey answers about a signed request. */
type Verdict =
  | { active: true; sub: string; key_id: string; scope: string }
  | { active: false; code: number; reason: string; retry_after?: number }

/** Guards an API: access tokens are verified here, signed requests by Latchkey, which alone knows what was seen before. */
export function guard(options: Options): Guard {
  const { issuer, audience } = options
  const authorization = `Basic ${btoa(`${options.client.id}:${encodeURIComponent(options.client.secret)}`)}`
  const keys = keySet(issuer)
  const sender = senderOf(options.proxies ?? [])

  const byToken = async (token: string): Promise<Caller> => {
    try {
      const { payload } = await jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt' })
      return { account: String(payload.sub), scope: words(payload.scope), key: undefined }
    } catch {
      throw new Refused(401, { error: 'invalid_token' }, { 'WWW-Authenticate': 'Bearer error="invalid_token"' })
    }
  }

  const bySignature = async (received: Received, scope: string): Promise<Caller> => {
    const { method, target, headers, peer } = received
    const asked = {
      ...signed(received),
      method,
      url: options.origin + target,
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
    return { account: verdict.sub, scope: words(verdict.scope), key: verdict.key_id }
  }

  return async (received, scope) => {
    const [, token] = /^Bearer ([\w.~+/-]+=*)$/i.exec(String(received.headers.authorization ?? '')) ?? []
    const caller = token === undefined ? await bySignature(received, scope) : await byToken(token)
    if (!caller.scope.has(scope)) throw new Refused(403, { error: 'insufficient_scope' })
    return caller
  }
}

/** Which scheme a request is signed by, and what Latchkey has to see of it: for RFC 9421 the body's digest will do. */
function signed({ target, headers, body }: Received): object {
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
  if (!text.startsWith('{')) throw new Refused(401, { error: 'unauthorized' }, { 'WWW-Authenticate': 'Bearer' })
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

/** Latchkey's public keys, found and fetched when they are first needed, and kept for five minutes. */
function keySet(issuer: string): JWTVerifyGetKey {
  let found: Promise<JWTVerifyGetKey> | undefined
  const find = async (): Promise<JWTVerifyGetKey> => {
    const answer = await fetch(`${issuer}/.well-known/openid-configuration`)
    const { jwks_uri } = (await answer.json()) as { jwks_uri: string }
    return createRemoteJWKSet(new URL(jwks_uri), { cacheMaxAge: 300_000 })
  }
  return async (header, token) => {
    found ??= find()
    // What failed once may work the next time.
    found.catch(() => (found = undefined))
    return (await found)(header, token)
  }
}

function words(scope: unknown): ReadonlySet<string> {
  return new Set(typeof scope === 'string' ? scope.split(' ') : [])
}
