import { expect } from 'chai'
import type { Locator } from 'playwright-core'
import { phrases } from '../../src/web/phrases.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { codeSentTo, signUp, somebody } from '../support/people.ts'
import { keyboard } from './keyboard.ts'
import { openToEverybody, type Visitor, visit } from './visitor.ts'

const said = phrases()

/** Each language, what is typed there to find Austria, and how many digits the number begins with at home. */
/** What people type, and which country they mean. */
const meant = {
  ...{ USA: 'US', usa: 'US', US: 'US', UK: 'GB', UAE: 'AE', England: 'GB', DE: 'DE' },
  ...{
    Deutschland: 'DE',
    ÖSTERREICH: 'AT',
    osterreich: 'AT',
    Suisse: 'CH',
    日本: 'JP',
    مصر: 'EG',
    Grossbritannien: 'GB',
  },
  ...{ Ελλάδα: 'GR', '+49': 'DE', '0049': 'DE', 49: 'DE' },
}

const languages = [
  { locale: 'en', searched: 'aust', austria: 'Austria (+43)', britain: 'United Kingdom (+44)' },
  { locale: 'ar', searched: 'نمسا', austria: 'النمسا (\u200e+43)', britain: 'المملكة المتحدة (\u200e+44)' },
  { locale: 'ja', searched: 'おーすとりあ', austria: 'オーストリア (+43)', britain: 'イギリス (+44)' },
] as const

