import { bodyParser } from '@koa/bodyparser'
import type { Context, Middleware } from 'koa'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { z } from 'zod'
import { sha256 } from '../crypto/digest.ts'
import { token } from '../crypto/random.ts'
import { Problem } from '../errors.ts'
import { declare } from '../store/collection.ts'
import { largest, size } from './admission.ts'
import { routes } from './configuration.ts'
import { endpointAt } from './internals.ts'
import type { Options } from './options.ts'
import { leaveAfterSignOut, signOutNobody } from './response-modes.ts'
import { written } from './writing.ts'

/** The endpoints that people's browsers come to, by the library's names: they alone answer with pages. */
const forPeople = new Set([
  ...['authorization', 'resume', 'code_verification', 'device_resume'],
  ...['end_session', 'end_session_confirm', 'end_session_success'],
])
/** The endpoints that take forms of apps' pages. */
const takingForms: readonly (string | undefined)[] = ['authorization', 'end_session']
const { authorization: _, code_verification: __, end_session: ___, ...called } = routes
/** The paths that programs call, whether something is served there or not. */
const calledPaths = new Set<string>(Object.values(called))
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
/** The id by which a request is followed through several servers (FAPI 1.0 Baseline, 6.2.1): resources repeat it. */
const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i
/** The endpoints that are called most, which answer JSON unless they sign it. */
const answeringJson: ReadonlySet<string> = new Set(['token', 'introspection', 'userinfo'])
const signedIntrospection = 'application/token-introspection+jwt'

/** Serves the protocol's endpoints in a Koa whose `keys` are the provider's, before anything that reads bodies. */
export function protocolEndpoints(provider: Provider, options: Options): Middleware {
  const takesForms = (path: string): boolean => takingForms.includes(endpointAt(provider, 'GET', path))
  const endpoints = programs(provider, takesForms)
  const browsers = formPosts(pages(provider, endpoints, options), takesForms, options)
  return (ctx, next) => (calledPaths.has(ctx.path) ? endpoints(ctx, next) : browsers(ctx, next))
}

const posted = declare({
  name: 'posted_requests',
  shape: z.object({ id: z.string(), form: z.string(), expiresAt: z.number() }),
})
/** Milliseconds that a browser has to come back. */
const life = 60_000

/**
 * Takes requests that an app's page posts (OpenID Connect Core 1.0, 3.1.2.1). Browsers leave our cookies off a post that
 * comes from another site, so it is stored, and the browser comes for it by GET: who is signed in stays so.
 */
export function formPosts(
  endpoints: Middleware,
  takesForms: (path: string) => boolean,
  { store, renderers, quota, now }: Pick<Options, 'store' | 'renderers' | 'quota' | 'now'>,
): Middleware {
  const stored = store.collection(posted)
  const parse = bodyParser({ enableTypes: ['form'], formLimit: largest })

  const keep = async (ctx: Context): Promise<void> => {
    if (!ctx.is('application/x-www-form-urlencoded')) throw new Problem('malformed')
    await parse(ctx as Parameters<typeof parse>[0], async () => {})
    const id = token()
    const form = (ctx.request as { rawBody?: string }).rawBody ?? ''
    await quota.spend(size(form), { address: ctx.ip })
    await stored.insert({ id: sha256(id), form, expiresAt: now() + life })
    ctx.status = 303
    ctx.redirect(`${ctx.path}?posted=${id}`)
  }
  const fetch = async (ctx: Context, id: string): Promise<void> => {
    const found = await stored.take(sha256(id))
    if (!found) throw new Problem('attempt_expired')
    ctx.querystring = found.form
  }

  return async (ctx, next) => {
    const { posted: id } = ctx.query
    const posts = ctx.method === 'POST'
    if ((!posts && id === undefined) || !takesForms(ctx.path)) return endpoints(ctx, next)
    try {
      if (posts) return await keep(ctx)
      await fetch(ctx, String(id))
    } catch (fault) {
      return renderers.error(ctx, { error: 'invalid_request' }, fault)
    }
    return endpoints(ctx, next)
  }
}

