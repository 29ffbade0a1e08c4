import type { Middleware } from 'koa'
import type { Provider } from 'oidc-provider'
import { Problem } from '../errors.ts'
import { routes } from './configuration.ts'
import { endpointAt } from './internals.ts'

/** The endpoints that people's browsers come to, by the library's names: they alone answer with pages. */
const visited = new Set([
  ...['authorization', 'resume', 'code_verification', 'device_resume'],
  ...['end_session', 'end_session_confirm', 'end_session_success'],
])
const { authorization, code_verification, end_session, ...called } = routes
/** Where programs call, whether it is served here or not. */
const calledPaths = new Set<string>(Object.values(called))
/** Where forms of apps' pages are taken before the library hears of them. */
const posted = new Set([authorization, end_session])
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
/** By which callers follow a request through several servers (FAPI 1.0 Baseline, 6.2.1): resources repeat it. */
const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i
const signedIntrospection = 'application/token-introspection+jwt'

/**
 * Answers programs with JSON whatever they say that they accept: HTTP libraries send an `Accept` of their own (the JDK's prefers
 * HTML), and RFC 6749, 5 knows no other type. An endpoint that is asked in a wrong way says by which methods it is asked
 * (RFC 9110, 15.5.6). Marks their requests in `ctx.state.program`.
 */
export function programs(provider: Provider, endpoints: Middleware): Middleware {
  return async (ctx, next) => {
    const { path, method } = ctx
    const takes = (each: string) => endpointAt(provider, each, path) ?? (each === 'POST' && posted.has(path))
    const name = endpointAt(provider, method, path)
    const known = name === undefined ? methods.filter(takes) : []
    const seen = name ?? endpointAt(provider, known[0] ?? '', path)
    ctx.state.program = seen === undefined ? calledPaths.has(path.toLowerCase()) : !visited.has(seen)
    if (name === undefined) {
      if (known.length > 0) return otherwise(known)
      if (ctx.state.program) throw new Problem('not_found')
      return next()
    }
    if (ctx.state.program) {
      const signed = name === 'introspection' && ctx.accepts('json', signedIntrospection) === signedIntrospection
      ctx.req.headers.accept = signed ? signedIntrospection : 'application/json'
    }
    const followed = ctx.get('x-fapi-interaction-id')
    if (name === 'userinfo' && uuid.test(followed)) ctx.set('x-fapi-interaction-id', followed)
    await endpoints(ctx, next)
    // RFC 7009, 2.2: the body means nothing; but a library that meets text where it expects JSON takes it for a fault.
    if (name === 'revocation' && ctx.status === 200) ctx.body = {}
    if (method === 'OPTIONS' && ctx.status === 404) otherwise(methods.filter(takes))

    function otherwise(allowed: readonly string[]): void {
      ctx.set('Allow', allowed.join(', '))
      if (method !== 'OPTIONS') throw new Problem('method_not_allowed')
      ctx.status = 204
    }
  }
}
