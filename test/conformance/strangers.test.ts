import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import type { Jar } from '../support/jar.ts'
import { png } from '../support/png.ts'
import { declared, type Ground, ground } from './ground.ts'
import { type Metadata, redirect, registrar, shop, type Told } from './registrar.ts'

describe('an app that the operator does not vouch for', () => {
  let latchkey: Ground
  let browser: Jar
  const logo = join(mkdtempSync(join(tmpdir(), 'latchkey-logo-')), 'guest.png')
  before(async () => {
    writeFileSync(logo, png())
    latchkey = await ground({
      clients: [
        declared('trading', { client_name: 'Trading' }),
        declared('guest', {
          first_party: false,
          logo,
          application_type: 'native',
          redirect_uris: ['com.evil.app://login.bank.example/cb', 'com.guest.app:/cb'],
        }),
      ],
      environment: { LATCHKEY_REGISTRATION: 'open' },
    })
    browser = (await latchkey.person()).browser
  })
  after(async () => {
    await latchkey.stop()
    rmSync(dirname(logo), { recursive: true })
  })
  beforeEach(() => latchkey.latchkey.clock.pass(3_600_001))
  const { register, manage } = registrar(() => latchkey)

  const ask = async (client: Metadata, more: Record<string, string> = {}) =>
    latchkey.ask('', browser, { client_id: String(client.client_id), redirect_uri: redirect, ...more })
  /** Allows what the page asks for, and ends at the app. */
  const allow = async (client: Metadata, more: Record<string, string> = {}) => {
    const { page } = await ask(client, more)
    expect(page.url).to.include('/interaction/')
    const end = new URL((await page.submit({}, 'Allow')).location ?? '')
    expect(end.searchParams.has('code')).to.equal(true)
  }
  const asksAgain = async (client: Metadata, more: Record<string, string> = {}) =>
    (await ask(client, more)).page.url.includes('/interaction/')

  describe('cannot have redirect URIs that', () => {
    const refused: readonly [string, string, RegExp][] = [
      ['have a host behind a private scheme', 'com.evil.app://login.bank.example', /must not have a host/],
      ['have an empty host', 'com.evil.app:///callback', /must not have a host/],
      ['have a host behind a scheme in capitals', 'COM.EVIL.APP://bank.example/', /must not have a host/],
      ['have a blank', 'com.evil.app:/call back', /without blanks/],
      ['have a tab at the end', 'https://shop.example/callback\t', /without blanks/],
      ['have a backslash', 'https://shop.example\\@bank.example/', /without blanks|user/],
      ['have a policy directive as the host', 'https://a;sandbox.example/', /must have a host/],
      ['have an underscore in the host', 'https://a_b.example/', /must have a host/],
    ]
    for (const [what, uri, description] of refused)
      it(what, async () => {
        for (const name of ['redirect_uris', 'post_logout_redirect_uris']) {
          const { status, body } = await register({ ...shop, [name]: [uri], application_type: 'native' })
          expect(status, name).to.equal(400)
          expect(body.error_description).to.match(description)
        }
      })

    it('lead to this server', async () => {
      const { status, body } = await register({ ...shop, redirect_uris: [`${latchkey.issuer}/account`] })
      expect([status, body.error]).to.deep.equal([400, 'invalid_redirect_uri'])
      expect(body.error_description).to.include('must not lead to this server')
    })
  })

  describe('is shown with', () => {
    it('the scheme and host of a client that is not on the web, whatever the host says', async () => {
      const { page } = await latchkey.ask('guest', browser, { redirect_uri: 'com.evil.app://login.bank.example/cb' })
      expect(page.find('.address')?.text).to.equal('com.evil.app://login.bank.example')
      const other = await latchkey.ask('guest', browser, { redirect_uri: 'com.guest.app:/cb' })
      expect(other.page.find('.address')?.text).to.equal('com.guest.app:')
    })

    it('no logo of its own, but one that the operator keeps of an app that they vouch for', async () => {
      const { page } = await latchkey.ask('guest', browser, { redirect_uri: 'com.guest.app:/cb' })
      expect(page.find('img.logo')?.attributes.src).to.match(/^data:image\/png;base64,/)
      const { body } = await register({ ...shop, logo: 'guest.png', logo_uri: 'https://shop.example/logo.png' })
      expect((await ask(body)).page.find('img')).to.equal(undefined)
    })

    it('the host of a client that is', async () => {
      const { page } = await ask((await register(shop)).body)
      expect(page.find('.address')?.text).to.equal('shop.example')
    })
  })

  describe('is asked for again when', () => {
    const changes: readonly [string, Metadata, boolean][] = [
      ['its name changes', { client_name: 'Your bank' }, true],
      ['its name goes', { client_name: undefined }, true],
      ['it leads to another host', { redirect_uris: [redirect, 'https://evil.example/'] }, true],
      ['it leads to another port', { redirect_uris: [redirect, 'https://shop.example:8443/'] }, true],
      [
        'it leads to an app on a device',
        { redirect_uris: [redirect, 'com.evil.app:/cb'], application_type: 'native' },
        true,
      ],
      ['only a path changes', { redirect_uris: [redirect, 'https://shop.example/other'] }, false],
      ['only its terms change', { tos_uri: 'https://shop.example/terms' }, false],
    ]
    for (const [what, more, again] of changes)
      it(`${what}: ${again ? 'yes' : 'no'}`, async () => {
        const made = await register(shop)
        await allow(made.body)
        expect(await asksAgain(made.body)).to.equal(false)
        const changed = await change(made, more)
        expect(await asksAgain(changed.body), 'in the same session').to.equal(again)
        if (!again) return
        await allow(changed.body)
        if (changed.body.application_type !== 'native') expect(await asksAgain(changed.body)).to.equal(false)
      })

    it('and earlier consent is void then', async () => {
      const made = await register(shop)
      await allow(made.body, { scope: 'openid email profile' })
      const { body } = await change(made, { client_name: 'Your bank' })
      await allow(body, { scope: 'openid' })
      const { page } = await ask(body, { scope: 'openid email' })
      expect(page.url).to.include('/interaction/')
    })

    it('it changes while the page is open: consent covers only what was shown', async () => {
      const made = await register(shop)
      const { page } = await ask(made.body)
      const { body } = await change(made, { client_name: 'Your bank' })
      await page.submit({}, 'Allow')
      expect(await asksAgain(body)).to.equal(true)
    })
  })

  describe('gets the browser after an error', () => {
    const stays = async (client: Metadata, more: Record<string, string | undefined>, status = 200) => {
      const asked = { client_id: String(client.client_id), redirect_uri: redirect, ...more }
      const { page, at } = await latchkey.ask('', browser, asked)
      expect([at, page.status]).to.deep.equal([undefined, status])
      expect(page.h1).to.equal('Continue to another site?')
      expect(page.find('.address')?.text).to.equal('shop.example')
      expect(page.text).to.include('we haven’t checked who they are')
      return page
    }
    const wrong: readonly [string, Record<string, string | undefined>, string][] = [
      ['a scope that it may not have', { scope: 'hold' }, 'invalid_scope'],
      ['nobody to be asked', { prompt: 'none' }, 'consent_required'],
      ['an answer that there is not', { response_type: 'token' }, 'unsupported_response_type'],
      ['no proof of its code', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
      ['an API', { resource: 'https://api.example/none' }, 'invalid_target'],
    ]
    for (const [what, more, error] of wrong)
      it(`only through a link that the person follows: ${what}`, async () => {
        const page = await stays((await register(shop)).body, more)
        const link = page.links.find(({ href }) => href.startsWith(redirect))
        const { search, hash } = new URL(link?.href ?? '')
        const told = new URLSearchParams(hash === '' ? search : hash.slice(1))
        expect([told.get('error'), told.get('state')]).to.deep.equal([error, 'a state'])
        expect(page.html).to.not.match(/http-equiv="refresh"/i)
      })

    for (const mode of ['fragment', 'jwt', 'query.jwt', 'fragment.jwt'])
      it(`only through a link that the person follows: answered by ${mode}`, async () => {
        const page = await stays((await register(shop)).body, { prompt: 'none', response_mode: mode })
        expect(page.links.some(({ href }) => href.startsWith(redirect))).to.equal(true)
      })

    for (const mode of ['form_post', 'form_post.jwt'])
      it(`only through a form that the person submits: answered by ${mode}`, async () => {
        const page = await stays((await register(shop)).body, { prompt: 'none', response_mode: mode })
        expect(page.html).to.not.include('data-at-once')
        expect(page.html).to.include(`action="${redirect}"`)
      })

    it('only through a link, when the person refused', async () => {
      const { page } = await ask((await register(shop)).body)
      const refused = await page.submit({}, 'Don’t allow')
      expect(refused.h1).to.equal('Continue to another site?')
      expect(refused.links.some(({ href }) => href.includes('error=access_denied'))).to.equal(true)
    })

    it('only through a link, when they signed out for it', async () => {
      const uris = { post_logout_redirect_uris: ['https://shop.example/bye'] }
      const { body } = await register({ ...shop, ...uris })
      const { browser: other } = await latchkey.person()
      const query = new URLSearchParams({
        client_id: String(body.client_id),
        post_logout_redirect_uri: 'https://shop.example/bye',
      })
      const page = await other.get(`${latchkey.metadata.end_session_endpoint}?${query}`)
      const left = await page.submit({}, 'Sign out')
      expect(left.h1).to.equal('Continue to another site?')
      expect(left.links.some(({ href }) => href.startsWith('https://shop.example/bye'))).to.equal(true)
      // Nobody is signed in any more: the page continues by itself, and stops there.
      const again = await other.get(`${latchkey.metadata.end_session_endpoint}?${query}`)
      expect((await again.submit({})).h1).to.equal('Continue to another site?')
    })

    it('at once, when the operator vouches for it', async () => {
      const { told, at } = await latchkey.ask('trading', browser, { scope: 'nonsense', nonce: undefined })
      expect([at?.host, told.get('error')]).to.deep.equal(['trading.example', 'invalid_scope'])
    })

    it('at once, with a code', async () => {
      const { body } = await register(shop)
      await allow(body)
      const { told } = await ask(body)
      expect(told.get('code')).to.be.a('string')
    })
  })

  const change = async (made: Told, more: Metadata): Promise<Told> => {
    const { client_id, client_secret } = made.body
    const changed = await manage('PUT', made, { ...shop, client_id, client_secret, ...more })
    expect(changed.status).to.equal(200)
    return changed
  }
})
