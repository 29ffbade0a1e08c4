import { expect } from 'chai'
import type { BrowserContext, Page } from 'playwright-core'
import { plainBrand } from '../../src/brand/brand.ts'
import { pairs } from '../../src/brand/contrast.ts'
import { launch } from '../support/browser.ts'
import { gallery } from '../support/gallery.ts'
import { type GalleryServer, serveGallery } from '../support/gallery-server.ts'
import { judged, seat } from '../support/judge.ts'

const budget = 60 * 1024
// Widths next to each other are looked at together, as each change of width lays the page out anew.
const states = [
  { colorScheme: 'light', wide: 320, of: 'all' },
  { colorScheme: 'dark', wide: 320, of: 'colours' },
  { colorScheme: 'dark', wide: 1280, of: 'colours' },
  { colorScheme: 'light', wide: 1280, of: 'all' },
] as const

// Run in the page.
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
// Which of the brand's colours is read on which, or told from which: each gets a colour that is nobody else's.
const names = Object.keys(plainBrand.palette.light)
const meet = `(() => {
  const names = ${JSON.stringify(names)}
  names.forEach((name, at) => document.documentElement.style.setProperty('--' + name, 'rgb(' + (at + 1) + ', 7, 9)'))
  const named = colour => names[Number(/^rgb\\((\\d+), 7, 9\\)$/.exec(colour)?.[1]) - 1]
  const met = new Set()
  const meet = (front, element, least) => {
    let behind = element
    while (behind && getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement
    const back = behind && named(getComputedStyle(behind).backgroundColor)
    if (front && back) met.add([front, back, least].join(' '))
  }
  for (const element of document.querySelectorAll('body *')) {
    if (!element.checkVisibility() || element.closest('.unseen, option')) continue
    const { color, stroke, borderTopColor, borderTopStyle } = getComputedStyle(element)
    const texts = [...element.childNodes].some(each => each.nodeType === Node.TEXT_NODE && each.data.trim() !== '')
    if (element.closest('svg')) { if (element.matches('.icon')) meet(named(stroke), element, 3) }
    else if (texts) meet(named(color), element, 4.5)
    if (!element.matches('input, select, textarea, button, a, summary')) continue
    meet('key', element.parentElement, 3)
    if (element.matches('input, select, textarea, .other, .way') && borderTopStyle !== 'none')
      meet(named(borderTopColor), element.parentElement, 3)
  }
  names.forEach(name => document.documentElement.style.removeProperty('--' + name))
  return [...met]
})()`
const width = 'document.documentElement.scrollWidth'

describe('the gallery', () => {
  let server: GalleryServer
  let context: BrowserContext
  let page: Page
  const faults: string[] = []
  const met = new Set<string>()

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
    await seat(page)
    const rules = async (of: 'all' | 'colours') => (await judged(page, of)).map(fault => fault.split(':', 1)[0])
    expect(await rules('all')).to.include.members(['image-alt', 'color-contrast', 'html-has-lang'])
    expect(await rules('colours')).to.deep.equal(['color-contrast'])
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

  it('differs in the dark by colours alone, so that only those are judged twice', async () => {
    await page.goto(`${server.origin}/${gallery[0]?.title}`)
    const sheets = (await page.evaluate(
      "Promise.all([...document.querySelectorAll('link[rel=stylesheet]')].map(({ href }) => fetch(href).then(sheet => sheet.text())))",
    )) as string[]
    expect(sheets.join()).to.contain('light-dark(').and.not.to.contain('prefers-color-scheme')
  })

  for (const { title } of gallery) {
    it(`can be used by everybody, narrow and wide, light and dark, within 60 KB (${title})`, async () => {
      // Each page answers for itself.
      faults.length = 0
      await page.goto(`${server.origin}/${title}`)
      expect(await page.evaluate(weight)).to.be.within(1_000, budget)
      expect(await page.evaluate(shifts), 'nothing moves').to.deep.equal([])
      await page.evaluate(unfold)
      for (const pair of (await page.evaluate(meet)) as string[]) met.add(pair)
      await seat(page)
      for (const { colorScheme, wide, of } of states) {
        await page.emulateMedia({ colorScheme })
        if (page.viewportSize()?.width !== wide) await page.setViewportSize({ width: wide, height: 800 })
        expect(await judged(page, of), `${colorScheme}, ${wide} px`).to.deep.equal([])
        expect(await page.evaluate(width), 'no sideways scroll').to.be.at.most(wide)
      }
      expect(faults).to.deep.equal([])
    })
  }

  it('lets no two colours of a brand meet whose contrast is not checked at the start', () => {
    expect(met.size, 'pages were looked at').to.be.above(20)
    const checked = (front: string, back: string) =>
      Math.max(0, ...pairs.filter(each => each[0] === front && each[1] === back).map(each => each[2]))
    const unchecked = [...met].filter(each => {
      const [front = '', back = '', least] = each.split(' ')
      return checked(front, back) < Number(least)
    })
    expect(unchecked).to.deep.equal([])
  })
})
