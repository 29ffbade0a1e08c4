import { decodeJwt, type JWK, type JWTPayload } from 'jose'
import * as oidc from 'openid-client'
import type { Registered } from './clients.ts'
import { Trouble, troubleWithLatchkey } from './trouble.ts'

export interface Standing {
  issuer: string
  client: Registered
  /** Its private key, where it authenticates with one. */
  key?: JWK | undefined
}

/** Why a browser is sent to Latchkey: to sign in, to prove more (RFC 9470), or to approve one act (RFC 9396). */
export type Purpose =
  | { for: 'sign-in' }
  | { for: 'proof'; acr_values: string; max_age?: string }
  | { for: 'approval'; authorization_details: string }

/** What must be remembered between `/login` and `/callback`. */
export interface Attempt {
  purpose: Purpose
  nonce: string
  verifier: string
  dpop: oidc.DPoPHandle | undefined
}

/** What an app holds of a person. */
export interface Held {
  /** Of the ID token. */
  claims: oidc.IDToken
  idToken: string
  /** The access token with its type, scope and, where it is a JWT, claims. */
  access: { token: string; type: string; scope: string; claims: JWTPayload | undefined; expiresAt: number }
  refreshToken: string | undefined
  /** How many refreshes so far. */
  rotations: number
  dpop: oidc.DPoPHandle | undefined
}

/** What an API answered; where it wants another token, its challenge. */
export interface Answered {
  status: number
  body: Readonly<Record<string, unknown>>
  challenge: Readonly<Record<string, string | undefined>> | undefined
}

/** Latchkey as one client meets it. Every function throws Trouble. */
export interface Latchkey {
  /** Where to send a browser to sign in (OpenID Connect Core, 3.1.2.1; PKCE; RFC 9126 where the client pushes). */
  signInUrl(state: string, attempt: Attempt, locale: string): Promise<URL>
  /** With a new key, unless there is one that it is to be bound to. */
  attempt(purpose: Purpose, dpop?: oidc.DPoPHandle): Promise<Attempt>
  /** Asks an API, with the proof that a bound token takes (RFC 9449, 7). */
  call(held: Held, token: string, method: string, url: string, sent?: object): Promise<Answered>
  /** Redeems what came back at `/callback`, its answer's `state` and `iss` and its ID token checked. */
  redeem(callback: URL, state: string, attempt: Attempt): Promise<Held>
  refresh(held: Held): Promise<Held>
  /** Where to send a browser to sign out (RP-Initiated Logout 1.0, 2). */
  signOutUrl(idToken: string): Promise<URL>
  jwksUri(): Promise<URL>
}

async function authentication({ client, key }: Standing): Promise<oidc.ClientAuth> {
  switch (client.token_endpoint_auth_method) {
    case 'none':
      return oidc.None()
    case 'client_secret_basic':
      return oidc.ClientSecretBasic(client.client_secret)
    case 'client_secret_post':
      return oidc.ClientSecretPost(client.client_secret)
    case 'private_key_jwt': {
      if (key?.kid === undefined)
        throw new TypeError(`${client.client_id} authenticates with a private key, and has none`)
      const algorithm = key.crv === 'P-256' ? { name: 'ECDSA', namedCurve: 'P-256' } : { name: 'Ed25519' }
      return oidc.PrivateKeyJwt({
        key: await crypto.subtle.importKey('jwk', key, algorithm, false, ['sign']),
        kid: key.kid,
      })
    }
  }
}

/** Expiry counts from now, not from the server's clock (RFC 6749, 5.1). */
function hold(
  answer: oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers,
  now: number,
): Pick<Held, 'access' | 'refreshToken'> {
  let claims: JWTPayload | undefined
  try {
    claims = decodeJwt(answer.access_token)
  } catch {
    // An opaque token: what it says is between Latchkey and the API.
  }
  const expiresAt = now + (answer.expires_in ?? 0) * 1000
  return {
    access: { token: answer.access_token, type: answer.token_type, scope: answer.scope ?? '', claims, expiresAt },
    refreshToken: answer.refresh_token,
  }
}

