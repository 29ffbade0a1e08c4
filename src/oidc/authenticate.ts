import type { Context } from 'koa'
import { errors, type Provider } from 'oidc-provider'
import type { Clients } from '../clients/registry.ts'
import { authenticateClient } from './internals.ts'

/**
 * Makes the library's client authentication work for endpoints of ours: by an Authorization header or by parameters, as at the token
 * endpoint. What it makes resolves to the client's id and throws the library's errors, which carry a status. A client that cannot
 * authenticate has no business there, nor has an app of others: what is of the suite, an API, or a service that nobody signs in to is
 * declared by the operator.
 */
export function authenticating(provider: Provider, clients: Clients) {
  return async (ctx: Context, parameters: Readonly<Record<string, unknown>>): Promise<string> => {
    const client = await authenticateClient(provider, ctx, name => {
      const value = parameters[name]
      if (value !== undefined && typeof value !== 'string') throw new errors.InvalidRequest(`${name} must be text`)
      return value
    })
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

export type Authenticate = ReturnType<typeof authenticating>
