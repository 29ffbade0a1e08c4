import { expect } from 'chai'
import { calculateJwkThumbprint, importJWK, jwtVerify, SignJWT } from 'jose'
import { type Algorithm, algorithms, isPrivate, newKey, offered, publicHalf } from '../../src/crypto/jwk.ts'

describe('newKey', () => {
  for (const [alg, kind] of [
    ['ES256', { kty: 'EC', crv: 'P-256' }],
    ['EdDSA', { kty: 'OKP', crv: 'Ed25519' }],
    ['Ed25519', { kty: 'OKP', crv: 'Ed25519' }],
    ['PS256', { kty: 'RSA' }],
    ['RS256', { kty: 'RSA' }],
    ['ML-DSA-44', { kty: 'AKP' }],
    ['ML-DSA-65', { kty: 'AKP' }],
  ] as const) {
    it(`makes a key that signs ${alg}, named by its thumbprint`, async () => {
      const jwk = await newKey(alg)
      expect(jwk).to.include({ ...kind, alg, use: 'sig' })
      expect(jwk.kid).to.equal(await calculateJwkThumbprint(jwk))
      const jwt = await new SignJWT({ sub: 'a' }).setProtectedHeader({ alg }).sign(await importJWK(jwk, alg))
      const open = publicHalf(jwk)
      expect([isPrivate(jwk), isPrivate(open)]).to.deep.equal([true, false])
      expect(open).to.not.have.any.keys('d', 'p', 'q', 'dp', 'dq', 'qi', 'priv')
      expect((await jwtVerify(jwt, await importJWK(open, alg))).payload.sub).to.equal('a')
    })
  }

  it('makes RSA keys of 3072 bits, and of 2048 for what everybody has and few use', async () => {
    const bytes = async (alg: Algorithm) => Buffer.from((await newKey(alg)).n ?? '', 'base64url').length
    expect(await bytes('PS256')).to.equal(384)
    expect(await bytes('RS256')).to.equal(256)
  })

  it('makes all that this runtime offers', () => {
    expect(algorithms.filter(offered)).to.deep.equal([...algorithms])
  })

  it('makes another each time', async () => {
    expect((await newKey('ES256')).kid).to.not.equal((await newKey('ES256')).kid)
  })
})
