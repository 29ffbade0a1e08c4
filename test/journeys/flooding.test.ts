import { expect } from 'chai'
import { jar } from '../support/jar.ts'
import { type Running, startLatchkey } from '../support/latchkey.ts'
import { authenticatorCode, codeSentTo, type Person, somebody } from '../support/people.ts'
import { type Security, securityAt } from '../support/security.ts'

const minute = 60_000

describe('a flood of messages', () => {
  let latchkey: Running
  let at: Security
  beforeEach(async () => {
    latchkey = await startLatchkey({
      environment: {
        LATCHKEY_TRUST_PROXY: '127.0.0.1,::1',
        LATCHKEY_SMS_DAILY: '15',
        LATCHKEY_SMS_COUNTRIES: 'AT,DE',
        LATCHKEY_METRICS_TOKEN: 'a token of the metrics',
      },
    })
    at = securityAt(latchkey)
  })
  afterEach(() => latchkey.stop())

  let sources = 0
  /** A browser somewhere else each time. */
  const elsewhere = () => {
    sources += 1
    return jar({ 'x-forwarded-for': `198.51.${sources >> 8}.${sources & 255}` })
  }
  const texts = async () => (await latchkey.outbox()).filter(({ channel }) => channel === 'sms')
  /** A sign-up as far as the page that asks for a number. */
  const toNumber = async () => {
    const person = { ...somebody(), browser: elsewhere() }
    let page = await at.open(person, '/sign-up')
    page = await page.submit({ email: person.email })
    page = await page.submit({ code: await codeSentTo(latchkey, person.email) })
    page = await page.submit({ password: person.password })
    latchkey.keepOut(person.password)
    return page
  }
  const forgot = async (email: string, browser = elsewhere()) =>
    (await browser.get(`${latchkey.issuer}/forgot-password`)).submit({ email })
  const mails = async (email: string) => (await latchkey.outbox()).filter(({ to }) => to === email)

  it('to one number is cut short across accounts, and the number of a signed-in owner is not used up by it', async () => {
    const owner = await at.joined('sms')
    const before = (await texts()).length
    const statuses: number[] = []
    for (let each = 0; each < 5; each++) {
      const page = await toNumber()
      statuses.push((await page.submit({ phone: owner.phone })).status)
    }
    expect(statuses.filter(each => each === 429)).to.have.length.of.at.least(2)
    expect((await texts()).length - before).to.be.at.most(4)
    await (await at.open(owner, '/account')).submit({}, 'Sign out')
    latchkey.clock.pass(minute)
    const page = await (await at.open(owner, '/sign-in')).submit({ email: owner.email, password: owner.password })
    expect((await page.submit({ code: await codeSentTo(latchkey, owner.phone) })).url).to.equal(
      `${latchkey.issuer}/account`,
    )
  })

  it('of texts ends for the day at what the operator allows; it is in the log and in the metrics', async () => {
    const statuses: number[] = []
    for (let each = 0; each < 15; each++) {
      const page = await toNumber()
      statuses.push((await page.submit({ phone: `+43660${1_000_000 + each * 7_919}` })).status)
    }
    expect(statuses).to.deep.equal([...Array(12).fill(200), 429, 429, 429])
    expect(await texts()).to.have.length(12)
    expect(latchkey.logged()).to.contain('limit.closed').and.to.contain('sms.daily.unproven')
    const metrics = await fetch(`${latchkey.issuer}/metrics`, {
      headers: { authorization: 'Bearer a token of the metrics' },
    })
    expect(metrics.headers.get('content-type')).to.equal('text/plain; version=0.0.4; charset=utf-8')
    expect(await metrics.text()).to.contain('latchkey_limits_closed_total{limit="sms.daily.unproven"} 1\n')
  })

  it('to numbers that cost most, or of countries that the operator does not serve, does not begin', async () => {
    const page = await toNumber()
    for (const [phone, words] of [
      ['+8816 1234 5678', 'We can’t text this number'],
      ['+43 820 123456', 'We can’t text this number'],
      ['+43 1 5123456', 'We can’t text this number'],
      ['+44 7700 900123', 'We can’t send text messages to this country'],
    ] as const) {
      const refused = await page.submit({ phone })
      expect(refused.status, phone).to.equal(422)
      expect(refused.alerts.join(), phone).to.contain(words)
      expect(refused.html, 'nothing typed is lost').to.contain(phone)
    }
    expect(await texts()).to.have.length(0)
  })

  it('of guesses at sign-up codes is cut short by source and by mailbox', async () => {
    const source = jar({ 'x-forwarded-for': '192.0.2.77' })
    const tried = async (email: string, browser: Person['browser'], times: number) => {
      let page = await (await browser.get(`${latchkey.issuer}/sign-up`)).submit({ email })
      const statuses: number[] = []
      for (let each = 0; each < times; each++) {
        page = await page.submit({ code: '000000' })
        statuses.push(page.status)
      }
      return statuses
    }
    const guesses: number[] = []
    for (let each = 0; each < 6; each++) guesses.push(...(await tried(`staff${each}@victim.example`, source, 5)))
    expect(guesses.filter(each => each === 401)).to.have.length(20)
    expect(guesses.filter(each => each === 429)).to.have.length(10)
    // One mailbox, by whichever of its addresses, from anywhere.
    const more: number[] = []
    for (let each = 0; each < 4; each++) more.push(...(await tried(`boss+${each}@victim.example`, elsewhere(), 5)))
    // The owner may come from anywhere, too: one try more is judged from each source.
    expect(more.filter(each => each === 401)).to.have.length(12)
    // Whoever else signs up there, elsewhere, is not in the way of it.
    expect(await tried('new@victim.example', elsewhere(), 1)).to.deep.equal([401])
  })

  it('to a mailbox is cut short across purposes and addresses, and looks the same as ever', async () => {
    const page = await forgot('nobody@example.com')
    for (let each = 0; each < 12; each++) {
      const answered = await forgot(each % 2 === 0 ? 'nobody@example.com' : `nobody+${each}@example.com`)
      expect([answered.status, answered.h1]).to.deep.equal([page.status, page.h1])
    }
    const all = (await latchkey.outbox()).filter(({ to }) => to.startsWith('nobody'))
    expect(all).to.have.length(6)
    const signUp = await (await elsewhere().get(`${latchkey.issuer}/sign-up`)).submit({
      email: 'nobody+new@example.com',
    })
    expect(signUp.status).to.equal(429)
  })

  it('of requests for a new password leaves the owner a mailed link that works, at any time', async () => {
    const owner = await at.joined()
    const asked = await forgot(owner.email)
    for (let time = 0; time < 40; time++) {
      for (let each = 0; each < 4; each++) await forgot(owner.email)
      latchkey.clock.pass(9 * minute)
    }
    const all = (await mails(owner.email)).filter(({ link }) => link?.includes('/reset/'))
    expect(all.length, 'six hours of it').to.be.at.most(26)
    // The owner asks, too: the page is the same, and the newest link in the mailbox works.
    const browser = elsewhere()
    const own = await forgot(owner.email, browser)
    expect([own.status, own.h1, own.text]).to.deep.equal([asked.status, asked.h1, asked.text])
    const [newest] = (await mails(owner.email)).filter(({ link }) => link?.includes('/reset/'))
    let page = await (await browser.get(newest?.link ?? '')).submit()
    page = await page.submit({ code: authenticatorCode(latchkey, owner) })
    page = await page.submit({ password: 'another quiet harbour' })
    latchkey.keepOut('another quiet harbour')
    expect(page.status).to.equal(200)
  })
})
