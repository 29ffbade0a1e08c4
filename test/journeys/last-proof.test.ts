import { expect } from 'chai'
import { deviceGround, devices } from '../conformance/devices.ts'
import type { Ground } from '../conformance/ground.ts'
import { authenticatorCode, type Person, signUp, somebody } from '../support/people.ts'
import { vienna } from '../support/travellers.ts'

const minute = 60_000

/** What goes wrong once the last proof was given is told as what it is, and nobody is signed in by it. */
describe('an error after the last proof', () => {
  let here: Ground
  let person: Person
  before(async () => {
    here = await deviceGround()
  })
  after(() => here.stop())

  /** How often somebody was signed in, or proved more. */
  const raised = () => here.latchkey.logged().split(/session\.(?:raised|started)/).length
  const cookie = async () =>
    (await person.browser.cookies.getCookies(here.issuer)).find(each => each.key.endsWith('latchkey_session'))?.value

  it('says that a device’s code has run out meanwhile', async () => {
    person = await here.person()
    const { ask, enter, poll } = devices(here, person)
    // What was proved at sign-up is not fresh any more.
    here.latchkey.clock.pass(6 * minute)
    const { body } = await ask()
    const confirm = await enter(body.user_code)
    here.latchkey.clock.pass(4.8 * minute)
    let page = await confirm.submit({}, 'Connect the device')
    expect(page.h1).to.equal('Enter your password')
    page = await page.submit({ password: person.password })
    const [before, had] = [raised(), await cookie()]
    page = await page.submit({ code: authenticatorCode(here.latchkey, person) })
    expect(page.status).to.equal(410)
    expect(page.text).to.include('This request has expired')
    expect([raised(), await cookie()]).to.deep.equal([before, had])
    expect((await poll(body.device_code)).body.error).to.equal('expired_token')
  })

  it('says that a rule would shut out who makes it, where they have moved meanwhile', async () => {
    person = somebody({ 'x-forwarded-for': vienna })
    await signUp(here.latchkey, person, await person.browser.get(`${here.issuer}/sign-up`))
    here.latchkey.clock.pass(10 * minute)
    const path = `${here.issuer}/account/security/restrictions`
    let page = await person.browser.post(path, { addresses: '193.171.23.0/24' })
    expect(page.h1).to.equal('Enter your password')
    page = await page.submit({ password: person.password })
    const form = page.forms.find(each => each.fields.some(field => field.name === 'code'))
    const [before, had] = [raised(), await cookie()]
    const code = authenticatorCode(here.latchkey, person)
    const headers = { 'x-forwarded-for': '193.171.99.1' }
    page = await person.browser.post(form?.action ?? '', { code }, { headers, from: page.url })
    expect(page.status).to.equal(422)
    expect(page.text).to.include('This rule would lock you out')
    expect([raised(), await cookie()]).to.deep.equal([before, had])
    expect((await person.browser.get(`${here.issuer}/account`)).url).to.equal(`${here.issuer}/account`)
  })
})
