import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { removable } from '../support/store.ts'
import { accepts, authenticating, type Sent, same, send } from './callers.ts'
import { declared, type Ground, ground, secretOf } from './ground.ts'

describe('answers of endpoints', () => {
  let here: Ground
  let away: (gone: boolean) => void
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
      through: store => {
        const kept = removable(store)
        away = kept.away
        return kept.store
      },
    })
  })
  after(() => here.stop())

  const own = `client_id=desk&client_secret=${secretOf('desk')}`
  const screen = `client_id=screen&client_secret=${secretOf('screen')}`

  const methods: readonly [path: string, method: string, allow: string][] = [
    ...authenticating.map(path => [path, 'GET', 'POST'] as [string, string, string]),
    ...authenticating.map(path => [path, 'DELETE', 'POST'] as [string, string, string]),
    ['/userinfo', 'PUT', 'GET, HEAD, POST'],
    ['/register', 'GET', 'POST'],
    ['/register/app_x', 'POST', 'GET, HEAD, PUT, DELETE'],
    ['/jwks.json', 'POST', 'GET, HEAD'],
    ['/.well-known/openid-configuration', 'POST', 'GET, HEAD'],
    ['/.well-known/oauth-authorization-server', 'PATCH', 'GET, HEAD'],
    ['/api-keys/verify', 'GET', 'POST'],
    ['/health/live', 'POST', 'GET, HEAD'],
    ['/health/ready', 'DELETE', 'GET, HEAD'],
    ['/metrics', 'POST', 'GET, HEAD'],
    ['/dev/outbox.json', 'PUT', 'GET, HEAD'],
  ]
  for (const [path, method, allow] of methods)
    it(`answer 405 to ${method} ${path}, and name ${allow} in Allow`, async () => {
      await same(
        here.issuer,
        path,
        { method },
        { status: 405, error: 'method_not_allowed', header: ['allow', new RegExp(`^${allow}(, OPTIONS)?$`)] },
      )
    })

  it('answer 405 to TRACE, and repeat nothing of the request', async () => {
    for (const path of ['/', '/sign-in', '/token', '/userinfo', '/admin/api/people']) {
      // fetch sends no TRACE.
      const sent = request(here.issuer + path, { method: 'TRACE', headers: { cookie: 'a=repeated' } }).end()
      const [answer] = (await once(sent, 'response')) as [IncomingMessage]
      const said = await text(answer)
      expect([answer.statusCode, said.includes('repeated')], path).to.deep.equal([405, false])
    }
  })

  it('give the same answer however their paths are spelled', async () => {
    for (const path of ['/TOKEN', '/token/', '/Token/'])
      await same(here.issuer, path, { body: '' }, { status: 401, error: 'invalid_client' })
  })

  it('answer OPTIONS with what it asked for, and with no CORS header for an origin that did not ask', async () => {
    for (const path of [...authenticating, '/userinfo', '/register', '/jwks.json']) {
      const answer = await send(here.issuer, path, { method: 'OPTIONS' }, undefined)
      expect([answer.status, await answer.text()], path).to.deep.equal([204, ''])
      expect(answer.headers.get('allow'), path).to.contain(path === '/jwks.json' ? 'GET' : 'POST')
    }
  })

  it('answer successful introspections and revocations in JSON, too', async () => {
    for (const [who, accept] of accepts) {
      const introspected = await send(here.issuer, '/introspect', { body: `${own}&token=x` }, accept)
      expect(introspected.headers.get('content-type'), who).to.match(/^application\/json\b/)
      expect(await introspected.json(), who).to.deep.equal({ active: false })
      const revoked = await send(here.issuer, '/revoke', { body: `${own}&token=x` }, accept)
      expect(revoked.status, who).to.equal(200)
      expect(revoked.headers.get('content-type'), who).to.match(/^application\/json\b/)
      expect(await revoked.json(), who).to.deep.equal({})
    }
  })

  it('sign an introspection only for clients that ask for it', async () => {
    const signed = 'application/token-introspection+jwt'
    for (const [accept, type] of [
      [signed, signed],
      [`${signed}, application/json;q=0.5`, signed],
      [`application/json, ${signed};q=0.5`, 'application/json'],
      [`text/html, ${signed};q=0`, 'application/json'],
    ]) {
      const answer = await send(here.issuer, '/introspect', { body: `${own}&token=x` }, accept)
      expect(answer.headers.get('content-type'), accept).to.contain(type)
    }
  })

  it('answer JSON where registration is closed', async () => {
    const closed = await ground({ clients: [declared('desk')] })
    try {
      for (const [who, accept] of accepts) {
        const answer = await fetch(`${closed.issuer}/register`, { method: 'POST', headers: { accept: accept ?? '' } })
        expect(answer.status, who).to.equal(404)
        expect(((await answer.json()) as { error: string }).error, who).to.equal('not_found')
      }
    } finally {
      await closed.stop()
    }
  })

  describe('while the store is away', () => {
    beforeEach(() => away(true))
    afterEach(() => away(false))

    const needing: readonly [path: string, sent: Sent][] = [
      [
        '/token',
        {
          body: `${own}&grant_type=authorization_code&redirect_uri=x&code_verifier=${'x'.repeat(43)}&code=${'x'.repeat(43)}`,
        },
      ],
      ['/introspect', { body: `${own}&token=x` }],
      ['/revoke', { body: `${own}&token=x` }],
      ['/device-authorization', { body: `${screen}&scope=openid` }],
      ['/userinfo', { method: 'GET', headers: { authorization: 'Bearer x' } }],
      ['/register/app_x', { method: 'GET', headers: { authorization: 'Bearer x' } }],
    ]
    for (const [path, sent] of needing)
      it(`answer 503 at ${path}, with Retry-After`, () =>
        same(here.issuer, path, sent, {
          status: 503,
          error: 'temporarily_unavailable',
          header: ['retry-after', /^\d+$/],
        }))

    it('answer health checks in JSON', async () => {
      for (const [who, accept] of accepts) {
        const answer = await send(here.issuer, '/health/ready', { method: 'GET' }, accept)
        expect([answer.status, answer.headers.get('retry-after')], who).to.deep.equal([503, '1'])
        expect(answer.headers.get('content-type'), who).to.match(/^application\/json\b/)
      }
    })
  })
})

