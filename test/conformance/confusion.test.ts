import { expect } from 'chai'
import { api, callback, challenge, declared, type Ground, ground, keyed } from './ground.ts'
import { assertion, dpop, type Pair, pair, seconds, signed } from './proving.ts'
import { grant } from './shops.ts'

const asserted = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

describe('JWTs of a client do not pass for one another (RFC 8725, 2.8 and 3.11; RFC 9101, 10.8)', () => {
  let here: Ground
  let key: Pair
  before(async () => {
    key = await pair()
    here = await ground({
      clients: [
        keyed('signs', key, { grant_types: ['authorization_code', 'client_credentials'] }),
        declared('wallet', { token_endpoint_auth_method: 'none', client_secret: undefined }),
        keyed('shop', key, {
          grant_types: [grant],
          redirect_uris: [],
          backchannel_token_delivery_mode: 'poll',
          backchannel_authentication_request_signing_alg: 'ES256',
        }),
      ],
      keys: { signs: key, shop: key },
    })
  })
  after(() => here.stop())

  const claims = () => ({
    iss: 'signs',
    sub: 'signs',
    aud: here.issuer,
    jti: crypto.randomUUID(),
    iat: seconds(),
    exp: seconds() + 60,
  })
  const asks = () => ({
    ...{
      iss: 'signs',
      aud: here.issuer,
      client_id: 'signs',
      iat: seconds(),
      nbf: seconds(),
      exp: seconds() + 60,
      jti: crypto.randomUUID(),
    },
    ...{ response_type: 'code', scope: 'openid', redirect_uri: callback('signs'), state: 'x' },
    ...{ code_challenge: challenge, code_challenge_method: 'S256' },
  })
  const token = async (client_assertion: string) =>
    here.post('token', {
      client_assertion,
      client_assertion_type: asserted,
      grant_type: 'client_credentials',
      resource: api,
    })
  const push = async (request: string) =>
    here.post('pushed_authorization_request', { ...(await here.proof('signs')), request })

  const assertions: [what: string, make: () => Promise<string>, status: number][] = [
    ['a plain one', () => signed(key, claims()), 200],
    ['one of type JWT', () => signed(key, claims(), { typ: 'JWT' }), 200],
    ['one of its own type', () => signed(key, claims(), { typ: 'client-authentication+jwt' }), 200],
    ['one for one audience in a list', () => signed(key, { ...claims(), aud: [here.issuer] }), 200],
    ['one for several', () => signed(key, { ...claims(), aud: [here.issuer, 'https://other.example'] }), 401],
    ['a request object', () => signed(key, { ...asks(), sub: 'signs' }, { typ: 'oauth-authz-req+jwt' }), 401],
    ['a request object without a type', () => signed(key, { ...asks(), sub: 'signs' }), 401],
    ['a request object without a subject', () => signed(key, asks()), 401],
    ['a DPoP proof', () => dpop(key, { htu: `${here.issuer}/token` }, claims()), 401],
    ['a logout token', () => signed(key, claims(), { typ: 'logout+jwt' }), 401],
    ['an access token', () => signed(key, claims(), { typ: 'at+jwt' }), 401],
    ['one of a type that is no text', () => signed(key, claims(), { typ: {} as string }), 401],
  ]
  for (const [what, make, status] of assertions)
    it(`as a client's assertion: ${what} ${status === 200 ? 'passes' : 'does not'}`, async () =>
      expect((await token(await make())).status).to.equal(status))

  const objects: [what: string, make: () => Promise<string>, status: number][] = [
    ['a plain one', () => signed(key, asks()), 201],
    ['one of its own type', () => signed(key, asks(), { typ: 'oauth-authz-req+jwt' }), 201],
    ['one of its own type in full', () => signed(key, asks(), { typ: 'application/oauth-authz-req+jwt' }), 201],
    ['one for one audience in a list', () => signed(key, { ...asks(), aud: [here.issuer] }), 201],
    // Servers share request objects (RFC 9101, 4); FAPI's conformance tests send such ones.
    ['one for several', () => signed(key, { ...asks(), aud: [here.issuer, 'https://other.example'] }), 201],
    ['one whose subject is the client', () => signed(key, { ...asks(), sub: 'signs' }), 400],
    [
      'an assertion',
      () => signed(key, { ...claims(), ...asks(), sub: 'signs' }, { typ: 'client-authentication+jwt' }),
      400,
    ],
    ['an assertion by type alone', () => signed(key, asks(), { typ: 'client-authentication+jwt' }), 400],
    ['a DPoP proof', () => dpop(key, { htu: `${here.issuer}/par` }, asks()), 400],
  ]
  for (const [what, make, status] of objects)
    it(`as a request object: ${what} ${status === 201 ? 'passes' : 'does not'}`, async () =>
      expect((await push(await make())).status).to.equal(status))

  it('a request object authenticates nobody at introspection, revocation or CIBA', async () => {
    for (const endpoint of ['introspection', 'revocation', 'backchannel_authentication']) {
      const client_assertion = await signed(key, { ...asks(), sub: 'signs' })
      const { status } = await here.post(endpoint, { client_assertion, client_assertion_type: asserted, token: 'x' })
      expect(status, endpoint).to.equal(401)
    }
  })

  it('introspection requires client authentication, whatever the token (RFC 7662, 2.1)', async () => {
    for (const token of ['x', 'x'.repeat(43), 'a.b.c'])
      expect((await here.post('introspection', { client_id: 'wallet', token })).body.error, token).to.equal(
        'invalid_client',
      )
    expect((await here.post('introspection', { ...(await here.proof('signs')), token: 'x' })).body).to.deep.equal({
      active: false,
    })
    expect((await here.post('revocation', { client_id: 'wallet', token: 'x' })).status).to.equal(200)
  })

  describe('signed requests of CIBA (CIBA Core 1.0, 7.1.1)', () => {
    const usual = () => ({
      ...{
        iss: 'shop',
        aud: here.issuer,
        iat: seconds(),
        nbf: seconds(),
        exp: seconds() + 60,
        jti: crypto.randomUUID(),
      },
      ...{ scope: 'openid', login_hint: 'nobody@example.com' },
    })
    const ask = async (request: string | undefined, more: object = {}) =>
      here.post('backchannel_authentication', { ...(await here.proof('shop')), ...more, request })

    it('have their algorithms in discovery', () => {
      const offered = (here.metadata as Record<string, unknown>)
        .backchannel_authentication_request_signing_alg_values_supported
      expect(offered).to.include.members(['ES256', 'EdDSA', 'PS256'])
      expect(String(offered)).to.not.match(/HS|none/)
    })

    it('are accepted once', async () => {
      // The person is unknown, but the request itself was accepted.
      const request = await signed(key, usual())
      expect((await ask(request)).body.error).to.equal('unknown_user_id')
      const again = await ask(request)
      expect([again.status, again.body.error]).to.deep.equal([400, 'invalid_request'])
    })

    it('are required of a client that registered so, and parameters beside one are ignored', async () => {
      expect((await ask(undefined, usual())).body.error).to.equal('invalid_request')
      const beside = await ask(await signed(key, { ...usual(), login_hint: undefined }), {
        login_hint: 'nobody@example.com',
      })
      expect(beside.body.error).to.equal('invalid_request')
    })

    for (const name of ['iss', 'aud', 'exp', 'iat', 'nbf', 'jti'])
      it(`must have ${name}`, async () => {
        const { status, body } = await ask(await signed(key, { ...usual(), [name]: undefined }))
        expect([status, body.error]).to.deep.equal([400, 'invalid_request'])
      })

    it('are refused by another client, for another server, expired, in the future, with too long a life, or signed with a secret', async () => {
      const other = await pair()
      for (const request of [
        await signed(other, usual()),
        await signed(key, { ...usual(), iss: 'signs' }),
        await signed(key, { ...usual(), aud: 'https://other.example' }),
        await signed(key, { ...usual(), exp: seconds() - 60 }),
        await signed(key, { ...usual(), nbf: seconds() + 600 }),
        await signed(key, { ...usual(), exp: seconds() + 7_200 }),
        await signed(key, { ...usual(), jti: 7 as unknown as string }),
        await signed(key, { ...usual(), sub: 'shop' }),
        (await assertion('shop', key, { aud: here.issuer })).client_assertion ?? '',
      ])
        expect((await ask(request)).body.error).to.equal('invalid_request')
    })
  })
})
