import express from 'express'
import { auth, requiredScopes } from 'express-oauth2-jwt-bearer'

const { ISSUER, APP_URL } = process.env

const app = express()
// `strict` wants the type of RFC 9068, which keeps ID tokens out; `audience` keeps out the tokens of other APIs.
app.use(auth({ issuerBaseURL: ISSUER, audience: APP_URL, tokenSigningAlg: 'ES256', strict: true }))
// A token that is bound to a key (RFC 9449) is not for whoever holds it: examples/resource-server takes those.
app.use(({ auth: { payload } }, res, next) => (payload.cnf ? res.sendStatus(401) : next()))

app.get('/', requiredScopes('read'), ({ auth: { payload } }, res) => res.json({ caller: payload.sub }))
app.post('/', requiredScopes('trade'), ({ auth: { payload } }, res) => res.json({ caller: payload.sub }))

app.listen(new URL(APP_URL).port)
