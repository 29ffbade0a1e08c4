import { expect } from 'chai'
import { callback, declared, ended, type Ground, ground, read, verifier } from '../conformance/ground.ts'
import { totpAt } from '../support/codes.ts'
import { jar, type Page } from '../support/jar.ts'
import { authenticatorCode, type Person } from '../support/people.ts'
import { credentialOn, securityAt } from '../support/security.ts'

describe('somebody who lost their phone and signs in with a recovery code', () => {
  let here: Ground
  let at: ReturnType<typeof securityAt>
  before(async () => {
    here = await ground({ clients: [declared('desk')] })
    at = securityAt(here.latchkey)
  })
  after(() => here.stop())

  /** Somebody whose authenticator has a name, on a new browser. */
  const robbed = async (): Promise<Person> => {
    const person = await here.person()
    const credential = credentialOn(await at.open(person), 'Authenticator app')
    await at.act(person, 'rename', { credential, name: 'Old phone' })
    here.latchkey.clock.pass(60_000)
    return person
  }
  /** Goes from the first page of a sign-in through a recovery code to a new authenticator. */
  const getIn = async (person: Person, start: Page): Promise<Page> => {
    const second = await start.submit({ email: person.email, password: person.password })
    const code = await second.submit({}, 'A recovery code')
    const setUp = await code.submit({ code: person.recoveryCodes.pop() ?? '' })
    expect(setUp.text).to.contain('Each recovery code works once: set up a new authenticator now')
    const secret = setUp.find('[data-totp-secret]')?.text.replace(/\s/g, '') ?? ''
    here.latchkey.keepOut(secret)
    return setUp.submit({ code: totpAt(secret, here.latchkey.clock.now()) })
  }
  const named = (page: Page) => page.all('li.line .name').map(each => each.text)
  const onward = (page: Page) => page.find('a.go') ?? expect.fail(`no way on from ${page.url}`)

  it('is shown what the old phone is still good for, removes it there, and goes on to their account', async () => {
    const person = await robbed()
    const browser = jar()
    const page = await getIn(person, await browser.get(`${here.issuer}/sign-in?next=/account/profile`))
    expect(page.url).to.contain(`${here.issuer}/account/lost-phone`)
    expect([page.h1, page.all('[role=status]').map(each => each.text)]).to.deep.equal([
      'Lost your phone?',
      ['Your authenticator app is set up.'],
    ])
    expect(named(page).some(each => each.startsWith('Old phone'))).to.equal(true)
    expect(named(page).some(each => each.startsWith('Authenticator app'))).to.equal(false)
    // What was set up ended every other session; this one stays.
    expect(await at.isIn(person)).to.equal(false)
    expect(page.text).to.contain('signed out on all your other devices')
    const asked = await page.submit({}, 'Remove')
    expect(asked.h1).to.equal('Remove “Old phone”?')
    expect(asked.find('[data-cancel]')?.attributes.href).to.equal(page.url.slice(here.issuer.length))
    const gone = await asked.submit({}, 'Remove')
    expect(gone.url).to.equal(page.url)
    expect(gone.all('[role=status]').map(each => each.text)).to.deep.equal(['“Old phone” was removed.'])
    expect(gone.text).to.contain('No older authenticator app, phone number or passkey is left.')
    expect((await gone.follow('Continue')).url).to.equal(`${here.issuer}/account/profile`)
    // The old phone opens nothing any more.
    here.latchkey.clock.pass(60_000)
    const thief = await jar().get(`${here.issuer}/sign-in`)
    const second = await thief.submit({ email: person.email, password: person.password })
    expect((await second.submit({ code: authenticatorCode(here.latchkey, person) })).status).to.equal(401)
  })

  it('goes on to the app that asked, as who they are', async () => {
    for (const more of [{}, { login_hint: 'somebody@example.com' }]) {
      const person = await robbed()
      const page = await getIn(person, (await here.ask('desk', jar(), more)).page)
      expect(page.h1).to.equal('Lost your phone?')
      expect(onward(page).text).to.equal('Go back to desk')
      const { told } = ended(await page.follow('Go back to desk'), here.issuer)
      const form = { grant_type: 'authorization_code', redirect_uri: callback('desk'), code_verifier: verifier }
      const { status, body } = await here.token('desk', { ...form, code: String(told.get('code')) })
      expect([status, read(body.id_token).acr]).to.deep.equal([200, 'aal2'])
    }
  })

  it('goes straight to an app that wants a sign-in of its own, and is reminded at home until the old phone is gone', async () => {
    const person = await robbed()
    const browser = jar()
    const { page } = await here.ask('desk', browser, { prompt: 'login' })
    expect(ended(await getIn(person, page), here.issuer).told.get('code')).to.be.a('string')
    const reminded = async () =>
      (await browser.get(`${here.issuer}/account`)).find('[data-attention=lost] a')?.attributes.href
    expect(await reminded()).to.equal('/account/lost-phone')
    const there = await browser.get(`${here.issuer}/account/lost-phone`)
    expect(onward(there).attributes.href).to.equal('/account')
    await (await there.submit({}, 'Remove')).submit({}, 'Remove')
    expect(await reminded()).to.equal(undefined)
  })

  it('ends sessions and forgets devices there', async () => {
    const person = await robbed()
    const browser = jar()
    const { url } = await getIn(person, await browser.get(`${here.issuer}/sign-in`))
    // With the old phone, which still counts.
    here.latchkey.clock.pass(60_000)
    const other = jar()
    const start = await other.get(`${here.issuer}/sign-in`)
    const second = await start.submit({ email: person.email, password: person.password })
    await second.submit({ code: authenticatorCode(here.latchkey, person), trust: 'yes' })
    const isIn = async () => (await other.get(`${here.issuer}/account`)).url === `${here.issuer}/account`
    expect(await isIn()).to.equal(true)
    const ended = await (await browser.get(url)).submit({}, 'End')
    expect([ended.url, await isIn()]).to.deep.equal([url, false])
    const asked = await ended.submit({}, 'Forget')
    const forgotten = await asked.submit({}, 'Forget')
    expect([forgotten.url, forgotten.text.includes('No trusted devices.')]).to.deep.equal([url, true])
  })

  it('leads to no other site', async () => {
    const person = await robbed()
    for (const next of ['https://evil.example', '//evil.example', '/\\evil.example', 'javascript:alert(1)']) {
      const page = await at.open(person, `/account/lost-phone?next=${encodeURIComponent(next)}`)
      expect(onward(page).attributes.href, next).to.equal('/account')
    }
    const posted = await person.browser.post(`${here.issuer}/account/sessions/end-others`, { back: '//evil.example' })
    expect(posted.url).to.equal(`${here.issuer}/account/sessions`)
    const other = await person.browser.post(`${here.issuer}/account/sessions/end-others`, { back: '/sign-out' })
    expect(other.url).to.equal(`${here.issuer}/account/sessions`)
  })
})
