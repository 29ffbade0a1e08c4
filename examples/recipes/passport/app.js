import { randomBytes } from 'node:crypto'
import express from 'express'
import session from 'express-session'
import * as oidc from 'openid-client'
import { Strategy } from 'openid-client/passport'
import passport from 'passport'

const { ISSUER, APP_URL, CLIENT_ID, CLIENT_SECRET } = process.env
// On your own machine only: everywhere else the issuer is https.
const execute = ISSUER.startsWith('http://localhost') ? [oidc.allowInsecureRequests] : []
const config = await oidc.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET, undefined, { execute })

const options = { config, callbackURL: `${APP_URL}/callback`, scope: 'openid email offline_access' }
passport.use(
  'latchkey',
  new Strategy(options, async (tokens, done) => {
    const { sub } = tokens.claims()
    const { email } = await oidc.fetchUserInfo(config, tokens.access_token, sub)
    done(null, { sub, email, idToken: tokens.id_token, refresh: tokens.refresh_token })
  }),
)
passport.serializeUser((user, done) => done(null, user))
passport.deserializeUser((user, done) => done(null, user))

const app = express()
const cookie = { httpOnly: true, sameSite: 'lax', secure: APP_URL.startsWith('https:') }
app.use(session({ secret: randomBytes(32).toString('hex'), resave: false, saveUninitialized: false, cookie }))
app.use(passport.session())

app.get('/', ({ user }, res) => {
  if (user) res.json({ sub: user.sub, email: user.email })
  else res.send('<a href="/login">Log in</a>')
})
app.get('/login', passport.authenticate('latchkey'))
app.get('/callback', passport.authenticate('latchkey', { successRedirect: '/', failureRedirect: '/login' }))

app.post('/refresh', async (req, res) => {
  const tokens = await oidc.refreshTokenGrant(config, req.user.refresh)
  req.session.passport.user.refresh = tokens.refresh_token
  res.json({ expires_in: tokens.expires_in })
})

app.get('/logout', (req, res, next) => {
  const back = { id_token_hint: req.user?.idToken ?? '', post_logout_redirect_uri: `${APP_URL}/` }
  req.logout(fault => (fault ? next(fault) : res.redirect(oidc.buildEndSessionUrl(config, back).href)))
})

app.listen(new URL(APP_URL).port)
