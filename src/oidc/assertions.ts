import { decodeJwt, decodeProtectedHeader } from 'jose'
import { type Client, errors, type KoaContextWithOIDC } from 'oidc-provider'
import { extensionsOf } from '../clients/client-extensions.ts'
import { affordable } from '../clients/public-keys.ts'

/** How far ahead, in seconds, a client's assertion may expire: each is remembered for so long. */
const assertionLife = 600
/** How long, in seconds, a request object may last from when it begins (FAPI 2.0 Message Signing, 5.3.1). */
const requestLife = 3600
/** How many seconds a client's clock may be ahead of ours (FAPI 2.0 Security Profile, 5.3.2.1). */
const ahead = 60

type Claims = Readonly<Record<string, unknown>>

/** What types name themselves; without one, or as a plain JWT, a JWT must be told from others by its claims (RFC 8725, 3.11 and 3.12). */
const types = {
  assertion: ['jwt', 'client-authentication+jwt'],
  request: ['jwt', 'oauth-authz-req+jwt'],
} as const

function isOfType(what: keyof typeof types, { typ }: Claims): boolean {
  if (typ === undefined) return true
  const name = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : ''
  return types[what].some(each => each === name)
}

/** What asks for something: no assertion has it, and without it no request asks for anything. */
const asking = ['response_type', 'redirect_uri', 'code_challenge', 'login_hint', 'binding_message']

/** Made out to several, it could be passed on by one of them (RFC 9101, 10.8; RFC 7523, 3, as FAPI 2.0 and its successor read it). */
const single = ({ aud }: Claims): boolean => !Array.isArray(aud) || aud.length === 1

/** Judges what the library does not of JWTs that clients make; `now` in milliseconds. */
export function assertions(now: () => number) {
  const seconds = (): number => Math.floor(now() / 1000)
  const early = ({ iat, nbf }: Claims): boolean => [iat, nbf].some(each => Number(each ?? 0) > seconds() + ahead)

  return {
    /** Throws for a client's assertion (RFC 7523, 3) that lasts too long, is made out to more than us, or is something else that the client has signed. */
    client: async (ctx: KoaContextWithOIDC, claims: Claims, header: Claims, client: Client): Promise<void> => {
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
    request: async (ctx: KoaContextWithOIDC, claims: Claims, header: Claims, client: Client): Promise<void> => {
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
    /** Throws for a proof with a key that is costly to verify by: anybody makes up the key that comes with it (RFC 9449, 4.2). */
    proofKey: (ctx: KoaContextWithOIDC): void => {
      const { jwk } = decoded(() => decodeProtectedHeader(ctx.get('DPoP'))) ?? {}
      if (jwk && !affordable(jwk))
        throw new errors.InvalidDpopProof('the key of a DPoP proof may have 4096 bits, and an exponent of 4 bytes')
    },
    /** Must a DPoP proof show a nonce (RFC 9449, 8)? Its client's entry may say so; a proof whose clock is ahead of ours needs one in any case. */
    nonceNeeded: (ctx: KoaContextWithOIDC, always: boolean): boolean => {
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

/** Returns the claims of a JWT without verifying it; undefined for anything else, which the library refuses by itself. */
function decoded<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
