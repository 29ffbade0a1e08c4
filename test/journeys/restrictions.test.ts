import { expect } from 'chai'
import * as oidc from 'openid-client'
import { startSuite } from '../support/all-apps.ts'
import { authenticator } from '../support/authenticator.ts'
import { type Jar, jar, type Page } from '../support/jar.ts'
import { whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, type Person, signIn, signUp, somebody } from '../support/people.ts'

const vienna = '193.171.23.1'
const linz = '193.171.99.1'
const london = '81.2.69.142'
const callback = 'http://localhost:9/callback'

describe('an account with rules of its owner’s own', () => {
  const latchkey = whileTesting(() =>
    startSuite({
      environment: { LATCHKEY_TRUST_PROXY: '127.0.0.1,::1' },
      more: [
        {
          client_id: 'phone',
          client_name: 'Phone',
          first_party: true,
          token_endpoint_auth_method: 'none',
          grant_types: ['authorization_code', 'refresh_token'],
          redirect_uris: [callback],
        },
      ],
    }),
  )

  const path = '/account/security/restrictions'
  const account = () => `${latchkey.issuer}/account`
  const open = (person: Person, to: string) => person.browser.get(`${latchkey.issuer}${to}`)
  const options = (page: Page) => JSON.parse(page.find('[data-options]')?.attributes['data-options'] ?? '{}')
  /** With whatever it takes to prove who one is. */
  const proved = async (person: Person, page: Page): Promise<Page> => {
    let next = page
    for (let steps = 0; steps < 3; steps++) {
      const here = next
      const asked = (name: string) => here.find(`main input[name=${name}]`) !== undefined
      if (asked('code')) next = await here.submit({ code: authenticatorCode(latchkey, person) })
      else if (asked('password')) next = await here.submit({ password: person.password })
      else return here
    }
    return next
  }
  const signedUp = async (): Promise<Person> => {
    const person = somebody({ 'x-forwarded-for': vienna })
    await signUp(latchkey, person, await open(person, '/sign-up'))
    return person
  }
  const restrict = async (person: Person, rules: Record<string, string>): Promise<Page> =>
    proved(person, await person.browser.post(`${latchkey.issuer}${path}`, rules))
  const at = (owner: Person, address: string): Person => ({ ...owner, browser: jar({ 'x-forwarded-for': address }) })
  /** The same browser, carried elsewhere. */
  const carried = async (from: Jar, address: string): Promise<Jar> => {
    const other = jar({ 'x-forwarded-for': address })
    for (const each of await from.cookies.getCookies(latchkey.issuer))
      await other.cookies.setCookie(each, latchkey.issuer)
    return other
  }
  const prove = async (person: Person) => signIn(latchkey, person, await open(person, '/sign-in'))

  it('lets in from its countries and addresses only, and says which rule kept somebody out', async () => {
    const owner = await signedUp()
    const saved = await restrict(owner, { countries: 'AT', addresses: `${vienna}\n193.171.0.0/16` })
    expect(saved.url).to.equal(`${latchkey.issuer}/account/security`)
    expect(saved.text).to.contain('Only these IP addresses: 193.171.23.1/32, 193.171.0.0/16')
    expect(saved.text).to.contain('Only these countries: Austria')
    const refused = await prove(at(owner, london))
    expect(refused.status).to.equal(403)
    expect(refused.text).to.contain('one of your sign-in rules').and.to.contain('don’t allow this country')
    expect(
      await latchkey.outbox(owner.email).then(all => all.filter(each => each.link?.includes('/confirm/'))),
    ).to.have.length(0)
    expect((await prove(at(owner, linz))).url).to.equal(account())
  })

  it('cannot be set so that it shuts out who sets it', async () => {
    const owner = await signedUp()
    for (const [field, rules] of [
      ['countries', { countries: 'GB' }],
      ['addresses', { addresses: '192.0.2.0/24' }],
      ['devices', { devices: 'yes' }],
    ] as [string, Record<string, string>][]) {
      const refused = await owner.browser.post(`${latchkey.issuer}${path}`, rules)
      expect(refused.status, field).to.equal(422)
      expect(refused.find(`#${field}`)?.attributes['aria-invalid'], field).to.equal('true')
      expect(refused.alerts.join()).to.contain('This rule would lock you out')
    }
    const odd = await owner.browser.post(`${latchkey.issuer}${path}`, { addresses: 'home' })
    expect(odd.status).to.equal(422)
    expect(odd.find('textarea')?.text).to.equal('home')
    expect((await open(owner, '/account/security')).text).to.contain('No rules set')
  })

  it('asks for both factors before a rule changes, and ends the other sessions', async () => {
    const owner = await signedUp()
    const other = at(owner, linz)
    await prove(other)
    latchkey.clock.pass(10 * 60_000)
    const asked = await owner.browser.post(`${latchkey.issuer}${path}`, { countries: 'AT' })
    expect(asked.find('main input[name=password]')).to.not.equal(undefined)
    expect((await open(owner, '/account/security')).text).to.contain('No rules set')
    await proved(owner, asked)
    expect((await open(owner, '/account/security')).text).to.contain('Only these countries')
    expect((await open(other, '/account')).url).to.contain('/sign-in/')
  })

  it('starts no hold when a rule is made, and one when it is taken away', async () => {
    const owner = await signedUp()
    await restrict(owner, { countries: 'AT' })
    const hold = 'Your apps may block withdrawals and payments'
    expect((await open(owner, '/account')).text).to.not.contain(hold)
    const back = await restrict(owner, {})
    expect(back.text).to.contain('No rules set')
    expect((await open(owner, '/account')).text).to.contain(hold)
  })

  it('is freed of rules that a thief made, by who says that it wasn’t them', async () => {
    const owner = await signedUp()
    await restrict(owner, { countries: 'AT' })
    const newest = async (path: string) =>
      (await latchkey.outbox(owner.email)).find(each => each.link?.includes(path))?.link ?? expect.fail(path)
    const elsewhere = jar({ 'x-forwarded-for': london })
    const page = await elsewhere.get(await newest('/not-me/'))
    await page.submit({})
    const reset = await (await elsewhere.get(await newest('/reset/'))).submit({})
    // No rule keeps them out; the place is as unusual as it would be for a sign-in.
    const held = await elsewhere.post(`${reset.url}/totp`, { code: authenticatorCode(latchkey, owner) })
    expect(held.h1).to.equal('Confirm it’s you: check your email')
    await (await jar().get(await newest('/confirm/'))).submit()
    const next = await held.submit({}, 'I’ve confirmed')
    expect(next.find('input[autocomplete=new-password]')).to.not.equal(undefined)
  })

  it('lets in trusted devices only, where it says so', async () => {
    const owner = await signedUp()
    await (await open(owner, '/account')).submit({}, 'Sign out')
    const start = await open(owner, '/sign-in')
    const second = await start.submit({ email: owner.email, password: owner.password })
    await second.submit({ code: authenticatorCode(latchkey, owner), trust: true })
    await restrict(owner, { devices: 'yes' })
    expect((await prove(at(owner, vienna))).text).to.contain('allow only trusted devices')
    const forgotten = await (await open(owner, '/account/security')).submit({}, 'Forget')
    expect(forgotten.status, 'not the one that is let in').to.equal(422)
    latchkey.clock.pass(40 * 24 * 3_600_000)
    // The trust that spares a code has run out; the rule still knows the device.
    expect((await prove(owner)).url).to.equal(account())
  })

  it('is closed through every door: passkey, session taken along, app, refresh, reset', async () => {
    const owner = await signedUp()
    const device = authenticator()
    const added = await proved(
      owner,
      await owner.browser.post(`${latchkey.issuer}/account/security/add`, { factor: 'passkey' }),
    )
    const made = await device.create(options(added), latchkey.issuer)
    await owner.browser.post(`${added.url}/passkey`, { response: JSON.stringify(made) })
    await owner.browser.get(`${latchkey.apps.trading}/login`)
    const phone = await phoneTokens(owner)

    const asked = await owner.browser.post(`${latchkey.issuer}${path}`, { countries: 'AT' })
    if (asked.find('[data-options]')) {
      const proof = await device.get(options(asked), latchkey.issuer)
      await owner.browser.post(`${asked.url}/passkey`, { response: JSON.stringify(proof) })
    }
    expect((await open(owner, '/account/security')).text).to.contain('Only these countries: Austria')

    // A passkey.
    const abroad = at(owner, london)
    const begun = await open(abroad, '/sign-in')
    const shown = await device.get(options(begun), latchkey.issuer)
    const refused = await abroad.browser.post(`${begun.url}/passkey`, { response: JSON.stringify(shown) })
    expect(refused.status).to.equal(403)

    // The owner's own session, taken along: its pages, and an app.
    const stolen = { ...owner, browser: await carried(owner.browser, london) }
    expect((await open(stolen, '/account')).url).to.contain('/sign-in/')
    expect((await stolen.browser.get(`${latchkey.apps.card}/login`)).url).to.contain('/sign-in/')
    expect((await stolen.browser.post(`${latchkey.issuer}/account/sessions/end-others`)).status).to.equal(401)
    // It still is one at home.
    expect((await open(owner, '/account')).url).to.equal(account())

    // A refresh by an app on the person's own device.
    const { refresh_token = '' } = phone.tokens
    expect((await phone.refresh(refresh_token, london)).status).to.equal(400)
    expect((await phone.refresh(refresh_token, vienna)).status).to.equal(200)

    // A forgotten password.
    const lost = at(owner, london)
    await (await open(lost, '/forgot-password')).submit({ email: owner.email })
    const link = (await latchkey.outbox(owner.email)).find(each => each.link?.includes('/reset/'))?.link ?? ''
    const reset = await (await lost.browser.get(link)).submit({})
    const after = await lost.browser.post(`${reset.url}/totp`, { code: authenticatorCode(latchkey, owner) })
    expect(after.find('input[autocomplete=new-password]')).to.equal(undefined)
    expect(after.status).to.be.within(400, 499)
  })

  /** Tokens of an app without a secret, and its refresh from an address. */
  const phoneTokens = async (person: Person) => {
    const execute = [oidc.allowInsecureRequests]
    const config = await oidc.discovery(new URL(latchkey.issuer), 'phone', undefined, oidc.None(), { execute })
    const pkceCodeVerifier = oidc.randomPKCECodeVerifier()
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri: callback,
      scope: 'openid offline_access',
      code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    })
    const { location = '' } = await person.browser.get(url.href, { follow: false })
    const tokens = await oidc.authorizationCodeGrant(config, new URL(location), { pkceCodeVerifier })
    const refresh = (refresh_token: string, address: string) =>
      fetch(`${latchkey.issuer}/token`, {
        method: 'POST',
        headers: { 'x-forwarded-for': address },
        body: new URLSearchParams({ grant_type: 'refresh_token', client_id: 'phone', refresh_token }),
      })
    return { tokens, refresh }
  }
})
