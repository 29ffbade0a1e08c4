import { expect } from 'chai'
import { authenticator } from '../support/authenticator.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, codeSentTo, type Person, signUp, somebody } from '../support/people.ts'
import { securityAt } from '../support/security.ts'
import { keyboard } from './keyboard.ts'
import { openToEverybody, signedIn, type Visitor, visit } from './visitor.ts'

const words = 'blue heron'

describe('in a browser, a proof that is asked for before a change', function () {
  this.timeout(90_000)
  const latchkey = whileTesting(startLatchkey)
  const at = securityAt(latchkey)

  /** Somebody whose last proof is too old for changes, at a page of their account. */
  const later = async (who: Visitor, path: string, second?: 'totp' | 'sms', locale = 'en'): Promise<Person> => {
    const person = somebody({ 'accept-language': locale })
    await signUp(latchkey, person, await at.open(person, '/sign-up'), second)
    latchkey.clock.pass(20 * 60_000)
    await signedIn(who, person, latchkey.issuer)
    await who.page.goto(`${latchkey.issuer}${path}`)
    return person
  }
  const parts = ({ page }: Visitor) => ({
    phrase: page.locator('form[action="/account/security/phrase"] input[name=phrase]'),
    password: page.locator('form[action$="/password"] input[name=password]'),
    code: page.locator('form[data-code] input[name=code]'),
    cancel: page.locator('[data-cancel]'),
    done: page.getByRole('status'),
  })

  for (const locale of ['en', 'ar', 'ja'])
    it(`is cancelled at each page with nothing changed, keeps what was typed, and names the number that it asks, by keyboard alone (${locale})`, () =>
      visit(
        async who => {
          const person = await later(who, '/account/security', 'sms', locale)
          const { phrase, password, code, cancel, done } = parts(who)
          const hands = keyboard(who)
          const untouched = async () => {
            await phrase.waitFor()
            expect(await phrase.inputValue()).to.equal(words)
            expect(await done.count()).to.equal(0)
            const kept = (await at.open(person)).find('input[name=phrase]') ?? expect.fail('no longer signed in')
            expect(kept.attributes.value ?? '').to.equal('')
          }
          await hands.send(phrase, words)
          await password.waitFor()
          await who.page.locator(`html[lang=${locale}]`).waitFor()
          await openToEverybody(who)
          await hands.enter(cancel)
          await untouched()
          await openToEverybody(who)

          await hands.send(phrase, words)
          await hands.send(password, person.password)
          await code.waitFor()
          const said = await who.page.locator('#code-hint').innerText()
          expect(said.replace(/[\u2066-\u2069\u200e]/g, '')).to.contain(`••• ${person.phone.slice(-3)}`)
          if (locale === 'en') expect(said).to.match(/^We texted \+43 ••• \d{3}, your current number\.$/)
          await openToEverybody(who)
          await hands.enter(cancel)
          await untouched()

          // Not so soon that no other code may be sent yet.
          latchkey.clock.pass(60_000)
          await hands.send(phrase, words)
          await hands.send(password, person.password)
          await code.waitFor()
          await hands.write(code, await codeSentTo(latchkey, person.phone))
          await done.waitFor()
          await openToEverybody(who)
          await who.page.goto(`${latchkey.issuer}/account/security`)
          expect(await phrase.inputValue()).to.equal(words)
        },
        { locale },
      ))

  it('keeps every field and tick of a form, and names the authenticator that it asks', () =>
    visit(async who => {
      const person = await later(who, '/account/api-keys')
      const { password, code, cancel } = parts(who)
      const hands = keyboard(who)
      const name = who.page.locator('form.new-key input[name=name]')
      const trade = who.page.locator('#scope-trade')
      const create = who.page.getByRole('button', { name: 'Create key' })
      const kept = async () => {
        await name.waitFor()
        expect([await name.inputValue(), await trade.isChecked()]).to.deep.equal(['Night bot', true])
      }
      await hands.write(name, 'Night bot')
      await hands.tick(trade)
      await hands.enter(create)
      await hands.send(password, person.password)
      await code.waitFor()
      await who.page.getByText('Open “Authenticator app”, the authenticator that you use now.').waitFor()
      await openToEverybody(who)
      await hands.enter(cancel)
      await kept()
      await who.page.getByText('No keys yet.').waitFor()
      await hands.enter(create)
      await hands.send(password, person.password)
      await hands.write(code, authenticatorCode(latchkey, person))
      // It is shown once, in answer to the form.
      await code.waitFor({ state: 'detached' })
      await kept()
      await hands.enter(create)
      const made = who.page.locator('[data-api-key-secret]')
      await made.waitFor()
      latchkey.keepOut(await made.innerText())
      await openToEverybody(who)
    }))

  it('says what to do without the passkey, and takes another way', () =>
    visit(async who => {
      const owner = await at.joined('totp', authenticator())
      latchkey.clock.pass(30 * 3_600_000)
      const person = await at.elsewhere(owner)
      await signedIn(who, person, latchkey.issuer)
      await who.page.goto(`${latchkey.issuer}/account/security`)
      const { phrase, done } = parts(who)
      const hands = keyboard(who)
      await hands.send(phrase, words)
      await who.sees('Use your passkey')
      await hands.enter(who.page.locator('summary', { hasText: 'I can’t use my passkey' }))
      for (const each of ['on another device', 'get back into your account'])
        await who.page.locator('details[open]').getByText(each).first().waitFor()
      await openToEverybody(who)
      await hands.enter(who.page.locator('summary', { hasText: 'Use another way' }))
      await openToEverybody(who)
      await hands.enter(who.page.locator('[data-factor=recovery-code]'))
      await who.sees('Enter a recovery code')
      await openToEverybody(who)
      await hands.send(who.page.locator('input[name=code]'), person.recoveryCodes[0] ?? '')
      await hands.send(who.page.locator('input[name=password]'), person.password)
      await done.waitFor()
      expect(await phrase.inputValue()).to.equal(words)
    }))
})
