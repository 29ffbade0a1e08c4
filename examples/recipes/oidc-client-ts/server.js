import express from 'express'

const { ISSUER, APP_URL, CLIENT_ID } = process.env

const app = express()
app.use((_req, res, next) => {
  // A page that holds tokens runs no script but its own, and talks to Latchkey alone.
  res.set('content-security-policy', `default-src 'none'; script-src 'self'; connect-src 'self' ${ISSUER}`)
  next()
})
app.get('/settings.json', (_req, res) => res.json({ issuer: ISSUER, clientId: CLIENT_ID }))
app.get('/', (_req, res) => res.sendFile('index.html', { root: '.' }))
app.get('/app.js', (_req, res) => res.sendFile('app.js', { root: '.' }))
app.use(express.static('node_modules/oidc-client-ts/dist/browser'))
app.listen(new URL(APP_URL).port)
