import { expect } from 'chai'
import * as client from 'openid-client'
import { ClientsError, parseClients } from '../../src/clients/declared.ts'
import { browser, declared, type Running, running, trading, wallet } from '../support/provider.ts'

type File = { apis: object[]; clients: Record<string, unknown>[] }
const standing = { local: true, production: false }

describe('clients after clients.json was read again', () => {
  let latchkey: Running
  let file: File
  beforeEach(async () => {
    latchkey = await running()
    file = declared(latchkey.issuer) as File
  })
  afterEach(() => latchkey.close())

  const declare = (clients: Record<string, unknown>[]) =>
    latchkey.oidc.declare(parseClients({ ...file, clients }, standing))
  const without = (id: string) => file.clients.filter(each => each.client_id !== id)
  const service = async () =>
    client.clientCredentialsGrant((await latchkey.app('service')).configuration, { resource: wallet, scope: 'read' })
  const failed = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => undefined,
      fault => fault.error ?? fault.status ?? fault,
    )

  it('are known at once, and removed ones are unknown at once', async () => {
    await declare([...without('service'), { ...file.clients[0], client_id: 'news', client_name: 'News' }])
    expect(await latchkey.clients.app('news')).to.include({ name: 'News' })
    expect(await latchkey.clients.app('service')).to.equal(undefined)
    expect(await failed(service())).to.equal(401)
    await declare(file.clients)
    expect(await service()).to.have.property('access_token')
  })

  it('have what is declared now: another secret, fewer APIs', async () => {
    await service()
    const changed = (more: object) =>
      file.clients.map(each => (each.client_id === 'service' ? { ...each, ...more } : each))
    await declare(changed({ client_secret: 'another-secret-of-thirty-two-characters' }))
    expect(await failed(service())).to.equal(401)
    await declare(changed({ apis: { [trading]: ['read'] } }))
    expect(await failed(service())).to.equal('invalid_target')
  })

  it('get signatures of the algorithm that they ask for, with a key made on first use', async () => {
    await declare(file.clients.map(each => ({ ...each, id_token_signed_response_alg: 'PS256' })))
    const { keys } = (await (await fetch(`${latchkey.issuer}/jwks.json`)).json()) as { keys: { alg: string }[] }
    expect(keys.map(each => each.alg)).to.include('PS256')
  })

  it('lose all that a removed client was issued', async () => {
    const app = await latchkey.app('trading')
    const person = browser()
    const tokens = await app.signIn(person, { scope: 'openid offline_access', prompt: 'consent' })
    const callback = await app.authorize(person)
    expect(await client.fetchUserInfo(app.configuration, tokens.access_token, 'ada')).to.include({ sub: 'ada' })
    await declare(without('trading'))
    expect(await failed(app.refresh(tokens.refresh_token))).to.equal(401)
    expect(await failed(app.redeem(callback))).to.equal(401)
    const answer = await fetch(`${latchkey.issuer}/userinfo`, {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    })
    expect(answer.status).to.equal(401)
    const asked = await person.get(client.buildAuthorizationUrl(app.configuration, { scope: 'openid' }).href)
    expect(asked.status).to.equal(400)
    expect(asked.trail).to.have.lengthOf(1)
  })

  it('stay as they were when oidc-provider refuses one of them', async () => {
    const faulty = parseClients(file, standing)
    const strange = { client_id: 'strange', redirect_uris: ['https://app.example/'], response_types: ['token'] }
    const fault = await failed(
      latchkey.oidc.declare({ ...faulty, metadata: [strange as never, ...faulty.metadata.slice(1)] }),
    )
    expect(fault).to.be.instanceOf(ClientsError)
    expect((fault as ClientsError).faults).to.have.lengthOf(1)
    expect((fault as ClientsError).faults[0]).to.match(/^strange /)
    expect(await latchkey.app('trading').then(app => app.signIn(browser()))).to.have.property('access_token')
  })
})
