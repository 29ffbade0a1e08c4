import { httpbis, type SignatureParameters } from 'http-message-signatures'
import { hmac, sha256 } from '../crypto/digest.ts'
import { type Algorithm, signWith } from '../crypto/request-signature.ts'
import { type Claim, Refusal, type Scheme, type SignedRequest, signedWith } from './scheme.ts'

/** What a signature says that it is for: others on the same request are none of ours. */
const tag = 'latchkey-api'
/** How far `created` may be off, in milliseconds. */
const window = 60_000

const required = ['created', 'nonce', 'keyid', 'alg', 'tag']
const known = new Set([...required, 'expires'])
const algorithms: readonly Algorithm[] = ['hmac-sha256', 'ed25519']

/** HTTP Message Signatures (RFC 9421), with Content-Digest (RFC 9530): the scheme that covers the whole request. */
export const rfc9421: Scheme = { id: 'rfc9421', parse, verify: signedWith }

interface Found {
  parameters: SignatureParameters
  base: Buffer
  signature: Buffer
}

async function parse(request: SignedRequest): Promise<Claim> {
  const { parameters, base, signature } = await find(request)
  const { expires, nonce, keyid, alg } = parameters
  const lines = base.toString().split('\n')
  const covers = (component: string) => lines.filter(line => line.startsWith(`"${component}": `)).length === 1
  const hasBody = request.digest !== undefined || (request.body ?? '') !== ''
  if (!covers('@method') || !covers('@target-uri') || (hasBody && !covers('content-digest'))) throw unreadable()
  if (Object.keys(parameters).some(name => !known.has(name))) throw unreadable()
  const algorithm = algorithms.find(each => each === alg)
  if (algorithm === undefined || !isText(keyid) || !isText(nonce)) throw unreadable()
  const seconds = numbersIn(lines.at(-1) ?? '')
  const at = seconds('created') * 1000
  const until = expires === undefined ? Number.POSITIVE_INFINITY : seconds('expires') * 1000
  return {
    key: keyid,
    algorithm,
    at,
    ahead: window,
    behind: Math.min(window, until - at),
    nonce,
    intact: !covers('content-digest') || intact(request, request.headers['content-digest'] ?? ''),
    signed: base,
    signature,
  }
}

/** The one signature of a request that is meant for us, and the text that it signs. */
async function find({ method, url, headers }: SignedRequest): Promise<Found> {
  const found: Found[] = []
  try {
    await httpbis.verifyMessage(
      {
        // The library's clock is not ours, and we judge times later.
        notAfter: Number.POSITIVE_INFINITY,
        tolerance: Number.POSITIVE_INFINITY,
        requiredParams: required,
        keyLookup: async ({ tag: meant }) =>
          meant === tag
            ? {
                verify: async (base, signature, parameters = {}) => {
                  found.push({ parameters, base, signature })
                  return true
                },
              }
            : null,
      },
      { method, url, headers: { ...headers } },
    )
  } catch {
    throw unreadable()
  }
  const [one, ...more] = found
  if (!one || more.length > 0) throw unreadable()
  // Base64 may be spelled in several ways; a signature in one.
  if (!headers.signature?.includes(`:${one.signature.toString('base64')}:`)) throw unreadable()
  return one
}

const unreadable = (): Refusal => new Refusal('BAD_REQUEST')

function isText(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,128}$/.test(value)
}

/** The whole numbers among a signature's parameters. The library takes text for a number too; the line that it signs does not lie. */
function numbersIn(line: string): (name: string) => number {
  const bare = line.replace(/"(?:[^"\\]|\\.)*"/g, '')
  return name => {
    const [, digits] = new RegExp(`;${name}=(\\d{1,11})(?=;|$)`).exec(bare) ?? []
    if (digits === undefined) throw unreadable()
    return Number(digits)
  }
}

const field = 'content-digest'
const ours = new Map([['key', 'sha-256']])

/** The SHA-256 in a Content-Digest field (RFC 9530, 2), as a byte sequence `:…:`; throws Refusal where there is none. */
export function sha256In(contentDigest: string): string {
  // As nearly everybody writes it; the library first tries other shapes, at the cost of an error's stack.
  const [, alone] = /^sha-256=(:[A-Za-z0-9+/]{43}=:)$/.exec(contentDigest) ?? []
  if (alone !== undefined) return alone
  try {
    const [member = ''] = httpbis.extractHeader(field, ours, {
      method: '',
      url: '',
      headers: { [field]: contentDigest },
    })
    if (/^:[A-Za-z0-9+/]{43}=:$/.test(member)) return member
  } catch {}
  throw new Refusal('BAD_REQUEST')
}

/** The Content-Digest of a body (RFC 9530, 2). */
export function contentDigest(body: string | Uint8Array): string {
  return `sha-256=:${sha256(body, 'base64')}:`
}

/** Tells whether a request's body has the digest of the field. Throws Refusal when the field cannot be read. */
export function intact({ body = '', digest }: Pick<SignedRequest, 'body' | 'digest'>, told: string): boolean {
  // Whoever sends a body knows its digest, so that the time of comparing tells nothing.
  return sha256In(told) === (digest === undefined ? `:${sha256(body, 'base64')}:` : sha256In(digest))
}

/** A key as its owner keeps it. */
export interface OwnKey {
  id: string
  /** The secret that was shown once, or an Ed25519 private key in PEM. */
  secret: string
}

/** Returns the header fields that sign a request by RFC 9421, as its sender adds them. Throws TypeError for a PEM that is no Ed25519 private key. */
export function sign(
  { id, secret }: OwnKey,
  request: Unsigned,
  stamp: { at: number; nonce: string },
): Promise<Record<string, string>> {
  const pair = secret.startsWith('-----BEGIN')
  const signer = {
    id,
    alg: pair ? ('ed25519' as const) : ('hmac-sha256' as const),
    sign: (text: Buffer) => (pair ? signWith(secret, text) : Buffer.from(hmac(secret, text), 'base64url')),
  }
  return signedFields(signer, request, { ...stamp, tag })
}

interface Unsigned {
  method: string
  url: string
  body: string | undefined
}

/** What signs: `alg` is its name in RFC 9421, 6.2.2. */
interface Signer {
  id: string
  alg: Algorithm
  sign(text: Buffer): Uint8Array
}

/** Returns the header fields that sign a request with any key; `tag` says what the signature is for (RFC 9421, 2.3). */
export async function signedFields(
  { id, alg, sign }: Signer,
  { method, url, body }: Unsigned,
  { at, nonce, tag: meant }: { at: number; nonce: string; tag: string },
): Promise<Record<string, string>> {
  const hasBody = body !== undefined && body !== ''
  const { headers } = await httpbis.signMessage(
    {
      key: { id, alg, sign: async text => Buffer.from(sign(text)) },
      fields: ['@method', '@target-uri', ...(hasBody ? ['content-digest'] : [])],
      params: required,
      paramValues: { created: new Date(at), nonce, tag: meant },
    },
    { method, url, headers: hasBody ? { 'Content-Digest': contentDigest(body) } : {} },
  )
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}
