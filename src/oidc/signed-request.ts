import { errors } from 'oidc-provider'
import { originOf } from '../accounts/device.ts'
import { extensionsOf } from '../clients/client-extensions.ts'
import type { Clients } from '../clients/registry.ts'
import type { Origin } from '../events.ts'
import type { Judge } from './token-exchange.ts'

/** A request to the token endpoint, signed with an API key, as base64url of its JSON. */
export const signedRequest = 'urn:latchkey:params:oauth:token-type:signed-request'

/** What became of a signed request: whose it is and what its key may do, or why it does not pass. */
type Signed =
  | { active: true; sub: string; key_id: string; scope: string; expires_at: number | null; hold_until?: number }
  | { active: false; code: number; reason: string }

export interface Services {
  clients: Clients
  /** Judges a signed request, which passes once. */
  judge(token: string, client: string, origin: Origin): Promise<Signed>
  now: () => number
}

/** Exchanges one signed request, for as much as both the key and the client may do at the API. */
export function signedRequests({ clients, judge, now }: Services): Judge {
  return async (ctx, token, resource) => {
    const { clientId } = ctx.oidc.client
    const api = (await clients.app(clientId))?.apis.get(resource)
    if (!api) throw new errors.InvalidTarget()
    const signed = await judge(token, clientId, originOf(ctx))
    if (!signed.active) {
      const told = `the signed request does not pass: ${signed.code} ${signed.reason}`
      throw new errors.CustomOIDCProviderError('invalid_grant', told)
    }
    const offered = api.scope.split(' ')
    const life = extensionsOf(ctx.oidc.client).access_token_ttl
    const left = signed.expires_at === null ? life : signed.expires_at - Math.floor(now() / 1000)
    return {
      account: signed.sub,
      // There is no grant: nothing outlives the five minutes.
      grantId: signed.key_id,
      api,
      may: signed.scope.split(' ').filter(each => offered.includes(each)),
      life: { expiresIn: Math.max(1, Math.min(life, left)) },
      ...(signed.hold_until !== undefined && { claims: { hold_until: signed.hold_until } }),
    }
  }
}
