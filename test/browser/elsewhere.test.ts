import { deviceGround, devices } from '../conformance/devices.ts'
import type { Ground } from '../conformance/ground.ts'
import { shopGround, shops } from '../conformance/shops.ts'
import { authenticatorCode, type Person } from '../support/people.ts'
import { openToEverybody, sees, signedIn, type Visitor, visit } from './visitor.ts'

const minute = 60_000

describe('in a browser, what was asked from elsewhere', function () {
  this.timeout(30_000)
  let here: Ground
  afterEach(() => here.stop())

  const proves = async (who: Visitor, person: Person) => {
    await who.page.getByText('You’re approving a request').waitFor()
    await who.type('Password', person.password)
    await who.page.keyboard.press('Enter')
    await who.page.getByLabel('Six-digit code').waitFor()
    await who.type('Six-digit code', authenticatorCode(here.latchkey, person))
  }

  it('is a device: its code is entered by keyboard, its place looked at, and one press lets it in', () =>
    visit(async who => {
      here = await deviceGround()
      const person = await here.person()
      const { ask, poll } = devices(here, person)
      await signedIn(who, person, here.issuer)
      here.latchkey.clock.pass(6 * minute)
      const { body } = await ask()
      await who.page.goto(`${here.issuer}/device`)
      await sees(who, 'Connect a device')
      await who.page.keyboard.type('wrong')
      await who.page.keyboard.press('Enter')
      await who.page.getByRole('alert').waitFor()
      await openToEverybody(who)
      // As a Japanese keyboard and an eager autocorrection have it.
      const wide = String(body.user_code).replace(/[A-Z]/g, each => String.fromCodePoint(each.charCodeAt(0) + 0xfee0))
      await who.type('Code on your device', wide.replace('-', '\u200b–'))
      await who.page.keyboard.press('Enter')
      await sees(who, 'Is this your device?')
      await who.press('Connect the device')
      await proves(who, person)
      await sees(who, 'Device connected')
      while ((await poll(body.device_code)).status !== 200) here.latchkey.clock.pass(6_000)
    }))

  it('is a device that nobody started: one press turns it away', () =>
    visit(async who => {
      here = await deviceGround()
      const person = await here.person()
      const { ask } = devices(here, person)
      await signedIn(who, person, here.issuer)
      const { body } = await ask()
      await who.page.goto(String(body.verification_uri_complete))
      await sees(who, 'Is this your device?')
      await who.press('I didn’t start this')
      await sees(who, 'Device blocked')
    }))

  it('is an app: its message is read, one press approves it and another refuses', () =>
    visit(async who => {
      here = await shopGround()
      const person = await here.person()
      const { ask } = shops(here, person)
      await signedIn(who, person, here.issuer)
      await ask('shop', { binding_message: 'Order 4711' })
      await who.page.goto(`${here.issuer}/account`)
      await sees(who, 'Your account')
      await who.follow('See requests')
      await sees(who, 'Approvals')
      await who.page.getByText('Order 4711').waitFor()
      await who.press('Approve')
      await who.page.getByText('Approved').waitFor()
      await ask('shop')
      await who.page.goto(`${here.issuer}/account/approvals`)
      await who.press('Refuse')
      await who.page.getByText('No requests are waiting').waitFor()
      await openToEverybody(who)
    }))
})
