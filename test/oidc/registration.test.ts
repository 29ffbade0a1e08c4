import { expect } from 'chai'
import { throttle } from '../../src/accounts/throttle.ts'
import { parseClients } from '../../src/clients/declared.ts'
import { invitations } from '../../src/clients/invitations.ts'
import { registrations } from '../../src/clients/registrations.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import { registration } from '../../src/oidc/client-sources.ts'
import type { Store } from '../../src/store/collection.ts'
import { declared, type Running, running, secrets, trading, wallet } from '../support/provider.ts'
import { slow, testStore } from '../support/store.ts'

const policy = {
  policy: 'partner',
  grant_types: ['authorization_code', 'client_credentials'],
  apis: { [wallet]: ['read', 'transfer'], [trading]: ['read'] },
}
const file = (origin: string, more: object = policy) => ({ ...(declared(origin) as object), policies: [more] })
const partner = {
  client_name: 'Partner',
  redirect_uris: ['https://partner.example/callback'],
  grant_types: ['authorization_code', 'client_credentials'],
  token_endpoint_auth_method: 'client_secret_post',
}

/** A provider whose store is slow on purpose, and a client's side of it. */
async function registrar() {
  const store: Store = await testStore()
  const latchkey: Running = await running({ store: slow(store, 10), registration: 'token', declare: file })
  const send = async (method: string, url: string, bearer: string, body?: unknown) => {
    const answer = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return { status: answer.status, body: (await answer.json()) as Record<string, string> }
  }
  const invite = async (uses: number) => {
    const wish = { policy: 'partner', uses, until: Date.now() + 60_000 }
    return (await invitations({ store, now: Date.now }).invite(wish)).bearer
  }
  return {
    ...{ store, latchkey, send, invite },
    register: (bearer: string, more = {}) =>
      send('POST', `${latchkey.issuer}/register`, bearer, { ...partner, ...more }),
    token: ({ client_id = '', client_secret = '' }: Record<string, string>, resource = wallet) =>
      fetch(`${latchkey.issuer}/token`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret, resource }),
      }),
    redeclare: (more: object) =>
      latchkey.oidc.declare(parseClients(file(latchkey.issuer, more), { local: true, production: false })),
    close: async () => {
      await latchkey.close()
      await store.close()
    },
  }
}