describe('endpoints that browsers visit', () => {
  let here: Ground
  before(async () => {
    here = await ground({ clients: [declared('desk')] })
  })
  after(() => here.stop())

  const visit = (path: string, method: string, accept: string) =>
    fetch(here.issuer + path, { method, redirect: 'manual', headers: { accept } })

  for (const [path, method, allow] of [
    ['/authorize', 'PUT', 'GET, HEAD, POST'],
    ['/end-session', 'DELETE', 'GET, HEAD, POST'],
    ['/end-session/confirm', 'GET', 'POST'],
    ['/device', 'PUT', 'GET, HEAD, POST'],
    ['/sign-in', 'DELETE', 'GET, HEAD'],
    ['/account', 'PUT', 'GET, HEAD'],
    ['/', 'POST', 'GET, HEAD'],
  ] as const)
    it(`answer 405 to ${method} ${path} with a page or JSON, as Accept says, and name ${allow} in Allow`, async () => {
      const page = await visit(path, method, 'text/html')
      expect([page.status, page.headers.get('allow')]).to.deep.equal([405, page.headers.get('allow')])
      expect(page.headers.get('allow')).to.match(new RegExp(`^${allow}`))
      expect(page.headers.get('content-type')).to.contain('text/html')
      const json = await visit(path, method, 'application/json')
      expect(json.status).to.equal(405)
      expect(((await json.json()) as { error: string }).error).to.equal('method_not_allowed')
    })

  it('refuse with a page or JSON, as Accept says', async () => {
    const page = await visit('/authorize?client_id=nobody', 'GET', 'text/html')
    expect(page.headers.get('content-type')).to.contain('text/html')
    expect(page.headers.get('x-request-id')).to.match(/^[\w-]{12,}$/)
  })

  it('give every answer an X-Request-Id', async () => {
    const seen = new Set<string>()
    const paths = [
      '/',
      '/help',
      '/sign-in',
      '/nowhere',
      '/assets/x.css',
      '/jwks.json',
      '/health/live',
      '/authorize',
      '/%zz',
    ]
    for (const path of paths) {
      const answer = await visit(path, 'GET', '*/*')
      const id = answer.headers.get('x-request-id') ?? ''
      expect(id, path).to.match(/^[\w-]{12,}$/)
      expect(seen.has(id)).to.equal(false)
      seen.add(id)
    }
  })
})
