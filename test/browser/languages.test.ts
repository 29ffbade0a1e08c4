import { expect } from 'chai'
import { languages } from '../../src/languages.ts'
import { launch } from '../support/browser.ts'
import { gallery } from '../support/gallery.ts'
import { serveGallery } from '../support/gallery-server.ts'
import { type Running, startLatchkey } from '../support/latchkey.ts'
import { visit } from './visitor.ts'

describe('languages, in a browser', () => {
  let latchkey: Running
  before(async () => {
    latchkey = await startLatchkey()
  })
  after(() => latchkey?.stop())

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

  // The gallery's own test looks at English.
  for (const [tag, { direction }] of Object.entries(languages).filter(([tag]) => tag !== 'en'))
    it(`fits on a narrow page, and runs in its direction (${tag})`, async () => {
      const server = await serveGallery()
      const context = await (await launch()).newContext({ viewport: { width: 320, height: 800 } })
      const page = await context.newPage()
      const wide: string[] = []
      for (const { title } of gallery) {
        if (title.startsWith('onward')) continue
        await page.goto(`${server.origin}/${title}?language=${tag}`)
        const [width, runs] = (await page.evaluate(
          '[document.documentElement.scrollWidth, getComputedStyle(document.body).direction]',
        )) as [number, string]
        if (width > 320 || runs !== direction) wide.push(`${title}: ${width} px, ${runs}`)
      }
      await context.close()
      await server.close()
      expect(wide).to.deep.equal([])
    }).timeout(120_000)
})
