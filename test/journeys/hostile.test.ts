import { connect } from 'node:net'
import { expect } from 'chai'
import fc from 'fast-check'
import { startSuite } from '../support/all-apps.ts'
import { whileTesting } from '../support/latchkey.ts'
import { signUp, somebody } from '../support/people.ts'

/** Sends bytes as they are, and resolves to the status of the answer; 0 when the connection is just closed. */
function raw(issuer: string, bytes: string): Promise<number> {
  const { port } = new URL(issuer)
  return new Promise(resolve => {
    const socket = connect(Number(port), 'localhost', () => socket.write(bytes, 'latin1'))
    let answer = ''
    socket.on('data', chunk => {
      answer += chunk.toString('latin1')
    })
    socket.on('error', () => resolve(0))
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)))
  })
}

describe('hostile requests', function () {
  this.timeout(60_000)
  const latchkey = whileTesting(() => startSuite({ environment: { LATCHKEY_REGISTRATION: 'open' } }))
  let attempt: string
  let cookies: string
  before(async () => {
    const person = somebody()
    await signUp(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-up`))
    const other = somebody()
    attempt = new URL((await other.browser.get(`${latchkey.issuer}/sign-in`)).url).pathname
    const kept = [
      ...(await person.browser.cookies.getCookies(latchkey.issuer)),
      ...(await other.browser.cookies.getCookies(latchkey.issuer)),
    ]
    cookies = kept.map(each => each.cookieString()).join('; ')
  })

  const paths = () => [
    ...[attempt, `${attempt}/password`, `${attempt}/passkey`, `${attempt}/totp`, `${attempt}/use`, `${attempt}/skip`],
    ...['/', '/sign-in', '/sign-up', '/account', '/account/security', '/account/security/add', '/sign-out', '/help'],
    ...['remove', 'prefer', 'rename', 'phrase'].map(act => `/account/security/${act}`),
    ...['/account/api-keys', '/account/api-keys/x/rotate', '/account/api-keys/x/rename', '/account/api-keys/x/revoke'],
    ...['/api-keys/verify', '/account/api-keys?draft=x'],
    ...['/forgot-password', '/reset/x', '/not-me/x', '/recover', '/account/add/x', '/account/change/x'],
    ...[
      `${attempt}/held`,
      `${attempt}/held/begin`,
      '/confirm/x',
      '/confirm/x/deny',
      '/account/sessions',
      '/account/sessions/end',
    ],
    ...[
      '/recover/identity',
      '/recover/identity/x',
      '/recover/identity/x/again',
      '/recover/cancel/x',
      '/recover/afresh/x',
    ],
    ...['/recover/set-up/x', '/admin', '/admin/recovery', '/admin/recovery/x', '/admin/recovery/x/documents/x'],
    ...['/register', '/register/x', '/.well-known/apple-app-site-association', '/.well-known/assetlinks.json'],
    ...['/account/security/restrictions', '/account/security/travel', '/account/security/forget'],
    ...['/authorize', '/token', '/par', '/userinfo', '/introspect', '/revoke', '/end-session', '/jwks.json'],
    ...[
      '/interaction/x',
      '/interaction/x/consent',
      '/interaction/x/approve/passkey',
      '/account/receipts/x',
      '/dev/outbox',
      '/dev/outbox.json',
      '/health/ready',
      '/metrics',
    ],
    ...[
      '/.well-known/openid-configuration',
      '/assets/latchkey.00000000.css',
      '/sign-in/%',
      '/%E0%A4%A',
      '/../../etc/passwd',
    ],
  ]
  const odd = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      '__proto__',
      'constructor',
      '%00',
      '../..',
      '%',
      '[]',
      '{"$gt":""}',
      '🔑'.repeat(9),
      'null',
      '-1',
      '1e999',
    ),
  )
  const names = fc.constantFrom(
    ...[
      'email',
      'password',
      'code',
      'response',
      'factor',
      'credential',
      'name',
      'phrase',
      'phone',
      'from',
      'next',
      'attempt',
      'to',
      'grant_type',
      'code_verifier',
      'addresses',
      'expires',
      'public_key',
    ],
    ...[
      'client_id',
      'redirect_uri',
      'scope',
      'state',
      'nonce',
      'acr_values',
      'max_age',
      'prompt',
      'request',
      'request_uri',
      'claims',
    ],
    ...[
      'resource',
      'refresh_token',
      'token',
      'id_token_hint',
      'ui_locales',
      'response_mode',
      'client_assertion',
      '__proto__',
      'a[b][c]',
    ],
  )
  const fields = fc.array(fc.tuple(names, odd), { maxLength: 6 })
  const encoded = (pairs: [string, string][]) => pairs.map(([name, value]) => `${name}=${escaped(value)}`).join('&')
  const escaped = (value: string) => encodeURIComponent(value.toWellFormed())
  const latin = (text: string) => text.replaceAll(/[^\x20-\x7e]/g, '?')

  it('get no 500 and no stack trace, whatever they say', async () => {
    const request = fc.record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'PROPFIND'),
      path: fc.nat(),
      query: fields,
      body: fc.oneof(fields.map(encoded), fc.json(), odd),
      type: fc.constantFrom(
        'application/x-www-form-urlencoded',
        'application/json',
        'multipart/form-data; boundary=x',
        'text/plain',
        '',
      ),
      headers: fc.dictionary(
        fc.constantFrom(
          'Accept',
          'Accept-Language',
          'Authorization',
          'DPoP',
          'Origin',
          'X-Forwarded-For',
          'User-Agent',
          'If-None-Match',
          'Sec-Fetch-Site',
        ),
        odd.map(latin),
      ),
      cookie: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(request, async ({ method, path, query, body, type, headers, cookie }) => {
        const all = paths()
        const content = method === 'GET' || method === 'HEAD' ? '' : Buffer.from(body.toWellFormed()).toString('latin1')
        const lines = [
          `${method} ${all[path % all.length]}?${encoded(query)} HTTP/1.1`,
          'Host: localhost',
          'Connection: close',
          ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
          ...(cookie ? [`Cookie: ${cookies}`] : []),
          ...(type ? [`Content-Type: ${type}`] : []),
          `Content-Length: ${content.length}`,
        ]
        const status = await raw(latchkey.issuer, `${lines.join('\r\n')}\r\n\r\n${content}`)
        expect(status, `${lines.join('\n')}\n\n${content}`).to.be.within(100, 499)
      }),
      { numRuns: 1_000 },
    )
    expect(latchkey.logged()).to.not.contain('"level":"error"')
  })
})
