import { expect } from 'chai'
import { decodeJwt } from 'jose'
import * as oidc from 'openid-client'
import { type AppName, startSuite } from '../support/all-apps.ts'
import { jar } from '../support/jar.ts'
import { whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, type Person, signIn, signUp, somebody } from '../support/people.ts'

const names: AppName[] = ['trading', 'staking', 'wallet', 'card']

interface Tokens {
  claims: { sub: string; acr: string; amr: string[]; email: string; auth_time: number }
  access_token: { token_type: string; expires_at: number; claims?: Record<string, unknown> }
}

describe('one account for every app', () => {
  const latchkey = whileTesting(startSuite)

  const signedUp = async (): Promise<Person> => {
    const person = somebody()
    const page = await signUp(
      latchkey,
      person,
      await (await person.browser.get(`${latchkey.apps.trading}/login`)).follow('Create an account'),
    )
    expect(page.url).to.equal(`${latchkey.apps.trading}/`)
    return person
  }
  const tokens = async (person: Person, app: AppName) =>
    (await person.browser.get(`${latchkey.apps[app]}/tokens.json`)).json<Tokens>()
  const isIn = async (person: Person, app: AppName) =>
    (await person.browser.get(`${latchkey.apps[app]}/tokens.json`)).status === 200

  it('goes back to the app that asked, from sign-up and from sign-in', async () => {
    const person = await signedUp()
    const elsewhere = { ...person, browser: jar() }
    const start = await elsewhere.browser.get(`${latchkey.apps.card}/login`)
    expect(start.text).to.contain('Card')
    const page = await signIn(latchkey, elsewhere, start)
    expect(page.url).to.equal(`${latchkey.apps.card}/`)
    expect(page.text).to.contain(person.email)
  })

  it('goes back to the app from a forgotten password, where the link is opened in the browser that asked', async () => {
    const person = await signedUp()
    const reset = async (opens: typeof person.browser) => {
      const browser = jar()
      const start = await browser.get(`${latchkey.apps.card}/login`)
      const wrong = await start.submit({ email: person.email, password: 'not this one' })
      const forgot = await wrong.follow('Forgot password?')
      expect(forgot.text).to.contain('Card')
      await forgot.submit({ email: person.email })
      const mail = (await latchkey.outbox(person.email)).find(each => each.link?.includes('/reset/'))
      const page = await (await (opens === person.browser ? opens : browser).get(mail?.link ?? '')).submit()
      const next = await page.submit({ code: authenticatorCode(latchkey, person) })
      person.password = `new ${person.password}`
      latchkey.keepOut(person.password)
      return next.submit({ password: person.password })
    }
    expect((await reset(jar())).url).to.equal(`${latchkey.apps.card}/`)
    latchkey.clock.pass(3_600_000)
    const elsewhere = await reset(person.browser)
    expect(elsewhere.url).to.equal(`${latchkey.issuer}/account`)
    // It is named there, and nothing of the first browser's request is answered.
    const back = elsewhere.links.find(({ text }) => text.startsWith('Go back to'))
    expect([back?.text, back?.href]).to.deep.equal(['Go back to Card', `${latchkey.apps.card}/`])
    expect((await elsewhere.follow(back?.text ?? '')).text).to.contain('Log in')
    expect((await person.browser.get(`${latchkey.issuer}/account`)).text).to.not.contain('Go back to')
  })

  it('signs in at Trading, and Staking, Wallet and Card sign in without asking', async () => {
    const person = await signedUp()
    for (const app of names.slice(1)) {
      const page = await person.browser.get(`${latchkey.apps[app]}/login`)
      expect(page.url, app).to.equal(`${latchkey.apps[app]}/`)
      expect(page.text).to.contain(person.email)
    }
    const all = await Promise.all(names.map(app => tokens(person, app)))
    expect(new Set(all.map(each => each.claims.sub)).size).to.equal(1)
    for (const each of all) {
      expect(each.claims.acr).to.equal('aal2')
      expect(each.claims.amr).to.include.members(['pwd', 'otp', 'mfa'])
    }
    const account = await person.browser.get(`${latchkey.issuer}/account`)
    for (const name of ['Trading', 'Staking', 'Wallet', 'Card']) expect(account.text).to.contain(name)
  })

  it('gives each app an access token for its own API, five minutes long, bound to its key where it has one', async () => {
    const person = await signedUp()
    for (const app of names) {
      await person.browser.get(`${latchkey.apps[app]}/login`)
      const { access_token } = await tokens(person, app)
      const api = app === 'wallet' ? `${latchkey.apps.wallet}/api` : `https://api.latchkey.example/${app}`
      expect(access_token.claims?.aud).to.equal(api)
      expect(Number(access_token.claims?.exp) - Number(access_token.claims?.iat)).to.equal(300)
      expect(access_token.claims?.client_id).to.equal(app)
      expect(access_token.claims?.sid).to.be.a('string')
    }
    const bound = (await tokens(person, 'wallet')).access_token
    expect(bound.token_type.toLowerCase()).to.equal('dpop')
    expect(bound.claims?.cnf).to.have.property('jkt')
  })

  it('rotates tokens on refresh', async () => {
    const person = await signedUp()
    for (const app of names) {
      await person.browser.get(`${latchkey.apps[app]}/login`)
      const before = await tokens(person, app)
      const home = await person.browser.get(`${latchkey.apps[app]}/`)
      const after = await home.submit({}, { action: '/refresh' })
      expect(after.status, app).to.equal(200)
      const now = await tokens(person, app)
      expect(now.access_token.claims?.jti).to.not.equal(before.access_token.claims?.jti)
    }
  })

  it('logs out everywhere from any one app', async () => {
    const person = await signedUp()
    for (const app of names.slice(1)) await person.browser.get(`${latchkey.apps[app]}/login`)
    const out = await person.browser.get(`${latchkey.apps.wallet}/logout`)
    expect(out.trail.some(each => each.startsWith(latchkey.issuer))).to.equal(true)
    expect(out.url).to.equal(`${latchkey.apps.wallet}/`)
    for (const app of names) expect(await isIn(person, app), app).to.equal(false)
    expect((await person.browser.get(`${latchkey.issuer}/account`)).url).to.contain('/sign-in/')
  })

  it('ends the apps too when somebody signs out at Latchkey', async () => {
    const person = await signedUp()
    await person.browser.get(`${latchkey.apps.staking}/login`)
    await (await person.browser.get(`${latchkey.issuer}/account`)).submit({}, 'Sign out')
    for (const app of ['trading', 'staking'] as const) expect(await isIn(person, app), app).to.equal(false)
  })

  it('ends every session on every device when somebody signs out everywhere', async () => {
    const person = await signedUp()
    const phone = { ...person, browser: jar() }
    await signIn(latchkey, phone, await phone.browser.get(`${latchkey.apps.card}/login`))
    expect(await isIn(phone, 'card')).to.equal(true)
    const asked = await (await person.browser.get(`${latchkey.issuer}/account`)).submit({}, 'Sign out everywhere')
    const page = await asked.submit({}, 'Sign out everywhere')
    expect(page.url).to.equal(`${latchkey.issuer}/signed-out/everywhere`)
    expect(page.text).to.contain('on every device')
    expect(await isIn(person, 'trading')).to.equal(false)
    expect(await isIn(phone, 'card')).to.equal(false)
    for (const { browser } of [person, phone]) {
      expect((await browser.get(`${latchkey.issuer}/account`)).url).to.contain('/sign-in/')
    }
  })

  it('lets services have tokens of their own', async () => {
    const { clients } = JSON.parse((await import('node:fs')).readFileSync('clients.json', 'utf8')) as {
      clients: { client_id: string; client_secret?: string; grant_types: string[]; apis: Record<string, string[]> }[]
    }
    const service = clients.find(each => each.grant_types.includes('client_credentials'))
    const config = await oidc.discovery(
      new URL(latchkey.issuer),
      service?.client_id ?? '',
      service?.client_secret,
      undefined,
      {
        execute: [oidc.allowInsecureRequests],
      },
    )
    const [[resource = '', scopes = []] = []] = Object.entries(service?.apis ?? {})
    const answer = await oidc.clientCredentialsGrant(config, { resource, scope: scopes.join(' ') })
    expect(decodeJwt(answer.access_token)).to.include({ aud: resource, client_id: service?.client_id })
  })

  it('writes no secret, code or token into its log', async () => {
    const person = await signedUp()
    await person.browser.get(`${latchkey.apps.wallet}/login`)
    // The same is read for at the end of every journey; here is that there is something to read.
    expect(latchkey.logged()).to.contain('account.created').and.to.contain('"route":"/token"')
    expect(latchkey.logged()).to.not.contain(person.password).and.to.not.contain('trading-development-only-secret-0001')
  })
})
