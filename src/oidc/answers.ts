import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { Clients } from '../clients/registry.ts'
import type { Renderers } from './configuration.ts'
import { letFormLeave } from './mounted.ts'

/** How an answer gets to an app, as the library calls it. */
export type ResponseMode = Parameters<Provider['registerResponseMode']>[1]

/** What the library's type leaves out of an ID token's class, which signs all that is told to a client. */
interface Signer {
  new (
    claims: object,
    about: { ctx: KoaContextWithOIDC },
  ): {
    extra: object
    issue(how: { use: 'authorization' }): Promise<string>
  }
}

/**
 * The response modes that answer by a page of their own (OAuth 2.0 Form Post Response Mode, 2; JARM, 2.3.3): the
 * library's page is a script that posts at once, ours is one that people see and that works without.
 */
export function formModes({
  renderers: { formPost },
  clients,
}: {
  renderers: Pick<Renderers, 'formPost'>
  clients: Clients
}): { readonly [name: string]: ResponseMode } {
  const post: ResponseMode = async (ctx, action, fields) => {
    ctx.status = 200
    letFormLeave(ctx)
    const texts = Object.entries(fields).map(([name, value]): [string, string] => [name, String(value)])
    await formPost(ctx, { action, fields: texts, client: await clients.app(ctx.oidc.client?.clientId ?? '') })
  }
  return {
    form_post: post,
    'form_post.jwt': async (ctx, action, fields) => {
      const token = new (ctx.oidc.provider.IdToken as unknown as Signer)({}, { ctx })
      token.extra = fields
      await post(ctx, action, { response: await token.issue({ use: 'authorization' }) })
    },
  }
}
