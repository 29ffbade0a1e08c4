import { expect } from 'chai'
import type { Page } from '../support/jar.ts'
import type { Person } from '../support/people.ts'
import { callback, declared, ended, type Ground, ground, type Parameters, stranger } from './ground.ts'

describe('answers to authorization requests', () => {
  let here: Ground
  let person: Person
  before(async () => {
    here = await ground({
      clients: [
        declared('desk', { post_logout_redirect_uris: ['https://desk.example/goodbye'] }),
        declared('edwards', { authorization_signed_response_alg: 'EdDSA' }),
        declared('sealed', { response_modes: ['jwt', 'form_post.jwt'] }),
      ],
    })
    person = await here.person()
  })
  after(() => here.stop())

  /** What a page carries to an app, and where. */
  const carried = (page: Page) => {
    const form = page.forms.find(each => each.element.attributes['data-at-once'] !== undefined)
    return { to: form?.action, fields: Object.fromEntries(form?.fields.map(each => [each.name, each.value]) ?? []) }
  }
  const told = async (jwt: unknown, app = 'desk') => {
    const claims = await here.verified(jwt)
    expect(claims.aud).to.equal(app)
    expect(Number(claims.exp) - Date.now() / 1000).to.be.within(60, 600)
    return claims
  }

  describe('by a form (OAuth 2.0 Form Post Response Mode)', () => {
    it('2: is a page that posts the answer to the app, by script or by a button', async () => {
      const { page } = await here.ask('desk', person.browser, { response_mode: 'form_post' })
      const { to, fields } = carried(page)
      expect([page.status, to]).to.deep.equal([200, callback('desk')])
      expect(fields).to.include({ state: 'a state', iss: here.issuer })
      expect(fields.code).to.be.a('string')
      expect(page.text).to.contain('Continue')
      const given = await here.token('desk', {
        grant_type: 'authorization_code',
        code: fields.code,
        redirect_uri: callback('desk'),
        code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
      })
      expect(given.status).to.equal(200)
    })

    it('runs no inline script, and names no host of the app in its policy', async () => {
      const { page } = await here.ask('desk', person.browser, { response_mode: 'form_post' })
      const policy = page.headers.get('content-security-policy') ?? ''
      // Browsers would hold the app's own redirects against it, too: there is no such directive on this one page.
      expect(policy).to.not.match(/form-action|desk/)
      expect(policy).to.contain("default-src 'none'").and.contain("frame-ancestors 'none'")
      expect(policy).to.not.match(/unsafe|sha256|nonce/)
      expect(page.headers.get('cache-control')).to.contain('no-store')
      expect(page.all('script').map(each => each.attributes.src ?? 'inline')).to.not.include('inline')
    })

    it('reports errors the same way, and escapes what it carries', async () => {
      const state = '"><script>alert(1)</script>'
      const { page } = await here.ask('desk', stranger(), { response_mode: 'form_post', prompt: 'none', state })
      expect(carried(page).fields).to.include({ error: 'login_required', state, iss: here.issuer })
      expect(page.html).to.not.contain('<script>alert')
    })

    it('sends nothing to a URL that is not the app’s', async () => {
      const more = { response_mode: 'form_post', redirect_uri: 'https://evil.example/' }
      const { page } = await here.ask('desk', person.browser, more)
      expect(page.status).to.equal(400)
      // In development the page says what was asked for, as text.
      expect(page.html).to.not.match(/="[^"]*evil/)
    })
  })

  describe('as a JWT (JARM)', () => {
    it('2.3.1, 4.1: is signed for the app, and lasts for minutes', async () => {
      for (const response_mode of ['jwt', 'query.jwt']) {
        const { told: query } = await here.ask('desk', person.browser, { response_mode })
        expect([...query.keys()]).to.deep.equal(['response'])
        const claims = await told(query.get('response'))
        expect(claims).to.include({ iss: here.issuer, state: 'a state' })
        expect(claims.code).to.be.a('string')
      }
    })

    it('2.3.2, 2.3.3: comes in the fragment, or by a form', async () => {
      const { at, told: fragment } = await here.ask('desk', person.browser, { response_mode: 'fragment.jwt' })
      expect(at?.search).to.equal('')
      expect((await told(fragment.get('response'))).code).to.be.a('string')
      const { page } = await here.ask('edwards', person.browser, { response_mode: 'form_post.jwt' })
      const { to, fields } = carried(page)
      expect([to, Object.keys(fields)]).to.deep.equal([callback('edwards'), ['response']])
      expect((await told(fields.response, 'edwards')).code).to.be.a('string')
    })

    it('signs faults, too', async () => {
      const { told: query } = await here.ask('desk', stranger(), { response_mode: 'jwt', prompt: 'none' })
      expect(await told(query.get('response'))).to.include({ error: 'login_required', state: 'a state' })
    })

    it('cannot be replaced by a weaker mode for a client that accepts no other', async () => {
      for (const response_mode of [undefined, 'query', 'fragment', 'form_post', 'query.jwt']) {
        const { told: query, page } = await here.ask('sealed', person.browser, { response_mode })
        expect(query.get('code'), String(response_mode)).to.equal(null)
        expect(carried(page).fields.code).to.equal(undefined)
      }
      const { told: query } = await here.ask('sealed', person.browser, { response_mode: 'jwt' })
      expect((await told(query.get('response'), 'sealed')).code).to.be.a('string')
    })
  })

  it('name the issuer in every mode, so that one server’s answer is not taken for another’s (RFC 9207, RFC 9700, 4.4)', async () => {
    for (const response_mode of ['query', 'fragment'])
      for (const more of [{}, { prompt: 'none', max_age: '0' }] as Parameters[])
        expect((await here.ask('desk', person.browser, { response_mode, ...more })).told.get('iss')).to.equal(
          here.issuer,
        )
  })

  it('refuse unknown modes', async () => {
    const { told: query } = await here.ask('desk', person.browser, { response_mode: 'web_message' })
    expect(query.get('error')).to.equal('unsupported_response_mode')
  })

  describe('to requests that an app’s page posts (OpenID Connect Core 1.0, 3.1.2.1)', () => {
    const post = async (browser = person.browser, more: Parameters = {}, from = 'https://desk.example/') => {
      const form = Object.fromEntries(here.request('desk', more))
      return browser.post(String(here.metadata.authorization_endpoint), form, { from })
    }

    it('know who is signed in, although browsers send no cookies with the post', async () => {
      const { told: query } = ended(await post(), here.issuer)
      expect(query.get('code')).to.be.a('string')
      expect((await person.browser.get(`${here.issuer}/account`)).status).to.equal(200)
      const { told: silent } = ended(await post(person.browser, { prompt: 'none' }), here.issuer)
      expect(silent.get('code')).to.be.a('string')
    })

    it('keep long parameters out of URLs', async () => {
      const page = await post(stranger(), { login_hint: 'ada@example.com', state: 'x'.repeat(7_000) })
      expect(page.url).to.contain('/sign-in/')
      expect(page.trail.join(' ')).to.not.contain('ada')
      expect(page.find('input[name=email]')?.attributes.value).to.equal('ada@example.com')
    })

    it('refuse repeated parameters, long bodies and other content types', async () => {
      const url = String(here.metadata.authorization_endpoint)
      const twice = here.request('desk', { scope: ['openid', 'openid email'] })
      const doubled = await person.browser.get(url, { method: 'POST', body: twice })
      expect(ended(doubled, here.issuer).told.get('code')).to.equal(null)
      expect((await post(person.browser, { state: 'x'.repeat(80_000) })).status).to.equal(413)
      const json = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }
      expect((await person.browser.get(url, json)).status).to.equal(400)
    })

    it('are stored for one browser, to come back once', async () => {
      const url = String(here.metadata.authorization_endpoint)
      const kept = await fetch(url, { method: 'POST', body: here.request('desk'), redirect: 'manual' })
      const back = new URL(kept.headers.get('location') ?? '', url).href
      expect(ended(await person.browser.get(back), here.issuer).told.get('code')).to.be.a('string')
      expect((await person.browser.get(back)).status).to.equal(410)
      const late = await fetch(url, { method: 'POST', body: here.request('desk'), redirect: 'manual' })
      here.latchkey.clock.pass(61_000)
      expect((await person.browser.get(new URL(late.headers.get('location') ?? '', url).href)).status).to.equal(410)
    })

    it('run no sign-out script where nobody is signed in', async () => {
      const page = await stranger().get(String(here.metadata.end_session_endpoint))
      expect(page.all('script').map(each => each.attributes.src ?? 'inline')).to.not.include('inline')
      expect(page.headers.get('content-security-policy')).to.not.contain('sha256')
      expect((await page.submit({}, 'Continue')).h1).to.equal('You are signed out')
    })

    it('ask whether to sign out when the hint cannot be used, and return to the app all the same', async () => {
      const somebody = await here.person()
      const { body } = await here.tokens('desk', somebody.browser)
      const parts = String(body.id_token).split('.')
      const forged = [parts[0], parts[1], 'A'.repeat(parts[2]?.length ?? 86)].join('.')
      const end = String(here.metadata.end_session_endpoint)
      for (const id_token_hint of ['', 'undefined', 'null', 'x.y.z', forged]) {
        const asked = await somebody.browser.get(`${end}?${new URLSearchParams({ id_token_hint, state: 's' })}`)
        expect([asked.status, asked.text.includes(somebody.email)], id_token_hint).to.deep.equal([200, true])
      }
      const back = { id_token_hint: forged, post_logout_redirect_uri: 'https://desk.example/goodbye', state: 's' }
      const asked = await somebody.browser.get(`${end}?${new URLSearchParams(back)}`)
      const left = await asked.submit({}, 'Sign out')
      expect(left.location ?? left.url).to.contain('https://desk.example/goodbye?state=s')
      expect((await somebody.browser.get(`${here.issuer}/account`)).url).to.contain('/sign-in')
    })

    it('sign people out the same way (OpenID Connect RP-Initiated Logout 1.0, 2)', async () => {
      const { body } = await here.tokens('desk', person.browser)
      const form = { id_token_hint: String(body.id_token), state: 'bye' }
      const asked = await person.browser.post(String(here.metadata.end_session_endpoint), form, {
        from: 'https://desk.example/',
      })
      expect(asked.text).to.contain(person.email)
    })
  })
})
