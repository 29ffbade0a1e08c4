import { authenticating, type Expected, type Sent, same } from './callers.ts'
import { declared, type Ground, ground, secretOf } from './ground.ts'

const basic = (id: string, secret: string): string => `Basic ${btoa(`${id}:${secret}`)}`
const challenged = ['www-authenticate', /^Basic realm="http/] as const

/** Requests that cannot succeed at any endpoint where clients authenticate. */
const unauthenticated: readonly [fault: string, sent: Sent, expected: Expected][] = [
  ['nothing', { body: '' }, { status: 401, error: 'invalid_client', header: challenged }],
  ['no client', { body: 'token=x&grant_type=x' }, { status: 401, error: 'invalid_client', header: challenged }],
  [
    'a client that there is not',
    { body: 'client_id=nobody&client_secret=x' },
    { status: 401, error: 'invalid_client', header: challenged },
  ],
  ['a name and no secret', { body: 'client_id=desk' }, { status: 401, error: 'invalid_client', header: challenged }],
  [
    'a wrong secret',
    { body: '', headers: { authorization: basic('desk', 'wrong') } },
    { status: 401, error: 'invalid_client', header: challenged },
  ],
  [
    'credentials that cannot be read',
    { body: '', headers: { authorization: 'Basic %%%' } },
    { status: 401, error: 'invalid_client', header: challenged },
  ],
  [
    'another scheme',
    { body: '', headers: { authorization: 'Bearer abc' } },
    { status: 401, error: 'invalid_client', header: challenged },
  ],
  [
    'two ways at once',
    { body: 'client_secret=x', headers: { authorization: basic('desk', secretOf('desk')) } },
    { status: 400, error: 'invalid_request' },
  ],
  [
    'another type of body',
    { body: '<a/>', headers: { 'content-type': 'text/xml' } },
    { status: 400, error: 'invalid_request' },
  ],
]

describe('endpoints that programs call', () => {
  let here: Ground
  before(async () => {
    here = await ground({
      clients: [
        declared('desk'),
        declared('screen', {
          grant_types: ['urn:ietf:params:oauth:grant-type:device_code'],
          redirect_uris: [],
        }),
      ],
      environment: { LATCHKEY_REGISTRATION: 'open', LATCHKEY_METRICS_TOKEN: 'a token of those who read metrics' },
    })
  })
  after(() => here.stop())

  for (const path of authenticating)
    for (const [fault, sent, expected] of unauthenticated)
      it(`answer JSON and ${expected.status} ${expected.error} at ${path} to ${fault}`, () =>
        same(here.issuer, path, sent, expected))

  const own = `client_id=desk&client_secret=${secretOf('desk')}`
  const screen = `client_id=screen&client_secret=${secretOf('screen')}`
  const others: readonly [path: string, fault: string, sent: Sent, expected: Expected][] = [
    ['/token', 'no grant', { body: own }, { status: 400, error: 'invalid_request' }],
    [
      '/token',
      'a grant that there is not',
      { body: `${own}&grant_type=x` },
      { status: 400, error: 'unsupported_grant_type' },
    ],
    [
      '/token',
      'a code that there is not',
      { body: `${own}&grant_type=authorization_code&code=x&redirect_uri=x` },
      { status: 400, error: 'invalid_grant' },
    ],
    [
      '/token',
      'a refresh token that there is not',
      { body: `${own}&grant_type=refresh_token&refresh_token=x` },
      { status: 400, error: 'invalid_grant' },
    ],
    [
      '/token',
      'a device that there is not',
      { body: `${screen}&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=x` },
      { status: 400, error: 'invalid_grant' },
    ],
    ['/introspect', 'no token', { body: own }, { status: 400, error: 'invalid_request' }],
    ['/revoke', 'no token', { body: own }, { status: 400, error: 'invalid_request' }],
    ['/par', 'no request', { body: own }, { status: 400, error: 'invalid_request' }],
    [
      '/device-authorization',
      'a client that has no such grant',
      { body: own },
      { status: 400, error: 'invalid_request' },
    ],
    ['/backchannel', 'a client that has no such grant', { body: own }, { status: 400, error: 'invalid_request' }],
    [
      '/userinfo',
      'no token',
      { method: 'GET' },
      { status: 401, error: 'invalid_token', header: ['www-authenticate', /Bearer/] },
    ],
    [
      '/userinfo',
      'a token that there is not',
      { method: 'GET', headers: { authorization: 'Bearer x' } },
      { status: 401, error: 'invalid_token', header: ['www-authenticate', /Bearer/] },
    ],
    ['/userinfo', 'no token by POST', { body: '' }, { status: 401, error: 'invalid_token' }],
    [
      '/register',
      'a list',
      { body: '[]', headers: { 'content-type': 'application/json' } },
      { status: 400, error: 'invalid_request' },
    ],
    [
      '/register',
      'what no app may be',
      { body: '{"redirect_uris":["x"]}', headers: { 'content-type': 'application/json' } },
      { status: 400, error: 'invalid_redirect_uri' },
    ],
    [
      '/register/app_x',
      'a token that there is not',
      { method: 'GET', headers: { authorization: 'Bearer x' } },
      { status: 401, error: 'invalid_token' },
    ],
    [
      '/api-keys/verify',
      'no client',
      { body: '{"scheme":"x"}', headers: { 'content-type': 'application/json' } },
      { status: 401, error: 'invalid_client', header: challenged },
    ],
    [
      '/api-keys/verify',
      'a body that is no JSON',
      { body: 'x', headers: { 'content-type': 'application/json' } },
      { status: 400, error: 'invalid_request' },
    ],
    [
      '/metrics',
      'no token',
      { method: 'GET' },
      { status: 401, error: 'sign_in_needed', header: ['www-authenticate', /Bearer/] },
    ],
  ]
  for (const [path, fault, sent, expected] of others)
    it(`answer JSON and ${expected.status} ${expected.error} at ${path} to ${fault}`, () =>
      same(here.issuer, path, sent, expected))
})
