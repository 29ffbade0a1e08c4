import type { Context } from 'koa'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { placeOf } from '../clients/appearance.ts'
import { isDeclared } from '../clients/client-extensions.ts'
import type { Clients } from '../clients/registry.ts'
import { type ResponseMode, signAnswer } from './internals.ts'
import { letFormLeave } from './provider-middleware.ts'
import type { Renderers } from './renderers.ts'

interface Services {
  renderers: Pick<Renderers, 'formPost' | 'leaving'>
  clients: Clients
}

/**
 * Makes the response modes that answer by a page of their own (OAuth 2.0 Form Post Response Mode, 2; JARM, 2.3.3): the
 * library's page is a script that posts at once, ours is one that people see and that works without.
 */
export function formModes({ renderers, clients }: Services): { readonly [name: string]: ResponseMode } {
  const post = async (ctx: KoaContextWithOIDC, action: string, answer: object, fields = answer): Promise<void> => {
    ctx.status = 200
    letFormLeave(ctx)
    const client = await clients.app(ctx.oidc.client?.clientId ?? '')
    const form = {
      action,
      fields: Object.entries(fields).map(([name, value]) => [name, String(value)] as const),
      client,
    }
    if (!asks(ctx, answer)) return renderers.formPost(ctx, form)
    await renderers.leaving(ctx, { place: placeOf(action), client, onward: undefined, form })
  }
  return {
    form_post: (ctx, action, fields) => post(ctx, action, fields),
    'form_post.jwt': async (ctx, action, fields) =>
      post(ctx, action, fields, { response: await signAnswer(ctx, fields) }),
  }
}

/**
 * Makes a response mode stop at a page of ours before an error takes the browser to an app that is not in clients.json. Anybody can make such an
 * app, and a link to us that fails at once: it would lead on to any page they like, with our address in front (RFC 9700, 4.11.2).
 */
export function stoppingErrors(mode: ResponseMode, services: Services): ResponseMode {
  return async (ctx, uri, answer) => {
    await mode(ctx, uri, answer)
    if (asks(ctx, answer)) await leaveByLink(ctx, services)
  }
}

/** Answers with a page that asks first, in place of a redirect to an app that is not in clients.json. Any other answer stays as it is. */
export async function leaveByLink(
  ctx: Pick<KoaContextWithOIDC, 'oidc' | 'response' | 'remove' | 'status'>,
  { renderers, clients }: Services,
): Promise<void> {
  const onward: unknown = ctx.response.get('Location')
  if (typeof onward !== 'string' || onward === '' || ctx.status < 300) return
  ctx.remove('Location')
  ctx.status = 200
  const client = await clients.app(ctx.oidc.client?.clientId ?? '')
  await renderers.leaving(ctx as unknown as Context, { place: placeOf(onward), client, onward, form: undefined })
}

function asks({ oidc }: KoaContextWithOIDC, answer: object): boolean {
  return 'error' in answer && !isDeclared(oidc.client ?? {})
}
