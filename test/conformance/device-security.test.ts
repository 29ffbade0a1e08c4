import { expect } from 'chai'
import { throttle } from '../../src/accounts/throttle.ts'
import { jar } from '../support/jar.ts'
import { authenticatorCode, type Person, signIn } from '../support/people.ts'
import { type Devices, deviceGround, devices, grant } from './devices.ts'
import { api, type Ground, read } from './ground.ts'
import { dpop, pair } from './proving.ts'

const minute = 60_000
const vienna = { 'x-forwarded-for': '193.171.23.1' }

describe('device authorization: security (RFC 8628, 5)', () => {
  let here: Ground
  let person: Person
  let own: Devices
  before(async () => {
    here = await deviceGround()
    person = await here.person()
    own = devices(here, person)
  })
  after(() => here.stop())
  const ask: Devices['ask'] = (...told) => own.ask(...told)
  const poll: Devices['poll'] = (...told) => own.poll(...told)
  const enter: Devices['enter'] = (...told) => own.enter(...told)
  const letIn: Devices['letIn'] = (...told) => own.letIn(...told)

  it('5.1: shows nothing for a code that is unknown, expired or answered', async () => {
    const { body } = await ask()
    for (const code of ['BCDF-GHJK', 'x', '', '%00', 'é', `${body.user_code}B`]) {
      const page = await enter(code)
      expect([page.status, page.h1, page.alerts.length], code).to.deep.equal([422, 'Connect a device', 1])
    }
    here.latchkey.clock.pass(5 * minute)
    expect((await enter(body.user_code)).status).to.equal(422)
    here.latchkey.clock.pass(60 * minute)
  })

  it('5.1: closes after ten wrong codes in an hour, and does not count right ones', async () => {
    const guesser = await here.person()
    const { body } = await ask()
    for (let tries = 0; tries < 12; tries++) expect((await enter(body.user_code, guesser)).status).to.equal(200)
    for (let tries = 0; tries < 10; tries++) expect((await enter('BCDF-GHJK', guesser)).status).to.equal(422)
    const closed = await enter(body.user_code, guesser)
    expect(closed.status).to.equal(429)
    expect(closed.headers.get('retry-after')).to.match(/^\d+$/)
    expect((await enter(body.user_code)).status).to.equal(200)
    // However long they go on, they do not use up the tries of everybody together.
    for (let tries = 0; tries < 5; tries++) expect((await enter('BCDF-GHJK', guesser)).status).to.equal(429)
    const all = throttle({ store: here.latchkey.store, now: here.latchkey.clock.now })
    await all.ration('user-code.all', '', { tries: 11, window: 60 * minute })
    here.latchkey.clock.pass(60 * minute)
  })

  it('5.4: asks for more proof when the device is on a different network, and for the code again in another country', async () => {
    const far = await ask('tv', {}, vienna)
    const traveller = { ...person, browser: jar({ 'x-forwarded-for': '193.171.99.1' }) }
    const page = await signIn(here.latchkey, traveller, await enter(far.body.user_code, traveller))
    expect(page.text).to.contain('a different network').and.to.contain('193.171.23.1').and.to.contain('Austria')
    const pressed = await page.submit({}, 'Connect the device')
    expect([pressed.status, pressed.alerts.length]).to.deep.equal([422, 1])
    expect((await letIn(pressed, traveller, { mine: true })).url).to.match(/\/device\/connected$/)

    const abroad = await ask('tv', {}, { 'x-forwarded-for': '200.160.2.3' })
    const warned = await enter(abroad.body.user_code, traveller)
    expect(warned.text).to.contain('in a different location from you').and.to.contain('Brazil')
    expect(warned.text).to.not.contain(String(abroad.body.user_code))
    for (const compared of ['', 'BCDF-GHJK']) {
      const refused = await warned.submit({ mine: true, compared }, 'Connect the device')
      expect([refused.status, refused.alerts.length]).to.deep.equal([422, 1])
    }
    const unticked = await warned.submit({ compared: String(abroad.body.user_code) }, 'Connect the device')
    expect(unticked.status).to.equal(422)
    expect((await poll(abroad.body.device_code)).body.error).to.equal('authorization_pending')
    const done = await letIn(warned, traveller, { mine: true, compared: String(abroad.body.user_code).toLowerCase() })
    expect(done.url).to.match(/\/device\/connected$/)
  })

  it('5.4: asks for a fresh proof of two factors, and for a passkey when the app demands one', async () => {
    const phr = await ask('tv', { acr_values: 'phr' })
    const proving = await (await enter(phr.body.user_code)).submit({}, 'Connect the device')
    expect(proving.url).to.include('/sign-in/')
    expect(proving.text).to.contain('approving a request from tv')
    expect((await poll(phr.body.device_code)).body.error).to.equal('authorization_pending')

    here.latchkey.clock.pass(6 * minute)
    const asked = await ask()
    const again = await (await enter(asked.body.user_code)).submit({}, 'Connect the device')
    expect(again.url).to.include('/sign-in/')
    const wrong = await again.submit({ password: 'not the password at all' })
    expect(wrong.status).to.equal(401)
    expect((await poll(asked.body.device_code)).body.error).to.equal('authorization_pending')
    const second = await wrong.submit({ password: person.password })
    const done = await second.submit({ code: authenticatorCode(here.latchkey, person) })
    expect(done.url).to.match(/\/device\/connected$/)
    expect((await poll(asked.body.device_code)).status).to.equal(200)
  })

  it('refuses devices the scopes that move money, unless the app’s entry allows it', async () => {
    const wanted = { scope: 'openid read transfer', resource: api }
    const scopes = async (app: string) => {
      const { body } = await ask(app, wanted)
      await letIn(await enter(body.user_code))
      const answer = await here.token(app, {
        grant_type: grant,
        device_code: String(body.device_code),
        resource: api,
      })
      return read(answer.body.access_token).scope
    }
    expect(await scopes('tv')).to.equal('read')
    expect(await scopes('till')).to.equal('read transfer')
  })

  it('binds tokens to the key that the device proves (RFC 9449)', async () => {
    const { body } = await ask('bound', { scope: 'openid read', resource: api })
    await letIn(await enter(body.user_code))
    expect((await poll(body.device_code, 'bound')).body.error).to.equal('invalid_grant')
    const key = await pair()
    const form = { grant_type: grant, device_code: String(body.device_code), resource: api }
    const { body: tokens } = await here.token('bound', form, {
      DPoP: await dpop(key, { htu: `${here.issuer}/token` }),
    })
    expect(tokens.token_type).to.equal('DPoP')
    expect((await here.verified(tokens.access_token)).cnf).to.deep.equal({ jkt: key.publicJwk.kid })
  })

  it('ends a device’s tokens with the session in which it was approved', async () => {
    const owner = await here.person()
    const { body } = await ask('guest', { scope: 'openid email offline_access' })
    await letIn(await enter(body.user_code, owner), owner)
    const tokens = await poll(body.device_code, 'guest')
    const sessions = await owner.browser.get(`${here.issuer}/account/sessions`)
    expect(sessions.text).to.contain('guest')
    await owner.browser.post(`${here.issuer}/sign-out`)
    const refreshed = await here.token('guest', {
      grant_type: 'refresh_token',
      refresh_token: String(tokens.body.refresh_token),
    })
    expect(refreshed.body.error).to.equal('invalid_grant')
    const userinfo = await here.get('userinfo', { authorization: `Bearer ${tokens.body.access_token}` })
    expect(userinfo.status).to.equal(401)
  })

  it('issues nothing for a session that ended before the device polled', async () => {
    const owner = await here.person()
    const { body } = await ask()
    await letIn(await enter(body.user_code, owner), owner)
    await owner.browser.post(`${here.issuer}/sign-out`)
    expect((await poll(body.device_code)).body.error).to.equal('invalid_grant')
  })

  it('tells the owner that a device was approved, and records it in their activity', async () => {
    const owner = await here.person()
    const { body } = await ask()
    await letIn(await enter(body.user_code, owner), owner)
    const mails = await here.latchkey.outbox(owner.email)
    expect(mails.map(each => each.subject)).to.include('A device was connected to your account')
    const log = await owner.browser.get(`${here.issuer}/account/activity`)
    expect(log.text).to.contain('Device connected: tv')
  })

  it('refuses posts from other sites, and without a session', async () => {
    const { body } = await ask()
    for (const path of ['/device', '/device/approve', '/device/refuse']) {
      const from = 'https://evil.example/'
      const answers = { user_code: String(body.user_code) }
      expect((await person.browser.post(here.issuer + path, answers, { from })).status, path).to.equal(403)
    }
    for (const path of ['/device/approve', '/device/refuse'])
      expect((await jar().post(here.issuer + path, { user_code: String(body.user_code) })).status).to.equal(401)
    expect((await poll(body.device_code)).body.error).to.equal('authorization_pending')
  })
})
