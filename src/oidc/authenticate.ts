import type { Context } from 'koa'
import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider'
// @ts-expect-error: the library types only what its top exports; its version is pinned, and a test asks of every method
import middleware, { getClientAuthParams } from 'oidc-provider/lib/shared/client_auth.js'
import type { Clients } from '../clients/registry.ts'

/** Authenticates a client by its Authorization header or by parameters, as the token endpoint does; resolves to its id. Throws the library's errors, which carry a status. */
export type Authenticate = (ctx: Context, parameters: Readonly<Record<string, unknown>>) => Promise<string>

type Step = (ctx: KoaContextWithOIDC, next: () => Promise<void>) => Promise<void>
const steps = middleware as readonly Step[]
const namesIn = getClientAuthParams as (ctx: KoaContextWithOIDC) => Set<string>

/** Makes the library's own client authentication work for endpoints of ours. A client that cannot authenticate has no business there, nor has an app of others: what is of the suite, an API, or a service that nobody signs in to is declared by the operator. */
export function authenticating(provider: Provider, clients: Clients): Authenticate {
  return async (bare, parameters) => {
    const ctx = bare as unknown as KoaContextWithOIDC
    const oidc = new provider.OIDCContext(ctx)
    // Whoever is good for the token endpoint is good here: assertions are made out to that one.
    Object.assign(oidc, { route: 'token', params: {} })
    Object.assign(ctx, { oidc })
    for (const name of namesIn(ctx)) {
      const value = parameters[name]
      if (value !== undefined && typeof value !== 'string') throw new errors.InvalidRequest(`${name} must be text`)
      Object.assign(oidc.params as object, { [name]: value })
    }
    const run = async (at: number): Promise<void> => steps[at]?.(ctx, () => run(at + 1))
    await run(0)
    const { client } = oidc
    if (!client || client.clientAuthMethod === 'none')
      throw new errors.InvalidClientAuth('the client cannot authenticate')
    // Who asks says whose request it was and from where: with that, an app of others would close keys to their owners.
    const app = clients.declared().app(client.clientId)
    const standsForNobody = app !== undefined && !client.grantTypeAllowed('authorization_code')
    if (!app?.firstParty && !app?.serves?.length && !standsForNobody)
      throw new errors.UnauthorizedClient('apps of others do not ask')
    return client.clientId
  }
}
