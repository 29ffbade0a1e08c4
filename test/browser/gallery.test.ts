import axe from 'axe-core'
import { expect } from 'chai'
import type { BrowserContext, Page } from 'playwright-core'
import { launch } from '../support/browser.ts'
import { gallery } from '../support/gallery.ts'
import { type GalleryServer, serveGallery } from '../support/gallery-server.ts'

const budget = 60 * 1024
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

// Run in the page.
const judge = `axe.run({ runOnly: ${JSON.stringify(tags)} }).then(({ violations }) =>
  violations.map(({ id, nodes }) => id + ': ' + nodes.map(node => node.html).join(' ')))`
const weight = `[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  .reduce((sum, { transferSize }) => sum + transferSize, 0)`
// What is folded away, and what waits for Caps Lock.
const unfold = `document.querySelectorAll('details').forEach(each => { each.open = true })
  document.querySelectorAll('[data-caps]').forEach(each => { each.textContent = each.dataset.on })`
const shifts = `new Promise(done => {
  new PerformanceObserver(list => done(list.getEntries().map(entry => entry.value))).observe({ type: 'layout-shift', buffered: true })
  setTimeout(done, 50, [])
})`
const early = `performance.getEntriesByName('first-paint').filter(({ startTime }) =>
  startTime < performance.getEntriesByType('navigation')[0].domInteractive).length`
const width = 'document.documentElement.scrollWidth'

describe('the gallery', () => {
  let server: GalleryServer
  let context: BrowserContext
  let page: Page
  const faults: string[] = []

  before(async () => {
    server = await serveGallery()
    context = await (await launch()).newContext({ reducedMotion: 'reduce' })
    page = await context.newPage()
    const devtools = await context.newCDPSession(page)
    await devtools.send('Network.setCacheDisabled', { cacheDisabled: true })
    page.on('console', message => faults.push(message.text()))
    page.on('pageerror', error => faults.push(error.message))
  })
  after(async () => {
    await context?.close()
    await server?.close()
  })

  it('is looked at by one who would see a fault', async () => {
    await page.setContent('<body><img src="data:,"><p style="color:#bbb;background:#fff">faint</p></body>')
    await page.evaluate(axe.source)
    const found = (await page.evaluate(judge)) as string[]
    expect(found.map(fault => fault.split(':', 1)[0])).to.include.members([
      'image-alt',
      'color-contrast',
      'html-has-lang',
    ])
    faults.length = 0
  })

  it('is shown once it is whole on a slow device, where what is still being read would move', async () => {
    const devtools = await context.newCDPSession(page)
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: 20 })
    const shown: string[] = []
    for (const { title } of gallery.filter(({ title }) => title.startsWith('admin-')).slice(0, 5)) {
      await page.goto(`${server.origin}/${title}`)
      if ((await page.evaluate(early)) !== 0) shown.push(title)
    }
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: 1 })
    await devtools.detach()
    expect(shown).to.deep.equal([])
  }).timeout(120_000)

  for (const { title } of gallery) {
    it(`can be used by everybody, narrow and wide, light and dark, within 60 KB (${title})`, async () => {
      // Each page answers for itself.
      faults.length = 0
      await page.goto(`${server.origin}/${title}`)
      expect(await page.evaluate(weight)).to.be.within(1_000, budget)
      expect(await page.evaluate(shifts), 'nothing moves').to.deep.equal([])
      await page.evaluate(unfold)
      await page.evaluate(axe.source)
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        for (const wide of [320, 1280]) {
          await page.setViewportSize({ width: wide, height: 800 })
          expect(await page.evaluate(judge), `${colorScheme}, ${wide} px`).to.deep.equal([])
          expect(await page.evaluate(width), 'no sideways scroll').to.be.at.most(wide)
        }
      }
      expect(faults).to.deep.equal([])
    })
  }
})
