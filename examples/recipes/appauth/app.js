import {
  AuthorizationNotifier,
  AuthorizationRequest,
  AuthorizationServiceConfiguration,
  BaseTokenRequestHandler,
  GRANT_TYPE_AUTHORIZATION_CODE,
  GRANT_TYPE_REFRESH_TOKEN,
  RevokeTokenRequest,
  TokenRequest,
} from '@openid/appauth'
import { NodeBasedHandler, NodeCrypto, NodeRequestor } from '@openid/appauth/built/src/node_support/index.js'

const { ISSUER, CLIENT_ID, PORT } = process.env
const redirect_uri = `http://127.0.0.1:${PORT}/callback`
const requestor = new NodeRequestor()
const latchkey = await AuthorizationServiceConfiguration.fetchFromIssuer(ISSUER, requestor)
const tokens = new BaseTokenRequestHandler(requestor)

const redeem = more =>
  tokens.performTokenRequest(latchkey, new TokenRequest({ client_id: CLIENT_ID, redirect_uri, ...more }))

// Opens the browser of the system, and listens for its coming back (RFC 8252).
const notifier = new AuthorizationNotifier()
const handler = new NodeBasedHandler(Number(PORT))
handler.setAuthorizationNotifier(notifier)
const { code, verifier } = await new Promise((resolve, reject) => {
  notifier.setAuthorizationListener((request, response, error) => {
    if (response) resolve({ code: response.code, verifier: request.internal.code_verifier })
    else reject(new Error(`${error.error}: ${error.errorDescription}`))
  })
  const asked = { client_id: CLIENT_ID, redirect_uri, scope: 'openid email offline_access', response_type: 'code' }
  handler.performAuthorizationRequest(latchkey, new AuthorizationRequest(asked, new NodeCrypto(), true))
})

const extras = { code_verifier: verifier }
const first = await redeem({ grant_type: GRANT_TYPE_AUTHORIZATION_CODE, code, extras })
const userinfo = await fetch(latchkey.userInfoEndpoint, { headers: { authorization: `Bearer ${first.accessToken}` } })
console.log(`Signed in: ${(await userinfo.json()).email}`)

const second = await redeem({ grant_type: GRANT_TYPE_REFRESH_TOKEN, refresh_token: first.refreshToken })
console.log(`Refreshed: ${second.accessToken !== first.accessToken}`)

await tokens.performRevokeTokenRequest(
  latchkey,
  new RevokeTokenRequest({ token: second.refreshToken, client_id: CLIENT_ID }),
)
await redeem({ grant_type: GRANT_TYPE_REFRESH_TOKEN, refresh_token: second.refreshToken }).then(
  () => console.log('Not signed out'),
  () => console.log('Signed out'),
)