/** Discovers Latchkey when it is first needed, and again until that has worked once. */
export function latchkey(standing: Standing, now: () => number): Latchkey {
  const { issuer, client } = standing
  const [[resource, scopes] = []] = Object.entries(client.apis)
  if (resource === undefined || !scopes) throw new TypeError(`${client.client_id} may ask for no API`)
  const [redirectUri = ''] = client.redirect_uris
  let known: oidc.Configuration | undefined

  async function configuration(): Promise<oidc.Configuration> {
    if (known) return known
    const { id_token_signed_response_alg } = client
    // A signature on the ID token is checked even though it came straight from Latchkey, for on loopback no TLS vouches for it.
    const execute = [
      oidc.enableNonRepudiationChecks,
      ...(issuer.startsWith('http:') ? [oidc.allowInsecureRequests] : []),
    ]
    known = await oidc.discovery(
      new URL(issuer),
      client.client_id,
      { id_token_signed_response_alg },
      await authentication(standing),
      {
        execute,
        timeout: 5,
      },
    )
    return known
  }

  async function asking<T>(ask: (configuration: oidc.Configuration) => Promise<T> | T): Promise<T> {
    try {
      return await ask(await configuration())
    } catch (fault) {
      throw troubleWithLatchkey(fault)
    }
  }

  return {
    attempt: (purpose, held) =>
      asking(async configuration => ({
        purpose,
        nonce: oidc.randomNonce(),
        verifier: oidc.randomPKCECodeVerifier(),
        dpop: client.dpop_bound_access_tokens
          ? (held ?? oidc.getDPoPHandle(configuration, await oidc.randomDPoPKeyPair('ES256')))
          : undefined,
      })),
    signInUrl: (state, { purpose: { for: why, ...more }, nonce, verifier, dpop }, locale) =>
      asking(async configuration => {
        const parameters = {
          redirect_uri: redirectUri,
          // What is approved stands alone.
          scope: why === 'approval' ? 'openid' : [client.scope, ...scopes].join(' '),
          resource,
          state,
          nonce,
          ui_locales: locale,
          code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
          code_challenge_method: 'S256',
          ...(dpop && { dpop_jkt: await dpop.calculateThumbprint() }),
          ...more,
        }
        if (!client.require_pushed_authorization_requests && why !== 'approval')
          return oidc.buildAuthorizationUrl(configuration, parameters)
        return oidc.buildAuthorizationUrlWithPAR(configuration, parameters)
      }),
    redeem: (callback, state, { purpose, nonce, verifier, dpop }) =>
      asking(async configuration => {
        const usual = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true }
        const lately = purpose.for === 'proof' && purpose.max_age !== undefined && { maxAge: Number(purpose.max_age) }
        const checks = { ...usual, ...lately }
        const answer = await oidc.authorizationCodeGrant(configuration, callback, checks, { resource }, { DPoP: dpop })
        const claims = answer.claims()
        if (!claims || !answer.id_token) throw new Trouble('refused')
        return { ...hold(answer, now()), claims, idToken: answer.id_token, rotations: 0, dpop }
      }),
    refresh: held =>
      asking(async configuration => {
        if (held.refreshToken === undefined) throw new Trouble('no_refresh_token')
        const answer = await oidc
          .refreshTokenGrant(configuration, held.refreshToken, { resource }, { DPoP: held.dpop })
          .catch(fault => {
            throw fault instanceof oidc.ResponseBodyError && fault.error === 'invalid_grant'
              ? new Trouble('session_ended', fault)
              : fault
          })
        const claims = answer.claims()
        if (claims && claims.sub !== held.claims.sub) throw new Trouble('session_ended')
        const fresh = hold(answer, now())
        return {
          ...held,
          ...fresh,
          // A server that does not rotate sends none, and the old one stays good (RFC 6749, 6).
          refreshToken: fresh.refreshToken ?? held.refreshToken,
          claims: claims ?? held.claims,
          idToken: answer.id_token ?? held.idToken,
          rotations: held.rotations + 1,
        }
      }),
    call: (held, token, method, url, sent) =>
      asking(async configuration => {
        const headers = new Headers(sent && { 'Content-Type': 'application/json' })
        const body = sent && JSON.stringify(sent)
        const ask = () =>
          oidc.fetchProtectedResource(configuration, token, new URL(url), method, body, headers, { DPoP: held.dpop })
        let challenge: Answered['challenge']
        const answer = await ask().catch(fault => {
          if (!(fault instanceof oidc.WWWAuthenticateChallengeError)) throw fault
          challenge = fault.cause.find(each => each.parameters.error !== undefined)?.parameters as Answered['challenge']
          return fault.response
        })
        const told = (await answer.json().catch(() => ({}))) as Answered['body']
        return { status: answer.status, body: told, challenge }
      }),
    signOutUrl: idToken =>
      asking(configuration => {
        const [after] = client.post_logout_redirect_uris
        return oidc.buildEndSessionUrl(configuration, {
          id_token_hint: idToken,
          ...(after && { post_logout_redirect_uri: after }),
        })
      }),
    jwksUri: () => asking(configuration => new URL(configuration.serverMetadata().jwks_uri ?? '')),
  }
}
