import type { Context } from 'koa'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { placeOf } from '../clients/appearance.ts'
import { isDeclared } from '../clients/client-extensions.ts'
import type { ResponseMode } from './internals.ts'
import { signAnswer, signOutSecret } from './library-models.ts'
import type { Options } from './options.ts'

type Services = Pick<Options, 'renderers' | 'clients'>

/**
 * Returns a response mode as it is here. Those that answer by a page (OAuth 2.0 Form Post Response Mode, 2; JARM, 2.3.3) answer by one that
 * people see and that works without scripts: the library's is a script that posts at once. Any other stops at a page before an error takes
 * the browser to an app that is not in clients.json. Anybody can make such an app, and a link to us that fails at once: it would
 * lead on to any page they like, with our address in front (RFC 9700, 4.11.2).
 */
export function responseMode(mode: ResponseMode, name: string, services: Services): ResponseMode {
  if (name === 'form_post') return (ctx, action, answer) => post(ctx, action, answer, answer, services)
  if (name === 'form_post.jwt')
    return async (ctx, action, answer) =>
      post(ctx, action, answer, { response: await signAnswer(ctx, answer) }, services)
  return async (ctx, uri, answer) => {
    await mode(ctx, uri, answer)
    if (asksFirst(ctx, answer)) await leaveByLink(ctx, services)
  }
}

async function post(
  ctx: KoaContextWithOIDC,
  action: string,
  answer: object,
  shown: object,
  { renderers, clients }: Services,
): Promise<void> {
  ctx.status = 200
  letFormLeave(ctx)
  const client = await clients.app(ctx.oidc.client?.clientId ?? '')
  const form = { action, fields: Object.entries(shown).map(([name, value]) => [name, String(value)] as const) }
  if (!asksFirst(ctx, answer)) return renderers.formPost(ctx, { ...form, client })
  await renderers.leaving(ctx, { place: placeOf(action), client, onward: undefined, form })
}

function asksFirst({ oidc }: KoaContextWithOIDC, answer: object): boolean {
  return 'error' in answer && !isDeclared(oidc.client ?? {})
}

/** Answers with a page that asks first, in place of a redirect to an app that is not in clients.json. Any other answer stays as it is. */
async function leaveByLink(ctx: KoaContextWithOIDC, { renderers, clients }: Services): Promise<void> {
  const onward: unknown = ctx.response.get('Location')
  if (typeof onward !== 'string' || onward === '' || ctx.status < 300) return
  ctx.remove('Location')
  ctx.status = 200
  const client = await clients.app(ctx.oidc.client?.clientId ?? '')
  await renderers.leaving(ctx as unknown as Context, { place: placeOf(onward), client, onward, form: undefined })
}

/** Asks before a sign-out leads to an app that is not in clients.json: anybody can make a link to us that would lead there at once. */
export async function leaveAfterSignOut(ctx: KoaContextWithOIDC, services: Services): Promise<void> {
  const { client, provider } = ctx.oidc
  const location: unknown = ctx.response.get('Location')
  if (isDeclared(client ?? {}) || typeof location !== 'string' || location === '') return
  if (new URL(location, provider.issuer).origin !== new URL(provider.issuer).origin) await leaveByLink(ctx, services)
}

/** Answers a sign-out with nobody signed in without a question: the library's page posts by an inline script, ours by a separate one. */
export async function signOutNobody(ctx: KoaContextWithOIDC, { renderers, clients }: Services): Promise<void> {
  const { route, session, client } = ctx.oidc
  if (route !== 'end_session' || ctx.status !== 200 || !session || session.accountId !== undefined) return
  const policy = String(ctx.response.get('Content-Security-Policy'))
  ctx.set('Content-Security-Policy', policy.replace(/ 'sha256-[^']*'/, ''))
  const fields = [
    ['xsrf', signOutSecret(session)],
    ['logout', 'yes'],
  ] as const
  const action = ctx.oidc.urlFor('end_session_confirm')
  await renderers.formPost(ctx, { action, fields, client: await clients.app(client?.clientId ?? '') })
}

/**
 * Lets the form of a page that is answered go to an app, and on to wherever that redirects: browsers apply form-action to
 * every redirect that follows a post (CSP 3, 6.4.1), and only the app knows where it goes. Such a page holds this form alone.
 */
function letFormLeave(ctx: KoaContextWithOIDC): void {
  const policy: unknown = ctx.response.get('Content-Security-Policy')
  if (typeof policy === 'string') ctx.set('Content-Security-Policy', policy.replace(/form-action [^;]*(; *)?/, ''))
}
