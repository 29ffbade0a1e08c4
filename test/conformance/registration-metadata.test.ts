import { expect } from 'chai'
import { decodeProtectedHeader } from 'jose'
import { registrations } from '../../src/clients/registrations.ts'
import type { Jar } from '../support/jar.ts'
import { api, declared, type Ground, ground, verifier } from './ground.ts'
import { pair } from './proving.ts'
import { type Metadata, registrar } from './registrar.ts'

const local = 'http://localhost:8090/callback'
const tools = { policy: 'third-party', apis: { [api]: ['read', 'write'] } }

/** What the SDKs of the Model Context Protocol register with: scopes of the API, and names that no standard has. */
const agent = {
  client_name: 'Agent',
  redirect_uris: [local],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
  scope: 'read write offline_access',
  software_id: '0b5c9b0e-6f8c-4a56-9bd4-28f1a42a1c5b',
  software_version: '1.2.3',
}

describe('metadata that clients send when they register', () => {
  let latchkey: Ground
  let browser: Jar
  before(async () => {
    latchkey = await ground({
      clients: [declared('trading')],
      policies: [tools],
      environment: { LATCHKEY_REGISTRATION: 'open' },
    })
    browser = (await latchkey.person()).browser
  })
  after(() => latchkey.stop())
  beforeEach(() => latchkey.latchkey.clock.pass(3_600_001))
  const { register, manage } = registrar(() => latchkey)

  const tokens = async (client: Metadata, more: Record<string, string | undefined> = {}) => {
    const id = String(client.client_id)
    const { page } = await latchkey.ask('', browser, { client_id: id, redirect_uri: local, ...more })
    // Nothing listens there.
    const allowed = await browser.post(`${page.url}/consent`, {}, { follow: false })
    const answered = await browser.get(allowed.location ?? '', { follow: false })
    const back = new URL(answered.location ?? '')
    return latchkey.post('token', {
      ...{ client_id: id, grant_type: 'authorization_code', redirect_uri: local, code_verifier: verifier },
      ...{ code: back.searchParams.get('code') ?? '', ...(more.resource && { resource: more.resource }) },
    })
  }

  it('may name scopes of the APIs that the policy opens; the client gets tokens for them, and refreshes', async () => {
    const { status, body } = await register(agent)
    expect(status).to.equal(201)
    expect(body.scope).to.equal('read write offline_access')
    const asked = { scope: 'read write offline_access', resource: api, prompt: 'consent', nonce: undefined }
    const answer = await tokens(body, asked)
    expect(answer.status).to.equal(200)
    expect(await latchkey.verified(answer.body.access_token)).to.include({ aud: api, scope: 'read write' })
    const form = { grant_type: 'refresh_token', refresh_token: String(answer.body.refresh_token), resource: api }
    const again = await latchkey.post('token', { client_id: String(body.client_id), ...form })
    expect(await latchkey.verified(again.body.access_token)).to.include({ aud: api, scope: 'read write' })
  })

  it('may ask for the refresh_token grant without offline_access', async () => {
    const { body } = await register({ ...agent, scope: 'read' })
    expect(String(body.scope).split(' ')).to.have.members(['read', 'offline_access'])
    const answer = await tokens(body, {
      scope: 'read offline_access',
      resource: api,
      prompt: 'consent',
      nonce: undefined,
    })
    expect(answer.body.refresh_token).to.be.a('string')
  })

  it('is of no use while the app is disabled, nor are its tokens, and never again once it is removed', async () => {
    const { store, clock } = latchkey.latchkey
    const kept = registrations(store)
    const made = await register({ ...agent, scope: 'openid offline_access' })
    const id = String(made.body.client_id)
    const { body } = await tokens(made.body, { scope: 'openid offline_access', prompt: 'consent' })
    let refresh = String(body.refresh_token)
    const holds = async () => {
      const told = await fetch(String(latchkey.metadata.userinfo_endpoint), {
        headers: { authorization: `Bearer ${body.access_token}` },
      })
      const again = await latchkey.post('token', {
        ...{ client_id: id, grant_type: 'refresh_token', refresh_token: refresh },
      })
      refresh = String(again.body.refresh_token ?? refresh)
      const { status } = await manage('GET', made)
      const { page } = await latchkey.ask('', browser, { client_id: id, redirect_uri: local })
      return [told.status, again.status, status, page.status === 400 ? 400 : 200]
    }
    const [good, gone] = [
      [200, 200, 200, 200],
      [401, 401, 401, 400],
    ]
    expect(await holds()).to.deep.equal(good)
    for (const twice of [1, 2]) expect((await kept.disable(id, clock.now() + twice))?.disabledAt).to.be.a('number')
    expect(await holds()).to.deep.equal(gone)
    await kept.disable(id, undefined)
    expect(await holds()).to.deep.equal(good)
    expect(await kept.remove(id)).to.equal(true)
    expect(await holds()).to.deep.equal(gone)
    expect(await kept.disable(id, undefined)).to.equal(undefined)
  })

  it('is allowed nothing by a page that was open when the app was disabled, and nothing of that is remembered', async () => {
    const { store, clock } = latchkey.latchkey
    const made = await register({ ...agent, scope: 'openid offline_access' })
    const id = String(made.body.client_id)
    const request = { client_id: id, redirect_uri: local, scope: 'openid offline_access', prompt: 'consent' }
    const { page } = await latchkey.ask('', browser, request)
    await registrations(store).disable(id, clock.now())
    expect((await browser.post(`${page.url}/consent`, {}, { follow: false })).status).to.equal(410)
    await registrations(store).disable(id, undefined)
    expect((await browser.get(`${latchkey.issuer}/account/apps`)).html).to.not.include(id)
    expect((await browser.post(`${page.url}/consent`, {}, { follow: false })).location).to.include('/authorize/')
    expect((await browser.get(`${latchkey.issuer}/account/apps`)).html).to.include(id)
  })

  it('shows which scopes were not granted, and is refused when none was', async () => {
    const { body } = await register({ ...agent, scope: 'openid read admin  email ' })
    expect(String(body.scope).split(' ')).to.have.members(['openid', 'read', 'email', 'offline_access'])
    const nothing = await register({ ...agent, grant_types: ['authorization_code'], scope: 'admin' })
    expect([nothing.status, nothing.body.error]).to.deep.equal([400, 'invalid_client_metadata'])
    expect(nothing.body.error_description).to.include('scope')
  })

  it('opens no scope of an API that its policy does not', async () => {
    const narrow = await ground({
      clients: [declared('trading')],
      policies: [{ ...tools, apis: { [api]: ['read'] } }],
      environment: { LATCHKEY_REGISTRATION: 'open' },
    })
    const { body } = await registrar(() => narrow).register(agent)
    expect(body.scope).to.equal('read offline_access')
    await narrow.stop()
  })

  it('keeps scopes of APIs when it is read and changed', async () => {
    const made = await register(agent)
    expect((await manage('GET', made)).body.scope).to.equal('read write offline_access')
    const changed = await manage('PUT', made, { ...agent, client_id: made.body.client_id, scope: 'read' })
    expect(changed.status).to.equal(200)
    expect(changed.body.scope).to.equal('read offline_access')
  })

  const ignored: readonly [string, Metadata][] = [
    ['members that nobody knows', { colour: 'red', nested: { deep: [1, { deeper: null }] } }],
    ['names in other languages', { 'client_name#de': 'Agentin', 'tos_uri#fr': 'https://agent.example/cgu' }],
    ['members that are null', { logo_uri: null, scope: null, jwks: null, client_name: null, default_max_age: null }],
    ['members that are empty', { logo_uri: '', client_uri: '', tos_uri: '', policy_uri: '', scope: '' }],
    [
      'metadata of features that are not here',
      { frontchannel_logout_uri: 'https://agent.example/out', request_uris: [] },
    ],
    ['a software statement', { software_statement: 'eyJhbGciOiJub25lIn0.e30.' }],
  ]
  for (const [what, more] of ignored) {
    it(`2: may contain ${what}, which are ignored`, async () => {
      const { status, body } = await register({ ...agent, ...more })
      expect([status, body.error_description]).to.deep.equal([201, undefined])
      for (const name of Object.keys(more)) expect(body[name] ?? 'absent').to.not.deep.equal(more[name])
    })
  }

  it('RFC 7517, 4: may have keys with unknown members, and of unknown types', async () => {
    const { publicJwk } = await pair()
    const strange = { kty: 'EC', crv: 'P-521', x: 'AA', y: 'AA' }
    const keys = [{ ...publicJwk, key_ops: ['verify'], ext: true, x5u: 'https://a.example/' }, strange, { kty: 'AKP' }]
    const { status, body } = await register({
      ...agent,
      ...{ token_endpoint_auth_method: 'private_key_jwt', jwks: { keys } },
    })
    expect([status, body.error_description]).to.deep.equal([201, undefined])
    const only = await register({ ...agent, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [strange] } })
    expect([only.status, only.body.error]).to.deep.equal([400, 'invalid_client_metadata'])
  })

  it('OpenID Connect Registration 1.0, 2: defaults to RS256 where it names no algorithm', async () => {
    const { body } = await register({ ...agent, scope: 'openid' })
    expect(body).to.include({
      id_token_signed_response_alg: 'RS256',
      authorization_signed_response_alg: 'RS256',
      introspection_signed_response_alg: 'RS256',
    })
    const answer = await tokens(body)
    expect(decodeProtectedHeader(String(answer.body.id_token))).to.include({ alg: 'RS256' })
    expect(await latchkey.verified(answer.body.id_token)).to.include({ aud: body.client_id })
  })
})
