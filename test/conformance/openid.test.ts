import { expect } from 'chai'
import type { Page } from '../support/jar.ts'
import { authenticatorCode, type Person, signIn } from '../support/people.ts'
import { callback, declared, ended, type Ground, ground, type Parameters, read, stranger, verifier } from './ground.ts'
import { pair, seconds, signed } from './proving.ts'

describe('OpenID Connect Core 1.0: requests', () => {
  let here: Ground
  let ada: Person
  let bob: Person
  before(async () => {
    here = await ground({
      clients: [
        declared('desk'),
        declared('narrow', { scope: 'openid' }),
        declared('guest', { first_party: false }),
        declared('legacy', { pkce_required: false }),
        declared('signing', { userinfo_signed_response_alg: 'ES256' }),
        declared('loose', { default_max_age: 3600, default_acr_values: ['aal2'] }),
      ],
    })
    ;[ada, bob] = [await here.person(), await here.person()]
  })
  after(() => here.stop())

  const claimsOf = async (app: string, more: Parameters, who = ada) => {
    const { body } = await here.tokens(app, who.browser, more)
    return { id: await here.verified(body.id_token), body }
  }
  const userinfo = async (token: unknown) => (await here.get('userinfo', { authorization: `Bearer ${token}` })).body
  const asking = (claims: object) => ({ claims: JSON.stringify(claims) })
  const error = async (more: Parameters, who = ada.browser, app = 'desk') =>
    (await here.ask(app, who, more)).told.get('error')
  /** Proves password and authenticator on the page of an interaction. */
  const signsIn = async (page: Page, who: Person) => {
    const next = await page.submit({ email: who.email, password: who.password })
    return ended(await next.submit({ code: authenticatorCode(here.latchkey, who) }), here.issuer)
  }

  describe('prompt and max_age (3.1.2.1)', () => {
    it('none: answers without a page, and names what it would have asked for', async () => {
      expect((await here.ask('desk', ada.browser, { prompt: 'none' })).told.get('code')).to.be.a('string')
      expect(await error({ prompt: 'none' }, stranger())).to.equal('login_required')
      expect(await error({ prompt: 'none' }, ada.browser, 'guest')).to.equal('consent_required')
      expect(await error({ prompt: 'none', acr_values: 'phr' })).to.equal('login_required')
      expect(await error({ prompt: 'none login' })).to.equal('invalid_request')
      expect(await error({ prompt: 'dance' })).to.equal('invalid_request')
    })

    it('login, max_age: ask again, and update auth_time', async () => {
      const before = (await claimsOf('desk', {})).id.auth_time
      for (const more of [{ prompt: 'login' }, { max_age: '0' }]) {
        const { page, at } = await here.ask('desk', ada.browser, more)
        expect(at).to.equal(undefined)
        expect(page.url).to.contain('/sign-in/')
      }
      expect((await claimsOf('desk', { max_age: '10000' })).id.auth_time).to.equal(before)
      expect(await error({ max_age: 'soon' })).to.equal('invalid_request')
      expect((await claimsOf('loose', {})).id.auth_time).to.equal(before)
    })

    it('create: leads to sign-up (Initiating User Registration 1.0)', async () => {
      expect((await here.ask('desk', stranger(), { prompt: 'create' })).page.url).to.contain('/sign-up/')
    })

    it('consent: asks even for a first-party app', async () => {
      const { page } = await here.ask('desk', ada.browser, { prompt: 'consent' })
      const done = ended(await page.submit({}, { action: '/consent' }), here.issuer)
      expect(done.told.get('code')).to.be.a('string')
    })
  })

  describe('hints (3.1.2.1)', () => {
    it('login_hint fills in the address, ui_locales choose the language, and unknown values are ignored', async () => {
      const more = {
        login_hint: 'grace@example.com',
        ui_locales: 'nl de',
        claims_locales: 'de',
        display: 'popup',
        unheard: 'of',
      }
      const { page } = await here.ask('desk', stranger(), more)
      expect(page.find('input[name=email]')?.attributes.value).to.equal('grace@example.com')
      expect(page.find('html')?.attributes.lang).to.equal('de')
    })

    it('id_token_hint: signs in only the person it names', async () => {
      const hint = String((await here.tokens('desk', ada.browser)).body.id_token)
      expect((await here.ask('desk', ada.browser, { id_token_hint: hint, prompt: 'none' })).told.get('code')).to.be.a(
        'string',
      )
      expect(await error({ id_token_hint: hint, prompt: 'none' }, bob.browser)).to.equal('login_required')
      const elsewhere = { ...bob, browser: stranger() }
      const { page } = await here.ask('desk', elsewhere.browser, { id_token_hint: hint })
      const { told } = await signsIn(page, elsewhere)
      expect([told.get('code'), told.get('error')]).to.deep.equal([null, 'login_required'])
    })

    it('id_token_hint: ignores one that does not verify, and shows no page for prompt=none', async () => {
      const mine = read((await here.tokens('desk', ada.browser)).body.id_token)
      const theirs = (await here.tokens('narrow', ada.browser)).body.id_token
      const forged = await signed(await pair(), mine)
      for (const id_token_hint of [forged, String(theirs), 'nonsense', '', 'undefined', 'null']) {
        const { told } = await here.ask('desk', ada.browser, { id_token_hint })
        expect(told.get('code'), id_token_hint).to.be.a('string')
        // A parameter without a value is none (RFC 6749, 3.1).
        const silent = id_token_hint === '' ? null : 'login_required'
        expect(await error({ id_token_hint, prompt: 'none' }, ada.browser), id_token_hint).to.equal(silent)
      }
    })
  })

  describe('the claims parameter (5.5)', () => {
    it('returns the requested claims in the ID token and in userinfo, and no others', async () => {
      const wanted = asking({
        id_token: { email: { essential: true }, auth_time: null },
        userinfo: { email_verified: null },
      })
      const { id, body } = await claimsOf('desk', wanted)
      expect(id.email).to.equal(ada.email)
      expect(id).to.not.have.property('email_verified')
      const info = await userinfo(body.access_token)
      expect(info).to.include({ email_verified: true, sub: id.sub })
      expect(info).to.not.have.property('email')
      expect(body.scope).to.equal('openid')
    })

    it('returns nothing outside the app’s scopes', async () => {
      const { id, body } = await claimsOf(
        'narrow',
        asking({ id_token: { email: null }, userinfo: { phone_number: { essential: true } } }),
      )
      expect(id).to.not.have.property('email')
      expect(await userinfo(body.access_token)).to.deep.equal({ sub: id.sub })
    })

    it('asks for consent first for a third-party app', async () => {
      const wanted = asking({ userinfo: { email: null } })
      const asked = await here.ask('guest', bob.browser, wanted)
      expect(asked.page.url).to.contain('/interaction/')
      expect(asked.page.text).to.contain('email')
      const { told } = ended(await asked.page.submit({}, { action: '/consent' }), here.issuer)
      const form = { grant_type: 'authorization_code', redirect_uri: callback('guest'), code_verifier: verifier }
      const { body } = await here.token('guest', { ...form, code: told.get('code') ?? '' })
      expect((await userinfo(body.access_token)).email).to.equal(bob.email)
    })

    it('does not let a request overwrite a token’s own claims', async () => {
      const smuggled = {
        iss: { value: 'evil' },
        aud: { value: 'evil' },
        sid: null,
        exp: { value: 1 },
        amr: { values: ['hwk'] },
      }
      const { id } = await claimsOf('desk', asking({ id_token: { ...smuggled, __proto__: null, constructor: null } }))
      expect(id).to.include({ iss: here.issuer, aud: 'desk' })
      expect(id.amr).to.not.include('hwk')
      expect(Number(id.exp)).to.be.greaterThan(seconds())
    })

    for (const claims of ['nonsense', '[]', '"x"', '{}', '{"id_token":1}', '{"userinfo":[]}', '{"id_token":{"acr":1}}'])
      it(`refuses ${claims}`, async () => expect(await error({ claims })).to.equal('invalid_request'))

    it('sub: signs in nobody else', async () => {
      const { sub } = (await claimsOf('desk', {})).id
      const named = asking({ id_token: { sub: { value: sub } } })
      expect((await here.ask('desk', ada.browser, { ...named, prompt: 'none' })).told.get('code')).to.be.a('string')
      expect(await error({ ...named, prompt: 'none' }, bob.browser)).to.equal('login_required')
    })
  })

  describe('assurance (acr)', () => {
    const essential = (acr: object) => asking({ id_token: { acr: { essential: true, ...acr } } })

    it('reports the acr that was reached, or the essential one when more was reached', async () => {
      expect((await claimsOf('desk', {})).id.acr).to.equal('aal2')
      expect((await claimsOf('desk', { acr_values: 'unheard-of mfa' })).id.acr).to.equal('aal2')
      expect((await claimsOf('desk', essential({ values: ['mfa'] }))).id.acr).to.equal('mfa')
      expect((await claimsOf('desk', essential({ values: ['mfa', 'aal2', 'phr'] }))).id.acr).to.equal('aal2')
      expect((await claimsOf('desk', essential({ value: 'aal2' }))).id.acr).to.equal('aal2')
      expect((await claimsOf('desk', essential({}))).id.acr).to.equal('aal2')
    })

    it('asks for the essential acr, with or without acr_values', async () => {
      for (const more of [essential({ value: 'phr' }), { ...essential({ values: ['phr'] }), acr_values: 'mfa' }]) {
        expect((await here.ask('desk', ada.browser, more)).page.url).to.match(/\/(sign-in|step-up)\//)
        expect(await error({ ...more, prompt: 'none' })).to.equal('login_required')
      }
    })

    it('refuses an unknown acr at once', async () => {
      expect(await error(essential({ values: ['urn:example:gold'] }))).to.equal('unmet_authentication_requirements')
      expect((await claimsOf('desk', asking({ id_token: { acr: { values: ['urn:example:gold'] } } }))).id.acr).to.equal(
        'aal2',
      )
    })
  })

  describe('tokens and userinfo (3.1.3.6, 5.3)', () => {
    it('an ID token has audience, times, acr, amr and the nonce of the request', async () => {
      const { id } = await claimsOf('desk', { nonce: 'n'.repeat(64) })
      expect(id).to.include({ iss: here.issuer, aud: 'desk', nonce: 'n'.repeat(64), acr: 'aal2' })
      expect(id.amr).to.include.members(['pwd', 'otp'])
      for (const claim of ['exp', 'iat', 'auth_time']) expect(id[claim], claim).to.be.a('number')
    })

    it('userinfo has the same subject, and is signed for an app that asks for it', async () => {
      const { id, body } = await claimsOf('signing', { scope: 'openid email' })
      const answer = await here.get('userinfo', { authorization: `Bearer ${body.access_token}` })
      expect(answer.headers.get('content-type')).to.match(/^application\/jwt/)
      expect(await here.verified(answer.text)).to.include({ sub: id.sub, aud: 'signing', email: ada.email })
    })
  })

  it('does not require PKCE of a confidential app that opted out, and verifies it when the app sends a challenge (RFC 9700, 2.1.1)', async () => {
    const none = { code_challenge: undefined, code_challenge_method: undefined }
    const { told } = await here.ask('legacy', ada.browser, { ...none, nonce: undefined })
    const form = { grant_type: 'authorization_code', redirect_uri: callback('legacy') }
    const code = told.get('code') ?? ''
    // A verifier for a code that had no challenge: somebody took the challenge away (RFC 9700, 4.8.2).
    expect((await here.token('legacy', { ...form, code, code_verifier: verifier })).body.error).to.equal(
      'invalid_grant',
    )
    const again = (await here.ask('legacy', ada.browser, none)).told.get('code') ?? ''
    expect((await here.token('legacy', { ...form, code: again })).status).to.equal(200)
    const bound = (await here.ask('legacy', ada.browser)).told.get('code') ?? ''
    expect((await here.token('legacy', { ...form, code: bound })).body.error).to.equal('invalid_grant')
    expect(await error({ ...none, code_challenge_method: undefined })).to.equal('invalid_request')
  })

  it('keeps sessions apart: another browser has another session', async () => {
    const elsewhere = { ...ada, browser: stranger() }
    await signIn(here.latchkey, elsewhere, await elsewhere.browser.get(`${here.issuer}/sign-in`))
    const [one, two] = [(await claimsOf('desk', {})).id, (await claimsOf('desk', {}, elsewhere)).id]
    expect(one.sub).to.equal(two.sub)
  })
})
