import { expect } from 'chai'
import { type RunningSuite, startSuite } from '../support/all-apps.ts'
import { type Person, signUp, somebody } from '../support/people.ts'
import { type Device, device, signedIn, type Visitor, visit } from './visitor.ts'

describe('a passkey in a browser', () => {
  let latchkey: RunningSuite
  before(async () => {
    // Their passkeys count in full at once.
    latchkey = await startSuite({ environment: { LATCHKEY_HOLD: '0' } })
  })
  after(() => latchkey?.stop())

  /** Somebody adds a passkey in their account and signs out. What follows is a later visit; their device lies on the table. */
  const later = (story: (who: Visitor, phone: Device, person: Person) => Promise<void>) =>
    visit(async who => {
      const { issuer } = latchkey
      const person = somebody()
      await signUp(latchkey, person, await person.browser.get(`${issuer}/sign-up`))
      await signedIn(who, person, issuer)
      const phone = await device(who)
      await who.page.goto(`${issuer}/account/security`)
      await who.page.locator('[data-factor=passkey]').click()
      await who.press('Create a passkey')
      await who.isAt(`${issuer}/account/security`)
      await phone.layDown()
      await who.page.goto(`${issuer}/account`)
      await who.press('Sign out')
      await who.sees('You are signed out')
      await story(who, phone, person)
    })

  /** What Trading is told of the sign-in. */
  const told = async ({ page, isAt }: Visitor) => {
    const { trading } = latchkey.apps
    await page.goto(`${trading}/login`)
    await isAt(`${trading}/`)
    const answer = await page.request.get(`${trading}/tokens.json`)
    return ((await answer.json()) as { claims: { acr: string; email: string } }).claims
  }

  it('signs in with nothing typed and nothing pressed, where the browser offers it in the email field', () =>
    later(async (who, phone, person) => {
      await phone.takeUp()
      await who.page.goto(`${latchkey.issuer}/sign-in`)
      await who.isAt(`${latchkey.issuer}/account`)
      expect(await told(who)).to.include({ acr: 'phr', email: person.email })
    }))

  it('signs in at the press of a button, with no name typed', () =>
    later(async (who, phone, person) => {
      await phone.takeUpWhenAsked()
      await who.page.goto(`${latchkey.issuer}/sign-in`)
      await who.press('Use a passkey')
      await who.isAt(`${latchkey.issuer}/account`)
      expect(await told(who)).to.include({ acr: 'phr', email: person.email })
    }))

  it('leads on to the app that asked', () =>
    later(async (who, phone, person) => {
      await phone.takeUp()
      await who.page.goto(`${latchkey.apps.card}/login`)
      await who.isAt(`${latchkey.apps.card}/`)
      await who.sees(`Hello, ${person.email}`)
    }))
})
