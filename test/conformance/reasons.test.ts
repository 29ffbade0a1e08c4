import { expect } from 'chai'
import { api, callback, declared, type Ground, ground, type Parameters, stranger } from './ground.ts'
import { lineOf, says, type Told } from './refused.ts'

describe('the reasons for refusals', () => {
  let here: Ground
  before(async () => {
    here = await ground({
      clients: [declared('desk', { post_logout_redirect_uris: ['https://desk.example/bye'] })],
      environment: { LATCHKEY_CIMD: '*', LATCHKEY_REGISTRATION: 'open' },
    })
  })
  after(() => here.stop())

  const pages: readonly [fault: string, ask: () => Parameters, told: Told][] = [
    [
      'a wrong redirect URI',
      () => ({ redirect_uri: 'https://desk.example/callback/' }),
      {
        refused: 'invalid_redirect_uri',
        client: 'desk',
        parameter: 'redirect_uri',
        expected: callback('desk'),
        received: 'https://desk.example/callback/',
      },
    ],
    [
      'a redirect URI that says more than it should',
      () => ({ redirect_uri: 'https://me:pass@evil.example/?key=hunter2' }),
      { parameter: 'redirect_uri', received: 'https://…@evil.example/?key=…' },
    ],
    [
      'a client that there is not',
      () => ({ client_id: 'trading-app' }),
      { refused: 'invalid_client', parameter: 'client_id', expected: /known here/, received: 'trading-app' },
    ],
    [
      'no client',
      () => ({ client_id: undefined }),
      { refused: 'invalid_request', parameter: 'client_id', received: 'nothing' },
    ],
    [
      'a document that cannot be had',
      () => ({ client_id: 'https://localhost:1/app' }),
      {
        refused: 'invalid_client',
        parameter: 'client_id',
        received: 'https://localhost:1/app',
        why: /localhost:1 \(connection\).*ECONNREFUSED/,
      },
    ],
  ]
  for (const [fault, ask, told] of pages)
    it(`are one line in the log, and in development on the page: ${fault}`, async () => {
      const { page } = await here.ask('desk', stranger(), ask())
      expect(page.status).to.equal(400)
      const id = page.headers.get('x-request-id') ?? ''
      expect(page.text).to.contain(id)
      const line = lineOf(here, id)
      says(line, told)
      for (const name of ['parameter', 'expected', 'received'] as const)
        if (line[name]) expect(page.text).to.contain(line[name])
      expect(page.html).to.not.match(/(href|src|action)="?https:\/\/(evil|desk)/)
    })

  it('are one line, without the handle of a pushed request', async () => {
    const handle = 'urn:ietf:params:oauth:request_uri:ALBy6Pq5Yd0hXkFwnsYF7-abcdefghijklmnopqrstu'
    const { page } = await here.ask('desk', stranger(), { request_uri: handle })
    const line = lineOf(here, page.headers.get('x-request-id'))
    says(line, { parameter: 'request_uri', received: 'something' })
    expect(JSON.stringify(line)).to.not.contain('ALBy6Pq5Yd0')
    expect(page.html).to.not.contain('ALBy6Pq5Yd0')
  })

  it('are one line: a wrong logout URI, with the registered ones', async () => {
    const page = await stranger().get(
      `${here.metadata.end_session_endpoint}?client_id=desk&post_logout_redirect_uri=https://desk.example/`,
    )
    expect(page.status).to.equal(400)
    says(lineOf(here, page.headers.get('x-request-id')), {
      client: 'desk',
      parameter: 'post_logout_redirect_uri',
      expected: 'https://desk.example/bye',
      received: 'https://desk.example/',
    })
    expect(page.text).to.contain('https://desk.example/bye')
  })

  const sentBack: readonly [fault: string, more: Parameters, told: Told][] = [
    [
      'no PKCE',
      { code_challenge: undefined, code_challenge_method: undefined },
      { refused: 'invalid_request', parameter: 'code_challenge', received: 'nothing' },
    ],
    ['plain PKCE', { code_challenge_method: 'plain' }, { parameter: 'code_challenge_method', received: 'plain' }],
    ['another response type', { response_type: 'token' }, { parameter: 'response_type', received: 'token' }],
    [
      'an API that it has not',
      { resource: 'https://other.example/' },
      { refused: 'invalid_target', parameter: 'resource', expected: api, received: 'https://other.example/' },
    ],
    ['a max_age that is none', { max_age: '-1' }, { parameter: 'max_age', received: '-1' }],
    ['a prompt that is none', { prompt: 'constructor' }, { parameter: 'prompt', received: 'constructor' }],
    ['claims that are no JSON', { claims: '{"secret-of-a-person"' }, { parameter: 'claims', received: 'something' }],
    ['a parameter twice', { nonce: ['a', 'b'] }, { parameter: 'nonce', received: 'something' }],
  ]
  for (const [fault, more, told] of sentBack)
    it(`are one line when the app gets the error by a redirect: ${fault}`, async () => {
      const url = `${here.metadata.authorization_endpoint}?${here.request('desk', more)}`
      const answer = await fetch(url, { redirect: 'manual' })
      const line = lineOf(here, answer.headers.get('x-request-id'))
      says(line, { client: 'desk', ...told })
      expect(JSON.stringify(line)).to.not.contain('secret-of-a-person')
    })

  it('are one line when a person gets a page, without what they typed', async () => {
    const browser = stranger()
    const start = await browser.get(`${here.issuer}/sign-in`)
    const page = await start.submit({ email: 'ada@example.com', password: 'a wrong password' })
    const line = lineOf(here, page.headers.get('x-request-id'))
    expect(line).to.include({ refused: 'wrong_credentials', status: 401 })
    expect(JSON.stringify(line)).to.not.match(/ada|wrong password/)
  })

  it('are one line for unknown methods and paths', async () => {
    for (const [path, method, refused] of [
      ['/nowhere', 'GET', 'not_found'],
      ['/token', 'GET', 'method_not_allowed'],
      ['/api-keys/verify', 'POST', 'invalid_client'],
    ]) {
      const answer = await fetch(here.issuer + path, { method })
      says(lineOf(here, answer.headers.get('x-request-id')), { refused })
    }
  })

  it('cannot begin another line, and are cut when they are long', async () => {
    const { page } = await here.ask('desk', stranger(), { client_id: `x\n{"refused":"no"}\u2028${'y'.repeat(5_000)}` })
    const line = lineOf(here, page.headers.get('x-request-id'))
    expect(JSON.stringify(line).length).to.be.below(1_500)
    expect(line.received).to.match(/^[\x20-\x7E…]*$/)
  })
})

describe('the reasons for refusals, in production', () => {
  it('are in the log only', async () => {
    const here = await ground({
      clients: [declared('desk')],
      environment: {
        NODE_ENV: 'production',
        LATCHKEY_SECRETS: 'a-secret-of-these-tests-0123456789',
        LATCHKEY_MAIL_URL: 'smtp://localhost:1',
        LATCHKEY_SMS_URL: 'https://localhost:1',
      },
    })
    try {
      const { page } = await here.ask('desk', stranger(), { redirect_uri: 'https://evil.example/' })
      expect(page.status).to.equal(400)
      expect(page.text).to.contain(page.headers.get('x-request-id'))
      expect(page.html).to.not.match(/evil|desk\.example|data-reason/)
      expect(here.latchkey.logged()).to.contain('https://evil.example/')
    } finally {
      await here.stop()
    }
  })
})
