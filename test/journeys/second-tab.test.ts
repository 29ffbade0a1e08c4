import { expect } from 'chai'
import { callback, declared, ended, type Ground, ground, read, verifier } from '../conformance/ground.ts'
import { jar } from '../support/jar.ts'
import { authenticatorCode, type Person } from '../support/people.ts'

describe('a page that waits while another tab signs in', () => {
  let here: Ground
  let ada: Person
  before(async () => {
    here = await ground({ clients: [declared('desk'), declared('guest', { first_party: false })] })
    ada = await here.person()
  })
  after(() => here.stop())

  /** Signs somebody in, in another tab of the browser. */
  const signIn = async (browser = jar(), person = ada) => {
    const start = await browser.get(`${here.issuer}/sign-in`)
    const second = await start.submit({ email: person.email, password: person.password })
    here.latchkey.clock.pass(30_000)
    const there = await second.submit({ code: authenticatorCode(here.latchkey, person) })
    expect(there.url).to.contain('/account')
  }
  const waiting = async (app: string, more = {}) => {
    const browser = jar()
    const { page } = await here.ask(app, browser, more)
    expect(page.url).to.contain('/sign-in/')
    return { browser, page, again: async () => ended(await browser.get(page.url), here.issuer) }
  }

  it('goes on to its app with that session at its next request', async () => {
    const { browser, again } = await waiting('desk')
    await signIn(browser)
    const { told } = await again()
    const form = { grant_type: 'authorization_code', redirect_uri: callback('desk'), code_verifier: verifier }
    const { status, body } = await here.token('desk', { ...form, code: String(told.get('code')) })
    expect([status, read(body.id_token).acr]).to.deep.equal([200, 'aal2'])
  })

  it('goes on when its own password is right, without asking for more', async () => {
    const { browser, page } = await waiting('desk')
    await signIn(browser)
    const next = await page.submit({ email: ada.email, password: ada.password })
    expect(ended(next, here.issuer).told.get('code')).to.be.a('string')
  })

  it('goes on to where it was to lead, on pages of ours', async () => {
    const browser = jar()
    const page = await browser.get(`${here.issuer}/sign-in?next=/account/sessions`)
    await signIn(browser)
    expect((await browser.get(page.url)).url).to.equal(`${here.issuer}/account/sessions`)
  })

  it('is judged by the same checks: assurance, consent, how long ago', async () => {
    const phr = await waiting('desk', { acr_values: 'phr' })
    await signIn(phr.browser)
    expect((await phr.again()).told.get('code')).to.equal(null)
    const guest = await waiting('guest')
    await signIn(guest.browser)
    expect((await guest.again()).page.h1).to.equal('Allow access?')
    const claims = JSON.stringify({ id_token: { sub: { value: 'somebody-else' } } })
    const other = await waiting('desk', { claims })
    await signIn(other.browser)
    const { page, told } = await other.again()
    expect([told.get('code'), page.url.includes('/sign-in/')]).to.deep.equal([null, true])
  })

  it('stays where the app wants a sign-in of its own, or where somebody else is named', async () => {
    const anew = await waiting('desk', { prompt: 'login' })
    await signIn(anew.browser)
    const { page } = await anew.again()
    expect(page.url).to.equal(anew.page.url)
    const hinted = await waiting('desk', { login_hint: 'bob@example.com' })
    await signIn(hinted.browser)
    expect((await hinted.again()).page.url).to.equal(hinted.page.url)
    const typed = await waiting('desk')
    const bob = await here.person()
    const second = await typed.page.submit({ email: bob.email, password: bob.password })
    await signIn(typed.browser)
    expect((await typed.browser.get(second.url)).text).to.not.contain('Your account')
    expect((await typed.again()).told.get('code')).to.equal(null)
  })

  it('does not begin by the session of somebody else than the app names', async () => {
    const browser = jar()
    const { page } = await here.ask('desk', browser, { login_hint: 'bob@example.com' })
    await signIn(browser)
    const uid = page.trail.find(each => each.includes('/interaction/')) ?? expect.fail(page.trail.join())
    const again = await browser.get(uid)
    expect(again.url).to.contain('/sign-in/')
    expect(again.find('[name=email]')?.attributes.value).to.equal('bob@example.com')
    const named = await here.ask('desk', jar(), { login_hint: ` ${ada.email.toUpperCase()}` })
    expect(named.page.url).to.contain('/sign-in/')
  })

  it('stays where somebody who was to sign up has an account, until they sign in there', async () => {
    const browser = jar()
    const { page } = await here.ask('desk', browser, { prompt: 'create' })
    const link = page.links.find(({ href }) => href.includes('/sign-in?from='))
    const own = await browser.get(new URL(link?.href ?? '', here.issuer).href)
    await signIn(browser)
    expect((await browser.get(own.url)).url).to.equal(own.url)
    const second = await own.submit({ email: ada.email, password: ada.password })
    here.latchkey.clock.pass(30_000)
    const last = await second.submit({ code: authenticatorCode(here.latchkey, ada) })
    expect(ended(last, here.issuer).told.get('code')).to.be.a('string')
  })

  it('is of no use to another browser that is signed in', async () => {
    const { page } = await waiting('desk')
    const other = jar()
    await signIn(other)
    expect((await other.get(page.url)).status).to.equal(403)
    expect((await other.get(`${page.url.replace(/sign-in.*/, '')}interaction/nothing`)).status).to.equal(410)
  })
})

