import { expect } from 'chai'
import { jar } from '../support/jar.ts'
import { type Person, signUp, somebody } from '../support/people.ts'
import type { Ground } from './ground.ts'
import { dpop, pair } from './proving.ts'
import { type Shops, shopGround, shops, toldOf } from './shops.ts'

const minute = 60_000

describe('backchannel authentication: protection of people (OpenID CIBA Core 1.0)', () => {
  let here: Ground
  let person: Person
  let own: Shops
  before(async () => {
    here = await shopGround()
    person = await here.person()
    own = shops(here, person)
  })
  after(() => here.stop())
  const ask: Shops['ask'] = (...told) => own.ask(...told)
  const poll: Shops['poll'] = (...told) => own.poll(...told)
  const approvals: Shops['approvals'] = (...told) => own.approvals(...told)
  const press: Shops['press'] = (...told) => own.press(...told)
  // Nobody is asked too often in these ten minutes.
  beforeEach(() => here.latchkey.clock.pass(11 * minute))

  it('8: sends a text to people who chose texts', async () => {
    const owner = somebody()
    await signUp(here.latchkey, owner, await owner.browser.get(`${here.issuer}/sign-up`), 'sms')
    await (await owner.browser.get(`${here.issuer}/account/security`)).submit({}, 'Text me alerts')
    await ask('shop', { login_hint: owner.email, binding_message: 'Order 12' })
    const [text] = await toldOf(here, owner.phone, 1)
    expect(text?.text).to.contain('shop').and.to.contain('Order 12')
  })

  it('13: tells only first-party apps that an account does not exist', async () => {
    const unknown = { login_hint: 'nobody@example.com' }
    expect((await ask('shop', unknown)).body.error).to.equal('unknown_user_id')
    const [known, not] = [await ask('guest'), await ask('guest', unknown)]
    expect([not.status, Object.keys(not.body)]).to.deep.equal([known.status, Object.keys(known.body)])
    expect((await poll(not.body.auth_req_id, 'guest')).body.error).to.equal('authorization_pending')
    for (let more = 0; more < 4; more++) expect((await ask('guest', unknown)).status).to.equal(200)
    const last = await ask('guest', unknown)
    expect([last.status, last.body.error]).to.deep.equal([403, 'access_denied'])
  })

  it('asks a person at most five times in ten minutes for one app', async () => {
    const owner = await here.person()
    for (let times = 0; times < 5; times++)
      expect((await ask('shop', { login_hint: owner.email })).status).to.equal(200)
    expect((await ask('shop', { login_hint: owner.email })).status).to.equal(403)
    expect((await approvals(owner)).forms.filter(each => each.action.endsWith('/approve'))).to.have.length(5)
  })

  it('asks for a passkey when the app demands one', async () => {
    const { body } = await ask('shop', { acr_values: 'phr' })
    const next = await press('Approve')
    expect(next.h1).to.equal('Sign in faster with a passkey')
    expect((await poll(body.auth_req_id)).body.error).to.equal('authorization_pending')
  })

  it('binds tokens to the key that the app proves (RFC 9449)', async () => {
    const { body } = await ask('bound')
    await press('Approve')
    expect((await poll(body.auth_req_id, 'bound')).body.error).to.equal('invalid_grant')
    const key = await pair()
    const proof = { DPoP: await dpop(key, { htu: `${here.issuer}/token` }) }
    expect((await poll(body.auth_req_id, 'bound', {}, proof)).body.token_type).to.equal('DPoP')
  })

  it('answers only the person whom the app named, and no other site', async () => {
    const eve = await here.person()
    const { body } = await ask()
    const mine = await approvals()
    const request = mine.find('button[name=request]')?.attributes.value ?? ''
    for (const act of ['approve', 'refuse', 'report']) {
      const path = `${here.issuer}/account/approvals/${act}`
      expect((await eve.browser.post(path, { request })).status, act).to.equal(410)
      expect((await jar().post(path, { request })).status, act).to.equal(401)
      expect((await person.browser.post(path, { request }, { from: 'https://evil.example/' })).status).to.equal(403)
    }
    expect((await approvals(eve)).text).to.contain('No requests are waiting')
    expect((await poll(body.auth_req_id)).body.error).to.equal('authorization_pending')
  })

  it('mutes an app for an hour after two refusals, and for a day after a report', async () => {
    const owner = await here.person()
    const asked = () => ask('shop', { login_hint: owner.email })
    for (const _ of [1, 2]) {
      expect((await asked()).status).to.equal(200)
      await press('Refuse', owner)
    }
    const muted = await asked()
    expect([muted.status, muted.body.error]).to.deep.equal([403, 'access_denied'])
    expect((await ask('guest', { login_hint: owner.email })).status).to.equal(200)
    here.latchkey.clock.pass(61 * minute)
    expect((await asked()).status).to.equal(200)
    await press('I didn’t start this', owner)
    here.latchkey.clock.pass(61 * minute)
    expect((await asked()).status).to.equal(403)
    const subjects = (await here.latchkey.outbox(owner.email)).map(each => each.subject)
    expect(subjects).to.include('You reported an app’s request that you didn’t start')
    here.latchkey.clock.pass(24 * 60 * minute)
    expect((await asked()).status).to.equal(200)
  })
})
