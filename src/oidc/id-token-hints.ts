import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from 'jose'
import { type Client, errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider'
import { subjectFor } from '../clients/pairwise.ts'
import { publicHalf } from '../crypto/jws.ts'
import type { Ring } from '../keys/signing-keys.ts'
import type { Step } from './internals.ts'
import { type Replacements, verifyHint } from './library-models.ts'

/**
 * Lets ID token hints verify for as long as sessions live: the library knows only the keys that are published, and a session may be
 * older than the key that signed its ID token.
 */
export function olderHints(provider: Provider, ring: Pick<Ring, 'keys' | 'hintKeys'>): Replacements['verifyHint'] {
  ownSignature.set(provider, async token => {
    const keys = [...ring.keys().map(({ jwk }) => publicHalf(jwk)), ...ring.hintKeys()]
    const options = { issuer: provider.issuer, currentDate: new Date(0) }
    const verified = jwtVerify(token, createLocalJWKSet({ keys } as unknown as JSONWebKeySet), options)
    return verified.then(
      () => true,
      () => false,
    )
  })
  return validate => async (token, client) => {
    try {
      return await validate(token, client)
    } catch (fault) {
      const keys = ring.hintKeys()
      const alg = String(client.idTokenSignedResponseAlg)
      if (keys.length === 0 || alg.startsWith('HS')) throw fault
      const jwks = createLocalJWKSet({ keys } as unknown as JSONWebKeySet)
      // As the library verifies: whom it is for and by, however old it is (OpenID Connect RP-Initiated Logout 1.0, 2).
      const options = {
        algorithms: [alg],
        audience: client.clientId,
        issuer: provider.issuer,
        currentDate: new Date(0),
      }
      const { payload } = await jwtVerify(token, jwks, options).catch(() => {
        throw fault
      })
      if (payload.sub === undefined) throw fault
      return { payload }
    }
  }
}

/** What each provider tells of a token: whether one of its own keys signed it. */
const ownSignature = new WeakMap<Provider, (token: string) => Promise<boolean>>()

const usable = ({ oidc }: KoaContextWithOIDC, hint: unknown, client: Client): Promise<boolean> =>
  verifyHint(oidc.provider, String(hint), client).then(
    () => true,
    () => false,
  )

/**
 * Ignores a hint at the authorization endpoints that does not verify (it is empty, `undefined`, or its key is gone): whom it names is not
 * known. Who must not be asked cannot be known then either: with `prompt=none` that is `login_required` (OpenID Connect Core 1.0, 3.1.2.1).
 */
export const settleHint: Step = async (ctx, next) => {
  const { params, client, prompts } = ctx.oidc
  if (params?.id_token_hint !== undefined && client && !(await usable(ctx, params.id_token_hint, client))) {
    if (prompts.has('none')) throw new errors.LoginRequired('the id_token_hint cannot be used')
    params.id_token_hint = undefined
  }
  return next()
}

/**
 * Ignores a hint at the end of a session that does not verify, so that people are asked whether they want to sign out. The app that it
 * names is trusted as far as `client_id` is, which anybody can type, so that people still come back to it.
 */
export const settleLogoutHint: Step = async (ctx, next) => {
  const { params, provider } = ctx.oidc
  if (params?.id_token_hint !== undefined) {
    const named = await audienceOf(provider, String(params.id_token_hint))
    const client = named === undefined ? undefined : await provider.Client.find(named)
    if (!client || !(await usable(ctx, params.id_token_hint, client))) {
      params.id_token_hint = undefined
      if (client) params.client_id ??= client.clientId
    }
  }
  return next()
}

/**
 * Tells whether a request to sign out needs no question (OpenID Connect RP-Initiated Logout 1.0, 2): its hint was issued in this very session,
 * and the app wants people back at an address that it has registered. Both were verified by then. A hint from another session of theirs still
 * asks: somebody who got hold of an old ID token could otherwise sign them out.
 */
export function vouchedFor({ oidc }: KoaContextWithOIDC, salt: string): boolean {
  const { client, session, params, entities } = oidc
  const { payload } = (entities.IdTokenHint ?? {}) as { payload?: { sub?: unknown; sid?: unknown } }
  if (!client || session?.accountId === undefined || !payload || params?.post_logout_redirect_uri === undefined)
    return false
  const known = session.authorizationFor(client.clientId)
  if (payload.sid !== undefined && payload.sid !== known?.sid) return false
  return payload.sub === subjectFor(salt, session.accountId, client)
}

/** The app that a hint names. One that is known by its document is looked for only where the hint is ours: anybody could have us fetch addresses otherwise. */
async function audienceOf(provider: Provider, hint: string): Promise<string | undefined> {
  try {
    const { aud } = decodeJwt(hint)
    if (typeof aud !== 'string' || aud.length > 2_000) return undefined
    return aud.includes(':') && !(await ownSignature.get(provider)?.(hint)) ? undefined : aud
  } catch {
    return undefined
  }
}
