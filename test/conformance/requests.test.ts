import { expect } from 'chai'
import { SignJWT, UnsecuredJWT } from 'jose'
import { authenticatorCode, type Person } from '../support/people.ts'
import { declared, ended, type Ground, ground, keyed, type Parameters, stranger } from './ground.ts'
import { type Pair, pair, seconds, signed } from './proving.ts'

describe('requests that are pushed (RFC 9126) or signed (RFC 9101)', () => {
  let here: Ground
  let person: Person
  let key: Pair
  let rival: Pair
  before(async () => {
    ;[key, rival] = [await pair(), await pair()]
    here = await ground({
      keys: { desk: key, strict: key, rival },
      clients: [
        keyed('desk', key),
        keyed('strict', key, { require_signed_request_object: true }),
        keyed('rival', rival),
        declared('pusher', { require_pushed_authorization_requests: true }),
        declared('plain'),
      ],
    })
    person = await here.person()
  })
  after(() => here.stop())

  const pushed = async (app: string, more: Parameters = {}) => {
    const form = here.request(app, more)
    for (const [name, value] of Object.entries(await here.proof(app))) form.set(name, value)
    return here.post('pushed_authorization_request', form)
  }
  /** Sends a browser with the reference of a pushed request. */
  const follow = async (app: string, request_uri: unknown, more: Record<string, string> = {}) => {
    const query = new URLSearchParams({ client_id: app, request_uri: String(request_uri), ...more })
    return ended(await person.browser.get(`${here.metadata.authorization_endpoint}?${query}`), here.issuer)
  }
  const object = (app: string, more = {}, by = key, header = {}) => {
    const asked = Object.fromEntries(here.request(app))
    return signed(by, { ...asked, iss: app, aud: here.issuer, exp: seconds() + 60, nbf: seconds(), ...more }, header)
  }
  /** Sends a request object by value. */
  const send = async (app: string, request: string, more: Parameters = {}) => {
    const query = new URLSearchParams({ client_id: app, request, ...(more as Record<string, string>) })
    return ended(await person.browser.get(`${here.metadata.authorization_endpoint}?${query}`), here.issuer)
  }

  describe('pushed', () => {
    it('2.2: issues a reference for a minute, to a client that authenticates', async () => {
      const { status, body, headers } = await pushed('plain')
      expect(status).to.equal(201)
      expect(body.expires_in).to.equal(60)
      expect(body.request_uri).to.match(/^urn:ietf:params:oauth:request_uri:.{20,}/)
      expect(headers.get('cache-control')).to.equal('no-store')
      const unproved = await here.post('pushed_authorization_request', here.request('plain'))
      expect([unproved.status, unproved.body.error]).to.deep.equal([401, 'invalid_client'])
      expect((await here.get('pushed_authorization_request')).status).to.be.within(404, 405)
    })

    it('2.1: refuses a faulty request at once, one with request_uri included', async () => {
      for (const more of [
        { redirect_uri: 'https://evil.example/' },
        { redirect_uri: undefined },
        { code_challenge: undefined, code_challenge_method: undefined },
        { code_challenge_method: 'plain' },
        { response_type: 'code id_token' },
        { request_uri: 'urn:ietf:params:oauth:request_uri:x' },
        { scope: ['openid', 'email'] },
        { state: ['one', 'two'] },
      ] as Parameters[]) {
        const { status, body } = await pushed('plain', more)
        expect([status, typeof body.error], JSON.stringify(more)).to.deep.equal([400, 'string'])
      }
    })

    it('4: accepts a reference once, from its own client, and ignores parameters beside it', async () => {
      const { body } = await pushed('plain', { scope: 'openid email' })
      const stolen = await follow('desk', body.request_uri)
      expect(stolen.told.get('code')).to.equal(null)
      const { told, at } = await follow('plain', body.request_uri, {
        redirect_uri: 'https://evil.example/',
        state: 'x',
      })
      expect(at?.origin).to.equal('https://plain.example')
      expect(told.get('state')).to.equal('a state')
      const again = await follow('plain', body.request_uri)
      expect([again.told.get('code'), again.page.status]).to.deep.equal([null, 400])
      const unknown = await follow('plain', 'urn:ietf:params:oauth:request_uri:never')
      expect([unknown.told.get('code'), unknown.page.status]).to.deep.equal([null, 400])
    })

    it('4: issues one code for a reference that was opened twice, however late the second comes', async () => {
      const { body } = await pushed('plain', { prompt: 'login' })
      const open = async () => (await follow('plain', body.request_uri)).page
      const [one, two] = [await open(), await open()]
      const done = async (page: typeof one) => {
        const next = await page.submit({ password: person.password })
        return ended(await next.submit({ code: authenticatorCode(here.latchkey, person) }), here.issuer)
      }
      expect((await done(two)).told.get('code')).to.be.a('string')
      here.latchkey.clock.pass(120_000)
      expect((await done(one)).told.get('code')).to.equal(null)
    })

    it('5: refuses requests that are not pushed from a client that must push, posted or not', async () => {
      expect((await here.ask('pusher', person.browser)).told.get('error')).to.equal('invalid_request')
      const url = String(here.metadata.authorization_endpoint)
      const form = Object.fromEntries(here.request('pusher'))
      const page = await person.browser.post(url, form, { from: 'https://pusher.example/' })
      expect(ended(page, here.issuer).told.get('error')).to.equal('invalid_request')
      const { body } = await pushed('pusher')
      expect((await follow('pusher', body.request_uri)).told.get('code')).to.be.a('string')
    })

    it('5: requires it of every client where the operator says so', async () => {
      const strict = await ground({ clients: [declared('desk')], environment: { LATCHKEY_REQUIRE_PAR: 'yes' } })
      expect(strict.metadata.require_pushed_authorization_requests).to.equal(true)
      expect((await strict.ask('desk', stranger())).told.get('error')).to.equal('invalid_request')
      await strict.stop()
    })
  })

  describe('signed', () => {
    it('5.2.1, 6.3: uses the parameters in the object, and none beside it', async () => {
      const request = await object('desk', { state: 'inside' })
      const { told, at } = await send('desk', request, { state: 'outside', scope: 'openid email', prompt: 'none' })
      expect(at?.origin).to.equal('https://desk.example')
      expect(told.get('state')).to.equal('inside')
      expect(told.get('code')).to.be.a('string')
      const without = await object('desk', { state: undefined })
      expect((await send('desk', without, { state: 'outside' })).told.get('state')).to.equal(null)
    })

    it('accepts one that is pushed', async () => {
      const form = {
        ...(await here.proof('strict')),
        request: await object('strict', { aud: [here.issuer, 'https://another.example'] }),
      }
      const { status, body } = await here.post('pushed_authorization_request', form)
      expect(status).to.equal(201)
      expect((await follow('strict', body.request_uri)).told.get('code')).to.be.a('string')
    })

    it('10.5: refuses unsigned requests from a client that signs', async () => {
      expect((await here.ask('strict', person.browser)).told.get('error')).to.equal('invalid_request')
      expect((await pushed('strict')).body.error).to.equal('invalid_request')
      expect((await send('strict', await object('strict'))).told.get('code')).to.be.a('string')
    })

    const secret = new TextEncoder().encode('plain-secret-of-the-conformance-tests-0000')
    const claims = (app: string) => ({
      ...Object.fromEntries(here.request(app)),
      iss: app,
      aud: here.issuer,
      exp: seconds() + 60,
    })
    const forged: [string, () => Promise<string> | string][] = [
      ['by nobody', () => new UnsecuredJWT(claims('desk')).encode()],
      [
        'with the public key as a secret',
        async () => {
          const text = new TextEncoder().encode(JSON.stringify(key.publicJwk))
          return new SignJWT(claims('desk')).setProtectedHeader({ alg: 'HS256' }).sign(text)
        },
      ],
      ['by another client', () => object('desk', {}, rival)],
      ['by another client, in its own name', () => object('desk', { iss: 'rival', client_id: 'rival' }, rival)],
      ['with a key of its own making', () => object('desk', {}, rival, { jwk: rival.publicJwk, kid: undefined })],
      ['for another server', () => object('desk', { aud: 'https://another.example' })],
      ['without an end', () => object('desk', { exp: undefined })],
      ['that is over', () => object('desk', { exp: seconds() - 300, nbf: seconds() - 600 })],
      ['that lasts for days', () => object('desk', { exp: seconds() + 200_000 })],
      ['of the future', () => object('desk', { nbf: seconds() + 90 })],
      ['with a request in it', async () => object('desk', { request: await object('desk') })],
      ['with a reference in it', () => object('desk', { request_uri: 'https://desk.example/request' })],
      ['that is no JWT', () => 'nonsense'],
    ]
    for (const [what, make] of forged)
      it(`10.1: refuses an object ${what}`, async () => {
        const { told, page } = await send('desk', await make())
        expect(told.get('code'), page.url).to.equal(null)
        const form = { ...(await here.proof('desk')), request: await make() }
        expect((await here.post('pushed_authorization_request', form)).status).to.equal(400)
      })

    it('refuses a shared secret as the key, and a client that has no key', async () => {
      const request = await new SignJWT(claims('plain')).setProtectedHeader({ alg: 'HS256' }).sign(secret)
      expect((await send('plain', request)).told.get('code')).to.equal(null)
      expect((await send('plain', await object('plain'))).told.get('code')).to.equal(null)
    })

    it('accepts a clock that is a few seconds ahead (FAPI 2.0, 5.3.2.1)', async () => {
      const request = await object('desk', { nbf: seconds() + 8, iat: seconds() + 8 })
      expect((await send('desk', request)).told.get('code')).to.be.a('string')
    })

    it('5.2.2: fetches no request from anywhere', async () => {
      const { told } = await here.ask('desk', person.browser, { request_uri: 'https://desk.example/request' })
      expect(told.get('error')).to.equal('request_uri_not_supported')
      expect(here.metadata.request_uri_parameter_supported).to.equal(false)
    })
  })
})
