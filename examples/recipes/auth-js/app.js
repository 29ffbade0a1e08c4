import { randomBytes } from 'node:crypto'
import { getToken } from '@auth/core/jwt'
import { ExpressAuth, getSession } from '@auth/express'
import express from 'express'

const { ISSUER, APP_URL, CLIENT_ID, CLIENT_SECRET } = process.env

const config = {
  secret: randomBytes(32).toString('hex'),
  trustHost: true,
  providers: [
    {
      id: 'latchkey',
      name: 'Latchkey',
      type: 'oidc',
      issuer: ISSUER,
      clientId: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      checks: ['pkce', 'state'],
      client: { id_token_signed_response_alg: 'ES256' },
      authorization: { params: { scope: 'openid email' } },
      // The email is not in the ID token: ask userinfo.
      idToken: false,
    },
  ],
  callbacks: {
    // Kept in the encrypted cookie of the session, for signing out; scripts do not see it.
    jwt: ({ token, account }) => (account ? { ...token, idToken: account.id_token } : token),
  },
}

const app = express()
app.use('/auth', ExpressAuth(config))

app.get('/', async (req, res) => {
  const session = await getSession(req, config)
  if (session) res.json(session.user)
  else res.send('<a href="/auth/signin">Log in</a>')
})

// Auth.js ends the app's session alone, at /auth/signout; then this page ends that of Latchkey.
app.get('/logout', async (req, res) => {
  const token = await getToken({ req, secret: config.secret, secureCookie: APP_URL.startsWith('https:') })
  const discovered = await fetch(`${ISSUER}/.well-known/openid-configuration`)
  const url = new URL((await discovered.json()).end_session_endpoint)
  if (token) url.searchParams.set('id_token_hint', token.idToken)
  url.searchParams.set('client_id', CLIENT_ID)
  url.searchParams.set('post_logout_redirect_uri', `${APP_URL}/`)
  res.clearCookie(APP_URL.startsWith('https:') ? '__Secure-authjs.session-token' : 'authjs.session-token')
  res.redirect(url.href)
})

app.listen(new URL(APP_URL).port)
