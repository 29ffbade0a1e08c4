import * as client from 'openid-client'
import type { Jar } from './jar.ts'

/** A relying party's side. */
export interface App {
  id: string
  configuration: client.Configuration
  dpop: client.DPoPHandle | undefined
  /** Sends a browser all the way to a code; resolves to the callback URL and what redeems it. */
  authorize(person: Jar, more?: Record<string, string>): Promise<Callback>
  redeem(callback: Callback, more?: Record<string, string>): Promise<Tokens>
  signIn(person: Jar, more?: Record<string, string>): Promise<Tokens>
  refresh(token: string | undefined, more?: Record<string, string>): Promise<Tokens>
}

export type Tokens = client.TokenEndpointResponse & client.TokenEndpointResponseHelpers

export interface Callback {
  url: URL
  verifier: string
}

/** An app of the provider’s tests, at its own callback path of the provider’s server. */
export async function relyingParty(issuer: string, id: string): Promise<App> {
  const publicApp = id === 'wallet'
  const configuration = await client.discovery(
    new URL(issuer),
    id,
    { id_token_signed_response_alg: 'ES256' },
    publicApp ? client.None() : client.ClientSecretBasic(`${id}-secret-for-development-only-0000`),
    { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
  )
  const dpop = publicApp ? client.getDPoPHandle(configuration, await client.randomDPoPKeyPair('ES256')) : undefined
  const options = dpop && { DPoP: dpop }
  const app: App = {
    id,
    configuration,
    dpop,
    authorize: async (person, more = {}) => {
      const verifier = client.randomPKCECodeVerifier()
      const parameters = {
        redirect_uri: `${issuer}/${id}/callback`,
        scope: 'openid email',
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        ...more,
      }
      const url =
        id === 'card'
          ? await client.buildAuthorizationUrlWithPAR(configuration, parameters)
          : client.buildAuthorizationUrl(configuration, parameters)
      const page = await person.get(url.href)
      return { url: new URL(page.url), verifier }
    },
    redeem: ({ url, verifier }, more = {}) =>
      client.authorizationCodeGrant(
        configuration,
        url,
        { pkceCodeVerifier: verifier, idTokenExpected: true },
        more,
        options,
      ),
    signIn: async (person, more = {}) =>
      app.redeem(await app.authorize(person, more), more.resource ? { resource: more.resource } : {}),
    refresh: (token = '', more = {}) => client.refreshTokenGrant(configuration, token, more, options),
  }
  return app
}
