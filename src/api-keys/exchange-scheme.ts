import { Digits, type Json, readJson } from './json.ts'
import { type Claim, Refusal, type Scheme, type SignedRequest, signedWith } from './scheme.ts'

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

/** What one parameter takes: text, which may be left out or null if `text?`; an object of texts; or a list of such objects. */
type Taken = 'text' | 'text?' | Readonly<Record<string, 'text'>> | readonly [Readonly<Record<string, 'text'>>]

/** A method of the exchange scheme, as an API declares it. */
export interface Method {
  /** What a key must be allowed to do. */
  scope: string
  /** Every parameter that there is. */
  params: Readonly<Record<string, Taken>>
}

/** The methods of all APIs, by name. */
export type Methods = Pick<ReadonlyMap<string, Method>, 'get'>

/** Values that mean the same to everybody who reads them. `null` as text would sign like no value. */
const text = /^(?!null$)[A-Za-z0-9_.:-]{1,256}$/
const longestList = 100

/**
 * The text that stands for parameters in a signature: names ascending, each followed by its value, nothing between.
 *
 * Such text can be cut in several ways: `price10quantity2` is one parameter or two. So a declaration names every
 * parameter, what is nested must be complete, and no declared name may occur in the text but where it is a name. Then
 * two sets of parameters that pass never sign alike. Throws Refusal when they do not fit the declaration.
 */
export function paramsText({ params }: Method, given: Json | undefined): string {
  const signed = objectText(params, given ?? {})
  const names = new Set(
    Object.values(params).flatMap(each => (typeof each === 'string' ? [] : Object.keys(inside(each)))),
  )
  for (const name of [...Object.keys(params), ...names])
    if (occurrences(signed.text, name) !== occurrences(signed.names, name)) throw unfit()
  return signed.text
}

interface Signed {
  text: string
  /** The names in it, parted so that none runs into the next. */
  names: string
}

function objectText(taken: Readonly<Record<string, Taken>>, given: Json): Signed {
  if (!isObject(given)) throw unfit()
  // By code units, as every language sorts ASCII.
  const names = Object.keys(given).sort()
  const missing = Object.keys(taken).some(name => taken[name] !== 'text?' && !Object.hasOwn(given, name))
  if (missing || names.some(name => !Object.hasOwn(taken, name))) throw unfit()
  const parts = names.map(name => ({ name, ...valueText(taken[name] as Taken, given[name] as Json) }))
  return {
    text: parts.map(({ name, text: value }) => name + value).join(''),
    names: parts.map(({ name, names: within }) => `${name}\n${within}`).join(''),
  }
}

function valueText(taken: Taken, value: Json): Signed {
  if (taken === 'text?' && value === null) return { text: 'null', names: '' }
  if (taken === 'text' || taken === 'text?') {
    if (typeof value !== 'string' || !text.test(value)) throw unfit()
    return { text: value, names: '' }
  }
  if (!isList(taken)) return objectText(taken, value)
  if (!Array.isArray(value) || value.length > longestList) throw unfit()
  const items = value.map(each => objectText(taken[0], each))
  return { text: items.map(each => each.text).join(''), names: items.map(each => each.names).join('') }
}

/** How often a word occurs, overlapping ones too. */
function occurrences(whole: string, word: string): number {
  let count = 0
  for (let at = whole.indexOf(word); at >= 0; at = whole.indexOf(word, at + 1)) count += 1
  return count
}

function isList(taken: Exclude<Taken, string>): taken is readonly [Readonly<Record<string, 'text'>>] {
  return Array.isArray(taken)
}

function inside(taken: Exclude<Taken, string>): Readonly<Record<string, 'text'>> {
  return isList(taken) ? taken[0] : taken
}

function isObject(value: Json): value is { [name: string]: Json } {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.getPrototypeOf(value) === Object.prototype
  )
}

const unfit = (): Refusal => new Refusal('INVALID_ARGUMENT')
