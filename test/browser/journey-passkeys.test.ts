import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { startSuite } from '../support/all-apps.ts'
import { whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, codeSentTo, type Person, somebody } from '../support/people.ts'
import { securityAt } from '../support/security.ts'
import { keyboard } from './keyboard.ts'
import { device, openToEverybody, sees, signedIn, type Visitor, visit } from './visitor.ts'

// A browser that makes no passkey by itself, and notes what it is told of those that there are.
const plain = `
  PublicKeyCredential.getClientCapabilities = async () => ({})
  globalThis.told = []
  for (const signal of ['signalAllAcceptedCredentials', 'signalCurrentUserDetails'])
    PublicKeyCredential[signal] = async what => void told.push({ signal, ...what })
`

describe('in a browser, passkeys come first', function () {
  this.timeout(90_000)
  const latchkey = whileTesting(() => startSuite())
  const at = securityAt(latchkey)

  /** Counts the pages of ours that come up from here on. */
  const pages = (page: Page) => {
    const seen: string[] = []
    page.on('response', answer => {
      const { pathname, origin } = new URL(answer.url())
      if (origin === latchkey.issuer && answer.request().isNavigationRequest() && answer.status() < 300)
        seen.push(pathname)
    })
    return seen
  }
  const parts = ({ page }: Visitor) => ({
    email: page.locator('main input[name=email]'),
    password: page.locator('main input[name=password]'),
    code: page.locator('form[data-code] input[name=code]'),
    button: (name: string) => page.getByRole('button', { name, exact: true }),
    saved: page.locator('main input[name=saved]'),
  })
  const setsUp = async (who: Visitor, person: Person) => {
    const { code, saved, button } = parts(who)
    const hands = keyboard(who)
    await sees(who, 'Set up your authenticator app')
    person.secret = (await who.page.locator('[data-totp-secret]').innerText()).replace(/\s/g, '')
    latchkey.keepOut(person.secret)
    await hands.write(code, authenticatorCode(latchkey, person))
    await sees(who, 'Save your recovery codes')
    latchkey.keepOut(...(await who.page.locator('[data-recovery-code]').allTextContents()))
    await hands.tick(saved)
    await hands.enter(button('Continue'))
  }
  /** From a page that leads to sign-in, to the page that asks for a password. */
  const begins = async (who: Visitor, person: Person, from: string) => {
    const { email, code } = parts(who)
    const hands = keyboard(who)
    await who.page.goto(from)
    await who.sees('Sign in')
    const seen = pages(who.page)
    await hands.enter(who.page.getByRole('link', { name: 'Create an account' }))
    await who.sees('Create your account')
    await hands.send(email, person.email)
    await code.waitFor()
    await hands.write(code, await codeSentTo(latchkey, person.email))
    await sees(who, 'Choose a password')
    return seen
  }
  const signsIn = async (who: Visitor, person: Person) => {
    const { email, password, code } = parts(who)
    const hands = keyboard(who)
    await who.page.goto(`${latchkey.issuer}/sign-in`)
    await hands.write(email, person.email)
    await hands.send(password, person.password)
    await hands.write(code, authenticatorCode(latchkey, person))
  }

  it('signs up with a passkey by keyboard alone in at most seven pages, comes back with one touch, and adds a password later', () =>
    visit(async who => {
      await who.page.addInitScript(plain)
      const phone = await device(who)
      await phone.layDown()
      const person = somebody()
      const { button, password } = parts(who)
      const hands = keyboard(who)
      const { trading } = latchkey.apps
      const seen = await begins(who, person, `${trading}/login`)
      await hands.enter(button('Use a passkey instead of a password'))
      await sees(who, 'Sign in faster with a passkey')
      await phone.takeUp()
      await hands.enter(button('Create a passkey'))
      await setsUp(who, person)
      await who.isAt(`${trading}/`)
      await who.sees(`Hello, ${person.email}`)
      expect(await phone.passkeys()).to.equal(1)
      expect(seen.length, seen.join(', ')).to.be.at.most(7)

      await hands.enter(button('Log out'))
      await who.page.getByRole('link', { name: 'Log in', exact: true }).waitFor()
      const again = pages(who.page)
      // The one touch is the device's own answer to the offer in the email field: nothing is typed or pressed.
      await who.page.goto(`${trading}/login`)
      await who.isAt(`${trading}/`)
      await who.sees(`Hello, ${person.email}`)
      // Of the pages of ours one asks, and the other leads on by itself.
      expect(again.map(path => path.replace(/^(\/sign-in)\/[^/]+/, '$1'))).to.deep.equal([
        '/sign-in',
        '/sign-in/passkey',
      ])

      await who.page.goto(`${latchkey.issuer}/account/security`)
      await hands.enter(who.page.locator('button[data-factor=password]'))
      await sees(who, 'Choose a password')
      latchkey.keepOut(person.password)
      await hands.send(password, person.password)
      await who.page.getByRole('status').waitFor()
      await openToEverybody(who)
    }))

  it('signs up with a password in at most seven pages, and says that the passkey offered at the end is there', () =>
    visit(async who => {
      await who.page.addInitScript(plain)
      const phone = await device(who)
      await phone.layDown()
      const person = somebody()
      const { button, password } = parts(who)
      const hands = keyboard(who)
      latchkey.keepOut(person.password)
      const seen = await begins(who, person, `${latchkey.issuer}/sign-in`)
      await hands.send(password, person.password)
      await setsUp(who, person)
      await sees(who, 'Sign in faster with a passkey')
      await phone.takeUp()
      await hands.enter(button('Create a passkey'))
      await sees(who, 'Your account')
      const done = await who.page.getByRole('status').allInnerTexts()
      expect(done).to.deep.equal(['Your account is ready. Your passkey is ready to use.'])
      expect(await phone.passkeys()).to.equal(1)
      // The last is the account's own.
      expect(seen.at(-1)).to.equal('/account')
      expect(seen.length - 1, seen.join(', ')).to.be.at.most(7)
    }))

  for (const first of ['password', 'passkey'] as const)
    it(`signs up with a ${first} and text messages in at most seven pages, by keyboard alone`, () =>
      visit(async who => {
        await who.page.addInitScript(plain)
        const phone = await device(who)
        await phone.layDown()
        const person = somebody()
        const { button, password, code, saved } = parts(who)
        const hands = keyboard(who)
        latchkey.keepOut(person.password)
        const seen = await begins(who, person, `${latchkey.issuer}/sign-in`)
        if (first === 'passkey') {
          await hands.enter(button('Use a passkey instead of a password'))
          await sees(who, 'Sign in faster with a passkey')
        } else await hands.write(password, person.password)
        // One of a group has the focus, and the arrows choose.
        await hands.reach(who.page.locator('[data-factor=totp]'))
        await who.page.keyboard.press('ArrowDown')
        expect(await who.page.locator('[data-factor=sms]').isChecked()).to.equal(true)
        await openToEverybody(who)
        if (first === 'passkey') {
          await phone.takeUp()
          await hands.enter(button('Create a passkey'))
        } else await hands.enter(button('Continue'))
        await sees(who, 'Add your phone number')
        await hands.send(who.page.locator('main input[name=phone]'), person.phone)
        await code.waitFor()
        await hands.write(code, await codeSentTo(latchkey, person.phone))
        await sees(who, 'Save your recovery codes')
        latchkey.keepOut(...(await who.page.locator('[data-recovery-code]').allTextContents()))
        await hands.tick(saved)
        await hands.enter(button('Continue'))
        if (first === 'password') {
          await sees(who, 'Sign in faster with a passkey')
          await hands.enter(who.page.locator('[data-skip]'))
        }
        await sees(who, 'Your account')
        expect(seen.at(-1)).to.equal('/account')
        expect(seen.length - 1, seen.join(', ')).to.be.at.most(7)
      }))

  it('is offered after a sign-in once a month at most, by keyboard alone, and until then on top of Security', () =>
    visit(async who => {
      await who.page.addInitScript(plain)
      await device(who)
      const person = await at.joined()
      const { button } = parts(who)
      const hands = keyboard(who)
      const account = `${latchkey.issuer}/account`
      await signsIn(who, person)
      await who.isAt(account)
      await hands.enter(button('Sign out'))
      await who.sees('You are signed out')
      latchkey.clock.pass(31 * 24 * 3_600_000)
      await signsIn(who, person)
      await sees(who, 'Sign in faster with a passkey')
      await hands.enter(who.page.locator('[data-skip]'))
      await who.isAt(account)
      await hands.enter(button('Sign out'))
      await who.sees('You are signed out')
      await signsIn(who, person)
      await who.isAt(account)
      await who.page.goto(`${account}/security`)
      const offer = who.page.locator('main [data-offer=passkey]')
      await offer.waitFor()
      const [top, first] = [await offer.boundingBox(), await who.page.locator('main section').first().boundingBox()]
      expect(top?.y).to.be.below(first?.y ?? 0)
    }))

  it('tells the browser’s password manager after each change which passkeys are left', () =>
    visit(async who => {
      await who.page.addInitScript(plain)
      const person = await at.joined()
      await signedIn(who, person, latchkey.issuer)
      await device(who)
      const { button } = parts(who)
      const hands = keyboard(who)
      const told = async () => {
        await who.page.waitForFunction('told.length >= 2')
        return (await who.page.evaluate('told')) as {
          signal: string
          name?: string
          allAcceptedCredentialIds?: string[]
        }[]
      }
      const left = async () => (await told())[0]?.allAcceptedCredentialIds?.length
      await who.page.goto(`${latchkey.issuer}/account/security`)
      expect(await left()).to.equal(0)
      await hands.enter(who.page.locator('[data-offer=passkey] button'))
      await who.sees('Sign in faster with a passkey')
      await hands.enter(button('Create a passkey'))
      await sees(who, 'Security')
      await who.page.getByRole('status').filter({ hasText: 'passkey is ready' }).waitFor()
      expect(await left()).to.equal(1)
      const line = who.page.locator('section[aria-labelledby=held] li.line').filter({ hasText: 'No codes needed' })
      await hands.enter(line.locator('summary'))
      await hands.send(line.locator('input[name=name]'), 'My laptop')
      await who.page.getByRole('status').filter({ hasText: 'My laptop' }).waitFor()
      expect([await left(), (await told())[1]?.name]).to.deep.equal([1, person.email])
      await hands.enter(line.getByRole('button', { name: 'Remove' }))
      await hands.enter(who.page.locator('[data-confirm]'))
      await who.page.getByRole('status').filter({ hasText: 'was removed' }).waitFor()
      expect(await left()).to.equal(0)
    }))
})
