import { createRemoteJWKSet, jwtVerify } from 'jose'
import Koa from 'koa'

const { ISSUER, APP_URL } = process.env
const discovered = await (await fetch(`${ISSUER}/.well-known/openid-configuration`)).json()
const keys = createRemoteJWKSet(new URL(discovered.jwks_uri))

/** Lets pass who brings an access token (RFC 9068) for this API, of a scope; others learn what would do (RFC 6750, 3). */
const protect = scope => async (ctx, next) => {
  const [, token] = /^Bearer ([\w.-]+)$/i.exec(ctx.get('authorization')) ?? []
  // `typ` keeps ID tokens out, `audience` the tokens of other APIs.
  const checks = { issuer: ISSUER, audience: APP_URL, typ: 'at+jwt', requiredClaims: ['exp', 'sub'] }
  const verified = token && (await jwtVerify(token, keys, checks).catch(() => undefined))
  // A token that is bound to a key (RFC 9449) is not for whoever holds it: examples/resource-server takes those.
  if (!verified || verified.payload.cnf) return refuse(ctx, 401, token ? 'Bearer error="invalid_token"' : 'Bearer')
  if (!String(verified.payload.scope).split(' ').includes(scope))
    return refuse(ctx, 403, `Bearer error="insufficient_scope", scope="${scope}"`)
  ctx.state.caller = verified.payload
  await next()
}

const refuse = (ctx, status, challenge) => {
  ctx.status = status
  ctx.set('www-authenticate', challenge)
}

const orders = protect('read')
const trades = protect('trade')

const app = new Koa()
app.use((ctx, next) => (ctx.method === 'GET' ? orders(ctx, next) : trades(ctx, next)))
app.use(ctx => {
  ctx.body = { caller: ctx.state.caller.sub }
})
app.listen(new URL(APP_URL).port)
