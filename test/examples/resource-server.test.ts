import { once } from 'node:events'
import { expect } from 'chai'
import { decodeJwt } from 'jose'
import { senderOf } from '../../examples/resource-server/sender.ts'
import { servers } from '../../examples/resource-server/serve.ts'
import { type KeyHolder, keyHolder, server } from '../support/key-holder.ts'
import { freePorts } from '../support/ports.ts'
import { type Held, type Question, signExchange, signQuery, signRfc9421 } from '../support/signing.ts'

const audience = 'https://api.latchkey.example/trading'

describe('the order book', () => {
  let holder: KeyHolder
  let serving: ReturnType<typeof servers>
  let at: { koa: string; fetch: string }
  let key: Held
  let mover: Held
  before(async () => {
    holder = await keyHolder()
    const [koa, plain] = await freePorts(2)
    at = { koa: `http://localhost:${koa}`, fetch: `http://localhost:${plain}` }
    serving = servers({ issuer: holder.latchkey.issuer, client: server, audience, now: holder.at }, at)
    for (const name of ['koa', 'fetch'] as const) {
      serving[name].listen(Number(new URL(at[name]).port), 'localhost')
      await once(serving[name], 'listening')
    }
    key = await holder.create({ name: 'Bot', scope: ['read', 'trade'], addresses: '127.0.0.1 ::1' })
    mover = await holder.create({ name: 'Mover', scope: ['read', 'transfer'], addresses: '127.0.0.1 ::1' })
  })
  after(async () => {
    for (const each of Object.values(serving)) {
      each.closeAllConnections()
      each.close()
    }
    await holder.latchkey.stop()
  })

  const send = async ({ method, url, headers, body }: Question, more: Record<string, string> = {}) => {
    const answer = await fetch(url, { method, headers: { ...headers, ...more }, ...(body !== undefined && { body }) })
    const text = await answer.text()
    return { status: answer.status, headers: answer.headers, body: text.startsWith('{') ? JSON.parse(text) : text }
  }
  const transfer = (url: string) =>
    send(signRfc9421(mover, { body: '{"amount":"1"}', url: `${url}/transfers` }, { at: holder.at() }))
  /** An access token that a request was exchanged for which this key signed. */
  const exchanged = async (held: Held, scope: string): Promise<string> => {
    const { issuer } = holder.latchkey
    const { method, url, headers } = signRfc9421(held, { url: `${issuer}/token` }, { at: holder.at() })
    const answer = await fetch(`${issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${server.id}:${server.secret}`)}` },
      body: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token_type: 'urn:latchkey:params:oauth:token-type:signed-request',
        subject_token: Buffer.from(JSON.stringify({ method, url, headers })).toString('base64url'),
        resource: audience,
        scope,
      }),
    })
    return ((await answer.json()) as { access_token: string }).access_token
  }
  const order = { side: 'BUY', price: '10', quantity: '2' }

  for (const name of ['koa', 'fetch'] as const) {
    describe(`served by ${name}`, () => {
      const signed = (path: string, request: { method?: string; body?: string } = {}, when = holder.at()) =>
        signRfc9421(key, { ...request, url: at[name] + path }, { at: when })

      it('takes an order that is signed by RFC 9421, once', async () => {
        const question = signed('/orders', { body: JSON.stringify(order) })
        const first = await send(question)
        expect(first).to.include({ status: 200 })
        expect(first.body).to.include(order)
        expect(await send(question)).to.deep.include({
          status: 409,
          body: { error: 'duplicate_request', code: 40006 },
        })
        const list = await send(signed('/orders?all=1', { method: 'GET' }))
        expect(list.body.orders).to.deep.include(first.body)
      })

      it('takes the exchange scheme, at the path of its method alone', async () => {
        const sign = (method: string, id: number) => ({
          ...signExchange(key, { method, params: { ...order, instrument_name: 'BTC_USD' }, id }, { at: holder.at() }),
          url: `${at[name]}/v1/private/create-order`,
        })
        const id = name === 'koa' ? 1 : 2
        expect((await send(sign('private/create-order', id))).body).to.include(order)
        expect(await send(sign('private/get-open-orders', id))).to.include({ status: 400 })
        expect(await send({ ...sign('private/create-order', id), body: '{' })).to.include({ status: 400 })
      })

      it('takes the query scheme, in the query and in a form', async () => {
        const asked = signQuery(
          key,
          { query: `side=SELL&price=3&quantity=${name === 'koa' ? 1 : 2}` },
          { at: holder.at() },
        )
        const url = new URL(asked.url)
        const there = { ...asked, url: `${at[name]}/orders${url.search}` }
        expect((await send(there)).body).to.include({ side: 'SELL', price: '3' })
        const form = signQuery(
          key,
          { query: 'side=BUY', body: `price=4&quantity=${name === 'koa' ? 1 : 2}` },
          { at: holder.at() },
        )
        const posted = { ...form, url: `${at[name]}/orders${new URL(form.url).search}` }
        expect((await send(posted)).body).to.include({ side: 'BUY', price: '4' })
      })

      it('refuses what the key may not do, what was changed on the way, and who brings nothing', async () => {
        const transfer = signed('/transfers', { body: '{"amount":"1"}' })
        expect(await send(transfer)).to.deep.include({
          status: 403,
          body: { error: 'insufficient_scope', code: 40301 },
        })
        const changed = {
          ...signed('/orders', { body: JSON.stringify(order) }),
          body: JSON.stringify({ ...order, price: '1' }),
        }
        expect((await send(changed)).body).to.deep.equal({ error: 'digest_mismatch', code: 40005 })
        expect((await send(signed('/orders', { method: 'GET' }, holder.at() - 70_000))).body.code).to.equal(40102)
        const nobody = await fetch(`${at[name]}/orders`)
        expect(nobody.status).to.equal(401)
        const metadata = `resource_metadata="${at[name]}/.well-known/oauth-protected-resource/trading"`
        const dpop = `DPoP algs="ES256 EdDSA Ed25519 PS256", ${metadata}`
        expect(nobody.headers.get('www-authenticate')).to.equal(`${dpop}, Bearer ${metadata}`)
        expect((await fetch(`${at[name]}/nothing`)).status).to.equal(404)
        const big = { ...signed('/orders'), body: 'x'.repeat(200_000) }
        expect((await send(big)).status).to.equal(413)
      })

      it('repeats by what id its caller follows a request, whatever comes of it, and gives one that is none', async () => {
        const id = crypto.randomUUID()
        const shown = async (headers: Record<string, string>, question = signed('/orders', { method: 'GET' })) =>
          (await send(question, headers)).headers.get('x-fapi-interaction-id')
        expect(await shown({ 'x-fapi-interaction-id': id })).to.equal(id)
        const refused = await fetch(`${at[name]}/orders`, { headers: { 'x-fapi-interaction-id': id } })
        expect([refused.status, refused.headers.get('x-fapi-interaction-id')]).to.deep.equal([401, id])
        for (const odd of ['x', `${id}<script>`])
          expect(await shown({ 'x-fapi-interaction-id': odd }))
            .to.match(/^[\da-f-]{36}$/)
            .and.not.equal(id)
        expect(await shown({})).to.match(/^[\da-f-]{36}$/)
      })

      it('moves nothing by a key while its account has to wait, and lets it trade', async () => {
        const held = await transfer(at[name])
        expect([held.status, held.body.error]).to.deep.equal([403, 'account_held'])
        expect(held.body.until).to.be.above(holder.at() / 1000)
        const asked = signRfc9421(mover, { method: 'GET', url: `${at[name]}/orders` }, { at: holder.at() })
        expect((await send(asked)).status).to.equal(200)
        const token = await exchanged(mover, 'read')
        expect(decodeJwt(token).hold_until).to.equal(held.body.until)
      })

      it('says what it is, and who its tokens are of', async () => {
        const answer = await fetch(`${at[name]}/.well-known/oauth-protected-resource/trading`)
        expect([answer.status, answer.headers.get('access-control-allow-origin')]).to.deep.equal([200, '*'])
        expect(await answer.json()).to.deep.include({
          resource: audience,
          authorization_servers: [holder.latchkey.issuer],
          scopes_supported: ['read', 'trade', 'transfer'],
        })
      })

      it('does not say which ids are keys', async () => {
        const sign = (held: Held) =>
          signRfc9421(held, { method: 'GET', url: `${at[name]}/orders` }, { at: holder.at() })
        const wrong = await send(sign({ ...key, secret: 'lks_x' }))
        const unknown = await send(sign({ id: `lk_${'x'.repeat(22)}`, secret: 'lks_x' }))
        expect([wrong.status, wrong.body]).to.deep.equal([unknown.status, unknown.body])
        expect(wrong.body).to.deep.equal({ error: 'invalid_signature', code: 40104 })
      })

      it('believes no X-Forwarded-For that no proxy of its own sent', async () => {
        const question = signed('/orders', { method: 'GET' })
        expect((await send(question, { 'x-forwarded-for': '198.51.100.1' })).status).to.equal(200)
      })

      it('takes an access token that a signed request was exchanged for', async () => {
        const token = await exchanged(key, 'read')
        const by = (path: string, authorization: string, verb = 'GET') =>
          fetch(at[name] + path, { method: verb, headers: { authorization }, ...(verb === 'POST' && { body: '{}' }) })
        expect((await by('/orders', `Bearer ${token}`)).status).to.equal(200)
        expect((await by('/orders', `Bearer ${token}`, 'POST')).status).to.equal(403)
        const forged = await by('/orders', `Bearer ${token.slice(0, -4)}AAAA`)
        expect([forged.status, forged.headers.get('www-authenticate')]).to.deep.equal([
          401,
          `Bearer error="invalid_token", resource_metadata="${at[name]}/.well-known/oauth-protected-resource/trading"`,
        ])
      })
    })
  }

  it('lets nobody in while Latchkey is away, or does not know it', async () => {
    const [port = 0, away = 0] = await freePorts(2)
    for (const options of [
      { issuer: `http://localhost:${away}`, client: server },
      { issuer: holder.latchkey.issuer, client: { ...server, secret: 'wrong' } },
    ]) {
      const origin = `http://localhost:${port}`
      const { koa } = servers({ ...options, audience }, { koa: origin, fetch: origin })
      koa.listen(port, 'localhost')
      await once(koa, 'listening')
      const question = signRfc9421(key, { method: 'GET', url: `${origin}/orders` }, { at: holder.at() })
      expect((await send(question)).status).to.equal(503)
      koa.closeAllConnections()
      koa.close()
      await once(koa, 'close')
    }
  })

  describe('a day later', () => {
    it('moves money by a key once its account need not wait any more', async () => {
      holder.latchkey.clock.pass(25 * 3_600_000)
      for (const url of Object.values(at)) expect((await transfer(url)).status).to.equal(200)
    })
  })
})

describe('the sender of a request', () => {
  const sender = senderOf(['10.0.0.0/8', '192.0.2.1', '2001:db8::/32'])
  const rows: [string, string | string[] | undefined, string][] = [
    ['198.51.100.7', undefined, '198.51.100.7'],
    ['198.51.100.7', '203.0.113.1', '198.51.100.7'],
    ['10.1.2.3', '203.0.113.1', '203.0.113.1'],
    ['::ffff:10.1.2.3', '203.0.113.1', '203.0.113.1'],
    ['2001:db8::1', '2001:db9::7', '2001:db9::7'],
    ['192.0.2.1', '1.1.1.1, 203.0.113.1, 10.9.9.9', '203.0.113.1'],
    ['10.1.2.3', ['1.1.1.1', '203.0.113.1'], '203.0.113.1'],
    ['10.1.2.3', '10.9.9.9', '10.1.2.3'],
    ['10.1.2.3', 'unknown', '10.1.2.3'],
    ['10.1.2.3', undefined, '10.1.2.3'],
  ]
  for (const [peer, forwarded, expected] of rows) {
    it(`of ${peer} for ${forwarded ?? 'nobody'} is ${expected}`, () =>
      expect(sender(peer, forwarded)).to.equal(expected))
  }
})
