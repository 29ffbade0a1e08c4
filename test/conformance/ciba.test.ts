import type { IncomingMessage } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { expect } from 'chai'
import { jar } from '../support/jar.ts'
import { localhost } from '../support/localhost.ts'
import { type Person, signIn } from '../support/people.ts'
import { api, type Ground } from './ground.ts'
import { type Shops, shopGround, shops, toldOf } from './shops.ts'

const minute = 60_000

interface Heard {
  authorization: string | undefined
  body: Record<string, unknown>
}

describe('client-initiated backchannel authentication (OpenID CIBA Core 1.0)', () => {
  let here: Ground
  let person: Person
  let own: Shops
  let listener: Server
  const heard: Heard[] = []
  let answer = 204
  before(async () => {
    setDefaultCACertificates([...getCACertificates(), localhost.cert])
    listener = createServer(localhost, async (request: IncomingMessage, response) => {
      let text = ''
      for await (const chunk of request) text += chunk
      heard.push({ authorization: request.headers.authorization, body: JSON.parse(text) })
      response.writeHead(answer).end()
    })
    await new Promise<void>(resolve => listener.listen(0, 'localhost', resolve))
    here = await shopGround(`https://localhost:${(listener.address() as AddressInfo).port}/ping`)
    person = await here.person()
    own = shops(here, person)
  })
  after(async () => {
    await here.stop()
    listener.closeAllConnections()
    await new Promise(resolve => listener.close(resolve))
  })
  const ask: Shops['ask'] = (...told) => own.ask(...told)
  const poll: Shops['poll'] = (...told) => own.poll(...told)
  const press: Shops['press'] = (...told) => own.press(...told)
  // Nobody is asked too often in these ten minutes.
  beforeEach(() => here.latchkey.clock.pass(11 * minute))

  it('4: describes the endpoint in discovery, without support for user codes', async () => {
    const { metadata } = here
    expect(metadata.backchannel_authentication_endpoint).to.equal(`${here.issuer}/backchannel`)
    expect(metadata.backchannel_token_delivery_modes_supported).to.deep.equal(['poll', 'ping'])
    expect(metadata).to.not.have.property('backchannel_user_code_parameter_supported')
  })

  it('7.1: requires client authentication, one hint, and the openid scope', async () => {
    const faults: [string, object, string][] = [
      ['shop', { client_secret: 'wrong' }, 'invalid_client'],
      ['desk', {}, 'invalid_request'],
      ['shop', { scope: undefined }, 'invalid_request'],
      ['shop', { scope: 'email' }, 'invalid_request'],
      ['shop', { login_hint: undefined }, 'invalid_request'],
      ['shop', { id_token_hint: 'x' }, 'invalid_request'],
      ['shop', { login_hint: undefined, login_hint_token: 'x' }, 'invalid_request'],
      ['shop', { login_hint: undefined, id_token_hint: 'x' }, 'invalid_request'],
      ['shop', { requested_expiry: '-1' }, 'invalid_request'],
      ['caller', {}, 'invalid_request'],
      ['caller', { client_notification_token: 'a b' }, 'invalid_request'],
    ]
    for (const [app, more, error] of faults)
      expect((await ask(app, more)).body.error, JSON.stringify(more)).to.equal(error)
  })

  it('7.1: accepts only short plain binding messages', async () => {
    for (const binding_message of ['a'.repeat(81), 'two\nlines', ' x', '<b>', 'a\u202eb', '\u200b'])
      expect((await ask('shop', { binding_message })).body.error).to.equal('invalid_binding_message')
  })

  it('7.3: answers with an auth_req_id of 256 bits and its lifetime', async () => {
    const { status, body, headers } = await ask()
    expect([status, headers.get('cache-control')]).to.deep.equal([200, 'no-store'])
    expect(body).to.have.keys('auth_req_id', 'expires_in')
    expect(body.expires_in).to.equal(300)
    expect(String(body.auth_req_id).length).to.be.at.least(43)
    expect((await ask('shop', { requested_expiry: '60' })).body.expires_in).to.equal(60)
    expect((await ask('shop', { requested_expiry: '6000' })).body.expires_in).to.equal(300)
  })

  it('8: tells the person by email, and waits until they approve and prove who they are', async () => {
    const before = (await here.latchkey.outbox(person.email)).length
    const asked = { binding_message: 'Order 4711, 250.00 EUR', scope: 'openid read', resource: api }
    const { body } = await ask('shop', asked)
    while ((await here.latchkey.outbox(person.email)).length === before) await wait(10)
    const [mail] = await toldOf(here, person.email, 1)
    expect(mail?.subject).to.equal('shop asks for your approval')
    expect(mail?.text).to.contain('Order 4711, 250.00 EUR').and.to.contain(`${here.issuer}/account/approvals`)

    const stranger = { ...person, browser: jar() }
    const start = await stranger.browser.get(mail?.link ?? '')
    expect(start.url).to.include('/sign-in/')
    const page = await signIn(here.latchkey, stranger, start)
    expect(page.url).to.equal(`${here.issuer}/account/approvals`)
    for (const each of ['shop', 'Order 4711, 250.00 EUR', 'See balances, orders and history'])
      expect(page.text).to.contain(each)
    expect((await poll(body.auth_req_id)).body.error).to.equal('authorization_pending')
    const done = await page.submit({}, 'Approve')
    expect(done.text).to.contain('Request approved')
    const tokens = await poll(body.auth_req_id, 'shop', { resource: api })
    expect(await here.verified(tokens.body.access_token)).to.include({ aud: api, scope: 'read', acr: 'aal2' })
    expect(await here.verified(tokens.body.id_token)).to.include({ acr: 'aal2', aud: 'shop' })
  })

  it('7.1: finds people by email address, by subject, and by an ID token', async () => {
    const { body: tokens } = await here.tokens('desk', person.browser)
    const sub = String((await here.verified(tokens.id_token)).sub)
    for (const login_hint of [sub, ` ${person.email.toUpperCase()} `])
      expect((await ask('shop', { login_hint })).status, login_hint).to.equal(200)
    await press('Approve')
    const { body } = await ask()
    await press('Approve')
    await press('Approve')
    const { body: own } = await poll(body.auth_req_id)
    const hinted = await ask('shop', { login_hint: undefined, id_token_hint: String(own.id_token) })
    expect(hinted.status).to.equal(200)
  })

  it('10.1, 11: answers polls with authorization_pending, slow_down, and tokens once', async () => {
    const { body } = await ask()
    const error = async () => (await poll(body.auth_req_id)).body.error
    expect(await error()).to.equal('authorization_pending')
    expect(await error()).to.equal('slow_down')
    here.latchkey.clock.pass(16_000)
    expect(await error()).to.equal('authorization_pending')
    await press('Approve')
    expect((await poll(body.auth_req_id, 'guest')).body.error).to.equal('invalid_grant')
    expect((await poll(body.auth_req_id)).status).to.equal(200)
    expect(await error()).to.equal('invalid_grant')
    expect((await poll('x')).body.error).to.equal('invalid_grant')
  })

  it('11: answers access_denied once the person refused, and no longer shows them the request', async () => {
    const { body } = await ask('shop', { binding_message: 'Order 77' })
    const page = await press('Refuse')
    expect(page.text).to.contain('Request refused')
    expect(page.text).to.not.contain('Order 77')
    expect((await poll(body.auth_req_id)).body.error).to.equal('access_denied')
    expect((await page.submit({}, 'Refuse').catch(() => undefined))?.status).to.equal(undefined)
  })

  it('10.2: pings an app in ping mode with its token, also after a refusal', async () => {
    for (const button of ['Approve', 'Refuse']) {
      heard.length = 0
      const token = `a-token-of-the-app-${button}`
      here.latchkey.keepOut(token)
      const { body } = await ask('caller', { client_notification_token: token })
      await press(button)
      while (heard.length === 0) await wait(10)
      expect(heard).to.deep.equal([{ authorization: `Bearer ${token}`, body: { auth_req_id: body.auth_req_id } }])
      const answered = await poll(body.auth_req_id, 'caller')
      expect(answered.status).to.equal(button === 'Approve' ? 200 : 400)
    }
  })

  it('10.2: repeats the ping until the app receives it', async () => {
    heard.length = 0
    answer = 503
    await ask('caller', { client_notification_token: 'again-and-again' })
    await press('Approve')
    while (heard.length === 0) await wait(10)
    answer = 204
    here.latchkey.clock.pass(30_000)
    while (heard.length < 2) await wait(10)
    expect(heard[1]).to.deep.equal(heard[0])
    expect(here.latchkey.logged()).to.match(/"event":"ping.failed".*"reason":"localhost:\d+ answered 503"/)
  })

  it('10.2: does not repeat the ping when the app refuses it or redirects', async () => {
    for (const status of [302, 307, 404]) {
      heard.length = 0
      answer = status
      await ask('caller', { client_notification_token: `refused-${status}` })
      await press('Approve')
      while (heard.length === 0) await wait(10)
      await wait(50)
      here.latchkey.clock.pass(30_000)
      await wait(1_500)
      expect(heard, String(status)).to.have.length(1)
    }
    answer = 204
  })
})
