import { randomBytes } from 'node:crypto'
import express from 'express'
import session from 'express-session'
import * as oidc from 'openid-client'

const { ISSUER, APP_URL, CLIENT_ID, CLIENT_SECRET } = process.env
// On your own machine only: everywhere else the issuer is https.
const execute = ISSUER.startsWith('http://localhost') ? [oidc.allowInsecureRequests] : []
const latchkey = await oidc.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET, undefined, { execute })

const app = express()
const cookie = { httpOnly: true, sameSite: 'lax', secure: APP_URL.startsWith('https:') }
app.use(session({ secret: randomBytes(32).toString('hex'), resave: false, saveUninitialized: false, cookie }))

app.get('/', ({ session: { user } }, res) => {
  if (user) res.json(user)
  else res.send('<a href="/login">Log in</a>')
})

app.get('/login', async (req, res) => {
  const verifier = oidc.randomPKCECodeVerifier()
  const state = oidc.randomState()
  req.session.signIn = { verifier, state }
  const url = oidc.buildAuthorizationUrl(latchkey, {
    redirect_uri: `${APP_URL}/callback`,
    scope: 'openid email offline_access',
    state,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  })
  res.redirect(url.href)
})

app.get('/callback', async (req, res) => {
  if (!req.session.signIn) return res.redirect('/login')
  const { verifier, state } = req.session.signIn
  const tokens = await oidc.authorizationCodeGrant(latchkey, new URL(req.originalUrl, APP_URL), {
    pkceCodeVerifier: verifier,
    expectedState: state,
  })
  const { sub, acr } = tokens.claims()
  const { email } = await oidc.fetchUserInfo(latchkey, tokens.access_token, sub)
  // A session that somebody else may have begun is not the one that is signed in.
  req.session.regenerate(() => {
    Object.assign(req.session, { user: { sub, email, acr }, idToken: tokens.id_token, refresh: tokens.refresh_token })
    res.redirect('/')
  })
})

app.post('/refresh', async (req, res) => {
  const tokens = await oidc.refreshTokenGrant(latchkey, req.session.refresh)
  req.session.refresh = tokens.refresh_token
  res.json({ expires_in: tokens.expires_in })
})

app.get('/logout', ({ session: { idToken }, session }, res) => {
  const back = { id_token_hint: idToken, post_logout_redirect_uri: `${APP_URL}/` }
  session.destroy(() => res.redirect(oidc.buildEndSessionUrl(latchkey, back).href))
})

app.listen(new URL(APP_URL).port)
