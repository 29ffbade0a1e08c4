import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { Context } from 'koa'
import { type Client, errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider'
import { extensionsOf } from '../clients/client-extensions.ts'
import { affordable } from '../clients/public-keys.ts'
import type { Clients } from '../clients/registry.ts'
import { authenticateClient } from './internals.ts'

/**
 * Authenticates the client of a request to an endpoint of ours, by its Authorization header or by parameters, as the token endpoint does;
 * resolves to its id. Throws the library's errors, which carry a status: for a client that cannot authenticate, and for an app of others.
 * Apps of the suite, APIs, and services that nobody signs in to are declared by the operator or made by staff.
 */
export function clientAuthentication(provider: Provider, clients: Clients) {
  return async (ctx: Context, parameters: Readonly<Record<string, unknown>>): Promise<string> => {
    const client = await authenticateClient(provider, ctx, name => {
      const value = parameters[name]
      if (value !== undefined && typeof value !== 'string') throw new errors.InvalidRequest(`${name} must be text`)
      return value
    })
    if (!client || client.clientAuthMethod === 'none')
      throw new errors.InvalidClientAuth('the client cannot authenticate')
    // The client says whose request it was and from where: with that, an app of others could lock owners out of their keys.
    const app = await clients.ours(client.clientId)
    const standsForNobody = app !== undefined && !client.grantTypeAllowed('authorization_code')
    if (!app?.firstParty && !app?.serves?.length && !standsForNobody)
      throw new errors.UnauthorizedClient('apps of others do not ask')
    return client.clientId
  }
}

/** How many seconds ahead a client's assertion may expire: each is remembered until then. */
const assertionLife = 600
/** How many seconds a request object may be valid (FAPI 2.0 Message Signing, 5.3.1). */
const requestLife = 3600
/** How many seconds a client's clock may be ahead of ours (FAPI 2.0 Security Profile, 5.3.2.1). */
const ahead = 60

type Claims = Readonly<Record<string, unknown>>

/** The types that a JWT may have; one without, or a plain JWT, must be told from others by its claims (RFC 8725, 3.11 and 3.12). */
const types = {
  assertion: ['jwt', 'client-authentication+jwt'],
  request: ['jwt', 'oauth-authz-req+jwt'],
} as const

function isOfType(what: keyof typeof types, { typ }: Claims): boolean {
  if (typ === undefined) return true
  const name = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : ''
  return types[what].some(each => each === name)
}

/** Claims of which every request object has one, and no assertion has any. */
const asking = ['response_type', 'redirect_uri', 'code_challenge', 'login_hint', 'binding_message']

/** A JWT for several audiences could be passed on by one of them (RFC 9101, 10.8; RFC 7523, 3, as FAPI 2.0 and its successor read it). */
const single = ({ aud }: Claims): boolean => !Array.isArray(aud) || aud.length === 1

/** Checks of JWTs that clients make what the library does not. */
export function clientJwts(now: () => number) {
  const seconds = (): number => Math.floor(now() / 1000)
  const early = ({ iat, nbf }: Claims): boolean => [iat, nbf].some(each => Number(each ?? 0) > seconds() + ahead)

  return {
    /** Throws for a client's assertion (RFC 7523, 3) that lasts too long, is made out to more than us, or is something else that the client has signed. */
    checkAssertion: async (ctx: KoaContextWithOIDC, claims: Claims, header: Claims, client: Client): Promise<void> => {
      if (!isOfType('assertion', header)) throw new errors.InvalidClientAuth('the assertion is of another typ')
      if (asking.some(each => each in claims)) throw new errors.InvalidClientAuth('the assertion is a request object')
      if (!single(claims)) throw new errors.InvalidClientAuth('the assertion must be made out to one audience')
      if (Number(claims.exp) > seconds() + assertionLife)
        throw new errors.InvalidClientAuth('the assertion expires too late')
      if (early(claims)) throw new errors.InvalidClientAuth('the assertion is of the future')
      const strict = extensionsOf(client).profile === 'fapi2'
      if (strict && header.alg === 'RS256') throw new errors.InvalidClientAuth('alg mismatch: RS256 is not for FAPI')
      if (strict && claims.aud !== ctx.oidc.issuer)
        throw new errors.InvalidClientAuth('the assertion must be made out to the issuer alone')
    },
    /** Throws for a request object (RFC 9101, 4) that could be sent again for long, or is something else that the client has signed. */
    checkRequestObject: async (
      ctx: KoaContextWithOIDC,
      claims: Claims,
      header: Claims,
      client: Client,
    ): Promise<void> => {
      const { exp, nbf, iat } = claims
      const { alg } = header
      if (!isOfType('request', header)) throw new errors.InvalidRequestObject('the request object is of another typ')
      // Every assertion names the client as its subject.
      if (claims.sub === client.clientId) throw new errors.InvalidRequestObject('the request object is an assertion')
      const strict = extensionsOf(client).profile === 'fapi2'
      if (strict && alg === 'RS256') throw new errors.InvalidRequestObject('RS256 is not for FAPI')
      if (exp === undefined) throw new errors.InvalidRequestObject('the request object has no exp')
      if (strict && nbf === undefined) throw new errors.InvalidRequestObject('the request object has no nbf')
      const from = Number(nbf ?? iat ?? seconds())
      if (Number(exp) > from + requestLife || Number(exp) > seconds() + requestLife + ahead)
        throw new errors.InvalidRequestObject('the request object lasts too long')
      if (early(claims)) throw new errors.InvalidRequestObject('the request object is of the future')
      if (ctx.oidc.route === 'backchannel_authentication') await once(ctx, claims, client)
    },
    /** Throws for a proof whose key is costly to verify by: anybody can make up the key that comes with it (RFC 9449, 4.2). */
    checkProofKey: (ctx: KoaContextWithOIDC): void => {
      const { jwk } = decoded(() => decodeProtectedHeader(ctx.get('DPoP'))) ?? {}
      if (jwk && !affordable(jwk))
        throw new errors.InvalidDpopProof('the key of a DPoP proof may have 4096 bits, and an exponent of 4 bytes')
    },
    /** Tells whether a DPoP proof must show a nonce (RFC 9449, 8): the client's entry may say so, and a proof whose clock is ahead of ours needs one in any case. */
    needsNonce: (ctx: KoaContextWithOIDC, always: boolean): boolean => {
      if (always || extensionsOf(ctx.oidc.client).dpop_nonce_required) return true
      return early(decoded(() => decodeJwt(ctx.get('DPoP'))) ?? {})
    },
  }
}

/** CIBA Core 1.0, 7.1.1: a signed request has all of these, and passes once. */
async function once(ctx: KoaContextWithOIDC, claims: Claims, { clientId }: Client): Promise<void> {
  for (const name of ['iat', 'nbf', 'exp'])
    if (typeof claims[name] !== 'number') throw new errors.InvalidRequestObject(`the request object has no ${name}`)
  const { jti, exp } = claims
  if (typeof jti !== 'string' || jti === '') throw new errors.InvalidRequestObject('the request object has no jti')
  const { ReplayDetection } = ctx.oidc.provider
  if (!(await ReplayDetection.unique(`${clientId} request`, jti, Number(exp) + ahead)))
    throw new errors.InvalidRequestObject('the request object was used before')
}

/** Returns what `read` reads of a JWT; undefined for anything else, which the library refuses by itself. */
function decoded<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
