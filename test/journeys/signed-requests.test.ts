import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { importJWK, SignJWT } from 'jose'
import { basic, type KeyHolder, keyHolder, server } from '../support/key-holder.ts'
import { nonce, type Question, signExchange, signQuery, signRfc9421 } from '../support/signing.ts'

const minute = 60_000

describe('signed requests', () => {
  let holder: KeyHolder
  before(async () => {
    holder = await keyHolder()
  })
  after(() => holder.latchkey.stop())

  it('pass once, by a key that its owner made a moment ago, and the owner gets a mail', async () => {
    const key = await holder.create({ name: 'Trading bot', scope: ['read', 'trade'] })
    expect(key.id).to.match(/^lk_[\w-]{22}$/)
    expect(key.secret).to.match(/^lks_[\w-]{43}$/)
    const question = signRfc9421(key, { body: '{"price":"10"}' }, { at: holder.at() })
    const first = await holder.verdict(question)
    expect(first).to.include({ active: true, key_id: key.id, scope: 'read trade' })
    expect(first.sub).to.match(/^[\w-]{22}$/)
    expect(first.expires_at).to.be.within(holder.at() / 1000 + 89 * 86_400, holder.at() / 1000 + 92 * 86_400)
    expect(await holder.verdict(question)).to.deep.equal({ active: false, code: 40006, reason: 'DUPLICATE_REQUEST' })
    const [mail] = await holder.mails(/New API key/)
    expect(mail?.text).to.contain(key.id).and.to.contain('Read, Trade').and.to.not.contain(key.secret)
    const listed = await holder.keysPage()
    expect(listed.text).to.contain(key.id).and.to.not.contain(key.secret)
    expect(listed.text).to.not.contain('Not used yet')
  })

  it('pass in all three schemes', async () => {
    const key = await holder.create({ name: 'All', scope: ['read'] })
    const detail = { method: 'private/get-order-detail', params: { order_id: '337843775021233500' } }
    for (const question of [
      signRfc9421(key, { method: 'GET' }, { at: holder.at() }),
      signExchange(key, detail, { at: holder.at() }),
      signQuery(key, {}, { at: holder.at() }),
    ]) {
      expect(await holder.verdict(question), question.scheme).to.include({
        active: true,
        key_id: key.id,
        scope: 'read',
      })
      expect(await holder.verdict(question)).to.include({ active: false, code: 40006 })
    }
  })

  it('need a scope that the key has', async () => {
    const key = await holder.create({ name: 'Reader' })
    const order = { instrument_name: 'BTC_USD', side: 'BUY', price: '10', quantity: '2' }
    const question = signExchange(key, { method: 'private/create-order', params: order }, { at: holder.at() })
    expect(await holder.verdict(question)).to.include({ active: false, code: 40301, reason: 'INSUFFICIENT_SCOPE' })
    const asked = { ...signRfc9421(key, { method: 'GET' }, { at: holder.at() }), scope: 'read trade' }
    expect(await holder.verdict(asked)).to.include({ active: false, code: 40301 })
    const may = { ...signRfc9421(key, { method: 'GET' }, { at: holder.at() }), scope: 'read' }
    expect(await holder.verdict(may)).to.include({ active: true })
  })

  it('are judged for clients that authenticate, and for nobody else', async () => {
    const key = await holder.create({ name: 'Asked about' })
    const question = signRfc9421(key, {}, { at: holder.at() })
    const inBody = { client_id: server.id, client_secret: server.secret }
    const none: [string, Promise<Response>, number][] = [
      ['nobody', holder.ask(question, ''), 401],
      ['a wrong secret', holder.ask(question, basic({ ...server, secret: 'wrong' })), 401],
      ['an unknown client', holder.ask(question, basic({ ...server, id: 'nobody' })), 401],
      ['a public client', holder.ask({ ...question, client_id: 'wallet' }, ''), 401],
      ['two ways at once', holder.ask({ ...question, ...inBody }), 400],
    ]
    for (const [what, asked, status] of none) {
      const answer = await asked
      expect(answer.status, what).to.equal(status)
      expect(await answer.json(), what).to.have.property('error')
      expect(answer.headers.get('cache-control')).to.equal('no-store')
    }
    const refused = await holder.ask(question, basic({ ...server, secret: 'wrong' }))
    expect(refused.headers.get('www-authenticate')).to.match(/^Basic/)
    expect(await (await holder.ask({ ...question, ...inBody }, '')).json()).to.include({ active: true })
  })

  it('are judged for a client that signs an assertion, once', async () => {
    const key = await holder.create({ name: 'Asserted about' })
    const { issuer } = holder.latchkey
    const jwk = JSON.parse(readFileSync('examples/suite/staking.key.json', 'utf8'))
    const assertion = await new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', kid: jwk.kid })
      .setIssuer('staking')
      .setSubject('staking')
      .setAudience(issuer)
      .setJti(nonce())
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(await importJWK(jwk, 'ES256'))
    const ask = (more: object) => holder.ask({ ...signRfc9421(key, {}, { at: holder.at() }), ...more }, '')
    const asserted = {
      client_assertion: assertion,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    }
    expect(await (await ask(asserted)).json()).to.include({ active: true })
    expect((await ask(asserted)).status).to.equal(401)
    expect((await ask({ ...asserted, client_assertion: [assertion] })).status).to.equal(400)
    expect((await ask({ client_id: { toString: 'x' } })).status).to.equal(400)
  })

  it('are asked about in one way', async () => {
    const url = `${holder.latchkey.issuer}/api-keys/verify`
    expect((await fetch(url)).status).to.equal(405)
    const post = (body: string, type = 'application/json') =>
      fetch(url, { method: 'POST', headers: { 'content-type': type, authorization: basic(server) }, body })
    for (const body of ['', '{', '[]', 'null', '"x"', '{"__proto__":{}}', '{"scheme":"rfc9421","surprise":1}'])
      expect((await post(body)).status, body).to.equal(400)
    const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    for (const member of ['scheme', 'headers', 'body', 'client_id'])
      expect((await post(`{"${member}":${nested}}`)).status, member).to.equal(400)
    expect((await post('scheme=rfc9421', 'application/x-www-form-urlencoded')).status).to.equal(400)
    expect((await post(JSON.stringify({ scheme: 'x'.repeat(300_000) }))).status).to.equal(413)
  })

  it('are exchanged for an access token of one API, once, and with the key’s scopes', async () => {
    const key = await holder.create({ name: 'Exchanger', scope: ['read', 'transfer'], addresses: '127.0.0.1 ::1' })
    const token = `${holder.latchkey.issuer}/token`
    const exchange = (question: Question, more: Record<string, string> = {}) => {
      const { method, url, headers } = question
      return fetch(token, {
        method: 'POST',
        headers: { authorization: basic(server) },
        body: new URLSearchParams({
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          subject_token_type: 'urn:latchkey:params:oauth:token-type:signed-request',
          subject_token: Buffer.from(JSON.stringify({ method, url, headers })).toString('base64url'),
          resource: 'http://localhost:3003/api',
          ...more,
        }),
      })
    }
    const meant = () => signRfc9421(key, { url: token }, { at: holder.at() })
    const once = meant()
    const given = (await (await exchange(once)).json()) as Record<string, string>
    expect(given).to.include({ token_type: 'Bearer', expires_in: 300, scope: 'read transfer' })
    const claims = JSON.parse(Buffer.from(given.access_token?.split('.')[1] ?? '', 'base64url').toString())
    expect(claims).to.include({
      aud: 'http://localhost:3003/api',
      client_id: 'order-book',
      scope: 'read transfer',
    })
    expect(claims.sub).to.equal((await holder.verdict(signRfc9421(key, {}, { at: holder.at() }))).sub ?? claims.sub)
    const again = (await (await exchange(once)).json()) as Record<string, string>
    expect(again.error).to.equal('invalid_grant')
    expect(again.error_description).to.contain('40006 DUPLICATE_REQUEST')
    const narrow = (await (await exchange(meant(), { scope: 'read trade' })).json()) as Record<string, string>
    expect(narrow.scope).to.equal('read')
    const refused: [string, Promise<Response>, string][] = [
      ['a request for an API', exchange(signRfc9421(key, {}, { at: holder.at() })), 'invalid_grant'],
      [
        'another method',
        exchange(signRfc9421(key, { method: 'GET', url: token }, { at: holder.at() })),
        'invalid_grant',
      ],
      ['no JSON', exchange(meant(), { subject_token: 'e30' }), 'invalid_grant'],
      ['another type', exchange(meant(), { subject_token_type: 'jwt' }), 'invalid_request'],
      [
        'an API that is none of the client’s',
        exchange(meant(), { resource: 'https://api.latchkey.example/card' }),
        'invalid_target',
      ],
      ['scopes that the key has not', exchange(meant(), { scope: 'trade' }), 'invalid_scope'],
    ]
    for (const [what, answer, error] of refused)
      expect(((await (await answer).json()) as Record<string, string>).error, what).to.equal(error)
  })

  it('close a key to an address from which it fails again and again, and to no other; its owner is told', async () => {
    const key = await holder.create({ name: 'Attacked' })
    const bad = () => ({
      ...signRfc9421({ ...key, secret: 'lks_guess' }, {}, { at: holder.at(), nonce: nonce() }),
      address: '198.51.100.66',
    })
    for (let each = 0; each < 10; each += 1)
      expect(await holder.verdict(bad())).to.include({ active: false, code: 40104 })
    const good = (address: string) => ({ ...signRfc9421(key, {}, { at: holder.at() }), address })
    const closed = await holder.verdict(good('198.51.100.66'))
    expect(closed).to.include({ active: false, code: 42901, reason: 'TOO_MANY_FAILURES' })
    expect(closed.retry_after).to.be.within(1, 900)
    expect(await holder.verdict(good('192.0.2.7'))).to.include({ active: true })
    const warned = await holder.mails(/Refused requests/)
    expect(warned).to.have.length(1)
    expect(warned[0]?.text).to.contain('198.51.100.66')
    holder.latchkey.clock.pass(15 * minute)
    expect(await holder.verdict(good('198.51.100.66'))).to.include({ active: true })
  })
})
