import { expect } from 'chai'
import { jar } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { codeSentTo, type Person, signIn, signUp, somebody } from '../support/people.ts'

const formula = '=HYPERLINK("https://evil.example") Chrome/1.0'

describe('the activity page', () => {
  const latchkey = whileTesting(startLatchkey)
  let ada: Person
  let bob: Person
  let path: string
  before(async () => {
    path = `${latchkey.issuer}/account/activity`
    ada = somebody()
    bob = somebody({ 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' })
    for (const person of [ada, bob])
      await signUp(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-up`))
    const stranger = jar({ 'user-agent': formula })
    const start = await stranger.get(`${latchkey.issuer}/sign-in`)
    await start.submit({ email: ada.email, password: 'wrong harbour lantern' })
  })

  const read = ({ browser }: Person, query = '') => browser.get(`${path}${query}`)
  const names = async (person: Person, query = '') =>
    (await read(person, query)).all('.statement .name').map(({ text }) => text)
  interface Told {
    sequence: number
    at: string
    event: string
    kind: string
    what: string
    details: Record<string, string>
    address: string
    device?: string
    hash: string
  }
  const json = async ({ browser }: Person, query = '') => (await browser.get(`${path}.json${query}`)).json<Told[]>()

  it('asks strangers to sign in, and brings them back', async () => {
    const person = { ...ada, browser: jar() }
    for (const ending of ['', '.csv', '.json']) {
      const page = await person.browser.get(`${path}${ending}`)
      expect(page.find('[autocomplete="current-password"]'), ending).not.to.equal(undefined)
    }
    expect((await signIn(latchkey, person, await read(person))).url).to.equal(path)
  })

  it('is found from the account', async () => {
    const page = await (await ada.browser.get(`${latchkey.issuer}/account`)).follow('Activity')
    expect([page.status, page.h1, page.url]).to.deep.equal([200, 'Activity', path])
  })

  it('tells in words what happened, when, from where and on what', async () => {
    const page = await read(bob)
    const lines = page.all('.statement .line').map(({ text }) => text)
    const signedIn = lines.find(line => line.startsWith('Signed in')) ?? expect.fail(lines.join('\n'))
    expect(signedIn).to.match(/Firefox on Linux\s· [^·]+· (::1|127\.0\.0\.1)/)
    expect(page.all('.statement time')[0]?.attributes.datetime).to.match(/^20\d\d-/)
    expect(lines.join()).to.include('Account created')
  })

  it('shows what strangers did to it', async () => {
    expect(await names(ada)).to.include('Password: refused')
    expect(await names(bob)).not.to.include('Password: refused')
  })

  it('shows nobody what is another’s', async () => {
    const [hers, his] = await Promise.all([json(ada), json(bob)])
    expect([hers.length > 1, his.length > 1]).to.deep.equal([true, true])
    const shared = hers.filter(each => his.some(other => other.sequence === each.sequence))
    expect(shared).to.deep.equal([])
    const created = (told: Told[]) => told.filter(each => each.event === 'account.created')
    expect([created(hers).length, created(his).length]).to.deep.equal([1, 1])
  })

  it('speaks the reader’s language', async () => {
    const choose = (tag: string) => ada.browser.cookies.setCookie(`latchkey_language=${tag}`, latchkey.issuer)
    await choose('de')
    const page = await ada.browser.get(path)
    await choose('en')
    expect(page.h1).to.equal('Aktivität')
    expect(page.text).to.include('Passwort: abgelehnt').and.to.include('Chrome unter Linux')
  })

  it('is filtered by kind and by day', async () => {
    const page = await (await read(ada)).submit({ kind: 'account' }, { action: '/account/activity' })
    expect(page.url).to.include('kind=account')
    expect(page.all('.statement .name').map(({ text }) => text)).to.deep.equal(['Account created'])
    expect(page.find('option[selected]')?.text).to.equal('Account')

    const today = new Date(latchkey.clock.now()).toISOString().slice(0, 10)
    const yesterday = new Date(latchkey.clock.now() - 86_400_000).toISOString().slice(0, 10)
    expect(await names(ada, `?from=${yesterday}&to=${today}`)).to.deep.equal(await names(ada))
    const none = await read(ada, `?to=1999-12-31`)
    expect([none.all('.statement').length, none.find('.empty')?.text]).to.deep.equal([
      0,
      'No activity found. Choose other days or another type.',
    ])
  })

  it('is searched by every word, on pages and in what is taken along', async () => {
    expect(await names(bob, '?q=account+created')).to.deep.equal(['Account created'])
    expect(await names(bob, '?q=firefox+nothing-like-it')).to.deep.equal([])
    const found = await json(bob, '?q=FIREFOX')
    expect(found.length).to.be.greaterThan(0)
    expect(found.every(each => each.device?.includes('Firefox'))).to.equal(true)
    expect(await json(bob, '?q=no+such+thing')).to.deep.equal([])
    const page = await read(bob, `?q=${encodeURIComponent('"><script>alert(1)</script>')}`)
    expect(page.find('#q')?.attributes.value).to.equal('"><script>alert(1)</script>')
    expect((await read(bob, `?q=${'x'.repeat(101)}`)).status).to.equal(400)
  })

  it('leads from sessions to what happened on their device, and back', async () => {
    const sessions = await bob.browser.get(`${latchkey.issuer}/account/sessions`)
    const there = await sessions.follow('Activity on this device')
    expect(there.url).to.match(/device=[\w-]+$/)
    expect(there.all('.statement .line').length).to.be.greaterThan(0)
    const back = await there.follow('See this session')
    expect(back.url).to.match(/\/account\/sessions#session-/)
    expect(back.find(back.url.slice(back.url.indexOf('#')))).to.not.equal(undefined)
    const other = there.url.replace(/device=.*/, 'device=somebody-elses')
    expect((await bob.browser.get(other)).all('.statement .line')).to.have.length(0)
  })

  it('names what loosened the protection, and keys and credentials as their owner does', async () => {
    const eve = somebody()
    await signUp(latchkey, eve, await eve.browser.get(`${latchkey.issuer}/sign-up`))
    let page = await eve.browser.post(`${latchkey.issuer}/account/security/add`, { factor: 'sms' })
    page = await page.submit({ phone: eve.phone })
    await page.submit({ code: await codeSentTo(latchkey, eve.phone) })
    page = await read(eve)
    expect(page.text).to.include('Because of: Text message: added')
    expect(page.find('.chart svg[role=img]')).to.not.equal(undefined)
    expect(page.all('.chart tbody tr')).to.have.length(1)
    await eve.browser.post(`${latchkey.issuer}/account/api-keys`, { name: 'Night bot', scope: 'read' })
    const names = (await read(eve, '?kind=apps')).all('.statement .name').map(({ text }) => text)
    expect(names.join()).to.include('Night bot')
  })

  it('begins its days at midnight in the reader’s time zone', async () => {
    const zone = latchkey.clock.now() % 86_400_000 < 43_200_000 ? 'Pacific/Kiritimati' : 'Pacific/Pago_Pago'
    const form = { name: '', username: '', language: 'en', zone }
    await bob.browser.post(`${latchkey.issuer}/account/profile`, form)
    const page = await read(bob)
    expect(page.text).to.include(`Days begin at midnight in your time zone (${zone}).`)
    expect(page.all('.day h2').length).to.be.greaterThan(0)
    const days = page.all('.day h2 time').map(each => new Date(each.attributes.datetime ?? '').toISOString().slice(11))
    expect(new Set(days)).to.deep.equal(
      new Set([zone.endsWith('i') && zone.includes('Kiri') ? '10:00:00.000Z' : '11:00:00.000Z']),
    )
  })

  it('understands only what its form can ask', async () => {
    const wrong = [
      '?kind=everything',
      '?from=yesterday',
      '?to=2026-02-30',
      '?kind=apps&kind=account',
      `?after=${'x'.repeat(101)}`,
    ]
    for (const query of wrong) expect((await read(ada, query)).status, query).to.equal(400)
    expect((await ada.browser.get(`${path}.csv?from=x`)).status).to.equal(400)
    expect((await read(ada, '?after=nothing')).status).to.equal(404)
  })

  it('comes in pages, newest first, and goes back to the newest', async () => {
    for (let turn = 0; turn < 18; turn++) {
      const again = { ...bob, browser: jar() }
      await signIn(latchkey, again, await again.browser.get(`${latchkey.issuer}/sign-in`))
    }
    const all = await json(bob)
    expect(all.length).to.be.greaterThan(50)
    const first = await read(bob)
    const second = await first.follow('Older')
    const shown = [first, second].flatMap(page => page.all('.statement time').map(each => each.attributes.datetime))
    expect(first.all('.statement time')).to.have.length(50)
    expect(shown.toSorted()).to.deep.equal(
      all
        .slice(0, shown.length)
        .map(({ at }) => at)
        .toSorted(),
    )
    // Rows are in order, and a sign-in is one, with its steps.
    const rows = first.all('.moment time').map(each => each.attributes.datetime)
    expect(rows).to.deep.equal(rows.toSorted().reverse())
    expect(rows.length).to.be.lessThan(30)
    expect(first.all('.steps-taken li').some(({ text }) => text.startsWith('Authenticator app: accepted'))).to.equal(
      true,
    )
    expect((await second.follow('Newest')).url).to.equal(path)
  })

  it('is taken along as CSV that no spreadsheet runs', async () => {
    const page = await (await read(ada, '?kind=sign-in')).follow('Download as CSV')
    expect(page.headers.get('content-type')).to.equal('text/csv; charset=utf-8')
    expect(page.headers.get('content-disposition')).to.equal('attachment; filename="latchkey-activity.csv"')
    expect(page.headers.get('cache-control')).to.equal('no-store')
    const [head, ...lines] = page.html.trimEnd().split('\r\n')
    expect(head).to.match(/^\ufeff?"Time","Event","Type","IP address","Device"$/)
    expect(lines.length).to.equal((await json(ada, '?kind=sign-in')).length)
    for (const line of lines) {
      expect(line).to.match(/^"20[\d-]+T[\d:.]+Z","[^"]+","Sign-ins","[0-9a-f.:]+","[^"]*"$/)
      expect(line).not.to.match(/"[=+@-]/)
    }
  })

  it('is taken along as JSON, each entry with its place in the chain', async () => {
    const page = await (await read(ada)).follow('Download as JSON')
    expect(page.headers.get('content-disposition')).to.equal('attachment; filename="latchkey-activity.json"')
    const refused = page.json<Told[]>().find(each => each.event === 'factor.refused')
    expect(refused).to.deep.include({ kind: 'sign-in', what: 'Password: refused' })
    expect(refused?.details).to.deep.equal({ factor: 'password', code: 'wrong_credentials' })
    expect(refused?.hash).to.match(/^[0-9a-f]{64}$/)
    expect(refused).to.include({ agent: formula })
    expect(await json(ada, '?to=1999-12-31')).to.deep.equal([])
  })
})
