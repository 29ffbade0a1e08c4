import { Digits, type Json, readJson } from './json.ts'
import { type Methods, paramsText } from './methods.ts'
import { Refusal } from './refusal.ts'
import { type Claim, type Scheme, type SignedRequest, signedWith } from './scheme.ts'

/** How far `nonce` may be off, in milliseconds. */
const window = 60_000
const largest = 2n ** 63n - 1n

const fields = new Set(['id', 'method', 'api_key', 'params', 'nonce', 'sig'])

/**
 * The HMAC that bots of several exchanges speak: JSON of `{id, method, api_key, params, nonce, sig}`. It signs neither
 * where a request goes nor where one parameter ends, so it takes declared methods only; methods.ts says how.
 */
export function exchange(methods: Methods): Scheme {
  return { id: 'exchange', parse: request => parse(request, methods), verify: signedWith }
}

function parse({ method: verb, body }: SignedRequest, methods: Methods): Claim {
  const sent = body === undefined ? undefined : readJson(body)
  if (verb !== 'POST' || typeof sent !== 'object' || sent === null || Array.isArray(sent) || sent instanceof Digits)
    throw unreadable()
  if (Object.keys(sent).some(name => !fields.has(name))) throw unreadable()
  const { id, method, api_key: key, params, nonce, sig } = sent
  const number = whole(id, /^(0|[1-9]\d{0,18})$/)
  const at = whole(nonce, /^\d{13}$/)
  if (BigInt(number) > largest || typeof method !== 'string') throw unreadable()
  if (!matches(key, /^[\x21-\x7e]{1,128}$/) || !matches(sig, /^[0-9a-f]{64}$/)) throw unreadable()
  const declared = methods.get(method)
  if (!declared) throw new Refusal('METHOD_NOT_FOUND')
  return {
    key,
    algorithm: 'hmac-sha256',
    at: Number(at),
    ahead: window,
    behind: window,
    // Bots send several in one millisecond, each with an id of its own.
    nonce: `${number}\n${at}`,
    intact: true,
    signed: method + number + key + paramsText(declared, params) + at,
    signature: Buffer.from(sig, 'hex'),
    scope: declared.scope,
  }
}

const unreadable = (): Refusal => new Refusal('BAD_REQUEST')

function whole(value: Json | undefined, spelling: RegExp): string {
  if (!(value instanceof Digits) || !spelling.test(value.text)) throw unreadable()
  return value.text
}

function matches(value: Json | undefined, spelling: RegExp): value is string {
  return typeof value === 'string' && spelling.test(value)
}
