import { expect } from 'chai'
import { decodeJwt } from 'jose'
import * as oidc from 'openid-client'
import { type AppName, type RunningSuite, startSuite } from '../support/all-apps.ts'
import { authenticator } from '../support/authenticator.ts'
import { jar } from '../support/jar.ts'
import { authenticatorCode, type Person, signIn, signUp, somebody } from '../support/people.ts'
import { freePorts } from '../support/ports.ts'

const names: AppName[] = ['trading', 'staking', 'wallet', 'card']

interface Tokens {
  claims: { sub: string; acr: string; amr: string[]; email: string; auth_time: number }
  access_token: { token_type: string; expires_at: number; claims?: Record<string, unknown> }
}

describe('one account for every app', () => {
  let latchkey: RunningSuite
  let callback: string
  before(async () => {
    const [port] = await freePorts(1)
    callback = `http://localhost:${port}/callback`
    latchkey = await startSuite({
      more: [
        {
          client_id: 'ledger',
          client_name: 'Ledger of Somebody Else',
          token_endpoint_auth_method: 'none',
          grant_types: ['authorization_code', 'refresh_token'],
          redirect_uris: [callback],
          scope: 'openid email offline_access',
        },
      ],
    })
  })
  after(() => latchkey.stop())

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

  /** An authorization request of Trading, by hand. */
  const authorization = async (extra: Record<string, string>) => {
    const secret = 'trading-development-only-secret-0001'
    const execute = [oidc.allowInsecureRequests]
    const config = await oidc.discovery(new URL(latchkey.issuer), 'trading', secret, undefined, { execute })
    const verifier = oidc.randomPKCECodeVerifier()
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri: `${latchkey.apps.trading}/callback`,
      scope: 'openid',
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state: 's',
      ...extra,
    })
    return { config, url, verifier }
  }
  /** Where redirects lead to at an app, without going there. */
  const followed = async (person: Person, location: string | undefined, app: string): Promise<URL> => {
    let next = location ?? ''
    while (!next.startsWith(app))
      next = (await person.browser.get(next, { follow: false })).location ?? expect.fail(next)
    return new URL(next)
  }

  it('goes back to the app that asked, from sign-up and from sign-in', async () => {
    const person = await signedUp()
    const elsewhere = { ...person, browser: jar() }
    const start = await elsewhere.browser.get(`${latchkey.apps.card}/login`)
    expect(start.text).to.contain('Card')
    const page = await signIn(latchkey, elsewhere, start)
    expect(page.url).to.equal(`${latchkey.apps.card}/`)
    expect(page.text).to.contain(person.email)
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
      expect(access_token.claims?.aud).to.equal(`https://api.latchkey.example/${app}`)
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
    const asked = await person.browser.get(`${latchkey.apps.wallet}/logout`)
    expect(asked.url).to.contain(latchkey.issuer)
    const out = await asked.submit({}, 'Sign out')
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
    const page = await (await person.browser.get(`${latchkey.issuer}/account`)).submit({}, 'Sign out everywhere')
    expect(page.url).to.equal(`${latchkey.issuer}/signed-out`)
    expect(await isIn(person, 'trading')).to.equal(false)
    expect(await isIn(phone, 'card')).to.equal(false)
    for (const { browser } of [person, phone]) {
      expect((await browser.get(`${latchkey.issuer}/account`)).url).to.contain('/sign-in/')
    }
  })

  it('asks people to prove more when an app wants more, and keeps who they are', async () => {
    const person = await signedUp()
    const { config, url, verifier } = await authorization({ acr_values: 'phr' })
    let page = await person.browser.get(url.href)
    expect(page.text).to.contain(person.email)
    page = await page.submit({ password: person.password })
    page = await page.submit({ code: authenticatorCode(latchkey, person) })
    // There is no passkey yet: it is made, and then proved.
    const device = authenticator()
    const options = () => JSON.parse(page.find('[data-options]')?.attributes['data-options'] ?? '{}')
    const made = await device.create(options(), latchkey.issuer)
    page = await person.browser.post(`${page.url}/passkey`, { response: JSON.stringify(made) })
    const proof = await device.get(options(), latchkey.issuer)
    const back = await person.browser.post(
      `${page.url}/passkey`,
      { response: JSON.stringify(proof) },
      { follow: false },
    )
    const answer = await oidc.authorizationCodeGrant(
      config,
      await followed(person, back.location, latchkey.apps.trading),
      {
        pkceCodeVerifier: verifier,
        expectedState: 's',
      },
    )
    expect(answer.claims()).to.include({ acr: 'phr' })
    expect(answer.claims()?.amr).to.include('pop')
  })

  it('asks for a sign-in anew when the app wants one, with the address filled in', async () => {
    const person = await signedUp()
    const { config, url, verifier } = await authorization({ max_age: '0' })
    const start = await person.browser.get(url.href)
    expect(start.find('input[name=email]')?.attributes.value).to.equal(person.email)
    const second = await start.submit({ password: person.password })
    const code = authenticatorCode(latchkey, person)
    const back = await person.browser.post(`${second.url}/totp`, { code }, { follow: false })
    const answer = await oidc.authorizationCodeGrant(
      config,
      await followed(person, back.location, latchkey.apps.trading),
      {
        pkceCodeVerifier: verifier,
        expectedState: 's',
        maxAge: 10,
      },
    )
    expect(answer.claims()).to.include({ acr: 'aal2' })
  })

  it('asks for consent where an app is not of the suite, and remembers it', async () => {
    const person = await signedUp()
    const config = await oidc.discovery(new URL(latchkey.issuer), 'ledger', undefined, oidc.None(), {
      execute: [oidc.allowInsecureRequests],
    })
    const verifier = oidc.randomPKCECodeVerifier()
    const ask = async (extra: Record<string, string> = {}) =>
      oidc.buildAuthorizationUrl(config, {
        redirect_uri: callback,
        scope: 'openid email',
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state: 's',
        ...extra,
      })
    const asked = await person.browser.get((await ask()).href)
    expect(asked.text).to.contain('Ledger of Somebody Else')
    expect(asked.headers.get('content-security-policy')).to.contain(`form-action 'self' ${new URL(callback).origin}`)
    const refused = await person.browser.post(`${asked.url}/abort`, {}, { follow: false })
    const errorAt = await person.browser.get(refused.location ?? '', { follow: false })
    expect(new URL(errorAt.location ?? '').searchParams.get('error')).to.equal('access_denied')

    const again = await person.browser.get((await ask()).href)
    const granted = await person.browser.post(`${again.url}/consent`, {}, { follow: false })
    const codeAt = await person.browser.get(granted.location ?? '', { follow: false })
    const answer = await oidc.authorizationCodeGrant(config, new URL(codeAt.location ?? ''), {
      pkceCodeVerifier: verifier,
      expectedState: 's',
    })
    expect((await oidc.fetchUserInfo(config, answer.access_token, answer.claims()?.sub ?? '')).email).to.equal(
      person.email,
    )
    const remembered = await person.browser.get((await ask()).href, { follow: false })
    expect(new URL(remembered.location ?? '').searchParams.get('code')).to.be.a('string')

    // In another session, too.
    const elsewhere = { ...person, browser: jar() }
    await signIn(latchkey, elsewhere, await elsewhere.browser.get(`${latchkey.issuer}/sign-in`))
    const later = await elsewhere.browser.get((await ask()).href, { follow: false })
    expect(new URL(later.location ?? '').searchParams.get('code')).to.be.a('string')
    // And no more than was allowed.
    const more = await elsewhere.browser.get(
      (await ask({ scope: 'openid email offline_access', prompt: 'consent' })).href,
    )
    expect(more.url).to.contain('/interaction/')
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

  it('sends whoever wants an account straight to sign-up', async () => {
    const config = await oidc.discovery(new URL(latchkey.issuer), 'card', undefined, oidc.None(), {
      execute: [oidc.allowInsecureRequests],
    })
    expect(config.serverMetadata().prompt_values_supported).to.include('create')
    const { browser } = somebody()
    const url = oidc.buildAuthorizationUrl(config, {
      client_id: 'trading',
      redirect_uri: `${latchkey.apps.trading}/callback`,
      scope: 'openid',
      prompt: 'create',
      code_challenge: await oidc.calculatePKCECodeChallenge('x'.repeat(43)),
      code_challenge_method: 'S256',
    })
    expect((await browser.get(url.href)).url).to.contain('/sign-up/')
  })

  it('writes no secret, code or token into its log', async () => {
    const person = await signedUp()
    await person.browser.get(`${latchkey.apps.wallet}/login`)
    // The same is read for at the end of every journey; here is that there is something to read.
    expect(latchkey.logged()).to.contain('account.created').and.to.contain('"route":"/token"')
    expect(latchkey.logged()).to.not.contain(person.password).and.to.not.contain('trading-development-only-secret-0001')
  })
})
