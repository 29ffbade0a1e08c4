import { createHash, createHmac, sign as signWithKey } from 'node:crypto'

/** A key as its owner keeps it: an HMAC secret, or an Ed25519 private key in PEM. */
export interface Held {
  id: string
  secret: string
}

/** A signed request as a resource server asks about it. */
export interface Question {
  scheme: 'rfc9421' | 'exchange' | 'query'
  method: string
  url: string
  headers: Record<string, string>
  body?: string
  address?: string
}

export interface Request {
  method?: string
  url?: string
  body?: string
  headers?: Record<string, string>
}

let made = 0
/** Text that no other request has. */
export const nonce = (): string => `nonce-${made++}-${process.pid}`

const mac = (secret: string, text: string, encoding: 'base64' | 'hex') =>
  createHmac('sha256', secret).update(text).digest(encoding)

/** The SHA-256 of a body as a Content-Digest (RFC 9530). */
export const digestOf = (body: string): string => `sha-256=:${createHash('sha256').update(body).digest('base64')}:`

/** Signs as RFC 9421 says, put together by hand: no code of ours or of the library has a part in it. */
export function signRfc9421(
  { id, secret }: Held,
  { method = 'POST', url = 'https://api.example/orders?dry=1', body, headers = {} }: Request,
  {
    at,
    nonce: once = nonce(),
    tag = 'latchkey-api',
    covers = [],
  }: { at: number; nonce?: string; tag?: string; covers?: string[] },
): Question {
  const alg = secret.startsWith('-----') ? 'ed25519' : 'hmac-sha256'
  const sent: Record<string, string> = { ...headers, ...(body && { 'content-digest': digestOf(body) }) }
  const values: Record<string, string | undefined> = { '@method': method, '@target-uri': url, ...sent }
  const names = ['@method', '@target-uri', ...(body ? ['content-digest'] : []), ...covers]
  const list = names.map(name => `"${name}"`).join(' ')
  const input = `(${list});created=${Math.floor(at / 1000)};nonce="${once}";keyid="${id}";alg="${alg}";tag="${tag}"`
  const base = [...names.map(name => `"${name}": ${values[name]}`), `"@signature-params": ${input}`].join('\n')
  const signature =
    alg === 'ed25519' ? signWithKey(null, Buffer.from(base), secret).toString('base64') : mac(secret, base, 'base64')
  const signed = { ...sent, 'signature-input': `sig1=${input}`, signature: `sig1=:${signature}:` }
  return { scheme: 'rfc9421', method, url, headers: signed, ...(body !== undefined && { body }) }
}

type Params = { [name: string]: string | null | Params | Params[] }

function paramString(value: Params[string]): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.map(paramString).join('')
  return Object.keys(value)
    .sort()
    .map(name => name + paramString(value[name] as Params[string]))
    .join('')
}

/** Signs JSON as the exchange scheme does. */
export function signExchange(
  { id, secret }: Held,
  { method, params = {}, id: request = 11 }: { method: string; params?: Params; id?: number },
  { at, address }: { at: number; address?: string },
): Question {
  const text = `${method}${request}${id}${paramString(params)}${at}`
  const body = JSON.stringify({ id: request, method, api_key: id, params, nonce: at, sig: mac(secret, text, 'hex') })
  const url = `https://api.example/v1/${method}`
  return { scheme: 'exchange', method: 'POST', url, headers: {}, body, ...(address && { address }) }
}

/** Signs a query, and a form body if there is one, as the query scheme does. */
export function signQuery(
  { id, secret }: Held,
  { query = 'symbol=LTCBTC&side=BUY', body = '', window = '5000' }: { query?: string; body?: string; window?: string },
  { at }: { at: number },
): Question {
  const timed = `recvWindow=${window}&timestamp=${at}`
  const [asked, sent] = body === '' ? [`${query}&${timed}`, ''] : [query, `${body}&${timed}`]
  const ending = `&signature=${mac(secret, asked + sent, 'hex')}`
  const url = `https://api.example/order?${asked}${sent === '' ? ending : ''}`
  const question = { scheme: 'query' as const, method: 'POST', url, headers: { 'x-api-key': id } }
  return sent === '' ? question : { ...question, body: sent + ending }
}
