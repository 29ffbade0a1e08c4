import { expect } from 'chai'
import { decodeProtectedHeader } from 'jose'
import type { Jar } from '../support/jar.ts'
import { api, declared, type Ground, ground, verifier } from './ground.ts'
import { type Metadata, redirect, registrar, shop } from './registrar.ts'

describe('OAuth 2.0 Dynamic Client Registration (RFC 7591), open to everybody', () => {
  let latchkey: Ground
  let browser: Jar
  before(async () => {
    latchkey = await ground({
      clients: [declared('trading', { client_name: 'Trading' })],
      environment: { LATCHKEY_REGISTRATION: 'open' },
    })
    browser = (await latchkey.person()).browser
  })
  after(() => latchkey.stop())
  // All requests come from one address here, which is limited.
  beforeEach(() => latchkey.latchkey.clock.pass(3_600_001))

  const { register, send } = registrar(() => latchkey)
  const consenting = async (client: Metadata, more: Record<string, string> = {}) => {
    const parameters = { client_id: String(client.client_id), redirect_uri: redirect, ...more }
    const asked = await latchkey.ask('', browser, parameters)
    return asked.page
  }
  const tokens = async (client: Metadata, more: Record<string, string> = {}) => {
    const page = await consenting(client, more)
    const back = new URL((await page.submit({}, 'Allow')).location ?? '')
    const { client_id, client_secret } = client as Record<string, string>
    return latchkey.post('token', {
      ...{ client_id, client_secret, ...(more.resource && { resource: more.resource }) },
      ...{ grant_type: 'authorization_code', code: back.searchParams.get('code') ?? '', redirect_uri: redirect },
      code_verifier: verifier,
    })
  }

  it('3.2.1: answers 201 with an id, a secret, and all metadata of the client', async () => {
    const { status, headers, body } = await register({ ...shop, contacts: ['a@shop.example'], colour: 'red' })
    expect(status).to.equal(201)
    expect(headers.get('cache-control')).to.include('no-store')
    expect(body).to.include({
      client_name: 'Shop',
      client_secret_expires_at: 0,
      token_endpoint_auth_method: 'client_secret_basic',
      scope: 'openid profile email offline_access',
      application_type: 'web',
      registration_client_uri: `${latchkey.issuer}/register/${body.client_id}`,
    })
    expect(body.client_secret).to.have.lengthOf(43)
    expect(body.grant_types).to.deep.equal(['authorization_code'])
    expect(body.client_id_issued_at).to.be.closeTo(Date.now() / 1000, 30)
    // 2: what is unknown is ignored.
    expect(body).to.not.have.property('colour')
    latchkey.latchkey.keepOut(String(body.client_secret), String(body.registration_access_token))
  })

  it('2: lets a registered client sign people in, once they consent', async () => {
    const { body } = await register({ ...shop, token_endpoint_auth_method: 'client_secret_post' })
    const page = await consenting(body)
    expect(page.text).to.include('Shop').and.include('shop.example')
    const answer = await tokens(body)
    expect(answer.status).to.equal(200)
    expect(await latchkey.verified(answer.body.id_token)).to.include({ aud: body.client_id })
    const apps = await browser.get(`${latchkey.issuer}/account/apps`)
    expect(apps.text).to.include('Shop').and.include('shop.example')
  })

  it('OpenID Connect Registration 1.0, 2: signs ID tokens with the requested algorithm, where there is a key for it', async () => {
    const asked = { token_endpoint_auth_method: 'client_secret_post', id_token_signed_response_alg: 'EdDSA' }
    const { body } = await register({ ...shop, ...asked })
    const answer = await tokens(body)
    expect(decodeProtectedHeader(String(answer.body.id_token))).to.include({ alg: 'EdDSA' })
    expect(await latchkey.verified(answer.body.id_token)).to.include({ aud: body.client_id })
  })

  it('OpenID Connect Registration 1.0, 2: signs them with RS256, the default of that specification', async () => {
    const asked = { token_endpoint_auth_method: 'client_secret_post', id_token_signed_response_alg: 'RS256' }
    const { body } = await register({ ...shop, ...asked })
    const answer = await tokens(body)
    expect(decodeProtectedHeader(String(answer.body.id_token))).to.include({ alg: 'RS256' })
    expect(await latchkey.verified(answer.body.id_token)).to.include({ aud: body.client_id })
  })

  it('2: issues no secret to a client that needs none', async () => {
    const { body } = await register({ ...shop, token_endpoint_auth_method: 'none' })
    expect(body).to.not.have.any.keys('client_secret', 'client_secret_expires_at')
  })

  it('2: lets a client choose neither its id nor its secret, and is never first-party', async () => {
    const { body } = await register({
      ...shop,
      client_id: 'trading',
      client_secret: 'x'.repeat(40),
      first_party: true,
      policy: 'anything',
      tile: 'trading',
      authorization_details_types: ['payment'],
      token_endpoint_auth_method: 'client_secret_post',
    })
    expect(body.client_id).to.match(/^app_/)
    expect(body.client_secret).to.not.equal('x'.repeat(40))
    expect(body).to.include({ policy: 'third-party' }).and.not.have.any.keys('first_party', 'tile')
    expect(body.authorization_details_types ?? []).to.deep.equal([])
    const page = await consenting(body)
    expect(page.url).to.include('/interaction/')
  })

  const refused: readonly [string, Metadata, string, RegExp][] = [
    [
      'plain http',
      { redirect_uris: ['http://shop.example/'] },
      'invalid_redirect_uri',
      /redirect_uris\[0\] must be https/,
    ],
    ['a fragment', { redirect_uris: [`${redirect}#x`] }, 'invalid_redirect_uri', /without a fragment/],
    ['a wildcard', { redirect_uris: ['https://*.shop.example/'] }, 'invalid_redirect_uri', /wildcard/],
    ['no redirect URI', { redirect_uris: [] }, 'invalid_redirect_uri', /redirect_uris/],
    ['a script for a redirect URI', { redirect_uris: ['javascript:alert(1)'] }, 'invalid_redirect_uri', /scheme like/],
    ['a scheme that anybody may have', { redirect_uris: ['shop:/cb'] }, 'invalid_redirect_uri', /scheme like com/],
    ['the implicit grant', { grant_types: ['implicit'] }, 'invalid_client_metadata', /grant_types/],
    [
      'tokens of its own',
      { grant_types: ['authorization_code', 'client_credentials'] },
      'invalid_client_metadata',
      /client_credentials/,
    ],
    [
      'to be signed with what nobody here uses',
      { id_token_signed_response_alg: 'PS256' },
      'invalid_client_metadata',
      /id_token/,
    ],
    ['another answer', { response_types: ['code id_token'] }, 'invalid_client_metadata', /response_types/],
    ['a scope of which nothing is left', { scope: 'hold' }, 'invalid_client_metadata', /scope: nothing/],
    ['an API', { apis: { [api]: ['read'] } }, 'invalid_client_metadata', /read of .* is not allowed/],
    [
      'a logo over http',
      { logo_uri: 'http://shop.example/l.png' },
      'invalid_client_metadata',
      /logo_uri must be https/,
    ],
    ['a script for its terms', { tos_uri: 'javascript:alert(1)' }, 'invalid_client_metadata', /tos_uri/],
    ['a name of the suite', { client_name: 'TRADING' }, 'invalid_client_metadata', /that of another app/],
    [
      'a name with letters that pass for others',
      { client_name: 'Tr\u0430ding' },
      'invalid_client_metadata',
      /client_name/,
    ],
    ['a name that turns the text', { client_name: 'Shop\u202e' }, 'invalid_client_metadata', /client_name/],
    [
      'a private key',
      { jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd' }] } },
      'invalid_client_metadata',
      /jwks/,
    ],
    ['keys twice', { jwks: { keys: [] }, jwks_uri: 'https://shop.example/jwks' }, 'invalid_client_metadata', /jwks/],
  ]
  for (const [what, more, error, description] of refused) {
    it(`3.2.2: refuses ${what} by ${error}`, async () => {
      const { status, body } = await register({ ...shop, ...more })
      expect(status).to.equal(400)
      expect(body.error).to.equal(error)
      expect(body.error_description)
        .to.match(description)
        .and.match(/^[\x20-\x21\x23-\x5B\x5D-\x7E]*$/)
    })
  }

  it('3.2.2: reports every fault at once', async () => {
    const { body } = await register({ ...shop, client_name: ' ', redirect_uris: ['http://a.example/'], tos_uri: 'x' })
    for (const each of ['redirect_uris[0]', 'client_name', 'tos_uri']) expect(body.error_description).to.include(each)
  })

  it('3.1: accepts only a JSON object', async () => {
    for (const body of ['[]', '{', 'null', '"x"']) expect((await register(body)).status).to.equal(400)
    const form = await fetch(String(latchkey.metadata.registration_endpoint), {
      method: 'POST',
      body: new URLSearchParams({ client_name: 'Shop' }),
    })
    expect(form.status).to.equal(400)
  })

  it('5: limits how many clients one address can register', async () => {
    const answers = await Promise.all(Array.from({ length: 25 }, () => register(shop)))
    expect(answers.filter(({ status }) => status === 201)).to.have.lengthOf(20)
    const last = answers.find(({ status }) => status !== 201)
    expect(last?.status).to.equal(429)
    expect(last?.body.error).to.equal('slow_down')
  })

  it('RFC 8252, 7: recognises an app on a device by its redirect URIs, and allows any port', async () => {
    for (const uri of ['http://127.0.0.1/cb', 'http://[::1]/cb', 'com.example.shop:/cb']) {
      const { body } = await register({ ...shop, redirect_uris: [uri], token_endpoint_auth_method: 'none' })
      expect(body.application_type).to.equal('native')
      const called = uri.startsWith('http:') ? uri.replace('/cb', ':51004/cb') : uri
      const page = await consenting(body, { redirect_uri: called })
      expect(page.text).to.include('an app on this device')
      const allowed = await browser.post(`${page.url}/consent`, {}, { follow: false })
      const back = await browser.get(allowed.location ?? '', { follow: false })
      expect(back.location).to.include(`${called}?code=`)
    }
  })

  it('OpenID Connect Registration 1.0, 4.2: reads a client only by its own token', async () => {
    const [one, other] = [await register(shop), await register(shop)]
    const read = await send(
      'GET',
      String(one.body.registration_client_uri),
      undefined,
      String(one.body.registration_access_token),
    )
    expect(read.body).to.include({ client_id: one.body.client_id, client_secret: one.body.client_secret })
    for (const bearer of [undefined, 'nonsense'])
      expect((await send('GET', String(one.body.registration_client_uri), undefined, bearer)).status).to.be.oneOf([
        400, 401,
      ])
    const crossed = await send(
      'GET',
      String(one.body.registration_client_uri),
      undefined,
      String(other.body.registration_access_token),
    )
    expect(crossed.status).to.equal(401)
    // Such an attempt shows that the token has leaked: it is void.
    const again = await send(
      'GET',
      String(other.body.registration_client_uri),
      undefined,
      String(other.body.registration_access_token),
    )
    expect(again.status).to.equal(401)
  })
})

describe('registration that is turned off', () => {
  it('answers 404, and is not advertised', async () => {
    const latchkey = await ground({ clients: [declared('trading')] })
    expect(latchkey.metadata).to.not.have.property('registration_endpoint')
    expect(await fetch(`${latchkey.issuer}/register`, { method: 'POST' }).then(({ status }) => status)).to.be.oneOf([
      404, 405,
    ])
    await latchkey.stop()
  })
})
