import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { isLocale, languages } from '../../src/languages.ts'
import { launch } from '../support/browser.ts'
import { gallery } from '../support/gallery.ts'
import { serveGallery } from '../support/gallery-server.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, codeSentTo, type Person, somebody } from '../support/people.ts'
import { type Visitor, visit } from './visitor.ts'

describe('languages, in a browser', () => {
  const latchkey = whileTesting(startLatchkey)

  it('keeps what was typed when the language is switched, but for passwords', () =>
    visit(async who => {
      const { page } = who
      await page.goto(`${latchkey.issuer}/sign-in`)
      const url = page.url()
      await page.fill('input[name=email]', 'ada@example.com')
      await page.fill('input[name=password]', 'a secret of mine')
      await page.selectOption('footer select[name=language]', 'de')
      await page.locator('form.languages button').click()
      await page.locator('html[lang=de]').waitFor()
      expect(page.url()).to.equal(url)
      // The script puts it back when it has come.
      await page.waitForLoadState('networkidle')
      expect(await page.inputValue('input[name=email]')).to.equal('ada@example.com')
      expect(await page.inputValue('input[name=password]')).to.equal('')
      await page.reload()
      expect(await page.inputValue('input[name=email]')).to.equal('')
    }))

  it('switches by the keyboard alone, and without scripts', () =>
    visit(
      async ({ page }) => {
        await page.goto(`${latchkey.issuer}/help`)
        await page.locator('footer select[name=language]').focus()
        await page.keyboard.press('ArrowDown')
        await page.keyboard.press('Tab')
        await page.keyboard.press('Enter')
        await page.locator('html:not([lang=en])').waitFor()
        expect(page.url()).to.equal(`${latchkey.issuer}/help`)
      },
      { javaScriptEnabled: false },
    ))

  const go = ({ page }: Visitor) => page.locator('main button.go').click({ timeout: 2_000 })
  const fill = async (who: Visitor, name: string, text: string) => {
    await who.page.fill(`main input[name=${name}]:not(.unseen)`, text)
    // A code that is complete is sent by itself.
    if (name !== 'code') await go(who)
  }
  /** Signs somebody up by what fields are, whatever they are called. */
  const signUp = async (who: Visitor, person: Person) => {
    await who.page.goto(`${latchkey.issuer}/sign-up`)
    await fill(who, 'email', person.email)
    await who.page.locator('input[name=code]').waitFor()
    await fill(who, 'code', await codeSentTo(latchkey, person.email))
    await who.page.fill('input[name=password]', person.password)
    await who.page.waitForSelector('#meter[data-score="4"]')
    await go(who)
    person.secret = ((await who.page.locator('[data-totp-secret]').textContent()) ?? '').replace(/\s/g, '')
    await fill(who, 'code', authenticatorCode(latchkey, person))
    await who.page.check('input[name=saved]')
    await go(who)
    await who.page.click('[data-skip]')
    await who.isAt(`${latchkey.issuer}/account`)
  }

  const signOut = async (who: Visitor) => {
    await who.page.locator('form[action="/sign-out"] button').click()
    await who.isAt(`${latchkey.issuer}/signed-out`)
  }

  // As far as they are listed: one is read from left to right, one knows no spaces, one is read from right to left.
  for (const tag of ['de', 'ja', 'ar'].filter(isLocale)) {
    const speaks = ({ page }: Visitor) => page.locator(`html[lang=${tag}][dir=${languages[tag].direction}]`).waitFor()

    it(`signs somebody up and in (${tag})`, () =>
      visit(
        async who => {
          const person = somebody()
          await signUp(who, person)
          await speaks(who)
          await signOut(who)
          await who.page.goto(`${latchkey.issuer}/sign-in`)
          await who.page.fill('main input[name=email]', person.email)
          await fill(who, 'password', person.password)
          await who.page.locator('input[name=code]').waitFor()
          latchkey.clock.pass(31_000)
          await fill(who, 'code', authenticatorCode(latchkey, person))
          await who.isAt(`${latchkey.issuer}/account`)
          await speaks(who)
        },
        { locale: tag },
      ))

    it(`helps somebody who forgot their password (${tag})`, () =>
      visit(
        async who => {
          const person = somebody()
          await signUp(who, person)
          await signOut(who)
          await who.page.goto(`${latchkey.issuer}/sign-in`)
          await who.page.fill('main input[name=email]', person.email)
          await who.page.click('a.beside')
          // What was typed came along.
          await who.page.locator('main form[action="/forgot-password"]').waitFor()
          expect(await who.page.inputValue('main input[name=email]')).to.equal(person.email)
          await go(who)
          await speaks(who)
          const mails = await latchkey.outbox(person.email)
          const link = mails.find(each => each.link?.includes('/reset/'))?.link ?? ''
          await who.page.goto(link)
          await speaks(who)
          expect(await who.page.locator('main button.go').count()).to.equal(1)
        },
        { locale: tag },
      ))

    it(`shows somebody their account (${tag})`, () =>
      visit(
        async who => {
          await signUp(who, somebody())
          for (const path of ['', '/security', '/sessions', '/apps', '/api-keys', '/activity', '/profile', '/data']) {
            await who.page.goto(`${latchkey.issuer}/account${path}`)
            await speaks(who)
          }
        },
        { locale: tag },
      ))
  }

  // What is shown of a number reads from left to right, and an address may be in the order of any language: neither follows the page.
  const astray = `(walker => {
    const found = []
    for (let node = walker.nextNode(); node; node = walker.nextNode())
      if (/•••/.test(node.data) && !/\\u2068[^\\u2069]*•••/.test(node.data)) {
        const own = node.parentElement.closest('bdi')
        if (!own || getComputedStyle(own).direction !== 'ltr') found.push(node.data.trim())
      }
    return found
  })(document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT))`

  // The gallery's own test looks at English.
  for (const [tag, { direction }] of Object.entries(languages).filter(([tag]) => tag !== 'en'))
    it(`fits on a narrow page, and runs in its direction (${tag})`, async () => {
      const server = await serveGallery()
      const context = await (await launch()).newContext({ viewport: { width: 320, height: 800 } })
      const [wide, turned]: [string[], string[]] = [[], []]
      const titles = gallery.map(({ title }) => title).filter(title => !title.startsWith('onward'))
      // Several tabs at once: while one is drawn, another is written.
      const lookAtTheRest = async (page: Page) => {
        for (let title = titles.pop(); title !== undefined; title = titles.pop()) {
          await page.goto(`${server.origin}/${title}?language=${tag}`)
          const [width, runs] = (await page.evaluate(
            '[document.documentElement.scrollWidth, getComputedStyle(document.body).direction]',
          )) as [number, string]
          if (width > 320 || runs !== direction) wide.push(`${title}: ${width} px, ${runs}`)
          if (direction === 'rtl') turned.push(...((await page.evaluate(astray)) as string[]))
        }
      }
      await Promise.all([1, 2, 3].map(async () => lookAtTheRest(await context.newPage())))
      await context.close()
      await server.close()
      expect(wide).to.deep.equal([])
      expect(turned, 'each in a bdi').to.deep.equal([])
    }).timeout(120_000)
})
