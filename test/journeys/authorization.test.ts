import { expect } from 'chai'
import * as oidc from 'openid-client'
import { type RunningSuite, startSuite } from '../support/all-apps.ts'
import { authenticator } from '../support/authenticator.ts'
import { jar } from '../support/jar.ts'
import { authenticatorCode, type Person, signIn, signUp, somebody, usePasskey } from '../support/people.ts'
import { freePorts } from '../support/ports.ts'

describe('an authorization request', () => {
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
    await signUp(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-up`))
    return person
  }
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

  it('asks people to prove more when an app wants more, and keeps who they are', async () => {
    const person = await signedUp()
    const { config, url, verifier } = await authorization({ acr_values: 'phr' })
    let page = await person.browser.get(url.href)
    expect(page.text).to.contain(person.email)
    page = await page.submit({ password: person.password })
    page = await page.submit({ code: authenticatorCode(latchkey, person) })
    // There is no passkey yet: it is made, and counts in full once its owner will have read of it.
    const device = authenticator()
    const options = () => JSON.parse(page.find('[data-options]')?.attributes['data-options'] ?? '{}')
    expect(page.text).to.include('counts in full only from')
    const made = await device.create(options(), latchkey.issuer)
    page = await person.browser.post(`${page.url}/passkey`, { response: JSON.stringify(made) })
    expect([page.status, page.h1]).to.deep.equal([403, 'Waiting period not over'])
    const [mail] = await latchkey.outbox(person.email)
    expect(mail?.text).to.include('A passkey was added').and.to.include('it counts in full only from')
    const leave = page.forms.find(each => each.action.endsWith('/unmet'))?.action ?? ''
    const away = await person.browser.post(leave, {}, { follow: false })
    const told = await followed(person, away.location, latchkey.apps.trading)
    expect(told.searchParams.get('error')).to.equal('unmet_authentication_requirements')
    // Nor does it count for more when it is asked for at once, by who is signed in or anew.
    page = await person.browser.get(url.href)
    expect([page.status, page.h1]).to.deep.equal([403, 'Waiting period not over'])
    page = await usePasskey(person, await person.browser.get(`${url.href}&prompt=login`), device)
    expect([page.status, page.h1]).to.deep.equal([403, 'Waiting period not over'])

    latchkey.clock.pass(25 * 3_600_000)
    page = await person.browser.get(url.href)
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

  it('is called off where more is asked, by its own browser alone, and nobody is signed out', async () => {
    const person = await signedUp()
    const { url } = await authorization({ acr_values: 'phr' })
    const asked = await person.browser.get(url.href)
    expect(asked.all('[data-cancel]').map(each => each.text)).to.deep.equal(['Cancel'])
    const cancel = asked.forms.find(each => each.action.endsWith('/abort'))?.action ?? expect.fail('no way back')
    const abort = new URL(cancel, latchkey.issuer).href
    expect((await (await signedUp()).browser.post(abort)).status).to.equal(410)
    expect((await person.browser.post(abort, {}, { from: 'https://evil.example' })).status).to.equal(403)

    await asked.submit({ password: person.password })
    const back = await person.browser.post(abort, {}, { follow: false })
    expect(back).to.include({ status: 200, h1: 'Taking you to the app' })
    const { searchParams } = await followed(person, back.location, `${latchkey.apps.trading}/`)
    expect([searchParams.get('error'), searchParams.get('state'), searchParams.get('code')]).to.deep.equal([
      'access_denied',
      's',
      null,
    ])
    // It is over, and what was proved so far is worth nothing more.
    expect((await person.browser.post(abort)).status).to.equal(410)
    expect((await person.browser.get(abort.replace('/abort', ''))).status).to.equal(410)
    expect((await person.browser.get(`${latchkey.issuer}/account`)).text).to.contain(person.email)
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
    expect(asked.headers.get('content-security-policy')).to.contain("form-action 'self';")
    const refused = await person.browser.post(`${asked.url}/abort`, {}, { follow: false })
    expect(refused).to.include({ status: 200, h1: 'Taking you to the app' })
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
})
