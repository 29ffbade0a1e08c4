import { expect } from 'chai'
import { api, declared, type Ground, ground, keyed } from './ground.ts'
import { assertion, type Pair, pair } from './proving.ts'

const service = { grant_types: ['client_credentials'], redirect_uris: [] }

describe('assertions of clients (RFC 7523; FAPI 2.0 Security Profile, 5.4)', () => {
  let here: Ground
  const keys: Record<string, Pair> = {}
  before(async () => {
    for (const alg of ['ES256', 'EdDSA', 'PS256', 'RS256']) keys[alg.toLowerCase()] = await pair(alg)
    const clients = Object.entries(keys).map(([id, key]) => keyed(id, key, service))
    here = await ground({ clients: [...clients, declared('other')], keys })
  })
  after(() => here.stop())

  const ask = (app: string) => here.token(app, { grant_type: 'client_credentials', resource: api })

  for (const alg of ['ES256', 'EdDSA', 'PS256'])
    it(`are taken by ${alg}`, async () => expect((await ask(alg.toLowerCase())).status).to.equal(200))

  it('are not by RS256, nor by a shared secret, and discovery says so', async () => {
    expect((await ask('rs256')).body.error).to.equal('invalid_client')
    const supported = here.metadata.token_endpoint_auth_signing_alg_values_supported
    expect(supported).to.deep.equal(['ES256', 'EdDSA', 'Ed25519', 'PS256', 'HS256'])
  })

  it('are not by another client’s key', async () => {
    const proof = await assertion('ps256', keys.es256 as Pair, { aud: here.issuer })
    const form = { ...proof, grant_type: 'client_credentials', resource: api }
    expect((await here.post('token', form)).body.error).to.equal('invalid_client')
  })
})
