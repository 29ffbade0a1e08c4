import { expect } from 'chai'
import * as oidc from 'openid-client'
import { startSuite } from '../support/all-apps.ts'
import { type Jar, jar, type Page } from '../support/jar.ts'
import { whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, type Person, signUp, somebody } from '../support/people.ts'

const vienna = '193.171.23.1'
const linz = '193.171.99.1'
const london = '81.2.69.142'
const day = 24 * 3_600_000

describe('a trusted device', () => {
  const latchkey = whileTesting(() => startSuite({ environment: { LATCHKEY_TRUST_PROXY: '127.0.0.1,::1' } }))

  const account = () => `${latchkey.issuer}/account`
  const open = (person: Person, path: string) => person.browser.get(`${latchkey.issuer}${path}`)
  const signOut = async (person: Person) => (await open(person, '/account')).submit({}, 'Sign out')
  const password = async (person: Person): Promise<Page> =>
    (await open(person, '/sign-in')).submit({ email: person.email, password: person.password })
  const second = async (person: Person, page: Page, trust: boolean): Promise<Page> =>
    page.submit({ code: authenticatorCode(latchkey, person), ...(trust && { trust: true }) })
  /** Somebody who signed up, and signed in once more on the same device. */
  const signedIn = async (trust: boolean): Promise<Person> => {
    const person = somebody({ 'x-forwarded-for': vienna })
    await signUp(latchkey, person, await open(person, '/sign-up'))
    await signOut(person)
    expect((await second(person, await password(person), trust)).url).to.equal(account())
    return person
  }
  const withCookies = async (from: Jar, address: string): Promise<Jar> => {
    const other = jar({ 'x-forwarded-for': address })
    for (const each of await from.cookies.getCookies(latchkey.issuer))
      if (!each.key.includes('session')) await other.cookies.setCookie(each, latchkey.issuer)
    return other
  }

  it('is asked for no code for 30 days, and is one only where its owner said so', async () => {
    const plain = await signedIn(false)
    await signOut(plain)
    expect((await password(plain)).find('input[name=code]')).to.not.equal(undefined)

    const person = await signedIn(true)
    await signOut(person)
    expect((await password(person)).url).to.equal(account())
    expect((await open(person, '/account/sessions')).all('.session')[0]?.text).to.contain('Password')
    latchkey.clock.pass(30 * day)
    const page = await password(person)
    expect(page.find('input[name=code]')).to.not.equal(undefined)
  })

  it('is worth no more than mfa: an app that asks for more gets a code asked, and so does a change of security', async () => {
    const person = await signedIn(true)
    await signOut(person)
    await person.browser.get(`${latchkey.apps.trading}/login`)
    const trading = await (await person.browser.get(`${latchkey.apps.trading}/login`)).submit({
      email: person.email,
      password: person.password,
    })
    expect(trading.url).to.equal(`${latchkey.apps.trading}/`)
    const { claims } = (await person.browser.get(`${latchkey.apps.trading}/tokens.json`)).json<{
      claims: { acr: string; amr: string[] }
    }>()
    expect(claims.acr).to.equal('mfa')
    expect(claims.amr).to.deep.equal(['pwd'])

    const secret = 'trading-development-only-secret-0001'
    const execute = [oidc.allowInsecureRequests]
    const config = await oidc.discovery(new URL(latchkey.issuer), 'trading', secret, undefined, { execute })
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri: `${latchkey.apps.trading}/callback`,
      scope: 'openid',
      acr_values: 'aal2',
      code_challenge: await oidc.calculatePKCECodeChallenge(oidc.randomPKCECodeVerifier()),
      code_challenge_method: 'S256',
    })
    const step = await person.browser.get(url.href)
    const asked = await step.submit({ password: person.password })
    expect(asked.find('input[name=code]')).to.not.equal(undefined)

    const add = await person.browser.post(`${latchkey.issuer}/account/security/add`, { factor: 'passkey' })
    const next = await add.submit({ password: person.password })
    expect(next.find('input[name=code]')).to.not.equal(undefined)
  })

  it('is listed, and forgotten at a press', async () => {
    const person = await signedIn(true)
    const page = await open(person, '/account/security')
    const [line] = page.all('form[action="/account/security/forget"]')
    expect(line).to.not.equal(undefined)
    expect(page.text).to.contain('Chrome on Linux').and.to.contain('This session').and.to.contain('Austria')
    const stranger = await signedIn(false)
    const device = page.find('button[name=device]')?.attributes.value ?? ''
    const tried = await stranger.browser.post(`${latchkey.issuer}/account/security/forget`, { device })
    expect(tried.status).to.equal(404)

    const after = await (await page.submit({}, 'Forget')).submit({}, 'Forget')
    expect(after.url).to.equal(`${latchkey.issuer}/account/security`)
    expect(after.all('form[action="/account/security/forget"]')).to.have.length(0)
    await signOut(person)
    expect((await password(person)).find('input[name=code]')).to.not.equal(undefined)
  })

  it('stays trusted when another site has its browser post a form to us', async () => {
    const person = await signedIn(true)
    for (const path of ['/sign-out', '/language', '/nowhere', '/sign-in'])
      expect(
        (await person.browser.post(`${latchkey.issuer}${path}`, {}, { from: 'https://evil.example' })).status,
      ).to.equal(403)
    expect((await open(person, '/account')).status).to.equal(200)
    await signOut(person)
    expect((await password(person)).find('input[name=code]')).to.equal(undefined)
  })

  it('is trusted by its own cookie only, and nowhere out of the ordinary', async () => {
    const person = await signedIn(true)
    const elsewhere = { ...person, browser: jar({ 'x-forwarded-for': vienna }) }
    expect((await password(elsewhere)).find('input[name=code]')).to.not.equal(undefined)

    const home = { ...person, browser: await withCookies(person.browser, linz) }
    expect((await password(home)).url).to.equal(account())
    const abroad = { ...person, browser: await withCookies(person.browser, london) }
    expect((await password(abroad)).find('input[name=code]')).to.not.equal(undefined)
  })

  it('does for its own account only', async () => {
    const person = await signedIn(true)
    const other = await signedIn(false)
    const shared = { ...other, browser: person.browser }
    await signOut(person)
    expect((await password(shared)).find('input[name=code]')).to.not.equal(undefined)
  })

  it('is trusted no more once what protects the account has changed', async () => {
    const person = await signedIn(true)
    await signOut(person)
    // A recovery code means that something was lost: what is set up in its place changes what protects the account.
    const other = { ...person, browser: jar({ 'x-forwarded-for': vienna }) }
    const asked = await password(other)
    const last = await other.browser.post(`${asked.url}/use`, { factor: 'recovery-code' })
    const setUp = await last.submit({ code: person.recoveryCodes[0] ?? '' })
    const secret = setUp.find('[data-totp-secret]')?.text.replace(/\s/g, '') ?? ''
    latchkey.keepOut(secret)
    await setUp.submit({ code: authenticatorCode(latchkey, { ...other, secret }) })
    expect((await password(person)).find('input[name=code]')).to.not.equal(undefined)
  })

  it('is not made of an emailed or a recovery code, whatever is sent along', async () => {
    const person = await signedIn(false)
    await signOut(person)
    const page = await password(person)
    const asked = await person.browser.post(`${page.url}/use`, { factor: 'email' })
    expect(asked.find('input[name=trust]')).to.equal(undefined)
    const code = (await latchkey.outbox(person.email)).find(each => each.code)?.code ?? ''
    const done = await person.browser.post(`${page.url}/email`, { code, trust: 'yes' })
    expect(done.url).to.equal(account())
    await signOut(person)
    expect((await password(person)).find('input[name=code]')).to.not.equal(undefined)
  })
})

describe('where no device may be trusted', () => {
  it('none is offered, and none is made', async () => {
    const latchkey = await startSuite({ environment: { LATCHKEY_TRUST: '0' } })
    try {
      const person = somebody()
      await signUp(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-up`))
      for (let time = 0; time < 2; time++) {
        await (await person.browser.get(`${latchkey.issuer}/account`)).submit({}, 'Sign out')
        const start = await person.browser.get(`${latchkey.issuer}/sign-in`)
        const page = await start.submit({ email: person.email, password: person.password })
        expect(page.find('input[name=code]')).to.not.equal(undefined)
        expect(page.find('input[name=trust]')).to.equal(undefined)
        await person.browser.post(`${page.url}/totp`, { code: authenticatorCode(latchkey, person), trust: 'yes' })
      }
    } finally {
      await latchkey.stop()
    }
  })
})
