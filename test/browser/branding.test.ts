import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { startSuite } from '../support/all-apps.ts'
import { whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, codeSentTo, somebody } from '../support/people.ts'
import { openToEverybody, visit } from './visitor.ts'

describe('the suite under another brand, in a browser', function () {
  this.timeout(90_000)
  const LATCHKEY_BRAND = fileURLToPath(new URL('../../docs/branding/aurora', import.meta.url))
  const latchkey = whileTesting(() => startSuite({ environment: { LATCHKEY_BRAND } }))

  for (const colorScheme of ['light', 'dark'] as const)
    it(`signs people up on the way to one app and in to the others, under its name, logo, colours and links (${colorScheme})`, () =>
      visit(
        async who => {
          const { issuer, apps } = latchkey
          const person = somebody()
          const primary = `(({ backgroundColor, borderRadius }) => [backgroundColor, borderRadius])(
            getComputedStyle(document.querySelector('button.go')))`
          const logo = `(({ complete, naturalWidth, currentSrc }) =>
            ({ there: complete && naturalWidth > 0, dark: currentSrc.includes('logo-dark') }))(
            document.querySelector('img.brand-logo'))`
          const key = colorScheme === 'light' ? 'rgb(91, 33, 182)' : 'rgb(196, 181, 253)'
          const corner = `getComputedStyle(document.querySelector('.sheet')).borderRadius`
          /** The page has this brand's name, and ours nowhere; its logo, its corners and its links, and is open to everybody. */
          const branded = async () => {
            await openToEverybody(who)
            expect(await who.page.title()).to.match(/ · Aurora$/)
            expect((await who.page.textContent('body')) ?? '', who.page.url()).to.not.match(/latchkey/i)
            expect(await who.page.evaluate(logo)).to.deep.equal({ there: true, dark: colorScheme === 'dark' })
            const links = await who.page
              .locator('footer .legal a')
              .evaluateAll(all => all.map(each => each.getAttribute('href')))
            expect(links).to.deep.equal([
              'https://aurora.example/terms',
              'https://aurora.example/privacy',
              'mailto:support@aurora.example',
            ])
          }
          const go = async () => {
            await branded()
            expect(await who.page.evaluate(primary)).to.deep.equal([key, '4px'])
            await who.page.click('button.go')
          }
          await who.page.goto(`${apps.trading}/login`)
          await who.page.locator('main input[name=password]').waitFor()
          // The app's own name and mark, beside the brand's.
          expect(await who.page.locator('.towards').innerText()).to.contain('Trading')
          expect(await who.page.locator('.towards .tile').count()).to.equal(1)
          await branded()
          await who.follow('Create an account')
          await who.page.locator('main input[name=email]:not([readonly])').waitFor()
          const agreed = await who.page
            .locator('main .aside a[rel=noopener]')
            .evaluateAll(all => all.map(each => each.getAttribute('href')))
          expect(agreed).to.deep.equal(['https://aurora.example/terms', 'https://aurora.example/privacy'])
          await who.page.fill('main input[name=email]', person.email)
          await go()
          await who.page.fill('input[name=code]', await codeSentTo(latchkey, person.email))
          await who.page.locator('input[name=password]').waitFor()
          await who.page.fill('input[name=password]', person.password)
          await who.page.waitForSelector('#meter[data-score="4"]')
          await go()
          person.secret = ((await who.page.locator('[data-totp-secret]').textContent()) ?? '').replace(/\s/g, '')
          await branded()
          await who.page.fill('input[name=code]', authenticatorCode(latchkey, person))
          await who.page.locator('[data-recovery-code]').first().waitFor()
          latchkey.keepOut(
            person.password,
            person.secret,
            ...(await who.page.locator('[data-recovery-code]').allTextContents()),
          )
          await who.page.check('input[name=saved]')
          await go()
          await who.page.locator('[data-skip]').waitFor()
          await branded()
          await who.page.click('[data-skip]')
          await who.isAt(`${apps.trading}/`)
          for (const app of ['staking', 'wallet', 'card'] as const) {
            await who.page.goto(`${apps[app]}/login`)
            await who.isAt(`${apps[app]}/`)
            await who.sees(`Hello, ${person.email}`)
          }
          for (const path of ['', '/security', '/sessions', '/apps', '/api-keys', '/activity', '/profile']) {
            await who.page.goto(`${issuer}/account${path}`)
            await branded()
            // Cards are rounder than fields, by as much as with our own radius.
            if (path !== '') expect(await who.page.evaluate(corner), path).to.equal('5.6px')
          }
          for (const { subject, text } of await latchkey.outbox(person.email))
            expect(`${subject} ${text}`)
              .to.include('Aurora')
              .and.not.match(/latchkey(?!\.)/i)
        },
        { colorScheme },
      ))
})
