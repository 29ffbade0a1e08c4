import { randomBytes } from 'node:crypto'
import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { fromNodeHeaders, toNodeHandler } from 'better-auth/node'
import { genericOAuth } from 'better-auth/plugins/generic-oauth'
import express from 'express'

const { ISSUER, APP_URL, CLIENT_ID, CLIENT_SECRET } = process.env

const auth = betterAuth({
  baseURL: APP_URL,
  secret: randomBytes(32).toString('hex'),
  // Yours is a real database.
  database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
  plugins: [
    genericOAuth({
      config: [
        {
          providerId: 'latchkey',
          discoveryUrl: `${ISSUER}/.well-known/openid-configuration`,
          requireIdTokenVerification: true,
          clientId: CLIENT_ID,
          clientSecret: CLIENT_SECRET,
          scopes: ['openid', 'email', 'offline_access'],
          pkce: true,
          postLogoutRedirectURI: `${APP_URL}/`,
          // A user must have a name here.
          mapProfileToUser: ({ email }) => ({ name: email }),
        },
      ],
    }),
  ],
})

const app = express()
app.all('/api/auth/{*path}', toNodeHandler(auth))

app.get('/', async (req, res) => {
  const session = await auth.api.getSession({ headers: fromNodeHeaders(req.headers) })
  if (session) res.json(session.user)
  else res.send('<a href="/login">Log in</a>')
})

app.get('/login', async (_req, res) => {
  const body = { provider: 'latchkey', callbackURL: '/' }
  const { response, headers } = await auth.api.signInSocial({ body, returnHeaders: true })
  res.append('set-cookie', headers.getSetCookie()).redirect(response.url)
})

app.post('/refresh', async (req, res) => {
  const headers = fromNodeHeaders(req.headers)
  const [{ id }] = await auth.api.listUserAccounts({ headers })
  const { accessTokenExpiresAt } = await auth.api.refreshToken({ body: { accountId: id }, headers })
  res.json({ expires_in: Math.round((accessTokenExpiresAt - Date.now()) / 1000) })
})

app.get('/logout', async (req, res) => {
  const { response, headers } = await auth.api.signOut({
    headers: fromNodeHeaders(req.headers),
    returnHeaders: true,
  })
  res.append('set-cookie', headers.getSetCookie()).redirect(response.url ?? '/')
})

app.listen(new URL(APP_URL).port)
