import { expect } from 'chai'
import { compactVerify, importJWK } from 'jose'
import { newKey, publicHalf } from '../../src/crypto/jwk.ts'
import { immediateSigner } from '../../src/crypto/sign.ts'

const encode = (text: string) => Buffer.from(text).toString('base64url')

describe('signing at once', () => {
  for (const alg of ['ES256', 'EdDSA'] as const) {
    it(`makes signatures that others verify: ${alg}`, async () => {
      const jwk = await newKey(alg)
      const { sign, publicKey } = immediateSigner(jwk)
      const { d, ...open } = jwk
      expect(publicKey.export({ format: 'jwk' })).to.include({ kty: open.kty, x: open.x })
      const verifying = await importJWK(open)
      // Enough of them that numbers come short, and with the high bit set.
      for (let times = 0; times < 600; times++) {
        const text = `${encode(JSON.stringify({ alg }))}.${encode(String(times))}`
        const signature = sign(Buffer.from(text))
        expect(signature).to.have.lengthOf(64)
        if (times % 10 === 0) await compactVerify(`${text}.${Buffer.from(signature).toString('base64url')}`, verifying)
        else if (signature[0] === 0 || signature[32] === 0)
          await compactVerify(`${text}.${Buffer.from(signature).toString('base64url')}`, verifying)
      }
    })
  }

  for (const alg of ['PS256', 'RS256', 'Ed25519', 'ML-DSA-44', 'ML-DSA-65'] as const) {
    it(`makes signatures that others verify: ${alg}`, async () => {
      const jwk = await newKey(alg)
      const text = `${encode(JSON.stringify({ alg }))}.${encode('once')}`
      const signature = Buffer.from(immediateSigner(jwk).sign(Buffer.from(text))).toString('base64url')
      await compactVerify(`${text}.${signature}`, await importJWK(publicHalf(jwk)))
    })
  }

  it('signs nothing with a public half', async () => {
    const { sign, publicKey } = immediateSigner(publicHalf(await newKey('ES256')))
    expect(publicKey.type).to.equal('public')
    expect(() => sign(Buffer.from('text'))).to.throw(TypeError)
  })
})
