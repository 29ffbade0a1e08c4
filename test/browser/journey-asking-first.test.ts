import { expect } from 'chai'
import type { Locator, Page } from 'playwright-core'
import { accounts } from '../../src/accounts/account.ts'
import { consentsDeclaration } from '../../src/records/consents.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, type Person } from '../support/people.ts'
import { securityAt } from '../support/security.ts'
import { keyboard } from './keyboard.ts'
import { openToEverybody, signedIn, visit } from './visitor.ts'

describe('in a browser, what takes something away', function () {
  this.timeout(90_000)
  const latchkey = whileTesting(startLatchkey)
  const at = securityAt(latchkey)

  /** Somebody with a phone besides the authenticator, an API key, and a device that they trust. */
  const owner = async (): Promise<Person> => {
    const person = await at.joined()
    await at.addPhone(person)
    const keys = await at.open(person, '/account/api-keys')
    await keys.submit({ name: 'Night bot', scope: ['read'] }, 'Create key')
    await (await at.open(person, '/account')).submit({}, 'Sign out')
    const start = await at.open(person, '/sign-in')
    const page = await start.submit({ email: person.email, password: person.password })
    const code = await person.browser.post(`${page.url}/use`, { factor: 'totp' })
    await code.submit({ trust: true, code: authenticatorCode(latchkey, person) })
    const { id = '' } = (await accounts(latchkey.store).byEmail(person.email)) ?? {}
    const told = { attributes: ['roles'], at: latchkey.clock.now() }
    await latchkey.store
      .collection(consentsDeclaration)
      .put({ id: `${id} ledger`, account: id, client: 'ledger', oidc: ['openid'], apis: [], ...told })
    return person
  }
  const ground = (wanted: Locator) =>
    wanted.evaluate(element => element.ownerDocument.defaultView?.getComputedStyle(element).backgroundColor)
  const ink = (wanted: Locator) =>
    wanted.evaluate(element => element.ownerDocument.defaultView?.getComputedStyle(element).color)

  const acts = [
    {
      what: 'a sign-in method',
      path: '/account/security',
      shown: (page: Page) =>
        page.locator('section[aria-labelledby=held] li.line').filter({ hasText: 'Codes sent to your phone' }),
      leads: 'form[action="/account/security/remove"] button',
    },
    {
      what: 'a trusted device',
      path: '/account/security',
      shown: (page: Page) => page.locator('section[aria-labelledby=devices] li.line'),
      leads: 'form[action="/account/security/forget"] button',
    },
    {
      what: 'an API key',
      path: '/account/api-keys',
      shown: (page: Page) => page.locator('.keys li').filter({ hasText: 'Night bot' }),
      leads: 'form[action$="/revoke"] button',
    },
    {
      what: 'what an app is told',
      path: '/account/apps',
      shown: (page: Page) => page.locator('li[data-told=roles]'),
      leads: 'form[action="/account/apps/withhold"] button',
    },
    {
      what: 'every session',
      path: '/account/sessions',
      shown: (page: Page) => page.locator('main'),
      leads: 'form[action="/sign-out/everywhere"] button',
    },
  ]

  for (const { what, path, shown, leads } of acts)
    it(`asks first, by keyboard alone, and looks different: ${what}`, () =>
      visit(async who => {
        const { page } = who
        const hands = keyboard(who)
        const person = await owner()
        await signedIn(who, person, latchkey.issuer)
        await page.goto(`${latchkey.issuer}/account/profile`)
        const harmless = await ground(page.locator('main button.go').first())
        await page.goto(`${latchkey.issuer}${path}`)
        const ask = async () => {
          const unfold = shown(page).locator('details:not(.rename, [open]) > summary')
          for (const each of await unfold.all()) await hands.enter(each)
          await hands.enter(shown(page).locator(leads))
          await page.locator('[data-confirm]').waitFor()
        }
        const plain = await ink(page.locator('main p').first())
        expect(await ink(shown(page).locator(leads))).to.not.equal(plain)
        await ask()
        expect(await page.locator('[data-confirm]').count()).to.equal(1)
        expect(await page.locator('.reasons li').count()).to.be.at.least(2)
        expect(await ground(page.locator('[data-confirm]'))).to.not.be.oneOf([harmless, 'rgba(0, 0, 0, 0)'])
        await openToEverybody(who)
        await hands.enter(page.locator('[data-cancel]'))
        await who.isAt(`${latchkey.issuer}${path}`)
        await shown(page).waitFor()
        await ask()
        await hands.enter(page.locator('[data-confirm]'))
        if (path.endsWith('sessions')) {
          await who.sees('You are signed out')
          expect(await at.isIn(person)).to.equal(false)
          return
        }
        await page.getByRole('status').waitFor()
        expect(await shown(page).count()).to.equal(0)
        await openToEverybody(who)
      }))

  it('asks first, by keyboard alone, and looks different: the account', () =>
    visit(async who => {
      const { page } = who
      const hands = keyboard(who)
      const person = await at.joined()
      await signedIn(who, person, latchkey.issuer)
      await page.goto(`${latchkey.issuer}/account/profile`)
      const harmless = await ground(page.locator('main button.go').first())
      await page.goto(`${latchkey.issuer}/account`)
      await hands.enter(page.locator('main a[href="/account/close"]'))
      const confirm = page.locator('[data-confirm]')
      await confirm.waitFor()
      expect(await ground(confirm)).to.not.equal(harmless)
      await openToEverybody(who)
      await hands.enter(page.locator('[data-cancel]'))
      await who.isAt(`${latchkey.issuer}/account`)
      expect(await at.isIn(person)).to.equal(true)
    }))
})
