import { expect } from 'chai'
import { type RunningSuite, startSuite } from '../support/all-apps.ts'
import { totpAt } from '../support/codes.ts'
import { jar } from '../support/jar.ts'
import { authenticatorCode, type Person, signUp, somebody } from '../support/people.ts'
import { securityAt } from '../support/security.ts'
import { keyboard } from './keyboard.ts'
import { openToEverybody, type Visitor, visit } from './visitor.ts'

describe('in a browser, somebody who lost their phone', function () {
  this.timeout(90_000)
  let latchkey: RunningSuite
  before(async () => {
    latchkey = await startSuite()
  })
  after(() => latchkey?.stop())

  /** Somebody whose authenticator is called “Old phone”. */
  const robbed = async (locale: string): Promise<Person> => {
    const person = somebody({ 'accept-language': locale })
    await signUp(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-up`))
    const at = securityAt(latchkey)
    // The first thing there that has a name is the authenticator, whatever language it is called in.
    const credential = (await at.open(person)).find('[name=credential]')?.attributes.value ?? ''
    await at.act(person, 'rename', { credential, name: 'Old phone' })
    return person
  }
  /** The thief, or the owner on the old phone, signs in elsewhere and has that device trusted. */
  const trusted = async (person: Person) => {
    const other = jar()
    const start = await other.get(`${latchkey.issuer}/sign-in`)
    const second = await start.submit({ email: person.email, password: person.password })
    await second.submit({ code: authenticatorCode(latchkey, person), trust: 'yes' })
    return async () => (await other.get(`${latchkey.issuer}/account`)).url === `${latchkey.issuer}/account`
  }
  const line = ({ page }: Visitor, section: string, text: string) =>
    page.locator(`section[aria-labelledby=${section}] li.line`).filter({ hasText: text })

  for (const locale of ['en', 'ar', 'ja'])
    it(`sets up another with a recovery code, removes the old one, ends what is not theirs and goes on to the app, by keyboard alone (${locale})`, () =>
      visit(
        async who => {
          const person = await robbed(locale)
          const hands = keyboard(who)
          const { page } = who
          const button = (wanted: ReturnType<typeof line>) => wanted.locator('form button[type=submit]')
          await page.goto(`${latchkey.apps.trading}/login`)
          await hands.write(page.locator('main input[name=email]'), person.email)
          await hands.send(page.locator('main input[name=password]'), person.password)
          await page.locator('form[data-code] input[name=code]').waitFor()
          await page.locator(`html[lang=${locale}]`).waitFor()
          await hands.enter(page.locator('details.more summary').last())
          await hands.enter(page.locator('[data-factor=recovery-code]'))
          const recovery = page.locator('form[action$="/recovery-code"] input[name=code]')
          await recovery.waitFor()
          await openToEverybody(who)
          await hands.send(recovery, person.recoveryCodes.pop() ?? '')

          // Why another is set up, and that it ends at the app.
          const secret = (await page.locator('[data-totp-secret]').innerText()).replace(/\s/g, '')
          latchkey.keepOut(secret)
          await page.locator('main > p.instruct').first().waitFor()
          if (locale === 'en')
            await page.getByText('Each recovery code works once: set up a new authenticator now').waitFor()
          await page.locator('.towards').filter({ hasText: 'Trading' }).waitFor()
          await openToEverybody(who)
          latchkey.clock.pass(31_000)
          await hands.write(page.locator('form[data-code] input[name=code]'), totpAt(secret, latchkey.clock.now()))
          await page.waitForURL(/\/account\/lost-phone/)
          await page.getByRole('status').waitFor()
          await openToEverybody(who)

          const isIn = await trusted(person)
          expect(await isIn()).to.equal(true)
          await page.reload()
          // Named, and with its last use.
          const old = line(who, 'methods', 'Old phone')
          await old.locator('dl.dates div').last().locator('time').waitFor()
          const others = page.locator('section[aria-labelledby=sessions] li.line')
          expect(await others.count()).to.equal(2)
          await hands.enter(
            page.locator('section[aria-labelledby=sessions] form[action="/account/sessions/end"] button'),
          )
          await page.getByRole('status').waitFor()
          expect(await isIn()).to.equal(false)

          const device = page.locator('section[aria-labelledby=devices] li.line')
          await hands.enter(button(device))
          await page.locator('[data-confirm]').waitFor()
          await openToEverybody(who)
          await hands.enter(page.locator('[data-confirm]'))
          await page.locator('section[aria-labelledby=devices] .empty').waitFor()

          await hands.enter(old.locator('form[action="/account/security/remove"] button'))
          await page.getByRole('heading', { level: 1 }).filter({ hasText: 'Old phone' }).waitFor()
          await openToEverybody(who)
          await hands.enter(page.locator('[data-confirm]'))
          await page.locator('section[aria-labelledby=methods] .empty').waitFor()
          await page.getByRole('status').filter({ hasText: 'Old phone' }).waitFor()
          await openToEverybody(who)
          await hands.enter(page.locator('main a.go'))
          await who.isAt(`${latchkey.apps.trading}/`)
          await page.getByRole('heading', { level: 1 }).filter({ hasText: person.email }).waitFor()
        },
        { locale },
      ))
})
