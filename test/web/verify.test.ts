import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import Koa from 'koa'
import { errors } from 'oidc-provider'
import type { Verification } from '../../src/api-keys/verification.ts'
import { InvalidVerifyRequest } from '../../src/api-keys/verify-request.ts'
import { Problem } from '../../src/errors.ts'
import { verify } from '../../src/web/verify.ts'

describe('asking about signed requests', () => {
  let server: Server
  let url: string
  let judge: Verification['verify']
  const logged: unknown[] = []
  const recorded: [string, object][] = []
  before(async () => {
    const app = new Koa()
    const middleware = verify({
      authenticate: async (_, { client_secret: secret }) => {
        if (secret === 'right') return 'api'
        throw new errors.InvalidClientAuth('wrong secret')
      },
      verification: { verify: (...asked) => judge(...asked) },
      subject: async (client, account) => `${account} as ${client} knows them`,
      emit: async (name, data) => void recorded.push([name, data]),
      log: fault => void logged.push(fault),
      issuer: 'https://login.example',
      explain: (_, fault) => ({ error: fault.message }),
    })
    app.use(middleware).use(ctx => {
      ctx.body = 'another page'
    })
    server = createServer(app.callback()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(() => server.close())

  const ask = (body: unknown, path = '/api-keys/verify') =>
    fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const fails = (fault: unknown) => {
    judge = () => Promise.reject(fault)
  }
  const asked = { client_id: 'api', client_secret: 'right', scheme: 'rfc9421' }

  it('leaves the client’s credentials out of the question', async () => {
    const told: unknown[] = []
    judge = async (...each) => {
      told.push(...each.slice(0, 2))
      return { active: false, code: 40104, reason: 'INVALID_SIGNATURE' }
    }
    const answer = await ask({ ...asked, client_assertion: 'a', client_assertion_type: 'b' })
    expect(await answer.json()).to.deep.equal({ active: false, code: 40104, reason: 'INVALID_SIGNATURE' })
    expect(told).to.deep.equal([{ scheme: 'rfc9421' }, 'api'])
  })

  it('calls the owner of a key by the name that the client knows them by', async () => {
    judge = async () => ({ active: true, sub: 'ada', key_id: 'k', scope: 'read', expires_at: null })
    expect(await (await ask(asked)).json()).to.include({ active: true, sub: 'ada as api knows them' })
  })

  it('passes on requests for other paths', async () => {
    expect(await (await ask({}, '/api-keys/verify/more')).text()).to.equal('another page')
  })

  it('tells a client only that it did not authenticate, and records it', async () => {
    const answer = await ask({ ...asked, client_secret: 'wrong' })
    expect(answer.status).to.equal(401)
    const body = (await answer.json()) as { error: string }
    expect(body.error).to.equal('invalid_client')
    expect(JSON.stringify(body)).to.not.include('wrong secret')
    expect(recorded).to.deep.equal([['grant.turned-away', { type: 'verify', code: 'invalid_client' }]])
  })

  it('says what is wrong with a question', async () => {
    fails(new InvalidVerifyRequest('surprise: not known'))
    const answer = await ask(asked)
    expect([answer.status, await answer.json()]).to.deep.equal([
      400,
      {
        active: false,
        code: 40001,
        reason: 'BAD_REQUEST',
        error: 'invalid_request',
        error_description: 'surprise: not known',
      },
    ])
  })

  it('asks to come back while the store is away', async () => {
    fails(new Problem('unavailable', { retryAfter: 2 }))
    const answer = await ask(asked)
    expect([answer.status, answer.headers.get('retry-after')]).to.deep.equal([503, '2'])
    expect(await answer.json()).to.deep.equal({ error: 'temporarily_unavailable' })
  })

  it('says nothing of an unforeseen fault except in the log', async () => {
    const fault = new Error('a secret detail')
    fails(fault)
    const answer = await ask(asked)
    expect([answer.status, await answer.json()]).to.deep.equal([500, { error: 'server_error' }])
    expect(logged).to.include(fault)
  })
})
