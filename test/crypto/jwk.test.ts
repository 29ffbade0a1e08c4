import { expect } from 'chai'
import { calculateJwkThumbprint, importJWK, jwtVerify, SignJWT } from 'jose'
import { newKey } from '../../src/crypto/jwk.ts'

describe('newKey', () => {
  for (const [alg, kty, crv] of [
    ['ES256', 'EC', 'P-256'],
    ['EdDSA', 'OKP', 'Ed25519'],
  ] as const) {
    it(`makes a key that signs ${alg}, named by its thumbprint`, async () => {
      const jwk = await newKey(alg)
      expect(jwk).to.include({ kty, crv, alg, use: 'sig' })
      expect(jwk.kid).to.equal(await calculateJwkThumbprint(jwk))
      const jwt = await new SignJWT({ sub: 'a' }).setProtectedHeader({ alg }).sign(await importJWK(jwk, alg))
      const { d: _, ...open } = jwk
      expect((await jwtVerify(jwt, await importJWK(open, alg))).payload.sub).to.equal('a')
    })
  }

  it('makes another each time', async () => {
    expect((await newKey('ES256')).kid).to.not.equal((await newKey('ES256')).kid)
  })
})
