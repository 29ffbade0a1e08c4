import { expect } from 'chai'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, codeSentTo, type Person, somebody } from '../support/people.ts'
import { securityAt } from '../support/security.ts'
import { device, openToEverybody, type Visitor, visit } from './visitor.ts'

/** Lets a browser say what it can do, and answer what is asked of it beyond what the virtual authenticator does. */
const pretends = (can: object, more = '') => `
  PublicKeyCredential.getClientCapabilities = async () => (${JSON.stringify(can)})
  globalThis.asked = []
  for (const verb of ['get', 'create']) {
    const real = navigator.credentials[verb].bind(navigator.credentials)
    navigator.credentials[verb] = async options => {
      const { mediation, publicKey } = options
      if (mediation !== 'conditional' || verb === 'create') asked.push({ verb, mediation, hints: publicKey.hints })
      ${more}
      return real({ ...options, mediation: verb === 'create' ? undefined : mediation })
    }
  }
`

describe('passkeys first, in a browser', function () {
  this.timeout(40_000)
  const latchkey = whileTesting(startLatchkey)

  const asked = ({ page }: Visitor) =>
    page.evaluate('JSON.parse(JSON.stringify(asked))') as Promise<
      { verb: string; mediation?: string; hints?: string[] }[]
    >
  const password = async (who: Visitor, { email, password }: Person) => {
    await who.page.goto(`${latchkey.issuer}/sign-in`)
    await who.type('Email', email)
    await who.type('Password', password)
    await who.press('Sign in')
  }

  it('signs up with a passkey in the place of a password, and comes back with one touch', () =>
    visit(async who => {
      const phone = await device(who)
      const person = somebody()
      await who.page.goto(`${latchkey.issuer}/sign-up`)
      await who.type('Email', person.email)
      await who.press('Continue')
      await who.type('Six-digit code', await codeSentTo(latchkey, person.email))
      await who.sees('Choose a password')
      await openToEverybody(who)
      await who.press('Use a passkey instead of a password')
      await who.sees('Sign in faster with a passkey')
      await openToEverybody(who)
      await who.press('Create a passkey')
      await who.sees('Set up your authenticator app')
      person.secret = ((await who.page.locator('[data-totp-secret]').textContent()) ?? '').replaceAll(' ', '')
      latchkey.keepOut(person.secret)
      await who.type('Code shown in the app', authenticatorCode(latchkey, person))
      await who.sees('Save your recovery codes')
      latchkey.keepOut(...(await who.page.locator('[data-recovery-code]').allTextContents()))
      await who.page.getByLabel('I have saved these codes somewhere safe').check()
      await who.press('Continue')
      await who.sees('Your account')
      expect(await phone.passkeys()).to.equal(1)
      await who.press('Sign out')
      await who.page.goto(`${latchkey.issuer}/sign-in`)
      await who.sees('Your account')
    }))

  it('makes a passkey by itself after a password, where the browser can, and goes on', () =>
    visit(async who => {
      const person = await securityAt(latchkey).joined()
      await who.page.addInitScript(pretends({ conditionalCreate: true }))
      const phone = await device(who)
      await password(who, person)
      await who.type('Six-digit code', authenticatorCode(latchkey, person))
      await who.sees('Your account')
      expect(await phone.passkeys()).to.equal(1)
    }))

  it('goes on by itself where the browser made none', () =>
    visit(async who => {
      const person = await securityAt(latchkey).joined()
      const refuses =
        "if (mediation === 'conditional' && verb === 'create') throw new DOMException('', 'NotAllowedError')"
      await who.page.addInitScript(pretends({ conditionalCreate: true }, refuses))
      const phone = await device(who)
      await password(who, person)
      await who.type('Six-digit code', authenticatorCode(latchkey, person))
      await who.sees('Your account')
      expect(await phone.passkeys()).to.equal(0)
    }))

  it('says at once that this device has no passkey, and offers a phone or another device', () =>
    visit(async who => {
      const none = "if (mediation === 'immediate') throw new DOMException('', 'NotAllowedError')"
      await who.page.addInitScript(pretends({ immediateGet: true }, none))
      await device(who)
      await who.page.goto(`${latchkey.issuer}/sign-in`)
      await who.press('Use a passkey')
      await who.page.getByRole('alert').filter({ hasText: 'Use a phone or another device' }).waitFor()
      await openToEverybody(who)
      await who.press('Use a phone or another device')
      await who.page.waitForFunction(() => Reflect.get(globalThis, 'asked').length === 2)
      expect(await asked(who)).to.deep.equal([
        { verb: 'get', mediation: 'immediate', hints: [] },
        { verb: 'get', hints: ['hybrid'] },
      ])
    }))

  it('asks for a security key where somebody wants one', () =>
    visit(async who => {
      const person = await securityAt(latchkey).joined()
      await who.page.addInitScript(pretends({}, "if (verb === 'create') throw new DOMException('', 'NotAllowedError')"))
      await password(who, person)
      await who.type('Six-digit code', authenticatorCode(latchkey, person))
      await who.sees('Your account')
      await who.press('Add a passkey')
      await who.press('Use a USB or NFC key instead')
      await who.page.waitForFunction(() => Reflect.get(globalThis, 'asked').length === 1)
      expect(await asked(who)).to.deep.equal([{ verb: 'create', hints: ['security-key'] }])
    }))
})
