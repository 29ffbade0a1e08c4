import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { expect } from 'chai'
import { certificate, certificateKey } from '../support/certificate.ts'
import type { Jar } from '../support/jar.ts'
import { declared, type Ground, ground, secretOf, verifier } from './ground.ts'
import { assertion, type Pair, pair, signed } from './proving.ts'
import { type Metadata, redirect, registrar, shop, type Told } from './registrar.ts'

const believed = getCACertificates('default')

/** What an app serves at its own URLs for Latchkey to fetch. */
describe('OpenID Connect Dynamic Client Registration 1.0', () => {
  let latchkey: Ground
  let browser: Jar
  let server: Server
  let home: string
  let key: Pair
  const files = new Map<string, unknown>()
  before(async () => {
    setDefaultCACertificates([...believed, certificate])
    server = createServer({ cert: certificate, key: certificateKey }, (req, res) => {
      const found = files.get(req.url ?? '')
      res.writeHead(found ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(found ?? {}))
    })
    await new Promise<void>(done => server.listen(0, 'localhost', done))
    home = `https://localhost:${(server.address() as AddressInfo).port}`
    latchkey = await ground({
      clients: [
        declared('trading'),
        declared('guest', { first_party: false }),
        declared('ledger', { first_party: false, grant_types: ['client_credentials'], redirect_uris: [] }),
      ],
      environment: { LATCHKEY_REGISTRATION: 'open' },
    })
    browser = (await latchkey.person()).browser
    key = await pair()
    files.set('/jwks.json', { keys: [key.publicJwk] })
  })
  after(async () => {
    await latchkey.stop()
    server.closeAllConnections()
    await new Promise(done => server.close(done))
    setDefaultCACertificates(believed)
  })
  const { register, manage } = registrar(() => latchkey)
  const keyed = { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: '' }

  /** Signs somebody in; resolves to the token endpoint's answer. */
  const tokens = async (client: Metadata, more: Record<string, string | undefined> = {}) => {
    const id = String(client.client_id)
    const { page } = await latchkey.ask('', browser, { client_id: id, redirect_uri: redirect, ...more })
    const back = new URL((await page.submit({}, 'Allow')).location ?? '')
    const form = { grant_type: 'authorization_code', redirect_uri: redirect, code_verifier: verifier }
    const proof = await assertion(id, key, { aud: latchkey.issuer })
    return latchkey.post('token', { ...form, ...proof, code: back.searchParams.get('code') ?? '' })
  }

  it('2: authenticates clients with keys at their jwks_uri', async () => {
    const { body } = await register({ ...shop, ...keyed, jwks_uri: `${home}/jwks.json` })
    expect(body).to.not.have.property('client_secret')
    const answer = await tokens(body)
    expect(await latchkey.verified(answer.body.id_token)).to.include({ aud: body.client_id })
  })

  it('2: refuses keys that cost more than any app needs', async () => {
    const { publicJwk } = await pair('PS256')
    const heavy: [string, object[]][] = [
      ['many', Array.from({ length: 21 }, (_, at) => ({ ...key.publicJwk, kid: String(at) }))],
      ['slow', [key.publicJwk, { ...publicJwk, e: `AQ${'B'.repeat(340)}` }]],
    ]
    for (const [name, keys] of heavy) {
      const inside = await register({ ...shop, ...keyed, jwks_uri: undefined, jwks: { keys } })
      expect([inside.status, inside.body.error], name).to.deep.equal([400, 'invalid_client_metadata'])
      files.set(`/${name}.json`, { keys })
      const { body } = await register({ ...shop, ...keyed, jwks_uri: `${home}/${name}.json` })
      expect((await tokens(body)).body.error, name).to.equal('invalid_client')
    }
  })

  it('2: accepts requests signed with the registered algorithm', async () => {
    const asked = { request_object_signing_alg: 'ES256', require_signed_request_object: true }
    const { status, body } = await register({ ...shop, ...keyed, ...asked, jwks_uri: `${home}/jwks.json` })
    expect(status).to.equal(201)
    const id = String(body.client_id)
    const plain = await latchkey.ask('', browser, { client_id: id, redirect_uri: redirect })
    expect(plain.page.url).to.not.include('/interaction/')
    const claims = Object.fromEntries(latchkey.request('', { client_id: id, redirect_uri: redirect }))
    const request = await signed(key, {
      ...claims,
      iss: id,
      aud: latchkey.issuer,
      exp: Math.floor(Date.now() / 1000) + 60,
    })
    const answer = await tokens(body, { request })
    expect(answer.status).to.equal(200)
  })

  it('5: uses pairwise subjects of a sector that lists each of the redirect URIs', async () => {
    const pairwise = { ...shop, ...keyed, jwks_uri: `${home}/jwks.json`, subject_type: 'pairwise' }
    const sector_identifier_uri = `${home}/sector.json`
    for (const listed of [undefined, {}, [], ['https://other.example/callback'], [1]]) {
      files.set('/sector.json', listed)
      const { status, body } = await register({ ...pairwise, sector_identifier_uri })
      expect([status, body.error]).to.deep.equal([400, 'invalid_client_metadata'])
    }
    files.set('/sector.json', [redirect, 'https://other.example/callback'])
    const made = await register({ ...pairwise, sector_identifier_uri })
    expect(made.status).to.equal(201)
    const other = await register({ ...pairwise, sector_identifier_uri })
    const alone = await register(pairwise)
    const subjects: unknown[] = []
    for (const { body } of [made, other, alone])
      subjects.push((await latchkey.verified((await tokens(body)).body.id_token)).sub)
    expect(subjects[0]).to.equal(subjects[1]).and.not.equal(subjects[2])
  })

  it('8.1: lets no app learn the subjects of another sector by moving there later', async () => {
    const uris = { home: [redirect], away: ['https://bank.example/callback'] }
    const pairwise = { ...shop, ...keyed, jwks_uri: `${home}/jwks.json`, subject_type: 'pairwise' }
    const made = await register(pairwise)
    const open = await register({ ...pairwise, subject_type: 'public', redirect_uris: [...uris.home, ...uris.away] })
    const changes = ({ body }: Told, more: Metadata) => ({ ...pairwise, client_id: body.client_id, ...more })
    for (const each of [made, open]) {
      const { status, body } = await manage('PUT', each, changes(each, { redirect_uris: uris.away }))
      expect([status, body.error]).to.deep.equal([400, 'invalid_client_metadata'])
      expect(body.error_description).to.match(/^sector_identifier_uri/)
    }
    const sector_identifier_uri = `${home}/away.json`
    files.set('/away.json', uris.away)
    const vouched = await manage('PUT', made, changes(made, { redirect_uris: uris.away, sector_identifier_uri }))
    expect(vouched.status).to.equal(200)
  })

  it('lets no registered client verify signed requests, as APIs do', async () => {
    const ask = async (client_id: unknown, client_secret: unknown) => {
      const body = JSON.stringify({
        client_id,
        client_secret,
        scheme: 'query',
        headers: { 'x-api-key': 'x' },
        method: 'GET',
      })
      const headers = { 'content-type': 'application/json' }
      const answer = await fetch(`${latchkey.issuer}/api-keys/verify`, { method: 'POST', headers, body })
      return ((await answer.json()) as Metadata).error
    }
    const { body } = await register({ ...shop, token_endpoint_auth_method: 'client_secret_post' })
    expect(await ask(body.client_id, body.client_secret)).to.equal('unauthorized_client')
    expect(await ask('guest', secretOf('guest'))).to.equal('unauthorized_client')
    for (const own of ['trading', 'ledger'])
      expect(await ask(own, secretOf(own)), own).to.not.equal('unauthorized_client')
  })
})