/** Puts pages of ours in the place of the library's. */
function pages(provider: Provider, endpoints: Middleware, options: Options): Middleware {
  const https = provider.issuer.startsWith('https:')
  return async (ctx, next) => {
    // Where people enter a device's code, the library would let them sign in only after they have confirmed.
    const page = endpointAt(provider, 'GET', ctx.path)
    if (page === 'code_verification' || page === 'device_resume') return next()
    // As the issuer says, whichever way the request came to us.
    ctx.cookies.secure = https
    let left = false
    await endpoints(ctx, () => {
      left = true
      return next()
    })
    if (left) return
    const answered = ctx as unknown as KoaContextWithOIDC
    if (answered.oidc?.route === 'end_session_confirm') await leaveAfterSignOut(answered, options)
    if (answered.oidc && ctx.response.is('html')) await signOutNobody(answered, options)
  }
}

/**
 * Answers programs with JSON whatever they say that they accept: HTTP libraries send an `Accept` of their own (the JDK's prefers
 * HTML), and RFC 6749, 5 knows no other type. An endpoint that is called by a wrong method says which it takes (RFC 9110, 15.5.6).
 * Marks requests of programs in `ctx.state.program`.
 */
function programs(provider: Provider, takesForms: (path: string) => boolean): Middleware {
  const [library] = provider.middleware as [Middleware]
  /** What is served at the paths that programs call, as one of them spells its request. */
  const spelled = new Map(
    [...calledPaths].map(path => [path, new Map(methods.map(each => [each, endpointAt(provider, each, path)]))]),
  )
  return async (ctx, next) => {
    const { path, method } = ctx
    const takes = (each: string) => endpointAt(provider, each, path) ?? (each === 'POST' && takesForms(path))
    const name = spelled.get(path)?.get(method) ?? endpointAt(provider, method, path)
    const known = name === undefined ? methods.filter(takes) : []
    const seen = name ?? endpointAt(provider, known[0] ?? '', path)
    ctx.state.program = seen === undefined ? calledPaths.has(path.toLowerCase()) : !forPeople.has(seen)
    if (name === undefined) {
      if (known.length > 0) return allowOnly(known)
      if (ctx.state.program) throw new Problem('not_found')
      return next()
    }
    if (ctx.state.program) {
      const signed = name === 'introspection' && wantsSigned(ctx)
      ctx.req.headers.accept = signed ? signedIntrospection : 'application/json'
    }
    const followed = name === 'userinfo' ? ctx.get('x-fapi-interaction-id') : ''
    if (uuid.test(followed)) ctx.set('x-fapi-interaction-id', followed)
    // Known ahead, it is not looked up for each answer; a signed one gets another.
    if (answeringJson.has(name)) ctx.res.setHeader('Content-Type', 'application/json; charset=utf-8')
    await library(ctx, next)
    await written(ctx)
    // RFC 7009, 2.2: the body means nothing; but a library that meets text where it expects JSON takes it for a fault.
    if (name === 'revocation' && ctx.status === 200) ctx.body = {}
    if (method === 'OPTIONS' && ctx.status === 404) allowOnly(methods.filter(takes))

    function allowOnly(allowed: readonly string[]): void {
      ctx.set('Allow', allowed.join(', '))
      if (method !== 'OPTIONS') throw new Problem('method_not_allowed')
      ctx.status = 204
    }
  }
}

/** Tells whether an introspection is to be answered by a signed JWT (RFC 9701, 4): few are, and most say at once that they want JSON. */
function wantsSigned(ctx: Context): boolean {
  const accept = ctx.get('Accept')
  return (
    accept !== '' &&
    !/^(\*\/\*|application\/json)$/.test(accept) &&
    ctx.accepts('json', signedIntrospection) === signedIntrospection
  )
}
