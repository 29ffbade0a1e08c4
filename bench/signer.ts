import { createPrivateKey, randomUUID, sign } from 'node:crypto'
import { createServer } from 'node:http'
import { newKey } from '../src/crypto/jws.ts'

// The least that a token can cost: node:http reads a form and signs one ES256 JWT.
const jwk = await newKey('ES256')
const key = createPrivateKey({ key: { ...jwk }, format: 'jwk' })
const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const header = base64url({ alg: 'ES256', typ: 'at+jwt', kid: jwk.kid })

createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', chunk => chunks.push(chunk))
  request.on('end', () => {
    const form = new URLSearchParams(Buffer.concat(chunks).toString())
    const iat = Math.floor(Date.now() / 1_000)
    const claims = { sub: form.get('client_id'), scope: form.get('scope'), iat, exp: iat + 300, jti: randomUUID() }
    const signed = `${header}.${base64url(claims)}`
    const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify({ access_token: `${signed}.${signature}`, token_type: 'Bearer', expires_in: 300 }))
  })
}).listen(Number(process.argv[2]), 'localhost')
