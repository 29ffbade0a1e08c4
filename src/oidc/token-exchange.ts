import { errors, type Provider, type TokenEndpointGrantContext } from 'oidc-provider'
import { z } from 'zod'
import { active, stampFits } from '../accounts/account.ts'
import { originOf } from '../accounts/device.ts'
import { heldUntil } from '../accounts/hold.ts'
import type { Granted } from '../clients/apis.ts'
import { extensionsOf } from '../clients/client-extensions.ts'
import type { Records } from '../records/adapter.ts'
import { accessTokenReader } from './access-tokens.ts'
import { checkKeys } from './internals.ts'
import type { Options } from './options.ts'

/** An access token of ours, as another client received it for its own API. */
const accessToken = 'urn:ietf:params:oauth:token-type:access_token'
/** A request to the token endpoint, signed with an API key, as base64url of its JSON. */
const signedRequest = 'urn:latchkey:params:oauth:token-type:signed-request'

/** What a subject token allows. */
interface Exchanged {
  account: string
  grantId: string
  api: Granted
  /** The scopes that it allows at most. */
  may: readonly string[]
  /** How long the new token may live, in seconds, or until when, in seconds since the epoch. */
  life: { expiresIn: number } | { exp: number }
  /** Claims that go over to the new token. */
  claims?: { [name: string]: unknown }
  /** The subject token is bound to a key: the client must prove one of its own. */
  bound?: boolean
}

/** Reads one type of subject token (RFC 8693, 3). Throws the library's errors. */
type Read = (ctx: TokenEndpointGrantContext, token: string, resource: string) => Promise<Exchanged>

/** What the grant takes besides its type; some of it only to be refused. */
export const exchangeParameters = [
  ...['subject_token', 'subject_token_type', 'resource', 'scope', 'audience'],
  ...['requested_token_type', 'actor_token', 'actor_token_type'],
]

/** Exchanges a token for an access token for one API (RFC 8693), by the type of what is exchanged: always for less, never for more. */
export function tokenExchange(provider: Provider, services: Options & { records: Records }) {
  const readers: Readonly<{ [type: string]: Read }> = {
    [signedRequest]: signedRequests(services),
    [accessToken]: delegation(services),
  }

  return async (ctx: TokenEndpointGrantContext): Promise<void> => {
    const { client, params } = ctx.oidc
    const { subject_token: token, subject_token_type: type, resource, scope } = params
    if (typeof token !== 'string') throw new errors.InvalidRequest('subject_token is required')
    const read = typeof type === 'string' && Object.hasOwn(readers, type) ? readers[type] : undefined
    if (!read) throw new errors.InvalidRequest(`subject_token_type must be one of ${Object.keys(readers).join(', ')}`)
    if (params.actor_token !== undefined || params.actor_token_type !== undefined)
      throw new errors.InvalidRequest('actor_token is not taken: the actor is the client that authenticates')
    if (![undefined, accessToken].includes(params.requested_token_type as string | undefined))
      throw new errors.InvalidRequest(`requested_token_type must be ${accessToken}`)
    if (typeof resource !== 'string' || params.audience !== undefined) throw new errors.InvalidTarget()
    const { proof, certificate, once } = await checkKeys(ctx)

    const { account, grantId, api, may, life, claims, bound } = await read(ctx, token, resource)
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

/** Reads a signed request: for as much as both its key and the client may do at the API. */
function signedRequests({ clients, verifySigned, now }: Pick<Options, 'clients' | 'verifySigned' | 'now'>): Read {
  return async (ctx, token, resource) => {
    const { clientId } = ctx.oidc.client
    const api = (await clients.app(clientId))?.apis.get(resource)
    if (!api) throw new errors.InvalidTarget()
    const signed = await verifySigned(token, clientId, originOf(ctx))
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
/** The actor, and the actors before (RFC 8693, 4.1). */
interface Act {
  sub: string
  act?: Act | undefined
}
const act: z.ZodType<Act> = z.lazy(() => z.object({ sub: z.string(), act: act.optional() }))

const payload = z.object({
  sub: z.string(),
  exp: z.number(),
  sid: z.string(),
  scope: z.string().default(''),
  acr: z.string().optional(),
  amr: z.array(z.string()).optional(),
  auth_time: z.number().optional(),
  hold_until: z.number().optional(),
  act: act.optional(),
  cnf: z.unknown().optional(),
})

/**
 * Reads an access token of ours: an API that was given somebody's token asks another API on their behalf (RFC 8693, 1.1), for less than the
 * token was good for, no longer than it, for as long as the session lives, and always under its own name beside theirs.
 */
function delegation(
  services: Pick<Options, 'issuer' | 'keys' | 'clients' | 'accounts' | 'now'> & { records: Records },
): Read {
  const { clients, accounts, records, now } = services
  const read = accessTokenReader(services)

  return async (ctx, text, resource) => {
    const { clientId } = ctx.oidc.client
    const actor = await clients.app(clientId)
    const api = actor?.delegates?.get(resource)
    if (!actor || !api) throw new errors.InvalidTarget()
    const subject = payload.safeParse(await read(text, [...(actor.serves ?? [])])).data
    if (!subject) throw unacceptable()
    const [account, found] = await Promise.all([accounts.get(subject.sub), records.grantIn(subject.sub, subject.sid)])
    if (!active(account) || !found || !stampFits(account, found)) throw unacceptable()
    const offered = api.scope.split(' ')
    const { acr, amr, auth_time, sid, hold_until = 0 } = subject
    // The actor must not be able to hide that apps have been told to wait meanwhile.
    const held = Math.max(hold_until, heldUntil(account, now()).hold_until ?? 0)
    return {
      account: account.id,
      grantId: found.grantId,
      api,
      may: subject.scope.split(' ').filter(each => offered.includes(each)),
      life: { exp: subject.exp },
      claims: {
        ...{ acr, amr, auth_time, sid },
        ...(held > 0 && { hold_until: held }),
        act: { sub: clientId, ...(subject.act && { act: subject.act }) },
      },
      bound: subject.cnf !== undefined,
    }
  }
}

/** Returns one error for all faults, so that it does not tell what else a stolen token is good for (RFC 8693, 2.2.2). */
function unacceptable(): Error {
  return new errors.InvalidRequest('the subject token is not acceptable')
}
