import { expect } from 'chai'
import { declared, type Ground, ground } from './ground.ts'
import { type Metadata, registrar, shop, type Told } from './registrar.ts'

describe('OAuth 2.0 Dynamic Client Registration Management (RFC 7592)', () => {
  let latchkey: Ground
  before(async () => {
    latchkey = await ground({
      clients: [declared('trading')],
      environment: { LATCHKEY_REGISTRATION: 'open' },
    })
  })
  after(() => latchkey.stop())
  beforeEach(() => latchkey.latchkey.clock.pass(3_600_001))
  const { register, manage } = registrar(() => latchkey)
  const all = ({ body }: Told, changes: Metadata = {}): Metadata => {
    const {
      registration_access_token,
      registration_client_uri,
      client_secret_expires_at,
      client_id_issued_at,
      ...rest
    } = body
    return { ...rest, ...changes }
  }
  const works = async ({ client_id, client_secret }: Metadata) => {
    const answer = await latchkey.post(
      'token',
      { grant_type: 'refresh_token', refresh_token: 'x' },
      { authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` },
    )
    return answer.body.error !== 'invalid_client'
  }

  it('2.1: reads the registration', async () => {
    const made = await register(shop)
    const { status, body } = await manage('GET', made)
    expect(status).to.equal(200)
    expect(body).to.deep.equal(made.body)
  })

  it('2.2: replaces the registration, and issues another token', async () => {
    const made = await register({ ...shop, tos_uri: 'https://shop.example/terms' })
    const { status, body } = await manage('PUT', made, all(made, { client_name: 'New shop', tos_uri: undefined }))
    expect(status).to.equal(200)
    expect(body).to.include({ client_name: 'New shop', client_secret: made.body.client_secret })
    expect(body).to.not.have.property('tos_uri')
    expect(body.registration_access_token).to.not.equal(made.body.registration_access_token)
    expect((await manage('GET', made)).status).to.equal(401)
    expect((await manage('GET', { ...made, body })).body.client_name).to.equal('New shop')
  })

  it('2.2: applies the same rules to changes', async () => {
    const made = await register(shop)
    for (const changes of [
      { redirect_uris: ['http://shop.example/'] },
      { grant_types: ['authorization_code', 'client_credentials'] },
      { client_id: 'another' },
      { client_secret: 'another-secret-of-thirty-two-characters' },
      { registration_access_token: 'x' },
      { client_id_issued_at: 1 },
    ])
      expect((await manage('PUT', made, all(made, changes))).status).to.equal(400)
    const { body } = await manage('PUT', made, all(made, { policy: 'anything', first_party: true }))
    expect(body).to.include({ policy: 'third-party' }).and.not.have.property('first_party')
  })

  it('2.2: removes a secret that is not needed any more', async () => {
    const made = await register(shop)
    const { body } = await manage('PUT', made, all(made, { token_endpoint_auth_method: 'none' }))
    expect(body).to.not.have.property('client_secret')
    expect(await works(made.body)).to.equal(false)
  })

  it('2.2: makes one of ten changes at once with the same token', async () => {
    const made = await register(shop)
    const ten = Array.from({ length: 10 }, (_, at) => manage('PUT', made, all(made, { client_name: `Shop ${at}` })))
    const answers = await Promise.all(ten)
    const won = answers.filter(({ status }) => status === 200)
    expect(won).to.have.lengthOf(1)
    expect((await manage('GET', won[0] as Told)).body.client_name).to.equal(won[0]?.body.client_name)
  })

  it('2.3: deletes the client and revokes its tokens', async () => {
    const made = await register(shop)
    expect(await works(made.body)).to.equal(true)
    expect((await manage('DELETE', made)).status).to.equal(204)
    expect((await manage('GET', made)).status).to.equal(401)
    expect(await works(made.body)).to.equal(false)
  })

  it('2: lets nobody manage an app of clients.json', async () => {
    const made = await register(shop)
    const { status } = await manage('GET', {
      ...made,
      body: { ...made.body, registration_client_uri: `${latchkey.issuer}/register/trading` },
    })
    expect(status).to.equal(401)
  })
})
