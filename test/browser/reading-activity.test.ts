import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { phrases } from '../../src/web/phrases.ts'
import { declared, type Ground, ground } from '../conformance/ground.ts'
import { jar } from '../support/jar.ts'
import { type Person, signIn, signUp, somebody } from '../support/people.ts'
import { securityAt } from '../support/security.ts'
import { vienna } from '../support/travellers.ts'
import { keyboard } from './keyboard.ts'
import { openToEverybody, signedIn, type Visitor, visit } from './visitor.ts'

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const { t } = phrases()

describe('in a browser, the activity of an account', function () {
  this.timeout(60_000)
  let here: Ground
  before(async () => {
    here = await ground({
      environment: { LATCHKEY_TRUST_PROXY: '127.0.0.1,::1' },
      clients: [declared('ledger', { client_name: 'Ledger', first_party: false, scope: 'openid email' })],
    })
  })
  after(() => here.stop())

  /**
   * Somebody from Vienna who reads this language: signed up on a day with a key and an app, and signed in on the next in another browser, where
   * they added a phone.
   */
  const busy = async (tag: string): Promise<Person> => {
    const [from, { latchkey, issuer }] = [{ 'x-forwarded-for': vienna, 'accept-language': tag }, here]
    const person = somebody(from)
    await signUp(latchkey, person, await person.browser.get(`${issuer}/sign-up`))
    await person.browser.post(`${issuer}/account/api-keys`, { name: 'Night bot', scope: 'read' })
    const { page } = await here.ask('ledger', person.browser, { scope: 'openid email' })
    await page.submit({}, { action: '/consent' })
    latchkey.clock.pass(25 * 3_600_000)
    const later = { ...person, browser: jar({ ...from, 'user-agent': firefox }) }
    const arrived = await signIn(latchkey, later, await later.browser.get(`${issuer}/sign-in`))
    expect(arrived.url).to.equal(`${issuer}/account`)
    await securityAt(latchkey).addPhone(later)
    return later
  }
  const rows = ({ page }: Visitor) => page.locator('.day .line')
  const count = async (who: Visitor) => {
    await who.page.locator('main h1').waitFor()
    return rows(who).count()
  }

  for (const tag of ['en', 'ar', 'ja'] as const)
    it(`is read, unfolded, searched, taken along and followed to a session and back by the keyboard alone (${tag})`, () =>
      visit(
        async who => {
          const person = await busy(tag)
          await signedIn(who, person, here.issuer)
          const { enter, write } = keyboard(who)
          const { page } = who
          const said = (key: Parameters<typeof t>[1], values = {}) => t(tag, key, values)
          await page.goto(`${here.issuer}/account`)
          await enter(page.locator('nav a[href="/account/activity"]'))
          await page.locator(`html[lang=${tag}] .days`).waitFor()
          await openToEverybody(who)

          // Two days, the last one first; the sign-in is one row with its device and place, which unfolds.
          const days = await page.locator('.day h2 time').evaluateAll(all => all.map(each => each.dateTime))
          expect(days).to.deep.equal(days.toSorted().toReversed()).and.to.have.length(2)
          const signIns = rows(who).filter({ has: page.locator('.steps-taken') })
          expect(await signIns.count()).to.equal(1)
          const austria = new Intl.DisplayNames(tag, { type: 'region' }).of('AT') ?? ''
          await signIns.first().getByText('Firefox').filter({ hasText: austria }).filter({ hasText: vienna }).waitFor()
          const steps = signIns.first().locator('.steps-taken')
          expect(await steps.locator('li').first().isVisible()).to.equal(false)
          await enter(steps.locator('summary'))
          await steps.getByText(said('factor.totp.name')).waitFor()
          await openToEverybody(who)

          // What loosened the protection, and names of keys and apps.
          const what = said('event.factor.added', { factor: said('factor.sms.name') })
          await rows(who).getByText(said('activity.because', { what })).waitFor()
          await rows(who).locator('.which').getByText('Night bot', { exact: true }).waitFor()
          await rows(who)
            .getByText(said('event.consent.granted', { client: 'Ledger' }))
            .waitFor()

          // Ninety days as a picture, with a table of the same.
          const chart = page.locator('.chart')
          expect(await chart.locator('svg[role=img] rect').count()).to.equal(2)
          await enter(chart.locator('summary'))
          const cells = await chart.locator('td').allTextContents()
          expect(cells.map(Number)).to.deep.equal([1, 1])
          await chart.locator('th').getByText(austria).waitFor()
          await openToEverybody(who)

          // From a sign-in to its session, to all that happened on that device, and to all devices.
          await enter(signIns.first().locator('a[href^="/account/sessions#"]'))
          await page.locator('main form[action="/sign-out/everywhere"]').waitFor()
          const session = page.locator('.session', { has: page.locator(':target') })
          await session.getByText('Firefox').waitFor()
          await openToEverybody(who)
          await enter(session.locator('a[href^="/account/activity?device="]'))
          await page.locator('main input[type=hidden][name=device]').waitFor({ state: 'attached' })
          expect(await rows(who).getByText('Night bot').count()).to.equal(0)
          expect(await count(who)).to.be.greaterThan(0)
          await openToEverybody(who)
          await enter(page.locator('main .row a[href="/account/activity"]'))
          await page.locator('.which').getByText('Night bot').waitFor()

          await write(page.locator('#q'), 'night bot')
          await page.keyboard.press('Enter')
          await page.waitForURL(/q=night/)
          expect(await count(who)).to.equal(1)
          await openToEverybody(who)
          const csv = page.locator('a[href^="/account/activity.csv"]')
          const [download] = await Promise.all([page.waitForEvent('download'), enter(csv)])
          const lines = readFileSync(await download.path(), 'utf8')
            .trimEnd()
            .split('\r\n')
          expect(lines).to.have.length(2)
          expect(lines[1]).to.contain('Night bot"')
        },
        { locale: tag, extraHTTPHeaders: { 'x-forwarded-for': vienna }, viewport: { width: 390, height: 844 } },
      ))
})
