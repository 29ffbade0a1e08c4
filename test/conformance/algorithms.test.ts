import { expect } from 'chai'
import { decodeProtectedHeader } from 'jose'
import { api, declared, type Ground, ground } from './ground.ts'

const algorithms = ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256', 'ML-DSA-44', 'ML-DSA-65']
const named = (alg: string): string => alg.toLowerCase()

describe('signatures (RFC 7518, 3.1; RFC 8037, 3.1; RFC 9864, 2.2; ML-DSA for JOSE)', () => {
  let here: Ground
  before(async () => {
    const clients = algorithms.map(alg => declared(named(alg), { id_token_signed_response_alg: alg }))
    const apis = algorithms.map(alg => ({
      resource: alg === 'ES256' ? api : `${api}/${named(alg)}`,
      name: alg,
      scopes: ['read', 'write'],
      access_token_signed_response_alg: alg,
    }))
    const asking = clients.map((each, at) => ({ ...each, apis: { [apis[at]?.resource ?? '']: ['read'] } }))
    here = await ground({ clients: asking, apis })
  })
  after(() => here.stop())

  for (const alg of algorithms) {
    it(`of ID tokens and access tokens by ${alg}`, async () => {
      const { browser } = await here.person()
      const resource = alg === 'ES256' ? api : `${api}/${named(alg)}`
      const { body } = await here.tokens(named(alg), browser, { resource })
      for (const token of [body.id_token, body.access_token]) {
        const { kid, ...header } = decodeProtectedHeader(String(token))
        expect(header.alg).to.equal(alg)
        expect(kid).to.have.lengthOf(43)
        expect(await here.verified(token)).to.include({ iss: here.issuer })
      }
    })
  }

  it('discovery names exactly those', () => {
    const supported = here.metadata.id_token_signing_alg_values_supported
    expect(supported).to.have.members(algorithms)
  })
})
