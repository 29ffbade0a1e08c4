import { expect } from 'chai'
import { startSuite } from '../support/all-apps.ts'
import { whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, type Person, signUp, somebody } from '../support/people.ts'
import { openToEverybody, signedIn, type Visitor, visit } from './visitor.ts'

const vienna = { 'x-forwarded-for': '193.171.23.1' }
const london = { 'x-forwarded-for': '81.2.69.142' }

describe('in a browser, from somewhere unusual', function () {
  this.timeout(20_000)
  const latchkey = whileTesting(() => startSuite({ environment: { LATCHKEY_TRUST_PROXY: '127.0.0.1,::1' } }))

  const signedUp = async (): Promise<Person> => {
    const person = somebody(vienna)
    await signUp(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-up`))
    return person
  }
  const prove = async (who: Visitor, person: Person) => {
    await who.page.goto(`${latchkey.apps.trading}/login`)
    await who.type('Email', person.email)
    await who.type('Password', person.password)
    await who.press('Sign in')
    await who.type('Six-digit code', authenticatorCode(latchkey, person))
    await who.page.keyboard.press('Enter')
    await who.sees('Confirm it’s you: check your email')
  }
  const linkTo = async ({ email }: Person): Promise<string> =>
    (await latchkey.outbox(email)).find(({ link }) => link?.includes('/confirm/'))?.link ?? expect.fail('no mail')

  it('waits, and goes on by itself to the app once the link was followed on another device', () =>
    visit(
      async who => {
        const person = await signedUp()
        await prove(who, person)
        await who.page.getByText('Waiting for your confirmation…').waitFor()
        await openToEverybody(who)
        const page = await person.browser.get(await linkTo(person))
        await page.submit({}, 'Yes, it’s me')
        await who.isAt(`${latchkey.apps.trading}/`)
      },
      { extraHTTPHeaders: london },
    ))

  it('says so by itself when the owner stopped it', () =>
    visit(
      async who => {
        const person = await signedUp()
        await prove(who, person)
        const page = await person.browser.get(await linkTo(person))
        await page.submit({}, 'This wasn’t me')
        await who.sees('This page has expired')
        expect(who.complaints.splice(0).every(each => each.includes('410'))).to.equal(true)
      },
      { extraHTTPHeaders: london },
    ))

  it('goes on by a button where scripts are off', () =>
    visit(
      async who => {
        const person = await signedUp()
        await prove(who, person)
        expect(await who.page.getByText('Waiting for your confirmation…').isVisible()).to.equal(false)
        await (await person.browser.get(await linkTo(person))).submit({}, 'Yes, it’s me')
        await who.press('I’ve confirmed')
        await who.isAt(`${latchkey.apps.trading}/`)
      },
      { extraHTTPHeaders: london, javaScriptEnabled: false },
    ))

  it('ends another session by a press, from the list', () =>
    visit(async who => {
      const person = await signedUp()
      await signedIn(who, person, latchkey.issuer)
      const other = { ...person, browser: somebody(vienna).browser }
      const start = await other.browser.get(`${latchkey.issuer}/sign-in`)
      const second = await start.submit({ email: person.email, password: person.password })
      await second.submit({ code: authenticatorCode(latchkey, person) })
      await who.page.goto(`${latchkey.issuer}/account/sessions`)
      await who.press('End')
      await who.page.getByText('Ended from another session').waitFor()
      await openToEverybody(who)
      expect((await other.browser.get(`${latchkey.issuer}/account`)).url).to.contain('/sign-in/')
    }))
})
