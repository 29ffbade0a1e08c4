import { expect } from 'chai'
import { callback, declared, ended, type Ground, ground, read, verifier } from '../conformance/ground.ts'
import { type Jar, jar, type Page } from '../support/jar.ts'
import { authenticatorCode, type Person, signUp, somebody } from '../support/people.ts'

const minute = 60_000

describe('the app and the address that was typed', () => {
  let here: Ground
  before(async () => {
    here = await ground({ clients: [declared('desk'), declared('guest', { first_party: false })] })
  })
  after(() => here.stop())

  const typed = (page: Page) => page.find('input[name=email]')?.attributes.value
  const keeps = (page: Page, email: string) =>
    expect([page.text.includes('to continue to desk'), typed(page)], page.url).to.deep.equal([true, email])
  const second = async (person: Person, page: Page) => {
    here.latchkey.clock.pass(minute)
    return page.submit({ code: authenticatorCode(here.latchkey, person) })
  }
  const subject = async (app: string, last: Page) => {
    const form = { grant_type: 'authorization_code', redirect_uri: callback(app), code_verifier: verifier }
    const { body } = await here.token(app, { ...form, code: String(ended(last, here.issuer).told.get('code')) })
    return read(body.id_token).sub
  }

  it('come along from sign-in to sign-up, to a forgotten password and back', async () => {
    const person = await here.person()
    let page = (await here.ask('desk', jar())).page
    page = await page.submit({ email: person.email, password: 'not this one' })
    expect(page.status).to.equal(401)
    page = await page.follow('Create an account')
    keeps(page, person.email)
    page = await page.follow('Sign in')
    keeps(page, person.email)
    page = await page.follow('Forgot password?')
    keeps(page, person.email)
    const other = somebody().email
    page = await page.submit({ email: other })
    expect(page.text).to.contain('to continue to desk')
    page = await page.follow('Send another link')
    keeps(page, other)
    page = await page.follow('Back to sign in')
    keeps(page, other)
    page = await second(person, await page.submit({ email: person.email, password: person.password }))
    expect(ended(page, here.issuer).told.get('code')).to.be.a('string')
  })

  it('are still there after a page was open too long, at each of its steps, and in no other browser', async () => {
    const person = await here.person()
    const late = async (go: (page: Page) => Promise<Page>, email = person.email) => {
      const browser = jar()
      const page = await go((await here.ask('desk', browser)).page)
      here.latchkey.clock.pass(61 * minute)
      const over = await browser.get(page.url)
      expect(over.links.map(({ text }) => text)).to.contain('Go back to desk')
      expect([over.status, typed((await here.ask('desk', browser)).page)]).to.deep.equal([410, email])
      expect(typed((await here.ask('desk', jar())).page) ?? '').to.equal('')
    }
    await late(page => page.submit({ email: person.email, password: person.password }))
    await late(page => page.submit({ email: person.email, password: 'not this one' }))
    const newcomer = somebody().email
    await late(async page => (await page.follow('Create an account')).submit({ email: newcomer }), newcomer)
    const browser = jar()
    const { page } = await here.ask('desk', browser)
    here.latchkey.clock.pass(61 * minute)
    const over = await page.submit({ email: person.email, password: person.password })
    expect([over.status, typed((await here.ask('desk', browser)).page)]).to.deep.equal([410, person.email])
    // Nobody can read it there.
    const kept = (await browser.cookies.getCookies(here.issuer)).find(({ key }) => key === 'latchkey_typed')
    expect([kept?.httpOnly, kept?.value.includes(person.email)]).to.deep.equal([true, false])
    expect(Buffer.from(kept?.value ?? '', 'base64url').toString()).to.not.contain(person.email)
  })

  it('are still there when an emailed link has expired, in the browser that asked for it', async () => {
    const person = await here.person()
    const browser = jar()
    const forgot = await (await here.ask('desk', browser)).page.follow('Forgot password?')
    await forgot.submit({ email: person.email })
    const { link = '' } = (await here.latchkey.outbox(person.email)).find(each => each.link) ?? expect.fail('no link')
    here.latchkey.clock.pass(20 * minute)
    const late = await browser.get(link)
    expect(late.status).to.equal(410)
    keeps(await late.follow('Send link'), person.email)
    const posted = await browser.post(link)
    expect(posted.status).to.equal(410)
    keeps(await posted.follow('Send link'), person.email)
    const elsewhere = await (await jar().get(link)).follow('Send link')
    expect([elsewhere.text.includes('desk'), typed(elsewhere) ?? '']).to.deep.equal([false, ''])
    // Whose an expired link was, and whether there was one, shows in no browser: it leads back to what was typed there.
    const bob = await here.person()
    await (await jar().get(`${here.issuer}/forgot-password`)).submit({ email: bob.email })
    const { link: bobs = '' } =
      (await here.latchkey.outbox(bob.email)).find(each => each.link) ?? expect.fail('no link')
    here.latchkey.clock.pass(20 * minute)
    const said = ({ html }: Page) => html.replaceAll(/number: [\w-]+|\/reset\/[\w-]+/g, '')
    const never = await browser.get(bobs.replace(/.{10}$/, 'AAAAAAAAAA'))
    const theirs = await browser.get(bobs)
    expect([never.status, theirs.status]).to.deep.equal([410, 410])
    expect([said(never), said(theirs)]).to.deep.equal([said(await browser.get(link)), said(never)])
    keeps(await theirs.follow('Send link'), person.email)
  })

  it('are named by an emailed link, and come along, in the browser that asked for it and for nobody else’s', async () => {
    const [ada, bob] = [await here.person(), await here.person()]
    const asks = async (browser: Jar, { email }: Person) => {
      const forgot = await (await here.ask('desk', browser)).page.follow('Forgot password?')
      await forgot.submit({ email: email.toUpperCase() })
      const { link } = (await here.latchkey.outbox(email)).find(each => each.link) ?? expect.fail('no link')
      return link ?? expect.fail('no link')
    }
    const names = (page: Page) => page.text.includes('to continue to desk')
    /** Whether the page of the link names the app, and that of the second step behind it. */
    const opened = async (browser: Jar, link: string) => {
      const page = await browser.get(link)
      const second = await page.submit({})
      expect([page.status, second.status, second.url.includes('/forgot-password/')]).to.deep.equal([200, 200, true])
      return [names(page), names(second)]
    }
    const own = jar()
    const bobs = await asks(jar(), bob)
    expect(await opened(own, await asks(own, ada))).to.deep.equal([true, true])
    expect(await opened(own, bobs), 'of somebody else who uses the same browser').to.deep.equal([false, false])
    here.latchkey.clock.pass(20 * minute)
    await (await own.get(`${here.issuer}/forgot-password`)).submit({ email: bob.email })
    const { link = '' } = (await here.latchkey.outbox(bob.email)).find(each => each.link) ?? expect.fail('no link')
    expect(await opened(own, link), 'of somebody else who came from no app').to.deep.equal([false, false])
    here.latchkey.clock.pass(20 * minute)
    expect(await opened(jar(), await asks(jar(), ada)), 'in another browser').to.deep.equal([false, false])
  })

  it('lead back to the app when its request ran out while somebody signed in or up: what they did counts', async () => {
    const back = (page: Page) => page.links.filter(({ text }) => text === 'Go back to desk').map(({ href }) => href)
    const person = await here.person()
    let page = (await here.ask('desk', jar())).page
    here.latchkey.clock.pass(50 * minute)
    page = await (await page.follow('Create an account')).follow('Sign in')
    here.latchkey.clock.pass(15 * minute)
    page = await second(person, await page.submit({ email: person.email, password: person.password }))
    expect(page.url).to.equal(`${here.issuer}/account`)
    const [said = ''] = page.all('[role=status]').map(each => each.text)
    expect([said.includes('The app stopped waiting'), back(page)]).to.deep.equal([true, ['https://desk.example/']])

    const newcomer = somebody()
    page = (await here.ask('desk', newcomer.browser)).page
    here.latchkey.clock.pass(50 * minute)
    page = await page.follow('Create an account')
    here.latchkey.clock.pass(15 * minute)
    page = await signUp(here.latchkey, newcomer, page)
    expect([page.url, back(page)]).to.deep.equal([`${here.issuer}/account`, ['https://desk.example/']])
    // Who has proved nothing gets nowhere by it.
    const stranger = jar()
    const start = (await here.ask('desk', stranger)).page
    const uid = start.trail.find(each => each.includes('/interaction/')) ?? expect.fail(start.trail.join())
    const flow = start.url.split('/').at(-1)
    here.latchkey.clock.pass(59 * minute)
    const newer = await stranger.get(`${here.issuer}/sign-in?from=${flow}`)
    here.latchkey.clock.pass(5 * minute)
    expect((await stranger.get(`${uid}?attempt=${newer.url.split('/').at(-1)}`)).status).to.equal(410)
    expect((await stranger.get(`${here.issuer}/account`)).url).to.contain('/sign-in/')
  })

  it('stay when somebody goes on as somebody else', async () => {
    const [ada, bob] = [await here.person(), await here.person()]
    let page = (await here.ask('guest', ada.browser)).page
    expect([page.h1, page.text.includes(ada.email)]).to.deep.equal(['Allow access?', true])
    page = await page.submit({}, 'Use another account')
    expect([page.text.includes('to continue to guest'), typed(page) ?? '']).to.deep.equal([true, ''])
    // Until somebody else has signed in, nothing has changed.
    expect((await ada.browser.get(`${here.issuer}/account`)).text).to.contain(ada.email)
    page = await second(bob, await page.submit({ email: bob.email, password: bob.password }))
    expect([page.h1, page.text.includes(bob.email), page.text.includes(ada.email)]).to.deep.equal([
      'Allow access?',
      true,
      false,
    ])
    const own = await subject('guest', await page.submit({}, 'Allow'))
    const again = await second(
      bob,
      await (await here.ask('guest', jar())).page.submit({ email: bob.email, password: bob.password }),
    )
    expect(own).to.equal(await subject('guest', again))
    expect((await ada.browser.get(`${here.issuer}/account`)).text).to.contain(bob.email)
  })

  it('stay when an app asks for more than somebody can prove, and somebody else may', async () => {
    const ada = await here.person()
    here.latchkey.clock.pass(60 * minute)
    const claims = JSON.stringify({ id_token: { acr: { essential: true, values: ['phr'] } } })
    const asked = (await here.ask('desk', ada.browser, { claims })).page
    expect(asked.text).to.contain(ada.email)
    const page = await asked.submit({}, 'Use another account')
    expect([page.text.includes('to continue to desk'), typed(page) ?? '']).to.deep.equal([true, ''])
    const evil = await ada.browser.post(page.url.replace(/sign-in.*/, 'interaction/nothing/switch'))
    expect(evil.status).to.equal(410)
  })
})
