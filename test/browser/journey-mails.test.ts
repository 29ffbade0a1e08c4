import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { mails } from '../../src/delivery/mails.ts'
import { languages } from '../../src/languages.ts'
import { moment } from '../../src/web/phrases.ts'
import { type Running, startLatchkey } from '../support/latchkey.ts'
import { writeMmdb } from '../support/mmdb.ts'
import { codeSentTo, signUp, somebody } from '../support/people.ts'
import { keyboard } from './keyboard.ts'
import { openToEverybody, signedIn, visit } from './visitor.ts'

const vienna = { 'x-forwarded-for': '193.171.23.1' }

describe('in a browser, what is done brings emails that can be trusted', function () {
  this.timeout(120_000)
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-mails-'))
  let latchkey: Running
  before(async () => {
    const file = join(folder, 'cities.mmdb')
    writeMmdb(file, { '193.171.23.0/24': { country: { iso_code: 'AT' }, city: { names: { en: 'Vienna' } } } })
    const environment = { LATCHKEY_GEOIP: file, LATCHKEY_TRUST_PROXY: '127.0.0.1,::1' }
    latchkey = await startLatchkey({ environment })
  })
  after(async () => {
    await latchkey?.stop()
    rmSync(folder, { recursive: true })
  })

  it('each with the phrase of its owner, their own time, the device, the place, what changed by name, and a link as text, by keyboard alone', () =>
    visit(
      async who => {
        const { page } = who
        const hands = keyboard(who)
        const person = somebody(vienna)
        await signUp(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-up`), 'sms')
        await signedIn(who, person, latchkey.issuer)
        const newest = async (words: string) => {
          const found = (await latchkey.outbox(person.email)).find(each => each.text.includes(words))
          return found ?? expect.fail(`no email says ${words}`)
        }
        const done = page.getByRole('status')

        await page.goto(`${latchkey.issuer}/account/profile`)
        await hands.find(page.locator('select[name=zone]'), 'Asia/Tok')
        await hands.enter(page.locator('main button.go'))
        await done.waitFor()
        await page.goto(`${latchkey.issuer}/account/security`)
        await hands.send(page.locator('input[name=phrase]'), 'blue heron')
        await done.waitFor()
        const line = page
          .locator('section[aria-labelledby=held] li.line')
          .filter({ hasText: 'Codes sent to your phone' })
        await hands.enter(line.locator('summary'))
        await hands.send(line.locator('input[name=name]'), 'Work phone')
        await done.filter({ hasText: 'Work phone' }).waitFor()
        await openToEverybody(who)

        // Another number: the old one is proved first. The text is one that phones fill in, bound to this host.
        latchkey.clock.pass(60_000)
        await hands.enter(page.locator('button[data-factor=sms]'))
        const code = page.locator('form[data-code][data-sms] input[autocomplete=one-time-code]')
        await code.waitFor()
        await openToEverybody(who)
        await hands.write(code, await codeSentTo(latchkey, person.phone))
        await hands.send(page.locator('input[name=phone]'), '+436641111111')
        await code.waitFor()
        const digits = await codeSentTo(latchkey, '+436641111111')
        const [text] = await latchkey.outbox('+436641111111')
        expect(text?.text.split('\n').at(-1)).to.equal(`@${new URL(latchkey.issuer).hostname} #${digits}`)
        await hands.write(code, digits)
        await done.filter({ hasText: 'phone number is confirmed' }).waitFor()

        const trusted = async (words: string, link?: string) => {
          const { text, ...mail } = await newest(words)
          const lines = text.split('\n')
          expect(lines.indexOf('blue heron'), 'before anything else').to.be.within(1, 4)
          const at = latchkey.clock.now()
          const lately = Array.from({ length: 120 }, (_, ago) => moment('en', at - ago * 1_000, 'long', 'Asia/Tokyo'))
          expect(lately.map(each => `When: ${each}`)).to.include(lines.find(each => each.startsWith('When: ')))
          expect(lines).to.include('Location: Vienna, Austria')
          expect(lines.find(each => each.startsWith('Device: '))).to.match(/^Device: Chrome on /)
          expect(lines, 'the address as text, on a line of its own').to.include(link ?? mail.link)
          return text
        }
        expect(await trusted('Your phone number was changed')).to.contain('••• 11')

        const keys = `${latchkey.issuer}/account/api-keys`
        await page.goto(keys)
        await hands.write(page.locator('main input[name=name]'), 'Night bot')
        await hands.tick(page.locator('main input[name=scope][value=read]'))
        await hands.enter(page.getByRole('button', { name: 'Create key', exact: true }))
        await page.locator('[data-api-key-secret]').waitFor()
        latchkey.keepOut(await page.locator('[data-api-key-secret]').innerText())
        expect(await trusted('“Night bot”', keys)).to.contain('Permissions: Read.')
      },
      { extraHTTPHeaders: vienna, timezoneId: 'America/New_York' },
    ))

  it('all of which can be looked at in every language, by keyboard alone', () =>
    visit(async who => {
      const { page } = who
      const hands = keyboard(who)
      const home = `${latchkey.issuer}/dev/gallery`
      await page.goto(home)
      await openToEverybody(who)
      const shown = await page.locator('section[aria-labelledby=mails] code').allInnerTexts()
      expect([...new Set(shown)].sort()).to.deep.equal(Object.keys(mails).sort())
      const tags = await page
        .locator('main select[name=language] option')
        .evaluateAll(all => all.map(each => each.getAttribute('value')))
      expect(tags).to.deep.equal(Object.keys(languages))

      const links = await page
        .locator('section[aria-labelledby=mails] a')
        .evaluateAll(all => all.map(each => each.getAttribute('href') ?? ''))
      const read = async (path: string, language: string) => {
        const url = new URL(path, home)
        url.searchParams.set('language', language)
        const answer = await page.request.get(url.href)
        expect(answer.status(), url.href).to.equal(200)
        return answer.text()
      }
      for (const path of links.filter(each => !each.includes('format=text')))
        for (const [tag, { direction }] of Object.entries(languages)) {
          const html = await read(path, tag)
          const text = await read(`${path}&format=text`, tag)
          expect(html, path).to.contain(`<html lang="${tag}" dir="${direction}">`)
          for (const body of [html, text]) expect(body, `${path} ${tag}`).to.contain('Blue heron')
          // Each button has its address below, as text, in both.
          for (const [, to = ''] of html.matchAll(/href="([^"]*)" class="button"/g)) {
            expect(html.split(`>${to}</a>`), `${path} ${tag}`).to.have.lengthOf.above(1)
            expect(text.split('\n'), `${path} ${tag}`).to.include(to)
          }
        }

      await hands.find(page.locator('main select[name=language]'), 'Deutsch')
      await hands.enter(page.locator('form.filter button'))
      await page.waitForURL(/language=de/)
      // Past the pages.
      await page.goto(`${page.url()}#mails`)
      await hands.enter(page.getByRole('link', { name: 'alert', exact: true }))
      await page.locator('html[lang=de]').waitFor()
      const ink = () => page.evaluate(`getComputedStyle(document.querySelector('h1')).color`)
      const [light, dark] = [await ink(), await page.goto(`${page.url()}&theme=dark`).then(ink)]
      await page.emulateMedia({ colorScheme: 'dark' })
      expect(await page.goto(page.url().replace('theme=dark', 'theme=light')).then(ink)).to.equal(light)
      expect(light).to.not.equal(dark)
      expect(await page.locator('a.button').count()).to.equal(1)
    }))
})
