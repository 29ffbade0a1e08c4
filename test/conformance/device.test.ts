import { expect } from 'chai'
import { jar } from '../support/jar.ts'
import { type Person, signIn } from '../support/people.ts'
import { type Devices, deviceGround, devices } from './devices.ts'
import { api, type Ground } from './ground.ts'

describe('device authorization (RFC 8628)', () => {
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

  it('3.1, 3.2: answers with codes, a short URL, and their lifetime', async () => {
    const { status, body, headers } = await ask()
    expect(status).to.equal(200)
    expect(headers.get('cache-control')).to.equal('no-store')
    expect(body).to.have.keys('device_code', 'user_code', 'verification_uri', 'verification_uri_complete', 'expires_in')
    expect(body.verification_uri).to.equal(`${here.issuer}/device`)
    expect(body.verification_uri_complete).to.equal(`${here.issuer}/device?user_code=${body.user_code}`)
    expect(body.expires_in).to.equal(300)
  })

  it('6.1: makes user codes of eight consonants, and codes for devices of 256 bits', async () => {
    const { body } = await ask()
    expect(body.user_code).to.match(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
    expect(String(body.device_code).length).to.be.at.least(43)
  })

  it('3.1: is only for clients that declare the grant', async () => {
    const { status, body } = await here.post('device_authorization', { ...(await here.proof('desk')), scope: 'openid' })
    expect([status, body.error]).to.deep.equal([400, 'invalid_request'])
    expect((await ask('nobody')).body.error).to.equal('invalid_client')
  })

  it('3.3: accepts the code however it is typed', async () => {
    const { body } = await ask()
    const typed = String(body.user_code).toLowerCase().replace('-', '')
    for (const each of [typed, ` ${typed.slice(0, 4)} ${typed.slice(4)} `, `${typed.slice(0, 2)}–${typed.slice(2)}`])
      expect((await enter(each)).h1, each).to.equal('Is this your device?')
  })

  it('3.3, 5.4: shows which app asks and from where, and waits for the person’s approval', async () => {
    const { body } = await ask('tv', { scope: 'openid read', resource: api })
    const page = await enter(body.user_code)
    expect(page.text).to.contain('tv').and.to.contain('127.0.0.1').and.to.contain('Continue only if you started this')
    expect(page.text).to.contain('See balances, orders and history')
    expect((await poll(body.device_code)).body.error).to.equal('authorization_pending')
  })

  it('3.3.1: asks the person to compare the code of verification_uri_complete, too', async () => {
    const { body } = await ask()
    const page = await person.browser.get(String(body.verification_uri_complete))
    expect(page.h1).to.equal('Is this your device?')
    expect(page.text).to.contain(String(body.user_code))
    expect((await poll(body.device_code)).body.error).to.equal('authorization_pending')
  })

  it('3.3: has people sign in first, and returns them to the code', async () => {
    const { body } = await ask()
    const stranger = { ...person, browser: jar() }
    const start = await enter(body.user_code, stranger)
    expect(start.url).to.include('/sign-in/')
    const page = await signIn(here.latchkey, stranger, start)
    expect(page.h1).to.equal('Is this your device?')
    expect((await letIn(page, stranger)).url).to.match(/\/device\/connected$/)
    expect((await poll(body.device_code)).status).to.equal(200)
  })

  it('3.4, 3.5: issues tokens once, with the acr of the approval', async () => {
    const { status, body } = await own.connected('tv', { scope: 'openid read offline_access', resource: api })
    expect(status).to.equal(200)
    expect(body).to.include.keys('access_token', 'id_token', 'refresh_token')
    const claims = await here.verified(body.id_token)
    expect(claims).to.include({ acr: 'aal2', aud: 'tv' })
    const { sid } = await here.verified(body.access_token)
    expect(sid).to.be.a('string')
    const refreshed = await here.token('tv', {
      grant_type: 'refresh_token',
      refresh_token: String(body.refresh_token),
      resource: api,
    })
    expect(await here.verified(refreshed.body.access_token)).to.include({ scope: 'read', sid, acr: 'aal2' })
  })

  it('3.5: answers invalid_grant for a code that was used, is another client’s, or does not exist', async () => {
    const { body } = await ask()
    await letIn(await enter(body.user_code))
    expect((await poll(body.device_code, 'guest')).body.error).to.equal('invalid_grant')
    const first = await poll(body.device_code)
    expect(first.status).to.equal(200)
    expect((await poll(body.device_code)).body.error).to.equal('invalid_grant')
    // And what the first poll got still works: a device may poll twice at once.
    const userinfo = await here.get('userinfo', { authorization: `Bearer ${first.body.access_token}` })
    expect(userinfo.status).to.equal(200)
    expect((await poll('x')).body.error).to.equal('invalid_grant')
  })

  it('3.5: answers slow_down to polls that come too fast, each time by five seconds more', async () => {
    const { body } = await ask()
    const wait = (ms: number) => here.latchkey.clock.pass(ms)
    const polls = async (before: number) => {
      wait(before)
      return (await poll(body.device_code)).body.error
    }
    expect(await polls(0)).to.equal('authorization_pending')
    expect(await polls(0)).to.equal('slow_down')
    expect(await polls(6_000)).to.equal('slow_down')
    expect(await polls(16_000)).to.equal('authorization_pending')
    expect(await polls(16_000)).to.equal('authorization_pending')
  })

  it('3.5: answers access_denied once the person said that they did not start it', async () => {
    const { body } = await ask()
    const page = await (await enter(body.user_code)).submit({}, 'I didn’t start this')
    expect(page.url).to.match(/\/device\/refused$/)
    expect((await poll(body.device_code)).body.error).to.equal('access_denied')
    expect((await poll(body.device_code)).body.error).to.equal('invalid_grant')
    expect((await enter(body.user_code)).status).to.equal(422)
  })

  it('3.5: answers expired_token once the code has expired, answered or not, and nobody can approve it any more', async () => {
    const [waits, answered] = [(await ask()).body, (await ask()).body]
    const page = await enter(waits.user_code)
    await letIn(await enter(answered.user_code))
    here.latchkey.clock.pass(300_001)
    for (const { device_code } of [waits, answered])
      expect((await poll(device_code)).body.error).to.equal('expired_token')
    expect((await page.submit({}, 'Connect the device')).status).to.equal(422)
    expect((await enter(waits.user_code)).status).to.equal(422)
  })
})
