import { decodeJwt } from 'jose'
import { type Client, errors, type KoaContextWithOIDC } from 'oidc-provider'
import { own } from '../clients/own.ts'

/** How far ahead, in seconds, a client's assertion may expire: each is remembered for so long. */
const assertionLife = 600
/** How long, in seconds, a request object may last from when it begins (FAPI 2.0 Message Signing, 5.3.1). */
const requestLife = 3600
/** How many seconds a client's clock may be ahead of ours (FAPI 2.0 Security Profile, 5.3.2.1). */
const ahead = 60

type Claims = Readonly<Record<string, unknown>>

/** Judges what the library does not of JWTs that clients make; `now` in milliseconds. */
export function assertions(now: () => number) {
  const seconds = (): number => Math.floor(now() / 1000)
  const early = ({ iat, nbf }: Claims): boolean => [iat, nbf].some(each => Number(each ?? 0) > seconds() + ahead)

  return {
    /** Throws for a client's assertion (RFC 7523, 3) that lasts too long or, of a FAPI client, is made out to more than us. */
    client: async (ctx: KoaContextWithOIDC, claims: Claims, _: unknown, client: Client): Promise<void> => {
      if (Number(claims.exp) > seconds() + assertionLife)
        throw new errors.InvalidClientAuth('the assertion expires too late')
      if (early(claims)) throw new errors.InvalidClientAuth('the assertion is of the future')
      if (own(client).profile === 'fapi2' && claims.aud !== ctx.oidc.issuer)
        throw new errors.InvalidClientAuth('the assertion must be made out to the issuer alone')
    },
    /** Throws for a request object (RFC 9101, 4) that could be sent again for long. */
    request: async (_: KoaContextWithOIDC, claims: Claims, { alg }: Claims, client: Client): Promise<void> => {
      const { exp, nbf, iat } = claims
      const strict = own(client).profile === 'fapi2'
      if (strict && alg === 'RS256') throw new errors.InvalidRequestObject('RS256 is not for FAPI')
      if (exp === undefined) throw new errors.InvalidRequestObject('the request object has no exp')
      if (strict && nbf === undefined) throw new errors.InvalidRequestObject('the request object has no nbf')
      const from = Number(nbf ?? iat ?? seconds())
      if (Number(exp) > from + requestLife || Number(exp) > seconds() + requestLife + ahead)
        throw new errors.InvalidRequestObject('the request object lasts too long')
      if (early(claims)) throw new errors.InvalidRequestObject('the request object is of the future')
    },
    /** Must a DPoP proof show a nonce (RFC 9449, 8)? Its client's entry may say so; a proof whose clock is ahead of ours needs one in any case. */
    nonceNeeded: (ctx: KoaContextWithOIDC, always: boolean): boolean => {
      if (always || own(ctx.oidc.client).dpop_nonce_required) return true
      try {
        return early(decodeJwt(ctx.get('DPoP')))
      } catch {
        // The library says what is wrong with it.
        return false
      }
    },
  }
}
