import * as oidc from 'openid-client'

const [id, secret, redirect_uri] = ['trading', 'trading-development-only-secret-0001', 'http://localhost:3001/callback']
const http = { execute: [oidc.allowInsecureRequests] } // for localhost only
const latchkey = await oidc.discovery(new URL('http://localhost:3000'), id, secret, undefined, http)

/** Where "Log in" sends the browser. Verifier and state are new each time, and stay in its session. */
export async function login(verifier: string, state: string): Promise<URL> {
  const challenge = { code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' }
  return oidc.buildAuthorizationUrl(latchkey, { redirect_uri, scope: 'openid email', state, ...challenge })
}

/** Who came back to /callback, and how: `{ sub, acr: 'aal2', amr: ['pwd', 'otp', 'mfa'], … }`. */
export async function callback(url: URL, pkceCodeVerifier: string, expectedState: string) {
  return (await oidc.authorizationCodeGrant(latchkey, url, { pkceCodeVerifier, expectedState })).claims()
}
