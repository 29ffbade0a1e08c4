import { errors, type Provider, type TokenEndpointGrantContext } from 'oidc-provider'
import type { Granted } from '../clients/declared.ts'
import { checkKeys } from './internals.ts'

const accessToken = 'urn:ietf:params:oauth:token-type:access_token'

/** What a token is exchanged for another: whose it is, for which API, and how much of it at most. */
interface Exchanged {
  account: string
  grantId: string
  api: Granted
  /** The scopes that there may be. */
  may: readonly string[]
  /** How long it may be, in seconds, or until when, in seconds since the epoch. */
  life: { expiresIn: number } | { exp: number }
  /** Claims that go over to the new token. */
  claims?: { [name: string]: unknown }
  /** What was exchanged is bound to a key: who exchanges it must prove one of their own. */
  bound?: boolean
}

/** Judges one type of subject token (RFC 8693, 3). Throws the library's errors. */
export type Judge = (ctx: TokenEndpointGrantContext, token: string, resource: string) => Promise<Exchanged>

/** Exchanges a token for an access token for one API (RFC 8693), by the type of what is exchanged: always less, never more. */
export function exchanging(provider: Provider, judges: Readonly<{ [type: string]: Judge }>) {
  return async (ctx: TokenEndpointGrantContext): Promise<void> => {
    const { client, params } = ctx.oidc
    const { subject_token: token, subject_token_type: type, resource, scope } = params
    if (typeof token !== 'string') throw new errors.InvalidRequest('subject_token is required')
    const judge = typeof type === 'string' && Object.hasOwn(judges, type) ? judges[type] : undefined
    if (!judge) throw new errors.InvalidRequest(`subject_token_type must be one of ${Object.keys(judges).join(', ')}`)
    if (params.actor_token !== undefined || params.actor_token_type !== undefined)
      throw new errors.InvalidRequest('actor_token is not taken: the actor is the client that authenticates')
    if (![undefined, accessToken].includes(params.requested_token_type as string | undefined))
      throw new errors.InvalidRequest(`requested_token_type must be ${accessToken}`)
    if (typeof resource !== 'string' || params.audience !== undefined) throw new errors.InvalidTarget()
    const { proof, certificate, once } = await checkKeys(ctx)

    const { account, grantId, api, may, life, claims, bound } = await judge(ctx, token, resource)
    if (bound && !proof && !certificate)
      throw new errors.InvalidRequest('the subject token is bound to a key: prove one of yours')
    const asked = typeof scope === 'string' ? scope.split(' ') : may
    const granted = asked.filter(each => may.includes(each))
    if (granted.length === 0) throw new errors.InvalidScope('nothing of this may be had', String(scope ?? ''))
    if (proof) await once()

    const issued = new provider.AccessToken({
      client,
      accountId: account,
      grantId,
      gty: 'token-exchange',
      scope: granted.join(' '),
      resourceServer: new provider.ResourceServer(api.resource, api),
      ...life,
    })
    if (claims) Object.assign(issued, { extra: claims })
    if (proof) issued.setThumbprint('jkt', proof.thumbprint)
    if (certificate) issued.setThumbprint('x5t', certificate)
    ctx.oidc.entity('AccessToken', issued)
    ctx.body = {
      access_token: await issued.save(),
      issued_token_type: accessToken,
      token_type: issued.tokenType,
      expires_in: issued.remainingTTL,
      scope: issued.scope,
    }
  }
}

/** What the grant takes besides its type; some of it only to be refused. */
export const exchangeParameters = [
  'subject_token',
  'subject_token_type',
  'resource',
  'scope',
  'audience',
  'requested_token_type',
  'actor_token',
  'actor_token_type',
]
