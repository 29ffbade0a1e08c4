import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import type { Middleware } from 'koa'
import { ExternalSigningKey, type Provider } from 'oidc-provider'
import { sha256 } from '../crypto/digest.ts'
import { type ImmediateSigner, immediateSigner, publicHalf, type SigningKey } from '../crypto/jws.ts'
import { maxAge, type Ring, type RingKey } from '../keys/signing-keys.ts'
import { replaceKeys } from './internals.ts'

/** A signing key that the library asks for signatures and never sees. */
class ImmediateKey extends ExternalSigningKey {
  readonly #signer: ImmediateSigner

  constructor(jwk: SigningKey) {
    super()
    this.#signer = immediateSigner(jwk)
    Object.assign(this, { kid: jwk.kid, alg: jwk.alg })
  }

  override keyObject() {
    return this.#signer.publicKey
  }

  override sign(data: Uint8Array) {
    return this.#signer.sign(data)
  }
}

/** Returns the signing keys as the library takes them: of two keys for one algorithm it signs with the first, and verifies with both. */
export function libraryKeys(keys: readonly RingKey[]): { keys: ExternalSigningKey[] } {
  return { keys: keys.map(({ jwk }) => new ImmediateKey(jwk)) }
}

/** Lets a provider sign with these keys, and publish them, from the next request on. */
export function replaceRing(provider: Provider, ring: readonly RingKey[]): void {
  const published = ring.map(({ jwk }) => publicHalf(jwk))
  replaceKeys(provider, libraryKeys(ring).keys, published)
}

const configuration = '/.well-known/openid-configuration'

interface Document {
  body: Buffer
  type: string
  etag: string
  /** All headers of its answer that are the same for everybody, in order: those of every page, too. */
  headers?: readonly (readonly [name: string, value: string])[]
}

/** Headers of one answer alone. */
const ofOneAnswer: readonly string[] = ['x-request-id', 'content-length', 'set-cookie']

/**
 * Answers discovery (OpenID Connect Discovery 1.0, 4; the same document under RFC 8414, 3) and the public keys from
 * memory, with a validator. The library makes each document once until the keys change; clients change nothing
 * in it. `middleware` answers any request, and `fromMemory` those that were answered before, without Koa: apps ask for these more
 * often than for anything else. It returns false where it has no answer.
 */
export function discovery(provider: Provider, ring: Pick<Ring, 'onChange'>) {
  let documents = new Map<string, Document>()
  ring.onChange(() => {
    documents = new Map()
  })
  const names = new Map([
    [configuration, configuration],
    ['/.well-known/oauth-authorization-server', configuration],
    [provider.pathFor('jwks'), provider.pathFor('jwks')],
  ])

  const publish: Middleware = async (ctx, next) => {
    const name = names.get(ctx.path) as string
    // A document that is made while the keys change belongs to the old ones.
    const current = documents
    let document = current.get(name)
    if (!document) {
      await next()
      if (ctx.status !== 200) return
      // The library offers what is not taken here: a code of a person's own (CIBA Core 1.0, 4).
      const { backchannel_user_code_parameter_supported: _code, ...told } = ctx.body as Record<string, unknown>
      const body = Buffer.from(JSON.stringify(told))
      document = { body, type: ctx.response.type, etag: `"${sha256(body)}"` }
      current.set(name, document)
    }
    ctx.set({
      'Access-Control-Allow-Origin': '*',
      'Cache-Control': `public, max-age=${maxAge}`,
      'Cross-Origin-Resource-Policy': 'cross-origin',
      ETag: document.etag,
    })
    ctx.remove('Vary')
    ctx.status = 200
    ctx.type = document.type
    ctx.body = document.body
    // As it is spelled there; Node's types know this of requests alone.
    const sent = ctx.res as typeof ctx.res & Pick<ClientRequest, 'getRawHeaderNames'>
    document.headers ??= sent
      .getRawHeaderNames()
      .filter(header => !ofOneAnswer.includes(header.toLowerCase()))
      .map(header => [header, String(sent.getHeader(header))])
    if (has(ctx.req, document)) ctx.status = 304
  }

  return {
    middleware: ((ctx, next) =>
      isRead(ctx.method) && names.has(ctx.path) ? publish(ctx, next) : next()) as Middleware,
    fromMemory: (req: IncomingMessage, res: ServerResponse): boolean => {
      const name = names.get(req.url ?? '')
      const document = name === undefined ? undefined : documents.get(name)
      if (!document?.headers || !isRead(req.method)) return false
      const unchanged = has(req, document)
      res.statusCode = unchanged ? 304 : 200
      for (const [header, value] of document.headers)
        if (!(unchanged && header.toLowerCase() === 'content-type')) res.setHeader(header, value)
      if (unchanged) res.end()
      else res.setHeader('Content-Length', document.body.length).end(req.method === 'HEAD' ? undefined : document.body)
      return true
    },
  }
}

const isRead = (method: string | undefined): boolean => method === 'GET' || method === 'HEAD'

/** Tells whether the client has this document. A digest in quotes occurs in the header only where it is listed (RFC 9110, 13.1.2). */
function has({ headers }: IncomingMessage, { etag }: Document): boolean {
  return headers['if-none-match']?.includes(etag) ?? false
}
