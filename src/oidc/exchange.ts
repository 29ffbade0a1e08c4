import { errors, type Provider, type TokenEndpointGrantContext } from 'oidc-provider'
import type { Origin } from '../events.ts'
import { originOf } from './heard.ts'
import { own } from './own.ts'
import type { Clients } from './registry.ts'

/** What is exchanged: a request to the token endpoint, signed with an API key, as base64url of its JSON. */
const signedRequest = 'urn:latchkey:params:oauth:token-type:signed-request'
const accessToken = 'urn:ietf:params:oauth:token-type:access_token'

/** What became of a signed request: whose it is and what its key may do, or why it does not pass. */
export type Signed =
  | { active: true; sub: string; key_id: string; scope: string; expires_at: number | null }
  | { active: false; code: number; reason: string }

export interface Services {
  provider: Provider
  clients: Clients
  /** Judges a signed request, which passes once. */
  judge(token: string, client: string, origin: Origin): Promise<Signed>
  now: () => number
}

/** Gives an access token for one API against one signed request, for as much as both the key and the client may do there. */
export function exchanging({ provider, clients, judge, now }: Services) {
  return async (ctx: TokenEndpointGrantContext): Promise<void> => {
    const { client, params } = ctx.oidc
    const { subject_token: token, subject_token_type: type, resource, scope } = params
    if (typeof token !== 'string') throw new errors.InvalidRequest('subject_token is required')
    if (type !== signedRequest) throw new errors.InvalidRequest(`subject_token_type must be ${signedRequest}`)
    const api = typeof resource === 'string' ? (await clients.app(client.clientId))?.apis.get(resource) : undefined
    if (!api) throw new errors.InvalidTarget()

    const signed = await judge(token, client.clientId, originOf(ctx))
    if (!signed.active) {
      const told = `the signed request does not pass: ${signed.code} ${signed.reason}`
      throw new errors.CustomOIDCProviderError('invalid_grant', told)
    }
    const [held, offered] = [signed.scope.split(' '), api.scope.split(' ')]
    const may = held.filter(each => offered.includes(each))
    const granted = typeof scope === 'string' ? scope.split(' ').filter(each => may.includes(each)) : may
    if (granted.length === 0) throw new errors.InvalidScope('the key may do nothing of this', String(scope ?? ''))

    const life = own(client).access_token_ttl
    const left = signed.expires_at === null ? life : signed.expires_at - Math.floor(now() / 1000)
    const issued = new provider.AccessToken({
      client,
      accountId: signed.sub,
      // There is no grant: nothing outlives the five minutes.
      grantId: signed.key_id,
      gty: 'token-exchange',
      scope: granted.join(' '),
      resourceServer: new provider.ResourceServer(api.resource, api),
      expiresIn: Math.max(1, Math.min(life, left)),
    })
    ctx.oidc.entity('AccessToken', issued)
    ctx.body = {
      access_token: await issued.save(),
      issued_token_type: accessToken,
      token_type: 'Bearer',
      expires_in: issued.expiration,
      scope: issued.scope,
    }
  }
}

/** What the grant takes besides its type. */
export const exchangeParameters = ['subject_token', 'subject_token_type', 'resource', 'scope']
