import { expect } from 'chai'
import { type RunningSuite, startSuite } from '../support/all-apps.ts'
import { startLedger } from '../support/ledger.ts'
import { authenticatorCode, type Person, signUp, somebody } from '../support/people.ts'
import { keyboard } from './keyboard.ts'
import { openToEverybody, signedIn, type Visitor, visit } from './visitor.ts'

describe('in a browser, the app and the address that was typed', function () {
  this.timeout(90_000)
  let latchkey: RunningSuite
  let ledger: Awaited<ReturnType<typeof startLedger>>
  before(async () => {
    ledger = await startLedger()
    latchkey = await startSuite({ more: [ledger.client] })
  })
  after(async () => {
    ledger?.close()
    await latchkey?.stop()
  })

  const owner = async (): Promise<Person> => {
    const person = somebody()
    await signUp(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-up`))
    return person
  }
  const fields = ({ page }: Visitor) => ({
    email: page.locator('main form input[name=email]'),
    password: page.locator('main form[action$="/password"] input[name=password]'),
    code: page.locator('main form[action$="/totp"] input[name=code]'),
  })
  /** The page is open to everybody, and says which app it leads to, in whatever language. */
  const towards = async (who: Visitor, app: string) => {
    await who.page.locator('.towards').filter({ hasText: app }).waitFor()
    await openToEverybody(who)
  }
  /** Waits until the email field holds this: a script brings along what was typed. */
  const holds = (who: Visitor, email: string) =>
    who.page.waitForFunction(`document.querySelector('main input[name=email]').value === ${JSON.stringify(email)}`)
  const forgets = async (who: Visitor, person: Person) => {
    const { email } = fields(who)
    const hands = keyboard(who)
    await who.page.goto(`${latchkey.apps.trading}/login`)
    await hands.write(email, person.email)
    await hands.enter(who.page.locator('a[href^="/forgot-password"]'))
    await who.page.locator('form[action="/forgot-password"]').waitFor()
    await holds(who, person.email)
    await towards(who, 'Trading')
    await hands.enter(who.page.locator('form[action="/forgot-password"] button.go'))
    await who.page.getByRole('status').filter({ hasText: person.email }).waitFor()
    await towards(who, 'Trading')
    const mails = await latchkey.outbox(person.email)
    return mails.find(each => each.link?.includes('/reset/'))?.link ?? expect.fail('no link was sent')
  }
  /** From the page that the link leads to, up to the new password. */
  const chooses = async (who: Visitor, person: Person, state: () => Promise<void>) => {
    const { password, code } = fields(who)
    const hands = keyboard(who)
    await hands.enter(who.page.locator('form[action*="/reset/"] button.go'))
    await code.waitFor()
    await state()
    await hands.write(code, authenticatorCode(latchkey, person))
    await password.waitFor()
    await state()
    person.password = `new ${person.password}`
    latchkey.keepOut(person.password)
    await hands.send(password, person.password)
  }

  for (const locale of ['en', 'ar', 'ja'])
    it(`come along from a forgotten password through the emailed link and the second step back to the app, by keyboard alone (${locale})`, () =>
      visit(
        async who => {
          const person = await owner()
          await who.page.goto(await forgets(who, person))
          await who.page.locator(`html[lang=${locale}]`).waitFor()
          await towards(who, 'Trading')
          await chooses(who, person, () => towards(who, 'Trading'))
          await who.isAt(`${latchkey.apps.trading}/`)
          await who.page.getByRole('heading', { level: 1 }).filter({ hasText: person.email }).waitFor()
        },
        { locale },
      ))

  it('lead back to the app from another browser than the one where the password was forgotten', async () => {
    const person = await owner()
    let link = ''
    await visit(async who => {
      link = await forgets(who, person)
    })
    await visit(async who => {
      await who.page.goto(link)
      await chooses(who, person, () => openToEverybody(who))
      await who.sees('Your account')
      await openToEverybody(who)
      await keyboard(who).enter(who.page.getByRole('link', { name: 'Go back to Trading' }))
      await who.isAt(`${latchkey.apps.trading}/`)
      await keyboard(who).enter(who.page.getByRole('link', { name: 'Log in' }))
      await who.sees(`Hello, ${person.email}`)
    })
  })

  it('are still there after a page expired, and the app is one press away', () =>
    visit(async who => {
      const person = await owner()
      const hands = keyboard(who)
      await who.page.goto(`${latchkey.apps.trading}/login`)
      await hands.write(fields(who).email, person.email)
      await hands.send(fields(who).password, 'not this one')
      await who.page.getByRole('alert').waitFor()
      latchkey.clock.pass(61 * 60_000)
      await who.page.reload()
      await who.sees('This page has expired')
      expect(who.complaints.splice(0).every(each => each.includes('410'))).to.equal(true)
      await openToEverybody(who)
      await hands.enter(who.page.getByRole('link', { name: 'Go back to Trading' }))
      await who.isAt(`${latchkey.apps.trading}/`)
      await hands.enter(who.page.getByRole('link', { name: 'Log in' }))
      await towards(who, 'Trading')
      await holds(who, person.email)
      await hands.send(fields(who).password, person.password)
      await hands.write(fields(who).code, authenticatorCode(latchkey, person))
      await who.isAt(`${latchkey.apps.trading}/`)
    }))

  it('come along from sign-in to sign-up and back', () =>
    visit(async who => {
      const { email } = somebody()
      const hands = keyboard(who)
      await who.page.goto(`${latchkey.apps.staking}/login`)
      await hands.write(fields(who).email, email)
      await hands.enter(who.page.getByRole('link', { name: 'Create an account' }))
      await who.sees('Create your account')
      await holds(who, email)
      await towards(who, 'Staking')
      const other = somebody().email
      await hands.write(fields(who).email, other)
      await hands.enter(who.page.getByRole('link', { name: 'Sign in' }))
      await who.sees('Sign in')
      await holds(who, other)
      await towards(who, 'Staking')
    }))

  it('lead to the app as somebody else, once the account was switched', () =>
    visit(async who => {
      const [ada, bob] = [await owner(), await owner()]
      const hands = keyboard(who)
      await signedIn(who, ada, latchkey.issuer)
      await who.page.goto(ledger.request(latchkey.issuer))
      await who.sees('Allow access?')
      await who.page.locator('.who').filter({ hasText: ada.email }).waitFor()
      await hands.enter(who.page.getByRole('button', { name: 'Use another account' }))
      await who.sees('Sign in')
      await towards(who, 'Ledger')
      await hands.write(fields(who).email, bob.email)
      await hands.send(fields(who).password, bob.password)
      await hands.write(fields(who).code, authenticatorCode(latchkey, bob))
      await who.sees('Allow access?')
      await who.page.locator('.who').filter({ hasText: bob.email }).waitFor()
      await towards(who, 'Ledger')
      await hands.enter(who.page.getByRole('button', { name: 'Allow', exact: true }))
      await who.sees('Back at the ledger')
      expect(new URL(who.page.url()).searchParams.get('code')).to.be.a('string')
    }))
})
