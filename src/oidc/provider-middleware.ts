import type { Context, Middleware } from 'koa'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { isDeclared } from '../clients/client-extensions.ts'
import type { Clients } from '../clients/registry.ts'
import { leaveByLink } from './answers.ts'
import { signOutSecret } from './internals.ts'
import { programs } from './programs.ts'
import type { Renderers } from './renderers.ts'

interface Services {
  renderers: Pick<Renderers, 'formPost' | 'leaving'>
  clients: Clients
}

/** The library's endpoints as middleware of our Koa, whose `keys` must be the provider's. */
export function mounted(provider: Provider, services: Services): Middleware {
  const https = provider.issuer.startsWith('https:')
  const [library] = provider.middleware as [Middleware]
  const endpoints = programs(provider, library)
  // Where people enter a device's code, the library would let them sign in only after they have confirmed.
  const ours = provider.pathFor('code_verification')
  return async (ctx, next) => {
    if (ctx.path === ours || ctx.path.startsWith(`${ours}/`)) return next()
    // As the issuer says, whichever way the request came to us.
    ctx.cookies.secure = https
    let left = false
    await endpoints(ctx, () => {
      left = true
      return next()
    })
    if (left) return
    const answered = ctx as unknown as KoaContextWithOIDC
    if (answered.oidc?.route === 'end_session_confirm') await leaveAsked(answered, services)
    if (answered.oidc && ctx.response.is('html')) await leaveUnasked(answered, services)
  }
}

/** Asks before a sign-out leads to an app that is not in clients.json: anybody can make a link to us that would lead there at once. */
async function leaveAsked(ctx: KoaContextWithOIDC, services: Services): Promise<void> {
  const { client, provider } = ctx.oidc
  const location: unknown = ctx.response.get('Location')
  if (isDeclared(client ?? {}) || typeof location !== 'string' || location === '') return
  if (new URL(location, provider.issuer).origin !== new URL(provider.issuer).origin) await leaveByLink(ctx, services)
}

/** Answers a sign-out with nobody signed in without a question: the library's page posts by an inline script, ours by a separate one. */
async function leaveUnasked(ctx: KoaContextWithOIDC, { renderers, clients }: Services): Promise<void> {
  const { route, session, client } = ctx.oidc
  if (route !== 'end_session' || ctx.status !== 200 || !session || session.accountId !== undefined) return
  const policy = String(ctx.response.get('Content-Security-Policy'))
  ctx.set('Content-Security-Policy', policy.replace(/ 'sha256-[^']*'/, ''))
  const action = ctx.oidc.urlFor('end_session_confirm')
  const fields = [
    ['xsrf', signOutSecret(session)],
    ['logout', 'yes'],
  ] as const
  await renderers.formPost(ctx, { action, fields, client: await clients.app(client?.clientId ?? '') })
}

/**
 * Lets the form of a page that is answered go to an app, and on to wherever that redirects: browsers apply form-action to
 * every redirect that follows a post (CSP 3, 6.4.1), and only the app knows where it goes. Such a page holds this form alone.
 */
export function letFormLeave(ctx: Pick<Context, 'set' | 'response'>): void {
  const policy: unknown = ctx.response.get('Content-Security-Policy')
  if (typeof policy === 'string') ctx.set('Content-Security-Policy', policy.replace(/form-action [^;]*(; *)?/, ''))
}
