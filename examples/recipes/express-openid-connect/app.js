import { randomBytes } from 'node:crypto'
import express from 'express'
import openid from 'express-openid-connect'

const { ISSUER, APP_URL, CLIENT_ID, CLIENT_SECRET } = process.env
const scope = 'openid email offline_access'

const app = express()
app.use(
  openid.auth({
    issuerBaseURL: ISSUER,
    baseURL: APP_URL,
    clientID: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    clientAuthMethod: 'client_secret_basic',
    secret: randomBytes(32).toString('hex'),
    // PKCE comes with `code`; the default response type is one that Latchkey does not offer.
    authorizationParams: { response_type: 'code', scope },
    idTokenSigningAlg: 'ES256',
    idpLogout: true,
    authRequired: false,
  }),
)

app.get('/', async ({ oidc }, res) => {
  // The email is not in the ID token.
  if (oidc.isAuthenticated()) res.json(await oidc.fetchUserInfo())
  else res.send('<a href="/login">Log in</a>')
})

app.post('/refresh', async ({ oidc }, res) => {
  const { expires_in } = await oidc.accessToken.refresh()
  res.json({ expires_in })
})

app.listen(new URL(APP_URL).port)