describe('a page that was open too long', () => {
  let here: Ground
  let ada: Person
  before(async () => {
    here = await ground({
      clients: [
        declared('desk'),
        declared('other'),
        declared('guest', { first_party: false }),
        declared('phone', { application_type: 'native', redirect_uris: ['com.example.phone:/callback'] }),
      ],
    })
    ada = await here.person()
  })
  after(() => here.stop())
  const back = (page: { links: readonly { href: string; text: string }[] }) =>
    page.links.filter(({ text }) => text.startsWith('Go back to')).map(({ href, text }) => [href, text])
  const desk = [['https://desk.example/', 'Go back to desk']]

  it('leads back to the app that asked, each to its own', async () => {
    const browser = jar()
    const [first, second] = [await here.ask('desk', browser), await here.ask('other', browser)]
    const signUp = await first.page.follow('Create an account')
    here.latchkey.clock.pass(2 * 3_600_000)
    const late = await browser.get(first.page.url)
    expect([late.status, back(late)]).to.deep.equal([410, desk])
    expect(back(await browser.get(second.page.url))).to.deep.equal([['https://other.example/', 'Go back to other']])
    expect(back(await first.page.submit({ email: ada.email, password: ada.password }))).to.deep.equal(desk)
    expect(back(await browser.get(signUp.url))).to.deep.equal(desk)
  })

  it('leads back from consent, and from a request that was answered already', async () => {
    ada = await here.person()
    const { page } = await here.ask('guest', ada.browser)
    const answered = await page.submit({}, { action: '/consent' })
    expect(ended(answered, here.issuer).told.get('code')).to.be.a('string')
    const again = await page.submit({}, { action: '/consent' })
    expect([again.status, back(again)]).to.deep.equal([410, [['https://guest.example/', 'Go back to guest']]])
    const resumed = await ada.browser.get(page.url.replace('/interaction/', '/authorize/'))
    expect([resumed.status, back(resumed)]).to.deep.equal([410, [['https://guest.example/', 'Go back to guest']]])
  })

  it('names an app of the suite after a password that was forgotten at it, in another browser, and no other app', async () => {
    const named = async (app: string) => {
      const person = await here.person()
      const forgot = await (await here.ask(app, jar())).page.follow('Forgot password?')
      await forgot.submit({ email: person.email })
      const { link = '' } = (await here.latchkey.outbox(person.email)).find(each => each.link) ?? expect.fail('no link')
      const asked = await (await person.browser.get(link)).submit()
      here.latchkey.clock.pass(30_000)
      const next = await asked.submit({ code: authenticatorCode(here.latchkey, person) })
      const last = await next.submit({ password: 'silver harbour lantern' })
      expect(last.url).to.equal(`${here.issuer}/account`)
      return back(last)
    }
    expect(await named('desk')).to.deep.equal(desk)
    // Anybody may register an app, and ask for a link to somebody else's mailbox on its way.
    expect(await named('guest')).to.deep.equal([])
  })

  it('leads to no address of another browser, of a forged cookie or of an app on a device', async () => {
    const browser = jar()
    const { page } = await here.ask('desk', browser)
    const value = Buffer.from(JSON.stringify(['evil', 'https://evil.example/'])).toString('base64url')
    const forged = await fetch(page.url, { headers: { accept: 'text/html', cookie: `latchkey_app=${value}` } })
    expect(await forged.text()).to.not.contain('evil')
    const other = jar()
    await other.get(`${here.issuer}/sign-in`)
    expect(back(await other.get(page.url))).to.deep.equal([])
    const phone = await here.ask('phone', browser, { redirect_uri: 'com.example.phone:/callback' })
    here.latchkey.clock.pass(2 * 3_600_000)
    expect(back(await browser.get(phone.page.url))).to.deep.equal([])
  })
})

describe('a browser that blocks cookies', () => {
  let here: Ground
  before(async () => {
    here = await ground({ clients: [declared('desk')] })
  })
  after(() => here.stop())
  const bare = async (url: string) => {
    const answer = await fetch(url, { headers: { accept: 'text/html' }, redirect: 'manual' })
    return { status: answer.status, text: await answer.text(), location: answer.headers.get('location') ?? '' }
  }

  it('is told so, and what to do, by our pages and by those of the protocol', async () => {
    const asked = await bare(`${here.metadata.authorization_endpoint}?${here.request('desk')}`)
    const started = await bare(`${here.issuer}/sign-in`)
    for (const path of [asked.location, started.location, '/authorize/something']) {
      const { status, text } = await bare(new URL(path, here.issuer).href)
      expect([status, /Allow cookies for this site/.test(text)], path).to.deep.equal([403, true])
    }
  })

  it('is not what is said to a browser that shows cookies', async () => {
    const browser = jar()
    await browser.get(`${here.issuer}/sign-in`)
    const { text, status } = await browser.get(`${here.issuer}/sign-in/something`)
    expect([status, text.includes('Allow cookies')]).to.deep.equal([410, false])
  })
})
