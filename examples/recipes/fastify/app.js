import fastify from 'fastify'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const { ISSUER, APP_URL } = process.env
const discovered = await (await fetch(`${ISSUER}/.well-known/openid-configuration`)).json()
const keys = createRemoteJWKSet(new URL(discovered.jwks_uri))

/** Lets pass who brings an access token (RFC 9068) for this API, of a scope; others learn what would do (RFC 6750, 3). */
const protect = scope => async (request, reply) => {
  const refuse = (status, challenge) => reply.code(status).header('www-authenticate', challenge).send()
  const [, token] = /^Bearer ([\w.-]+)$/i.exec(request.headers.authorization) ?? []
  if (!token) return refuse(401, 'Bearer')
  // `typ` keeps ID tokens out, `audience` the tokens of other APIs.
  const checks = { issuer: ISSUER, audience: APP_URL, typ: 'at+jwt', requiredClaims: ['exp', 'sub'] }
  const verified = await jwtVerify(token, keys, checks).catch(() => undefined)
  // A token that is bound to a key (RFC 9449) is not for whoever holds it: examples/resource-server takes those.
  if (!verified || verified.payload.cnf) return refuse(401, 'Bearer error="invalid_token"')
  if (!String(verified.payload.scope).split(' ').includes(scope))
    return refuse(403, `Bearer error="insufficient_scope", scope="${scope}"`)
  request.caller = verified.payload
}

const app = fastify()
app.decorateRequest('caller', null)
app.get('/', { onRequest: protect('read') }, ({ caller }) => ({ caller: caller.sub }))
app.post('/', { onRequest: protect('trade') }, ({ caller }) => ({ caller: caller.sub }))

await app.listen({ port: new URL(APP_URL).port })