describe('in a browser, errors say what is wrong', function () {
  this.timeout(120_000)
  const latchkey = whileTesting(startLatchkey)

  const parts = (who: Visitor, locale: (typeof languages)[number]['locale']) => {
    const { page } = who
    const hands = keyboard(who)
    return {
      hands,
      email: page.locator('main input[name=email]:not(.unseen)'),
      password: page.locator('main input[name=password]'),
      code: page.locator('form[data-code] input[name=code]'),
      phone: page.locator('main input[name=phone]'),
      country: page.getByRole('combobox', { name: said.t(locale, 'field.country'), exact: true }),
      option: (name: string) => page.getByRole('option', { name, exact: true }),
      /** Waits for this error beside its field, which has the focus. */
      wrong: async (field: Locator, words: string) => {
        await page.getByRole('alert').filter({ hasText: words }).waitFor()
        await openToEverybody(who)
        expect(await page.getByRole('alert').allInnerTexts()).to.deep.equal([words])
        expect(await field.evaluate(element => element.matches(':focus[aria-invalid=true]')), words).to.equal(true)
        const described = await field.getAttribute('aria-describedby')
        expect(await page.locator(`#${described?.split(' ').at(-1)}`).innerText()).to.equal(words)
      },
    }
  }

  for (const { locale, searched, austria, britain } of languages) {
    it(`while signing up, by keyboard alone (${locale})`, () =>
      visit(
        async who => {
          const { page } = who
          const { hands, email, password, code, phone, country, option, wrong } = parts(who, locale)
          const t = (...[key, values]: [Parameters<typeof said.t>[1], Parameters<typeof said.t>[2]?]) =>
            said.t(locale, key, values).replace(/[\u2066-\u2069]/g, '')
          const person = somebody()
          latchkey.keepOut(person.password)
          await page.goto(`${latchkey.issuer}/sign-up`)
          await hands.send(email, ' ')
          await wrong(email, t('problem.field_empty', { field: 'email' }))
          await hands.send(email, person.email)

          await hands.send(code, '')
          await wrong(code, t('problem.field_empty', { field: 'code' }))
          await hands.send(code, '1234')
          await wrong(code, t('problem.invalid_code'))
          await hands.write(code, await codeSentTo(latchkey, person.email))

          // The meter says why while it is typed, and so does the refusal.
          const weak = t('problem.password_common', { why: 'date' })
          await hands.write(password, '1987-12-31')
          await page.locator('#meter p').filter({ hasText: weak }).waitFor()
          await openToEverybody(who)
          await page.keyboard.press('Enter')
          await wrong(password, weak)
          await hands.send(password, person.password)

          await hands.enter(page.locator('[data-factor=sms]'))
          await country.waitFor()
          await openToEverybody(who)
          const weight = await page.evaluate(`[...performance.getEntriesByType('navigation'),
            ...performance.getEntriesByType('resource')].reduce((sum, { encodedBodySize }) => sum + encodedBodySize + 300, 0)`)
          expect(weight).to.be.below(60 * 1024)
          // By calling code, with + and without, the larger country first; by ISO code; and what is not there is said.
          for (const typed of ['+44', '44', '0044', 'gb']) {
            await hands.write(country, typed)
            expect(await option(britain).getAttribute('aria-selected'), typed).to.equal('true')
          }
          // By what people call it, in any language, with accents or without.
          const names = new Intl.DisplayNames(locale, { type: 'region' })
          for (const [typed, code] of Object.entries(meant)) {
            await hands.write(country, typed)
            const first = page.locator('[role=option]').first()
            expect(await first.getAttribute('id'), typed).to.equal(`country-${code}`)
            expect(await first.getAttribute('aria-selected'), typed).to.equal('true')
            expect(await first.textContent(), typed).to.contain(names.of(code))
          }
          await hands.write(country, 'gb')
          await page.keyboard.press('Enter')
          expect(await country.inputValue()).to.equal(britain)
          await hands.write(country, 'zzzz')
          await page
            .getByRole('status')
            .filter({ hasText: t('field.country.none') })
            .waitFor()
          await openToEverybody(who)
          await page.keyboard.press('Escape')
          expect(await country.inputValue()).to.equal(britain)
          await hands.send(phone, '0664 12345')
          await wrong(phone, t('problem.invalid_phone'))
          expect([await phone.inputValue(), await country.inputValue()]).to.deep.equal(['0664 12345', britain])

          // By its name, in the language of the page; what is chosen is what the number is read by.
          await hands.write(country, searched)
          await option(austria).waitFor()
          await openToEverybody(who)
          for (let pressed = 0; (await option(austria).getAttribute('aria-selected')) !== 'true'; pressed++) {
            expect(pressed, 'ArrowDown comes to it').to.be.below(10)
            await page.keyboard.press('ArrowDown')
          }
          await page.keyboard.press('Tab')
          expect(await country.inputValue()).to.equal(austria)
          await hands.send(phone, person.phone.replace('+43', '0'))
          await code.waitFor()
          expect(await page.locator('main').innerText()).to.contain(person.phone)
          await hands.write(code, await codeSentTo(latchkey, person.phone))
          const codes = page.locator('[data-recovery-code]')
          await codes.first().waitFor()
          latchkey.keepOut(...(await codes.allTextContents()))
        },
        { locale },
      ))

    it(`while signing in, where an incomplete code costs no try, and a closed method has a heading of its own, by keyboard alone (${locale})`, () =>
      visit(
        async who => {
          const { page } = who
          const { hands, email, password, code, wrong } = parts(who, locale)
          const t = (...[key, values]: [Parameters<typeof said.t>[1], Parameters<typeof said.t>[2]?]) =>
            said.t(locale, key, values).replace(/[\u2066-\u2069]/g, '')
          const person = somebody()
          await signUp(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-up`))
          await page.goto(`${latchkey.issuer}/sign-in`)
          await hands.write(email, person.email)
          await hands.send(password, '')
          await wrong(password, t('problem.field_empty', { field: 'password' }))

          // A hint that is read out: an empty region first, and its words once Caps Lock is on.
          const typeWith = (capsLock: boolean) =>
            page.evaluate(
              `document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'A', bubbles: true, modifierCapsLock: ${capsLock} }))`,
            )
          await hands.reach(password)
          await typeWith(false)
          expect(await page.getByRole('status').allInnerTexts()).to.deep.equal([''])
          await typeWith(true)
          await page
            .getByRole('status')
            .filter({ hasText: t('caps.on') })
            .waitFor()
          await openToEverybody(who)
          await typeWith(false)
          await page
            .getByRole('status')
            .filter({ hasNotText: t('caps.on') })
            .waitFor({ state: 'attached' })

          await hands.send(password, person.password)
          for (const digits of ['', '12345', '', '123', '1', '12345']) {
            await hands.send(code, digits)
            await wrong(code, t(digits === '' ? 'problem.field_empty' : 'problem.invalid_code', { field: 'code' }))
          }
          await hands.write(code, '000000')
          // Of five tries, none is gone but this one.
          await wrong(code, t('problem.wrong_code', { left: 4 }))
          for (const left of [3, 2, 1]) {
            await hands.write(code, '000000')
            await wrong(code, t('problem.wrong_code', { left }))
          }
          await hands.write(code, '000000')
          await who.sees(t('prove.closed.title'))
          await openToEverybody(who)
          await hands.enter(page.locator('[data-factor=recovery-code]'))
          await hands.send(page.locator('main input[name=code]'), person.recoveryCodes[0] ?? '')
          await page.locator('[data-totp-secret]').waitFor()
        },
        { locale },
      ))
  }
})
