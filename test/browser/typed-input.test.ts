import { expect } from 'chai'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, codeSentTo, somebody } from '../support/people.ts'
import { visit } from './visitor.ts'

const arabic = (digits: string) => digits.replace(/\d/g, digit => String.fromCodePoint(0x660 + Number(digit)))

describe('what people type and paste, in a browser', () => {
  const latchkey = whileTesting(startLatchkey)

  it('signs up with an internationalised address and any digits, and signs in as it is typed later', () =>
    visit(async who => {
      const { issuer } = latchkey
      const person = somebody()
      const tag = String(Math.random()).slice(2, 8)
      person.email = `иван${tag}@xn--80a1acny.xn--p1ai`
      latchkey.keepOut(person.password)
      await who.page.goto(`${issuer}/sign-up`)
      await who.type('Email', `\u200bИван${tag}@почта.рф\ufe0f `)
      await who.press('Continue')
      await who.sees('Check your email')
      const code = await codeSentTo(latchkey, person.email)
      await who.type('Six-digit code', `\u202b${arabic(code)}\u202c`)
      await who.press('Continue')
      await who.sees('Choose a password')
      await who.type('Password', person.password)
      await who.press('Continue')
      await who.sees('Set up your authenticator app')
      person.secret = (await who.page.locator('[data-totp-secret]').textContent()) ?? ''
      latchkey.keepOut(person.secret, person.secret.replaceAll(' ', ''), code, arabic(code))
      const shown = authenticatorCode(latchkey, person)
      await who.type('Code shown in the app', `${shown.slice(0, 3)}–${arabic(shown.slice(3))}`)
      await who.press('Continue')
      await who.sees('Save your recovery codes')
      const [saved = ''] = await who.page.locator('[data-recovery-code]').allTextContents()
      await who.page.getByLabel('I have saved these codes somewhere safe').check()
      await who.press('Continue')
      await who.press('Not now')
      await who.isAt(`${issuer}/account`)
      await who.press('Sign out')

      await who.page.goto(`${issuer}/sign-in`)
      await who.type('Email', `mailto:ИВАН${arabic(tag)}@почта。рф`.replace(arabic(tag), tag))
      await who.type('Password', person.password)
      await who.press('Sign in')
      await who.sees('Enter the code from your authenticator app')
      await who.page.locator('[data-factor=recovery-code]').dispatchEvent('click')
      await who.type('Recovery code', `\u200e${arabic(saved.toUpperCase()).replace('-', '‑')}`)
      await who.press('Continue')
      // What is lost with the rest is set up afresh.
      await who.sees('Set up your authenticator app')

      await who.page.goto(`${issuer}/forgot-password`)
      await who.type('Email', `Иван${tag}@почта.рф`)
      await who.page.keyboard.press('Enter')
      await who.page.waitForLoadState()
      expect((await latchkey.outbox(person.email)).map(each => each.to)).to.include(person.email)
    }))

  it('says beside the field that an address is none, whatever the browser thinks of it', () =>
    visit(async who => {
      await who.page.goto(`${latchkey.issuer}/sign-up`)
      await who.type('Email', 'аda@example.com')
      await who.press('Continue')
      await who.page.getByRole('alert').waitFor()
      expect(await who.page.getByLabel('Email').inputValue()).to.equal('аda@example.com')
    }))
})
