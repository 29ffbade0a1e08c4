import { expect } from 'chai'
import { invitations } from '../../src/clients/invitations.ts'
import { registrationsDeclaration } from '../../src/clients/registrations.ts'
import { api, declared, type Ground, ground } from './ground.ts'
import { registrar, shop } from './registrar.ts'

describe('initial access tokens (RFC 7591, 3)', () => {
  let latchkey: Ground
  before(async () => {
    latchkey = await ground({
      clients: [declared('trading')],
      policies: [
        {
          policy: 'partner',
          grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
          token_endpoint_auth_methods: ['client_secret_post', 'private_key_jwt'],
          scope: 'openid email',
          apis: { [api]: ['read'] },
          redirect_hosts: ['shop.example', '*.partner.example'],
        },
      ],
      environment: { LATCHKEY_REGISTRATION: 'token' },
    })
  })
  after(() => latchkey.stop())
  const { register, manage } = registrar(() => latchkey)
  const kept = () => invitations({ store: latchkey.latchkey.store, now: latchkey.latchkey.clock.now })
  const invite = async (uses: number, days = 1, policy = 'partner') => {
    const { clock, keepOut } = latchkey.latchkey
    const { bearer } = await kept().invite({ policy, uses, until: clock.now() + days * 86_400_000 })
    keepOut(bearer)
    return bearer
  }
  const partner = { ...shop, token_endpoint_auth_method: 'client_secret_post' }

  it('are needed', async () => {
    for (const bearer of [undefined, 'nonsense']) {
      const { status, headers } = await register(partner, bearer)
      expect(status).to.be.oneOf([400, 401])
      expect(headers.get('www-authenticate')).to.match(/^Bearer/)
    }
  })

  it('are valid for the number of clients and the time that they state', async () => {
    const bearer = await invite(2)
    // A faulty request uses up nothing.
    expect((await register({ ...partner, redirect_uris: [] }, bearer)).status).to.equal(400)
    const answers = [await register(partner, bearer), await register(partner, bearer), await register(partner, bearer)]
    expect(answers.map(({ status }) => status)).to.deep.equal([201, 201, 401])
    const late = await invite(1)
    latchkey.latchkey.clock.pass(86_400_001)
    expect((await register(partner, late)).status).to.equal(401)
  })

  it('are refused once they are revoked, expired or used up, and the log says which one it was and why', async () => {
    const outworn = {
      revoked: async (bearer: string) => kept().revoke((await kept().find(bearer))?.id ?? ''),
      'used-up': (bearer: string) => register(partner, bearer),
      expired: async () => latchkey.latchkey.clock.pass(86_400_001),
    }
    for (const [type, become] of Object.entries(outworn)) {
      const bearer = await invite(1)
      const { id = '' } = (await kept().find(bearer)) ?? {}
      await become(bearer)
      const { status, body, headers } = await register(partner, bearer)
      expect([status, body.error], type).to.deep.equal([401, 'invalid_token'])
      // The stranger is told no more than one who made it up.
      expect((await register(partner, 'nonsense')).body, type).to.deep.equal(body)
      const lines = latchkey.latchkey.logged().split('\n')
      const own = lines.filter(line => line.includes(String(headers.get('x-request-id'))))
      const turned = own.map(line => JSON.parse(line)).find(line => line.event === 'registration.turned-away')?.data
      expect(turned, type).to.deep.include({ type, invitation: id })
      expect(own.join(), type).to.include(`"received":"that of one that is ${type}"`)
    }
  })

  it('let one of ten requests register at once with the last use', async () => {
    const bearer = await invite(1)
    const answers = await Promise.all(Array.from({ length: 10 }, () => register(partner, bearer)))
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([201, ...Array(9).fill(401)])
  })

  it('bind the client to their policy', async () => {
    const bearer = await invite(20)
    const { body } = await register({ ...partner, grant_types: ['authorization_code', 'client_credentials'] }, bearer)
    expect(body).to.include({ policy: 'partner', scope: 'openid email' })
    for (const uri of ['https://shop.example/x', 'https://a.partner.example/', 'https://a.b.partner.example/'])
      expect((await register({ ...partner, redirect_uris: [uri] }, bearer)).status).to.equal(201)
    for (const more of [
      { redirect_uris: ['https://partner.example/'] },
      { redirect_uris: ['https://evilpartner.example/'] },
      { redirect_uris: ['https://shop.example.evil.example/'] },
      { redirect_uris: ['com.example.shop:/cb'] },
      { post_logout_redirect_uris: ['https://evil.example/'] },
      { token_endpoint_auth_method: 'none' },
      { token_endpoint_auth_method: 'client_secret_basic' },
      { apis: { [api]: ['read', 'write'] } },
    ])
      expect((await register({ ...partner, ...more }, bearer)).status).to.equal(400)
  })

  it('allow what the policy opens: an API, with the scopes that the client asked for', async () => {
    const { body } = await register(
      { ...partner, grant_types: ['authorization_code', 'client_credentials'] },
      await invite(1),
    )
    const { client_id, client_secret } = body as Record<string, string>
    const own = { client_id, client_secret, grant_type: 'client_credentials', resource: api }
    const answer = await latchkey.post('token', { ...own, scope: 'read write' })
    expect(answer.body.scope).to.equal('read')
    expect(await latchkey.verified(answer.body.access_token)).to.include({ aud: api, client_id })
  })

  it('are refused when their policy is gone', async () => {
    const { status, body } = await register(partner, await invite(1, 1, 'former'))
    expect(status).to.equal(400)
    expect(body.error_description).to.include('the policy former')
  })

  it('are stored as digests only, and client secrets sealed', async () => {
    const bearer = await invite(1)
    const made = await register(partner, bearer)
    const { client_secret, registration_access_token } = made.body as Record<string, string>
    const listed = JSON.stringify(await kept().list())
    expect(listed).to.not.include(bearer)
    const all = JSON.stringify(await latchkey.latchkey.store.collection(registrationsDeclaration).find({}))
    expect(all).to.include(String(made.body.client_id))
    for (const secret of [client_secret, registration_access_token]) expect(all).to.not.include(secret)
    expect((await manage('GET', made)).body.client_secret).to.equal(client_secret)
  })
})
