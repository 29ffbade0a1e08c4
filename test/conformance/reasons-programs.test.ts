import { expect } from 'chai'
import { callback, declared, type Ground, ground, keyed, type Parameters, verifier } from './ground.ts'
import { assertion, dpop, type Pair, pair, seconds, signed } from './proving.ts'
import { lineOf, says, type Told } from './refused.ts'

describe('the reasons for refusals of programs', () => {
  let here: Ground
  let key: Pair
  before(async () => {
    key = await pair()
    here = await ground({
      clients: [
        declared('desk'),
        keyed('signs', key, { grant_types: ['authorization_code', 'client_credentials'] }),
        declared('bound', { dpop_bound_access_tokens: true }),
        declared('far', { ...keyed('far', key), jwks: undefined, jwks_uri: 'http://localhost:1/keys' }),
      ],
      keys: { signs: key, far: key },
      environment: { LATCHKEY_CIMD: '*', LATCHKEY_REGISTRATION: 'open' },
    })
  })
  after(() => here.stop())

  const own = () => here.proof('desk')
  const code = { grant_type: 'authorization_code', redirect_uri: callback('desk'), code_verifier: verifier }
  const calls: readonly [
    fault: string,
    endpoint: string,
    form: () => Promise<Parameters>,
    told: Told,
    headers?: () => Promise<Record<string, string>>,
  ][] = [
    [
      'no client',
      'token',
      async () => ({ grant_type: 'x' }),
      { refused: 'invalid_client', parameter: 'client authentication', received: /^no secret/ },
    ],
    [
      'an unknown client',
      'token',
      async () => ({ client_id: 'nobody', client_secret: 'hunter2' }),
      { refused: 'invalid_client', parameter: 'client_id', received: 'nobody' },
    ],
    [
      'a wrong secret',
      'introspection',
      async () => ({ client_id: 'desk', client_secret: 'hunter2', token: 'x' }),
      { refused: 'invalid_client', client: 'desk', parameter: 'client_secret', received: 'client_secret_post' },
    ],
    [
      'another way to authenticate',
      'token',
      async () => ({ client_id: 'signs', client_secret: 'hunter2' }),
      {
        client: 'signs',
        parameter: 'client authentication',
        expected: 'private_key_jwt',
        received: 'client_secret_post',
      },
    ],
    [
      'an assertion for another',
      'token',
      () => assertion('signs', key, { aud: 'https://other.example' }),
      { parameter: 'client_assertion aud', expected: /^http:/, received: 'https://other.example' },
    ],
    [
      'an assertion that has expired',
      'token',
      () => assertion('signs', key, { aud: here.issuer, exp: seconds() - 600 }),
      { client: 'signs', parameter: 'client_assertion exp', received: /^\d+$/ },
    ],
    [
      'keys that cannot be had',
      'token',
      async () => ({ ...(await assertion('far', key, { aud: here.issuer })), grant_type: 'x' }),
      {
        client: 'far',
        parameter: 'jwks_uri',
        received: 'localhost:1',
        why: /localhost:1 \(connection\).*ECONNREFUSED/,
      },
    ],
    [
      'a grant that it may not use',
      'token',
      async () => ({ ...(await own()), grant_type: 'client_credentials' }),
      {
        client: 'desk',
        parameter: 'grant_type',
        expected: 'authorization_code refresh_token',
        received: 'client_credentials',
      },
    ],
    [
      'a code that there is not',
      'token',
      async () => ({ ...(await own()), ...code, code: 'a-code-that-nobody-made' }),
      { refused: 'invalid_grant', client: 'desk', parameter: 'code', why: /authorization code not found/ },
    ],
    [
      'a refresh token that there is not',
      'token',
      async () => ({ ...(await own()), grant_type: 'refresh_token', refresh_token: 'x'.repeat(43) }),
      { refused: 'invalid_grant', parameter: 'refresh_token', why: /refresh token not found/ },
    ],
    ['no token', 'revocation', own, { refused: 'invalid_request', parameter: 'token', received: 'nothing' }],
    [
      'another body',
      'token',
      own,
      { parameter: 'Content-Type', received: 'text/plain' },
      async () => ({ 'content-type': 'text/plain' }),
    ],
    [
      'a proof for another address',
      'token',
      async () => ({ ...(await here.proof('bound')), ...code, code: 'x'.repeat(43) }),
      {
        refused: /invalid_(dpop_proof|grant)/,
        client: 'bound',
        parameter: 'DPoP htu',
        expected: /\/token$/,
        received: 'https://other.example/token',
      },
      async () => ({ dpop: await dpop(key, { htu: 'https://other.example/token' }) }),
    ],
    [
      'a request object for another',
      'pushed_authorization_request',
      async () => ({
        ...(await here.proof('signs')),
        request: await signed(key, {
          iss: 'signs',
          aud: 'https://other.example',
          client_id: 'signs',
          exp: seconds() + 60,
        }),
      }),
      { client: 'signs', parameter: 'request aud', expected: /^http:/, received: 'https://other.example' },
    ],
    [
      'a person who is not named',
      'device_authorization',
      own,
      { client: 'desk', parameter: 'grant_type', expected: 'authorization_code refresh_token' },
    ],
  ]
  for (const [fault, endpoint, form, told, headers] of calls)
    it(`are one line when a program gets an error: ${fault}`, async () => {
      const answer = await here.post(endpoint, await form(), await headers?.())
      expect(answer.status).to.be.within(400, 401)
      const line = lineOf(here, answer.headers.get('x-request-id'))
      says(line, told)
      expect(JSON.stringify(line)).to.not.match(/hunter2|secret-of-the|a-code-that-nobody|eyJ/)
      expect(line.status).to.equal(answer.status)
    })

  it('are one line when a registration is refused', async () => {
    const answer = await fetch(`${here.issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"redirect_uris":["http://evil.example/?key=hunter2"]}',
    })
    says(lineOf(here, answer.headers.get('x-request-id')), {
      refused: 'invalid_redirect_uri',
      parameter: 'redirect_uri',
    })
  })

  it('are one line when an invalid token is sent', async () => {
    const answer = await here.get('userinfo', { authorization: 'Bearer a-token-of-nobody' })
    says(lineOf(here, answer.headers.get('x-request-id')), { refused: 'invalid_token', parameter: 'access_token' })
  })
})
