import { expect } from 'chai'
import { compactVerify, importJWK } from 'jose'
import { newKey } from '../../src/crypto/jwk.ts'
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
})
