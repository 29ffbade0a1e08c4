import { expect } from 'chai'
import type { Jar } from '../support/jar.ts'
import { api, declared, type Ground, ground, type Parameters, verifier } from './ground.ts'
import { registrar, toldBy } from './registrar.ts'

const other = 'https://api.example/archive'
const apis = [
  { resource: api, name: 'Ledger', scopes: ['read', 'write'] },
  { resource: other, name: 'Archive', scopes: ['read', 'restore'] },
]
const both = { apis: { [api]: ['read', 'write'], [other]: ['read', 'restore'] } }
const device = 'urn:ietf:params:oauth:grant-type:device_code'

describe('resource and scope (RFC 8707, RFC 6749, 3.3)', () => {
  let latchkey: Ground
  let browser: Jar
  before(async () => {
    latchkey = await ground({
      apis,
      clients: [
        declared('one'),
        declared('two', both),
        declared('usual', { ...both, scope: 'openid email', default_scope: 'openid  restore ' }),
        declared('screen', { grant_types: [device], redirect_uris: [], default_scope: 'openid read' }),
        declared('bare', { grant_types: [device], redirect_uris: [] }),
        declared('service', { grant_types: ['client_credentials'], redirect_uris: [] }),
      ],
      policies: [{ policy: 'third-party', apis: { [api]: ['read', 'write'] } }],
      environment: { LATCHKEY_REGISTRATION: 'open' },
    })
    browser = (await latchkey.person()).browser
  })
  after(() => latchkey.stop())

  /** Signs in with `asked`, then redeems the code with `redeemed`. */
  const tokens = async (app: string, asked: Parameters, redeemed: Parameters = {}) => {
    const { told } = await latchkey.ask(app, browser, asked)
    const code = told.get('code') ?? ''
    const form = { grant_type: 'authorization_code', code, redirect_uri: `https://${app}.example/callback` }
    return latchkey.token(app, { ...form, code_verifier: verifier, ...redeemed })
  }
  const refresh = (app: string, { body }: { body: Record<string, unknown> }, more: Parameters = {}) =>
    latchkey.token(app, { grant_type: 'refresh_token', refresh_token: String(body.refresh_token), ...more })
  const audience = async (answer: { body: Record<string, unknown> }) =>
    (await latchkey.verified(answer.body.access_token)).aud

  describe('at the token endpoint', () => {
    it('needs no resource where one API was granted, with openid and without, and at each refresh', async () => {
      for (const scope of ['openid read', 'openid email read', 'read']) {
        const nonce = scope === 'read' ? undefined : 'a nonce'
        const answer = await tokens('one', { scope, resource: api, nonce })
        expect(await audience(answer), scope).to.equal(api)
        expect(await audience(await refresh('one', answer)), scope).to.equal(api)
      }
    })

    it('is for userinfo where the scope is narrowed to its claims', async () => {
      const answer = await tokens('one', { scope: 'openid email read', resource: api })
      const narrowed = await refresh('one', answer, { scope: 'openid email' })
      const headers = { authorization: `Bearer ${narrowed.body.access_token}` }
      expect((await latchkey.get('userinfo', headers)).status).to.equal(200)
      expect(await audience(await refresh('one', narrowed, { scope: 'openid read' }))).to.equal(api)
    })

    it('lists the resources where several were granted', async () => {
      for (const scope of ['openid read', 'read']) {
        const nonce = scope === 'read' ? undefined : 'a nonce'
        const answer = await tokens('two', { scope, resource: [api, other], nonce })
        expect([answer.status, answer.body.error], scope).to.deep.equal([400, 'invalid_target'])
        expect(answer.body.error_description).to.include('resource is missing').and.include(api).and.include(other)
        const named = await tokens('two', { scope, resource: [api, other], nonce }, { resource: other })
        expect(await audience(named)).to.equal(other)
        expect((await refresh('two', named)).body.error).to.equal('invalid_target')
        expect(await audience(await refresh('two', named, { resource: api }))).to.equal(api)
      }
    })

    it('needs none where one of several was granted', async () => {
      const answer = await tokens('two', { scope: 'openid restore', resource: [api, other] })
      expect(await audience(answer)).to.equal(other)
    })

    it('issues a token for userinfo where no scope of the API was requested', async () => {
      const { status, body } = await tokens('one', { scope: 'openid email', resource: api })
      expect(status).to.equal(200)
      const userinfo = await latchkey.get('userinfo', { authorization: `Bearer ${body.access_token}` })
      expect(userinfo.body).to.have.property('email')
    })

    it('accepts scopes that are followed by spaces', async () => {
      const answer = await tokens('one', { scope: 'openid read write', resource: api })
      const less = await refresh('one', answer, { scope: ' openid  read ' })
      expect(await latchkey.verified(less.body.access_token)).to.include({ scope: 'read' })
      const service = await latchkey.token('service', { grant_type: 'client_credentials', scope: 'read  write ' })
      expect(service.body.scope).to.equal('read write')
    })
  })

  describe('at the authorization endpoint', () => {
    it('accepts scopes that are separated or followed by several spaces', async () => {
      for (const scope of ['openid  email', 'openid email ', ' openid email', '  openid   email  ']) {
        const { status, body } = await tokens('one', { scope })
        expect(status, scope).to.equal(200)
        expect(body.scope, scope).to.equal('openid email')
      }
    })

    it('needs no resource where only one API has the scopes', async () => {
      expect(await audience(await tokens('one', { scope: 'openid read' }))).to.equal(api)
      expect(await audience(await tokens('two', { scope: 'openid restore' }))).to.equal(other)
      expect(await audience(await tokens('two', { scope: 'openid read restore' }))).to.equal(other)
    })

    it('lists the resources where several have the scopes', async () => {
      for (const scope of ['openid read', 'write restore']) {
        const nonce = scope.includes('openid') ? 'a nonce' : undefined
        const { told } = await latchkey.ask('two', browser, { scope, nonce })
        expect(told.get('error'), scope).to.equal('invalid_target')
        expect(told.get('error_description')).to.include('resource is missing').and.include(api).and.include(other)
      }
    })

    it('asks for the scopes that the client declares where the request names none', async () => {
      for (const scope of [undefined, '', ' ']) {
        const answer = await tokens('usual', { scope })
        expect(await latchkey.verified(answer.body.access_token)).to.include({ aud: other, scope: 'restore' })
        expect(answer.body.id_token).to.be.a('string')
      }
    })

    const nothing: readonly [string, Parameters][] = [
      ['no scope', { scope: undefined, nonce: undefined }],
      ['no scope, for one API', { scope: undefined, resource: api, nonce: undefined }],
      ['scopes that nobody knows', { scope: 'admin root', nonce: undefined }],
      ['scopes of another API', { scope: 'restore', resource: api, nonce: undefined }],
      [
        'what keeps a session, of which there is none',
        { scope: 'offline_access', prompt: 'consent', nonce: undefined },
      ],
    ]
    for (const [what, more] of nothing) {
      it(`refuses ${what}, before anybody has to sign in`, async () => {
        const { told, page } = await latchkey.ask('one', browser, more)
        expect(told.get('error')).to.equal('invalid_scope')
        expect(told.get('error_description')).to.match(/scope/)
        expect(page.trail.filter(each => each.includes('/interaction/'))).to.deep.equal([])
      })
      it(`refuses ${what} where the request is pushed`, async () => {
        const form = Object.fromEntries(latchkey.request('one', more))
        const proof = await latchkey.proof('one')
        const { status, body } = await latchkey.post('pushed_authorization_request', { ...form, ...proof })
        expect([status, body.error]).to.deep.equal([400, 'invalid_scope'])
      })
    }

    it('completes a request that is pushed', async () => {
      const form = Object.fromEntries(latchkey.request('usual', { scope: undefined, prompt: 'select_account' }))
      const { body } = await latchkey.post('pushed_authorization_request', {
        ...form,
        ...(await latchkey.proof('usual')),
      })
      const { page } = await latchkey.ask('usual', browser, { request_uri: String(body.request_uri) })
      expect(page.url).to.include('/sign-in')
    })
  })

  describe('of device authorization requests', () => {
    const ask = async (app: string, more: Parameters) =>
      latchkey.post('device_authorization', { ...(await latchkey.proof(app)), ...more })

    it('are the scopes that the client declares, or refused', async () => {
      expect((await ask('screen', {})).status).to.equal(200)
      expect((await ask('bare', { scope: 'openid  email ' })).status).to.equal(200)
      const { status, body } = await ask('bare', {})
      expect([status, body.error]).to.deep.equal([400, 'invalid_scope'])
    })
  })

  describe('of registered clients', () => {
    const { register } = registrar(() => latchkey)
    const redirect = 'https://shop.example/callback'
    const consent = async (metadata: object, more: Parameters) => {
      const { body } = await register({ client_name: 'Shop', redirect_uris: [redirect], ...metadata })
      const asked = { client_id: String(body.client_id), redirect_uri: redirect, nonce: undefined, ...more }
      return latchkey.ask('', browser, asked)
    }

    it('are those that it registered for', async () => {
      const { page } = await consent({ scope: 'write' }, { scope: undefined })
      expect(page.url).to.include('/interaction/')
      expect(page.text).to.include('Ledger').and.include('write').and.not.include('See balances')
    })

    it('are all scopes of the named API where it registered none', async () => {
      const { page } = await consent({}, { scope: undefined, resource: api })
      expect(page.text).to.include('write').and.include('See balances')
    })

    it('are refused where it is unclear which are meant', async () => {
      const { page } = await consent({}, { scope: undefined })
      expect(toldBy(page).get('error')).to.equal('invalid_scope')
    })

    it('cannot be registered beside the scope that was granted', async () => {
      const { page } = await consent({ default_scope: 'openid email' }, { scope: undefined })
      expect(toldBy(page).get('error')).to.equal('invalid_scope')
    })
  })

  describe('prompt=select_account (OpenID Connect Core 1.0, 3.1.2.1)', () => {
    it('acts as login, alone and beside others', async () => {
      expect(latchkey.metadata.prompt_values_supported).to.include('select_account')
      for (const prompt of ['select_account', 'select_account consent', 'login  select_account', ' select_account ']) {
        const { page } = await latchkey.ask('one', browser, { prompt })
        expect(page.url, prompt).to.include('/sign-in')
      }
    })

    it('cannot stand beside none', async () => {
      const { told } = await latchkey.ask('one', browser, { prompt: 'none select_account' })
      expect(told.get('error')).to.equal('invalid_request')
    })
  })
})
