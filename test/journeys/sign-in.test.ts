import { expect } from 'chai'
import { authenticator } from '../support/authenticator.ts'
import { totpAt } from '../support/codes.ts'
import { jar, type Page } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, codeSentTo, type Person, signIn, signUp, somebody } from '../support/people.ts'

describe('signing in', () => {
  const latchkey = whileTesting(startLatchkey)
  let ada: Person
  before(async () => {
    ada = somebody()
    await signUp(latchkey, ada, await ada.browser.get(`${latchkey.issuer}/sign-up`))
  })

  /** Ada at a browser that Latchkey has not seen. */
  const elsewhere = (): Person => ({ ...ada, browser: jar() })
  const open = (person: Person, path = '/sign-in') => person.browser.get(`${latchkey.issuer}${path}`)
  const second = async (person: Person): Promise<Page> =>
    (await open(person)).submit({ email: person.email, password: person.password })

  it('takes a password and an authenticator, and leads to the account', async () => {
    const person = elsewhere()
    const start = await open(person)
    expect(start.find('input[name=email]')?.attributes.autocomplete).to.equal('username webauthn')
    expect(start.find('input[name=password]')?.attributes.autocomplete).to.equal('current-password')
    expect(start.all('h1')).to.have.length(1)
    const page = await signIn(latchkey, person, start)
    expect(page.url).to.equal(`${latchkey.issuer}/account`)
    expect((await open(person)).url).to.equal(`${latchkey.issuer}/account`)
  })

  it('comes back to the page that asked for it, and never to another site', async () => {
    const person = elsewhere()
    const asked = await open(person, '/account/security')
    expect((await signIn(latchkey, person, asked)).url).to.equal(`${latchkey.issuer}/account/security`)
    for (const next of ['//evil.example', 'https://evil.example', '/\\evil.example', 'javascript:alert(1)']) {
      const other = elsewhere()
      const page = await signIn(latchkey, other, await open(other, `/sign-in?next=${encodeURIComponent(next)}`))
      expect(page.url).to.equal(`${latchkey.issuer}/account`)
    }
  })

  it('takes an emailed code in another way, which is worth less', async () => {
    const person = elsewhere()
    let page = await second(person)
    const ways = page.all('[data-factor]').map(each => each.attributes['data-factor'])
    expect(ways).to.deep.equal(['email', 'recovery-code'])
    page = await person.browser.post(`${page.url}/use`, { factor: 'email' })
    page = await page.submit({ code: await codeSentTo(latchkey, ada.email) })
    expect(page.url).to.equal(`${latchkey.issuer}/account`)
    // Too weak to change what protects the account: it asks for more first.
    const add = await person.browser.post(`${latchkey.issuer}/account/security/add`, { factor: 'passkey' })
    expect(add.find('input[autocomplete=current-password]')).to.not.equal(undefined)
  })

  it('takes a recovery code once, and has a factor set up again before it goes on', async () => {
    const owner = somebody()
    await signUp(latchkey, owner, await owner.browser.get(`${latchkey.issuer}/sign-up`))
    const person = { ...owner, browser: jar() }
    const [code = ''] = owner.recoveryCodes
    let page = await second(person)
    page = await person.browser.post(`${page.url}/use`, { factor: 'recovery-code' })
    page = await page.submit({ code: code.toUpperCase().replace('-', ' ') })
    const secret = page.find('[data-totp-secret]')?.text ?? ''
    expect((await open(person, '/account')).url).to.contain('/sign-in/')
    page = await page.submit({ code: totpAt(secret, latchkey.clock.now()) })
    expect(page.url).to.contain(`${latchkey.issuer}/account/lost-phone`)
    const again = { ...owner, browser: jar() }
    let spent = await second(again)
    spent = await again.browser.post(`${spent.url}/use`, { factor: 'recovery-code' })
    expect((await spent.submit({ code })).status).to.equal(401)
  })

  it('takes a passkey with no name typed, and is phishing-resistant then', async () => {
    const owner = somebody()
    const device = authenticator()
    let page = await owner.browser.get(`${latchkey.issuer}/sign-up`)
    page = await signUp(latchkey, owner, page)
    page = await owner.browser.post(`${latchkey.issuer}/account/security/add`, { factor: 'passkey' })
    const asked = JSON.parse(page.find('[data-passkey]')?.attributes['data-options'] ?? '{}')
    const made = await device.create(asked, latchkey.issuer)
    page = await person(owner).post(`${page.url}/passkey`, { response: JSON.stringify(made) })
    expect(page.url).to.equal(`${latchkey.issuer}/account/security`)

    const browser = jar()
    const start = await browser.get(`${latchkey.issuer}/sign-in`)
    const options = JSON.parse(start.find('[data-passkey]')?.attributes['data-options'] ?? '{}')
    const proof = await device.get(options, latchkey.issuer)
    const signedIn = await browser.post(`${start.url}/passkey`, { response: JSON.stringify(proof) })
    expect(signedIn.url).to.equal(`${latchkey.issuer}/account`)
    expect(signedIn.text).to.contain(owner.email)
    // The same assertion again, in this attempt and in another.
    expect((await browser.post(`${start.url}/passkey`, { response: JSON.stringify(proof) })).status).to.equal(410)
    const other = jar()
    const fresh = await other.get(`${latchkey.issuer}/sign-in`)
    expect((await other.post(`${fresh.url}/passkey`, { response: JSON.stringify(proof) })).status).to.equal(401)
  })
  const person = ({ browser }: Person) => browser

  it('gives the cookie a new value, and a planted one is worth nothing', async () => {
    const person = elsewhere()
    const cookieOf = async () =>
      (await person.browser.cookies.getCookies(latchkey.issuer)).find(each => each.key.includes('session'))?.value
    await signIn(latchkey, person, await open(person))
    const first = await cookieOf()
    expect(first).to.be.a('string')
    await (await open(person, '/account')).submit({}, 'Sign out')
    await signIn(latchkey, person, await open(person))
    expect(await cookieOf()).to.not.equal(first)
    const thief = jar()
    await thief.cookies.setCookie(`latchkey_session=${first}; Path=/`, latchkey.issuer)
    expect((await thief.get(`${latchkey.issuer}/account`)).url).to.contain('/sign-in/')
  })

  it('says the same of a wrong password and of nobody, and takes as long', async () => {
    const shape = (page: Page) => [page.status, page.html.replaceAll(/[\w-]{22,}|value="[^"]*"/g, '…')]
    const known = await (await open(elsewhere())).submit({ email: ada.email, password: 'not the right one' })
    const unknown = await (await open(somebody())).submit({
      email: 'nobody@example.com',
      password: 'not the right one',
    })
    expect(known.status).to.equal(401)
    expect(known.alerts).to.have.length(1)
    expect(shape(unknown)).to.deep.equal(shape(known))
    expect(known.find('input[name=email]')?.attributes.value).to.equal(ada.email)
    expect(known.find('input[name=password]')?.attributes.value ?? '').to.equal('')
  })

  it('closes a way after five wrong codes, not the account', async () => {
    const owner = somebody()
    await signUp(latchkey, owner, await owner.browser.get(`${latchkey.issuer}/sign-up`))
    const person = { ...owner, browser: jar() }
    const page = await second(person)
    for (let time = 0; time < 5; time++) expect((await page.submit({ code: '000000' })).status).to.equal(401)
    const closed = await page.submit({ code: authenticatorCode(latchkey, owner) })
    expect(closed.status).to.equal(403)
    const again = { ...owner, browser: jar() }
    expect((await signIn(latchkey, again, await open(again))).url).to.equal(`${latchkey.issuer}/account`)
  })

  it('slows a guesser down, and still lets the owner in from a device that it knows', async () => {
    const owner = somebody()
    await signUp(latchkey, owner, await owner.browser.get(`${latchkey.issuer}/sign-up`))
    const guesser = jar()
    let refused: Page | undefined
    for (let time = 0; time < 9; time++) {
      const start = await guesser.get(`${latchkey.issuer}/sign-in`)
      refused = await start.submit({ email: owner.email, password: `guess ${time}` })
    }
    expect(refused?.status).to.equal(429)
    expect(Number(refused?.headers.get('retry-after'))).to.be.within(1, 900)
    const right = await (await guesser.get(`${latchkey.issuer}/sign-in`)).submit({
      email: owner.email,
      password: owner.password,
    })
    expect(right.status).to.equal(429)
    await (await open(owner, '/account')).submit({}, 'Sign out')
    const page = await signIn(latchkey, owner, await open(owner))
    expect(page.url).to.equal(`${latchkey.issuer}/account`)
  })

  it('counts one TOTP code once, however many browsers show it', async () => {
    const owner = somebody()
    await signUp(latchkey, owner, await owner.browser.get(`${latchkey.issuer}/sign-up`))
    const browsers = Array.from({ length: 4 }, () => ({ ...owner, browser: jar() }))
    const pages = await Promise.all(browsers.map(second))
    const code = authenticatorCode(latchkey, owner)
    const results = await Promise.all(pages.map(page => page.submit({ code })))
    expect(results.filter(each => each.status === 200)).to.have.length(1)
    expect(results.filter(each => each.status === 401)).to.have.length(3)
  })

  it('shows the page again where a refused post left the browser', async () => {
    const person = elsewhere()
    const refused = await (await open(person)).submit({ email: ada.email, password: 'not the right one' })
    expect(refused.url).to.match(/\/password$/)
    expect((await person.browser.get(refused.url)).h1).to.equal('Sign in')
  })

  it('refuses a post that another site sends, and forms that another browser began', async () => {
    const person = elsewhere()
    const start = await open(person)
    const forged = await person.browser.post(
      `${start.url}/password`,
      { email: ada.email, password: ada.password },
      { from: 'https://evil.example' },
    )
    expect(forged.status).to.equal(403)
    const thief = jar()
    const stolen = await thief.post(`${start.url}/password`, { email: ada.email, password: ada.password })
    expect(stolen.status).to.equal(403)
  })

  it('answers nonsense with an error of ours', async () => {
    const person = elsewhere()
    const start = await open(person)
    expect((await person.browser.post(`${start.url}/password`, {})).status).to.equal(400)
    expect((await person.browser.post(`${start.url}/tattoo`, {})).status).to.equal(403)
    expect((await person.browser.post(`${start.url}/totp`, { code: '123456' })).status).to.equal(403)
    expect((await person.browser.post(`${start.url}/passkey`, { response: '{' })).status).to.be.within(400, 422)
    expect((await person.browser.get(`${latchkey.issuer}/sign-in/nothing`)).status).to.equal(410)
    expect((await person.browser.get(`${latchkey.issuer}/nowhere`)).status).to.equal(404)
    const big = await person.browser.post(`${start.url}/password`, { email: ada.email, password: 'x'.repeat(100_000) })
    expect(big.status).to.equal(413)
  })

  it('signs out by a post only, and the session is gone', async () => {
    const person = elsewhere()
    await signIn(latchkey, person, await open(person))
    const page = await open(person, '/account')
    expect((await page.submit({}, 'Sign out')).url).to.equal(`${latchkey.issuer}/signed-out`)
    expect((await open(person, '/account')).url).to.contain('/sign-in/')
  })
})
