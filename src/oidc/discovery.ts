import type { Middleware } from 'koa'
import type { Provider } from 'oidc-provider'
import { sha256 } from '../crypto/digest.ts'
import { maxAge, type Ring } from '../keys/signing-keys.ts'

interface Document {
  body: Buffer
  type: string
  etag: string
}

const configuration = '/.well-known/openid-configuration'

/**
 * Answers discovery (OpenID Connect Discovery 1.0, 4; the same document under RFC 8414, 3) and the public keys from
 * memory, with a validator. The library makes each document once until the keys change; which clients there are changes
 * nothing in it.
 */
export function discovery(provider: Provider, ring: Pick<Ring, 'onChange'>): Middleware {
  let documents = new Map<string, Document>()
  ring.onChange(() => {
    documents = new Map()
  })
  const names = new Map([
    [configuration, configuration],
    ['/.well-known/oauth-authorization-server', configuration],
    [provider.pathFor('jwks'), provider.pathFor('jwks')],
  ])

  return async (ctx, next) => {
    const name = names.get(ctx.path)
    if (name === undefined || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) return next()
    // What is being made while the keys change belongs to those of before.
    const current = documents
    let document = current.get(name)
    if (!document) {
      await next()
      if (ctx.status !== 200) return
      // It takes for granted what is not taken: a code of a person's own (CIBA Core 1.0, 4).
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
    // A digest in quotes occurs in the header only where it is listed (RFC 9110, 13.1.2).
    if (ctx.get('If-None-Match').includes(document.etag)) {
      ctx.status = 304
      return
    }
    ctx.status = 200
    ctx.type = document.type
    ctx.body = document.body
  }
}
