import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type Running, startLatchkey } from '../support/latchkey.ts'
import { authenticatorCode, codeSentTo, somebody } from '../support/people.ts'
import { visit } from './visitor.ts'

describe('another brand, in a browser', () => {
  let latchkey: Running
  before(async () => {
    const LATCHKEY_BRAND = fileURLToPath(new URL('../../docs/branding/aurora', import.meta.url))
    latchkey = await startLatchkey({ environment: { LATCHKEY_BRAND } })
  })
  after(() => latchkey?.stop())

  for (const colorScheme of ['light', 'dark'] as const)
    it(`signs people up and in under its name and colours (${colorScheme})`, () =>
      visit(
        async who => {
          const { issuer } = latchkey
          const person = somebody()
          const primary = `(({ backgroundColor, borderRadius }) => [backgroundColor, borderRadius])(
            getComputedStyle(document.querySelector('button.go')))`
          const logo = `(({ complete, naturalWidth, currentSrc }) =>
            ({ there: complete && naturalWidth > 0, dark: currentSrc.includes('logo-dark') }))(
            document.querySelector('img.brand-logo'))`
          await who.page.goto(`${issuer}/sign-up`)
          expect(await who.page.title()).to.match(/ · Aurora$/)
          const key = colorScheme === 'light' ? 'rgb(91, 33, 182)' : 'rgb(196, 181, 253)'
          expect(await who.page.evaluate(primary)).to.deep.equal([key, '4px'])
          expect(await who.page.evaluate(logo)).to.deep.equal({ there: true, dark: colorScheme === 'dark' })
          await who.page.fill('input[name=email]', person.email)
          await who.page.click('button.go')
          await who.page.fill('input[name=code]', await codeSentTo(latchkey, person.email))
          await who.page.click('button.go')
          await who.page.fill('input[name=password]', person.password)
          await who.page.waitForSelector('#meter[data-score="4"]')
          await who.page.click('button.go')
          person.secret = (await who.page.locator('[data-totp-secret]').textContent()) ?? ''
          await who.page.fill('input[name=code]', authenticatorCode(latchkey, person))
          await who.page.click('button.go')
          await who.page.locator('[data-recovery-code]').first().waitFor()
          await who.page.check('input[name=saved]')
          await who.page.click('button.go')
          await who.page.click('[data-skip]')
          await who.isAt(`${issuer}/account`)
          expect((await who.page.textContent('body')) ?? '').to.not.match(/latchkey/i)
        },
        { colorScheme },
      ))
})