describe('clients that register', () => {
  let at: Awaited<ReturnType<typeof registrar>>
  before(async () => {
    at = await registrar()
  })
  after(() => at.close())

  it('use up an invitation exactly, when ten register at once on a slow store', async () => {
    for (const uses of [1, 3]) {
      const bearer = await at.invite(uses)
      const answers = await Promise.all(Array.from({ length: 10 }, () => at.register(bearer)))
      expect(answers.filter(({ status }) => status === 201)).to.have.lengthOf(uses)
      expect(answers.filter(({ status }) => status === 401)).to.have.lengthOf(10 - uses)
    }
  })

  it('are let in by an invitation until it is revoked, and by no use of it after that, however slow the store is', async () => {
    const bearer = await at.invite(8)
    const { find, revoke, stateOf } = invitations({ store: at.store, now: Date.now })
    const { id } = (await find(bearer)) ?? expect.fail('there is none')
    const early = Array.from({ length: 5 }, () => at.register(bearer))
    const revoked = await revoke(id)
    const late = await Promise.all([at.register(bearer), at.register(bearer)])
    expect([revoked, ...late.map(({ status }) => status)]).to.deep.equal([true, 401, 401])
    expect([201, 401]).to.include.members([...new Set((await Promise.all(early)).map(({ status }) => status))])
    const left = (await find(bearer)) ?? expect.fail('it is gone')
    expect([stateOf(left), left.uses]).to.deep.equal(['revoked', 0])
    expect(await revoke(id)).to.equal(false)
  })

  it('change once when ten requests use the same token at once on a slow store', async () => {
    const { body } = await at.register(await at.invite(1))
    const { registration_access_token: bearer = '', registration_client_uri: url = '', client_id } = body
    const ten = Array.from({ length: 10 }, (_, index) =>
      at.send('PUT', url, bearer, { ...partner, client_id, client_name: `Partner ${index}` }),
    )
    const won = (await Promise.all(ten)).filter(({ status }) => status === 200)
    expect(won).to.have.lengthOf(1)
    const now = await at.send('GET', url, won[0]?.body.registration_access_token ?? '')
    expect(now.body.client_name).to.equal(won[0]?.body.client_name)
  })

  it('are listed like other apps: with name, host, and what their policy opens', async () => {
    const { body } = await at.register(await at.invite(1), { apis: { [wallet]: ['read'] } })
    const app = await at.latchkey.clients.app(body.client_id ?? '')
    expect(app).to.include({ name: 'Partner', host: 'partner.example', firstParty: false, tile: 'neutral' })
    expect([...(app?.apis ?? [])].map(([resource, { scope }]) => [resource, scope])).to.deep.equal([[wallet, 'read']])
    expect((await at.token(body)).status).to.equal(200)
    expect((await at.token(body, trading)).status).to.equal(400)
    const redirect_uris = ['https://trading.example/callback', 'https://evil.example/a', 'https://evil.example/b']
    const several = await at.register(await at.invite(1), { redirect_uris })
    const strange = await at.latchkey.clients.app(several.body.client_id ?? '')
    expect(strange?.host).to.equal('trading.example, evil.example')
    const told = at.latchkey.of('client.registered') as Record<string, string>[]
    const { invitation, policy } = told.find(({ client }) => client === body.client_id) ?? {}
    expect(policy).to.equal('partner')
    expect(await invitations({ store: at.store, now: Date.now }).get(invitation ?? '')).to.include({ uses: 0, of: 1 })
  })

  it('lose what their policy loses, and everything while the policy is missing', async () => {
    const { body } = await at.register(await at.invite(1))
    expect((await at.token(body)).status).to.equal(200)
    await at.redeclare({ ...policy, apis: { [trading]: ['read'] } })
    expect((await at.token(body)).status).to.equal(400)
    expect((await at.token(body, trading)).status).to.equal(200)
    await at.redeclare({ ...policy, grant_types: ['authorization_code'] })
    expect((await at.token(body, trading)).status).to.equal(400)
    await at.redeclare({ ...policy, policy: 'another' })
    expect((await at.token(body)).status).to.equal(401)
    const { registration_client_uri = '', registration_access_token = '' } = body
    const read = () => at.send('GET', registration_client_uri, registration_access_token)
    expect((await read()).status).to.equal(401)
    expect(await at.latchkey.clients.app(body.client_id ?? '')).to.equal(undefined)
    await at.redeclare(policy)
    expect((await at.token(body)).status).to.equal(200)
    expect((await read()).status).to.equal(200)
  })

  it('have their secrets sealed again once the operator adds a newer secret', async () => {
    const { body } = await at.register(await at.invite(1))
    const { client_id = '', client_secret } = body
    const newer = keyring(['a newer secret of 32 characters or more', ...secrets])
    const kept = async () => (await registrations(at.store).get(client_id))?.secret ?? ''
    expect(sealer(newer).stale(await kept())).to.equal(true)
    const services = { store: at.store, clients: at.latchkey.clients, now: Date.now }
    const { Client } = registration(
      { ...services, throttle: throttle(services) },
      { sealer: sealer(newer), invitations: invitations({ store: at.store, now: Date.now }) },
    )
    expect(await Client?.find(client_id)).to.include({ client_secret })
    expect(sealer(newer).stale(await kept())).to.equal(false)
    expect(await Client?.find(client_id)).to.include({ client_secret })
    await registrations(at.store).remove(client_id)
  })

  it('are unknown once the operator removes them', async () => {
    const { body } = await at.register(await at.invite(1))
    const { client_id = '', registration_client_uri = '', registration_access_token = '' } = body
    expect(await registrations(at.store).remove(client_id)).to.equal(true)
    expect((await at.token(body)).status).to.equal(401)
    expect((await at.send('GET', registration_client_uri, registration_access_token)).status).to.equal(401)
    expect(await registrations(at.store).remove(client_id)).to.equal(false)
  })
})
