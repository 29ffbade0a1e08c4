import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { api, declared, type Ground, ground, keyed } from './ground.ts'
import { assertion, type Pair, pair, seconds, signed } from './proving.ts'

const service = { grant_types: ['client_credentials'], redirect_uris: [] }

describe('assertions of clients (RFC 7523; FAPI 2.0 Security Profile, 5.4)', () => {
  let here: Ground
  const keys: Record<string, Pair> = {}
  before(async () => {
    for (const alg of ['ES256', 'EdDSA', 'PS256', 'RS256']) keys[alg.toLowerCase()] = await pair(alg)
    const clients = Object.entries(keys).map(([id, key]) => keyed(id, key, service))
    Object.assign(keys, { strict: keys.rs256, named: keys.rs256 })
    clients.push(
      keyed('strict', keys.rs256 as Pair, { ...service, profile: 'fapi2', dpop_bound_access_tokens: true }),
      keyed('named', keys.rs256 as Pair, { ...service, token_endpoint_auth_signing_alg: 'PS256' }),
    )
    here = await ground({ clients: [...clients, declared('other')], keys })
  })
  after(() => here.stop())

  const ask = (app: string) => here.token(app, { grant_type: 'client_credentials', resource: api })

  for (const alg of ['ES256', 'EdDSA', 'PS256', 'RS256'])
    it(`are accepted by ${alg}`, async () => expect((await ask(alg.toLowerCase())).status).to.equal(200))

  it('have their algorithms in discovery, which leaves RS256 out for proofs', () => {
    const { metadata } = here
    const offered = ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256', 'HS256']
    expect(metadata.token_endpoint_auth_signing_alg_values_supported).to.deep.equal(offered)
    expect(metadata.dpop_signing_alg_values_supported).to.deep.equal(['ES256', 'EdDSA', 'Ed25519', 'PS256'])
  })

  it('are refused by RS256 for a FAPI client (FAPI 2.0 Security Profile, 5.4.1)', async () => {
    const { status, body } = await ask('strict')
    expect([status, body.error]).to.deep.equal([401, 'invalid_client'])
  })

  it('are refused by another algorithm than the client registered', async () =>
    expect((await ask('named')).body.error).to.equal('invalid_client'))

  it('are not by a key that their own header names: nothing is fetched from there', async () => {
    const stranger = await pair('ES256')
    let fetched = 0
    const server = createServer((_, answer) => {
      fetched += 1
      answer.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [stranger.publicJwk] }))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`
      const claims = { iss: 'es256', sub: 'es256', aud: here.issuer, iat: seconds(), exp: seconds() + 60 }
      for (const header of [{ jku: url }, { x5u: url }, { jwk: stranger.publicJwk }]) {
        const proof = await assertion('es256', stranger, { aud: here.issuer })
        const kid = keys.es256?.publicJwk.kid as string
        proof.client_assertion = await signed(stranger, { ...claims, jti: crypto.randomUUID() }, { kid, ...header })
        const { status, body } = await here.post('token', {
          ...proof,
          ...{ grant_type: 'client_credentials', resource: api },
        })
        expect([status, body.error], Object.keys(header).join()).to.deep.equal([401, 'invalid_client'])
      }
      expect(fetched).to.equal(0)
    } finally {
      server.close()
    }
  })

  it('are refused by another client’s key', async () => {
    const proof = await assertion('ps256', keys.es256 as Pair, { aud: here.issuer })
    const form = { ...proof, grant_type: 'client_credentials', resource: api }
    expect((await here.post('token', form)).body.error).to.equal('invalid_client')
  })
})
