import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import type { Person } from '../support/people.ts'
import { callback, declared, ended, type Ground, ground, secretOf, stranger, verifier } from './ground.ts'

describe('OAuth 2.0 (RFC 6749, RFC 6750, RFC 7636, RFC 9207)', () => {
  let here: Ground
  let person: Person
  before(async () => {
    here = await ground({
      clients: [
        declared('desk'),
        declared('other'),
        declared('basic', { token_endpoint_auth_method: 'client_secret_basic' }),
        declared('phone', {
          application_type: 'native',
          token_endpoint_auth_method: 'none',
          client_secret: undefined,
          redirect_uris: ['http://127.0.0.1/callback', 'com.example.phone:/callback'],
        }),
      ],
    })
    person = await here.person()
  })
  after(() => here.stop())

  const code = async (app = 'desk') => (await here.ask(app, person.browser)).told.get('code') ?? ''
  const redeem = (app: string, code: string, more = {}) =>
    here.token(app, {
      grant_type: 'authorization_code',
      code,
      redirect_uri: callback('desk'),
      code_verifier: verifier,
      ...more,
    })

  it('4.1.2: answers with a code, the state as it came, and the issuer (RFC 9207, 2)', async () => {
    const { at, told } = await here.ask('desk', person.browser, { state: 'a+b c&d=é' })
    expect(at?.origin + (at?.pathname ?? '')).to.equal(callback('desk'))
    expect(told.get('state')).to.equal('a+b c&d=é')
    expect(told.get('iss')).to.equal(here.issuer)
    expect([...told.keys()].sort()).to.deep.equal(['code', 'iss', 'state'])
  })

  it('4.1.2.1: reports errors to the app only at its own redirect URI', async () => {
    const { told } = await here.ask('desk', person.browser, { response_type: 'token' })
    expect(told.get('error')).to.equal('unsupported_response_type')
    expect(told.get('iss')).to.equal(here.issuer)
    for (const redirect_uri of ['https://desk.example/callback/', 'https://other.example/callback', undefined]) {
      const { page, at } = await here.ask('desk', person.browser, { redirect_uri })
      expect([page.status, at], String(redirect_uri)).to.deep.equal([400, undefined])
    }
    const unknown = await here.ask('nobody', person.browser)
    expect([unknown.page.status, unknown.at]).to.deep.equal([400, undefined])
  })

  it('4.1.3: redeems a code once, for its client, redirect URI and verifier, and revokes its tokens at a second use', async () => {
    expect((await redeem('other', await code())).body.error).to.equal('invalid_grant')
    expect((await redeem('desk', await code(), { redirect_uri: callback('other') })).body.error).to.equal(
      'invalid_grant',
    )
    for (const code_verifier of [undefined, 'x'.repeat(43)])
      expect((await redeem('desk', await code(), { code_verifier })).body.error).to.equal('invalid_grant')
    const once = await code()
    const given = await redeem('desk', once)
    expect(given.status).to.equal(200)
    expect(given.headers.get('cache-control')).to.equal('no-store')
    expect((await redeem('desk', once)).body.error).to.equal('invalid_grant')
    const refused = await here.get('userinfo', { authorization: `Bearer ${given.body.access_token}` })
    expect(refused.status).to.equal(401)
  })

  it('2.3.1, 5.2: accepts a secret in the header or the body, never both, and answers invalid_client to a wrong one', async () => {
    const basic = (id: string, secret: string) => ({
      authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
    })
    const form = { grant_type: 'refresh_token', refresh_token: 'x' }
    expect((await here.post('token', form, basic('basic', secretOf('basic')))).body.error).to.equal('invalid_grant')
    const wrong = await here.post('token', form, basic('basic', secretOf('desk')))
    expect([wrong.status, wrong.body.error]).to.deep.equal([401, 'invalid_client'])
    expect(wrong.headers.get('www-authenticate')).to.match(/^Basic /)
    const both = { ...form, client_id: 'basic', client_secret: secretOf('basic') }
    expect((await here.post('token', both, basic('basic', secretOf('basic')))).status).to.equal(400)
    const other = await here.post('token', { ...form, client_id: 'desk' }, basic('basic', secretOf('basic')))
    expect([other.status, other.body.error]).to.deep.equal([400, 'invalid_request'])
  })

  it('3.1, 3.2: refuses a repeated parameter', async () => {
    const { page, told } = await here.ask('desk', person.browser, { scope: ['openid', 'openid email'] })
    expect([page.status, told.get('error')]).to.satisfy(
      ([status, error]: [number, string | null]) => status === 400 || error === 'invalid_request',
    )
    const twice = await redeem('desk', await code(), { code_verifier: [verifier, verifier] })
    expect([twice.status, twice.body.error]).to.deep.equal([400, 'invalid_request'])
    const named = { client_id: 'desk', client_secret: secretOf('desk') }
    const form = { grant_type: 'refresh_token', refresh_token: 'x', ...named }
    for (const each of ['grant_type', 'client_id', 'client_secret', 'refresh_token', 'scope'] as const) {
      const repeated = await here.post('token', { ...form, [each]: ['x', 'x'] })
      expect([repeated.status, repeated.body.error], each).to.deep.equal([400, 'invalid_request'])
    }
    // A parameter of another grant means nothing here (3.2).
    expect((await here.post('token', { ...form, code: ['x', 'x'] })).body.error).to.equal('invalid_grant')
    for (const each of ['token', 'client_id']) {
      const repeated = await here.post('introspection', { token: 'x', ...named, [each]: ['x', 'x'] })
      expect([repeated.status, repeated.body.error], each).to.deep.equal([400, 'invalid_request'])
    }
  })

  it('RFC 7636, 4.3: requires a challenge with S256', async () => {
    for (const more of [
      { code_challenge: undefined, code_challenge_method: undefined },
      { code_challenge_method: 'plain' },
      { code_challenge_method: undefined },
    ])
      expect((await here.ask('desk', person.browser, more)).told.get('error')).to.equal('invalid_request')
  })

  it('tells an app that sends a plain challenge to turn on S256 (RFC 7636, 4.3)', async () => {
    for (const code_challenge_method of ['plain', 'S512', undefined]) {
      const { told } = await here.ask('desk', person.browser, { code_challenge_method })
      expect(told.get('error')).to.equal('invalid_request')
      expect(told.get('error_description')).to.match(/must be S256.*in your library.*docs\/recipes/)
    }
  })

  it('tells an app that sends no challenge to turn on PKCE, the most common first failure', async () => {
    const none = { code_challenge: undefined, code_challenge_method: undefined }
    const { told } = await here.ask('desk', person.browser, none)
    expect(told.get('error_description')).to.match(/PKCE.*code_challenge_method=S256.*docs\/recipes/)
    // RFC 6749, 4.1.2.1: no other characters.
    expect(told.get('error_description')).to.match(/^[\x20\x21\x23-\x5B\x5D-\x7E]+$/)
  })

  it('RFC 8252, 7.1 and 7.3: sends an app on a device to its own scheme, and to any port of loopback', async () => {
    const app = createServer((_, answer) => answer.end('signed in'))
    await new Promise<void>(done => app.listen(0, '127.0.0.1', done))
    const { port } = app.address() as AddressInfo
    for (const redirect_uri of ['com.example.phone:/callback', `http://127.0.0.1:${port}/callback`]) {
      // Another app may have taken its place on the device (8.6): each time, the person is asked.
      const { page } = await here.ask('phone', person.browser, { redirect_uri })
      const { at, told } = ended(await page.submit({}, { action: '/consent' }), here.issuer)
      expect(at?.href).to.contain(`${redirect_uri}?code=`)
      expect((await redeem('phone', told.get('code') ?? '', { redirect_uri })).status).to.equal(200)
    }
    app.close()
    for (const redirect_uri of [
      `http://127.0.0.1:${port}/other`,
      `http://localhost:${port}/callback`,
      'com.example.other:/callback',
    ])
      expect((await here.ask('phone', person.browser, { redirect_uri })).page.status, redirect_uri).to.equal(400)
  })

  it('RFC 6750, 2: accepts a token in the header or a form, never in the query', async () => {
    const { body } = await here.tokens('desk', person.browser)
    const token = String(body.access_token)
    const authorization = `Bearer ${token}`
    expect((await here.get('userinfo', { authorization })).body.sub).to.be.a('string')
    expect((await here.post('userinfo', { access_token: token })).body.sub).to.be.a('string')
    expect((await here.post('userinfo', { access_token: token }, { authorization })).status).to.equal(400)
    expect((await here.get(`${here.metadata.userinfo_endpoint}?access_token=${token}`)).status).to.equal(400)
    const none = await here.get('userinfo')
    expect(none.status).to.satisfy((status: number) => status === 400 || status === 401)
    const wrong = await here.get('userinfo', { authorization: 'Bearer wrong' })
    expect([wrong.status, wrong.headers.get('www-authenticate')]).to.satisfy(
      ([status, header]: [number, string]) => status === 401 && /^Bearer .*error="invalid_token"/.test(header),
    )
  })

  it('shows the sign-in page to somebody who is not signed in', async () => {
    const { page, at } = await here.ask('desk', stranger())
    expect([page.status, at]).to.deep.equal([200, undefined])
    expect(page.url).to.contain('/sign-in/')
  })
})
