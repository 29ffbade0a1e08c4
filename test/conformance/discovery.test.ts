import { expect } from 'chai'
import { decodeProtectedHeader, type JWTPayload, SignJWT } from 'jose'
import { approve } from '../support/approvals.ts'
import { authenticator } from '../support/authenticator.ts'
import type { Person } from '../support/people.ts'
import { securityAt } from '../support/security.ts'
import { appWith, elsewhereTrials, namedTrials, signers, trialClients } from './advertised.ts'
import {
  api,
  callback,
  ended,
  type Ground,
  ground,
  type Parameters,
  read,
  secretOf,
  stranger,
  verifier,
} from './ground.ts'
import { type Hearing, hearing } from './hearing.ts'
import { assertion, dpop, type Pair, pair, seconds, signed } from './proving.ts'

/** Tries one advertised value. Throws when it does not work, or when no test covers it. */
type Trial = (value: string) => Promise<unknown>

describe('discovery (OpenID Connect Discovery 1.0, RFC 8414)', () => {
  let here: Ground
  let ada: Person
  let app: Hearing
  let keys: Record<string, Pair>
  before(async () => {
    keys = Object.fromEntries(await Promise.all(signers.map(async alg => [appWith('key', alg), await pair(alg)])))
    app = await hearing()
    here = await ground({
      clients: trialClients(keys, app.url),
      keys,
      environment: { LATCHKEY_REGISTRATION: 'open', LATCHKEY_CIMD: '*' },
      apis: [
        {
          resource: api,
          name: 'Ledger',
          scopes: ['read', 'write'],
          authorization_details_types: ['payment', 'withdrawal'],
          client_id: 'service',
        },
      ],
    })
    ada = await here.person()
    await ada.browser.post(`${here.issuer}/account/profile`, { name: 'A', username: 'a', language: 'en', zone: 'UTC' })
    await securityAt(here.latchkey).addPhone(ada)
  })
  after(async () => {
    app.close()
    await here.stop()
  })

  const code = async (app: string, more: Parameters = {}) => (await here.ask(app, ada.browser, more)).told.get('code')
  const tokens = async (app = 'desk', more: Parameters = {}) => (await here.tokens(app, ada.browser, more)).body
  const answers = async (endpoint: string, form: Parameters) =>
    (await here.post(endpoint, { ...(await here.proof('desk')), ...form })).body
  const signedBy = (jwt: unknown, alg: string) => expect(decodeProtectedHeader(String(jwt)).alg).to.equal(alg)
  const bearer = (token: unknown) => ({ authorization: `Bearer ${token}` })

  const methods: Readonly<Record<string, () => Promise<Parameters>>> = {
    client_secret_basic: async () => ({}),
    client_secret_post: async () => ({ client_id: 'desk', client_secret: secretOf('desk') }),
    client_secret_jwt: async () => ({ client_assertion_type: jwtBearer, client_assertion: await hashed() }),
    private_key_jwt: async () => here.proof(appWith('key', 'ES256')),
    none: async () => ({ client_id: 'phone' }),
  }
  const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
  const hashed = () =>
    new SignJWT({ iss: 'hashed', sub: 'hashed', aud: here.issuer, jti: crypto.randomUUID(), exp: seconds() + 60 })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode(secretOf('hashed')))
  /** An authenticated client is told only that the token is inactive. */
  const proves = async (form: Parameters, headers = {}) => {
    const nothing = { grant_type: 'refresh_token', refresh_token: 'x' }
    expect((await here.post('token', { ...nothing, ...form }, headers)).body.error).to.equal('invalid_grant')
  }

  const thought =
    (of: Readonly<Record<string, () => Promise<unknown>>>): Trial =>
    async value => {
      if (!of[value]) throw new Error(`nobody thought of ${value}`)
      await of[value]()
    }

  const trials: Readonly<Record<string, Trial>> = {
    ...elsewhereTrials(() => ({ here, ada, keys })),
    issuer: async value => {
      expect(value).to.equal(here.issuer)
      expect((await here.get(`${value}/.well-known/oauth-authorization-server`)).body).to.deep.equal(here.metadata)
    },
    authorization_endpoint: async value =>
      expect((await here.ask('desk', ada.browser)).page.trail[0]).to.contain(value),
    token_endpoint: async value => expect((await here.post(value, {})).status).to.equal(401),
    userinfo_endpoint: async value =>
      expect((await here.get(value, bearer((await tokens()).access_token))).body.sub).to.be.a('string'),
    jwks_uri: async value => expect((await here.get(value)).body.keys).to.be.an('array').that.is.not.empty,
    end_session_endpoint: async value => {
      const { id_token } = await tokens()
      expect((await ada.browser.get(`${value}?id_token_hint=${id_token}`)).text).to.contain(ada.email)
    },
    introspection_endpoint: async value =>
      expect((await answers(value, { token: String((await tokens()).access_token) })).active).to.equal(true),
    revocation_endpoint: async value => {
      const token = String((await tokens()).access_token)
      await answers(value, { token })
      expect((await answers('introspection', { token })).active).to.equal(false)
    },
    pushed_authorization_request_endpoint: async value => {
      const { request_uri } = await answers(value, Object.fromEntries(here.request('desk')))
      const query = new URLSearchParams({ client_id: 'desk', request_uri: String(request_uri) })
      const page = await ada.browser.get(`${here.metadata.authorization_endpoint}?${query}`)
      expect(ended(page, here.issuer).told.get('code')).to.be.a('string')
    },
    acr_values_supported: async value => {
      const claims = JSON.stringify({ id_token: { acr: { essential: true, value } } })
      if (value !== 'phr') return expect(read((await tokens('desk', { claims })).id_token).acr).to.equal(value)
      const device = authenticator()
      const strong = await here.person(device)
      const { page } = await here.ask('desk', strong.browser, { claims })
      const { told } = ended(await approve(strong, page, device), here.issuer)
      const form = { grant_type: 'authorization_code', redirect_uri: callback('desk'), code_verifier: verifier }
      const { body } = await here.token('desk', { ...form, code: told.get('code') ?? '' })
      return expect(read(body.id_token).acr).to.equal(value)
    },
    authorization_details_types_supported: async type => {
      const { body } = await here.post('pushed_authorization_request', {
        ...(await here.proof('desk')),
        ...Object.fromEntries(
          here.request('desk', { resource: api, authorization_details: JSON.stringify([{ type }]) }),
        ),
      })
      // Its type is known, and its other members are missing.
      expect(body).to.include({ error: 'invalid_authorization_details' })
      expect(String(body.error_description)).to.not.match(/type/)
    },
    authorization_response_iss_parameter_supported: async () =>
      expect((await here.ask('desk', ada.browser)).told.get('iss')).to.equal(here.issuer),
    backchannel_logout_supported: async () => {
      const somebody = await here.person()
      const { body } = await here.tokens('told', somebody.browser)
      const { id_token } = body
      const asked = await somebody.browser.get(`${here.metadata.end_session_endpoint}?id_token_hint=${id_token}`)
      await asked.submit({}, 'Sign out')
      const { sid, sub } = read(id_token)
      expect(await here.verified(await app.heard())).to.include({ aud: 'told', sid, sub })
    },
    backchannel_logout_session_supported: async () =>
      expect(read((await tokens('told')).id_token).sid).to.be.a('string'),
    claim_types_supported: async value => expect(value).to.equal('normal'),
    claims_parameter_supported: async () => {
      const claims = JSON.stringify({ id_token: { email: null } })
      expect(read((await tokens('desk', { claims })).id_token).email).to.equal(ada.email)
    },
    claims_supported: async claim => {
      const claims = JSON.stringify({ id_token: { [claim]: { essential: true } } })
      expect(read((await tokens('desk', { claims })).id_token), claim).to.have.property(claim)
    },
    client_id_metadata_document_supported: async () => {
      const { page } = await here.ask('desk', ada.browser, { client_id: 'https://nowhere.invalid/app' })
      expect(page.status).to.equal(400)
    },
    code_challenge_methods_supported: async code_challenge_method =>
      expect(await code('desk', { code_challenge_method })).to.be.a('string'),
    dpop_signing_alg_values_supported: async alg => {
      const DPoP = await dpop(await pair(alg), { htu: String(here.metadata.token_endpoint) })
      const { body } = await here.token('service', { grant_type: 'client_credentials', resource: api }, { DPoP })
      expect(body.token_type, alg).to.equal('DPoP')
    },
    grant_types_supported: value => thought(namedTrials(here, ada).grants)(value),
    id_token_signing_alg_values_supported: async alg => signedBy((await tokens(appWith('op', alg))).id_token, alg),
    userinfo_signing_alg_values_supported: async alg => {
      const { access_token } = await tokens(appWith('op', alg))
      signedBy((await here.get('userinfo', bearer(access_token))).text, alg)
    },
    introspection_signing_alg_values_supported: async alg => {
      const app = appWith('op', alg)
      const token = String((await tokens(app)).access_token)
      const accept = { accept: 'application/token-introspection+jwt' }
      signedBy((await here.post('introspection', { ...(await here.proof(app)), token }, accept)).text, alg)
    },
    authorization_signing_alg_values_supported: async alg =>
      signedBy((await here.ask(appWith('op', alg), ada.browser, { response_mode: 'jwt' })).told.get('response'), alg),
    prompt_values_supported: value => thought(namedTrials(here, ada).prompts)(value),
    registration_endpoint: async value => {
      const body = JSON.stringify({ client_name: 'Shop', redirect_uris: ['https://shop.example/callback'] })
      const headers = { 'content-type': 'application/json' }
      expect((await fetch(value, { method: 'POST', headers, body })).status).to.equal(201)
    },
    request_parameter_supported: async value => expect(value).to.equal('true'),
    request_object_signing_alg_values_supported: async alg => {
      const app = appWith('key', alg)
      const asked: JWTPayload = Object.fromEntries(here.request(app))
      const claims = { ...asked, iss: app, aud: here.issuer, exp: seconds() + 60 }
      const request = await signed(keys[app] as Pair, claims)
      const query = new URLSearchParams({ client_id: app, request })
      const page = await ada.browser.get(`${here.metadata.authorization_endpoint}?${query}`)
      expect(ended(page, here.issuer).told.get('code'), alg).to.be.a('string')
    },
    request_uri_parameter_supported: async value => {
      expect(value).to.equal('false')
      const { told } = await here.ask('desk', ada.browser, { request_uri: 'https://desk.example/request' })
      expect(told.get('error')).to.equal('request_uri_not_supported')
    },
    response_modes_supported: async response_mode => {
      const { page, told, at } = await here.ask('desk', ada.browser, { response_mode })
      const posted = page.forms.flatMap(form => form.fields.map(each => each.name))
      expect(at?.hash !== '' && at !== undefined, response_mode).to.equal(response_mode.startsWith('fragment'))
      expect([...told.keys(), ...posted]).to.include(response_mode.endsWith('jwt') ? 'response' : 'code')
    },
    response_types_supported: async response_type => expect(await code('desk', { response_type })).to.be.a('string'),
    scopes_supported: async scope => {
      const more = { scope: `openid ${scope}`, ...(scope === 'offline_access' && { prompt: 'consent' }) }
      const { page, told } = await here.ask('desk', ada.browser, more)
      const agreed = told.has('code') ? told : ended(await page.submit({}, { action: '/consent' }), here.issuer).told
      const form = { grant_type: 'authorization_code', redirect_uri: callback('desk'), code_verifier: verifier }
      const { body } = await here.token('desk', { ...form, code: agreed.get('code') ?? '' })
      expect(String(body.scope).split(' ')).to.include(scope)
    },
    subject_types_supported: async value => {
      const [mine, plain] = [read((await tokens(value)).id_token).sub, read((await tokens()).id_token).sub]
      expect(mine === plain).to.equal(value === 'public')
    },
    token_endpoint_auth_methods_supported: async method => {
      if (!methods[method]) throw new Error(`nobody thought of ${method}`)
      const basic = { authorization: `Basic ${btoa(`basic:${secretOf('basic')}`)}` }
      await proves(await methods[method](), method === 'client_secret_basic' ? basic : {})
    },
    token_endpoint_auth_signing_alg_values_supported: async alg => {
      if (alg === 'HS256') return proves({ client_assertion_type: jwtBearer, client_assertion: await hashed() })
      const app = appWith('key', alg)
      return proves(await assertion(app, keys[app] as Pair, { aud: here.issuer }))
    },
    ui_locales_supported: async ui_locales => {
      const { page } = await here.ask('desk', stranger(), { ui_locales })
      expect(page.find('html')?.attributes.lang).to.equal(ui_locales)
    },
  }

  it('advertises nothing that is not tried here', () => expect(here.metadata).to.have.all.keys(Object.keys(trials)))

  for (const [name, tried] of Object.entries(trials))
    it(`advertises what works: ${name}`, async () => {
      const advertised = (here.metadata as unknown as Record<string, unknown>)[name]
      for (const value of [advertised].flat()) await tried(String(value))
    })
})
