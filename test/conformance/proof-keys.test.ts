import { generateKeyPairSync } from 'node:crypto'
import { expect } from 'chai'
import type { JWK } from 'jose'
import { z } from 'zod'
import { jwks } from '../../src/clients/public-keys.ts'
import { api, declared, type Ground, ground } from './ground.ts'
import { dpop, type Pair, pair } from './proving.ts'

describe('keys in DPoP proofs, which come from anybody', () => {
  let here: Ground
  let key: Pair
  before(async () => {
    here = await ground({ clients: [declared('desk', { grant_types: ['client_credentials'], redirect_uris: [] })] })
    key = await pair('PS256')
  })
  after(() => here.stop())

  const ask = async (jwk: object, at = 'token') => {
    const htu = String((here.metadata as Record<string, unknown>)[`${at}_endpoint`])
    const DPoP = await dpop(key, { htu }, {}, { jwk: jwk as JWK })
    const started = performance.now()
    const answer = await here.token('desk', { grant_type: 'client_credentials', resource: api }, { DPoP })
    return { ...answer, took: performance.now() - started }
  }
  const { kty, n, e } = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })
  const bits = (length: number): string => Buffer.alloc(length / 8, 0xff).toString('base64url')

  it('may be RSA keys, as discovery says', async () => {
    const { kty, n, e } = key.publicJwk
    const { status } = await here.token(
      'desk',
      { grant_type: 'client_credentials', resource: api },
      { DPoP: await dpop(key, { htu: String(here.metadata.token_endpoint) }) },
    )
    expect(status).to.equal(200)
    expect([kty, typeof n, e]).to.deep.equal(['RSA', 'string', 'AQAB'])
  })

  it('have the same limits in clients.json', () => {
    const read = (n: string) => z.safeParse(jwks, { keys: [{ kty: 'RSA', n, e: 'AQAB' }] })
    expect(read(bits(4096)).success).to.equal(true)
    expect(read(bits(4104)).error?.issues[0]?.message).to.equal('must have 4096 bits or less')
    expect(read(bits(1024)).error?.issues[0]?.message).to.equal('must have 2048 bits or more')
  })

  const costly: [string, object][] = [
    ['of 4104 bits', { kty, n: bits(4104), e }],
    ['of 16384 bits', { kty, n: bits(16_384), e }],
    ['with an exponent of 5 bytes', { kty, n, e: Buffer.from('0100000001', 'hex').toString('base64url') }],
    ['with an exponent as long as the modulus', { kty, n, e: bits(2048) }],
    ['with a modulus that is no text', { kty, n: { length: 1 }, e }],
    ['without an exponent', { kty, n }],
  ]
  for (const [what, jwk] of costly)
    it(`are refused before they are used to verify anything: ${what}`, async () => {
      const { status, body, took } = await ask(jwk)
      expect([status, body.error]).to.deep.equal([400, 'invalid_dpop_proof'])
      expect(body.error_description).to.match(/4096 bits/)
      expect(took).to.be.below(500)
    })
})
