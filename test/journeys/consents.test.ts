import { createServer, type Server } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { decodeJwt } from 'jose'
import * as oidc from 'openid-client'
import { type RunningSuite, startSuite } from '../support/all-apps.ts'
import { jar, type Page } from '../support/jar.ts'
import type { Person } from '../support/people.ts'
import { freePorts } from '../support/ports.ts'
import { type Security, securityAt } from '../support/security.ts'

const secret = 'taxes-development-only-secret-000001'

describe('apps that are not of the suite', () => {
  let latchkey: RunningSuite
  let at: Security
  let server: Server
  let callback: string
  const heard: string[] = []
  before(async () => {
    const [port = 0] = await freePorts(1)
    callback = `http://localhost:${port}/callback`
    server = createServer(async (req, res) => {
      let text = ''
      for await (const chunk of req) text += chunk
      if (req.method === 'POST') heard.push(new URLSearchParams(text).get('logout_token') ?? '')
      res.writeHead(200).end()
    })
    await new Promise<void>(resolve => server.listen(port, 'localhost', resolve))
    latchkey = await startSuite({
      more: [
        {
          client_id: 'taxes',
          client_name: 'Taxes',
          client_secret: secret,
          development: true,
          grant_types: ['authorization_code', 'refresh_token'],
          redirect_uris: [callback],
          backchannel_logout_uri: `http://localhost:${port}/backchannel-logout`,
        },
      ],
    })
    at = securityAt(latchkey)
  })
  after(async () => {
    await latchkey.stop()
    await new Promise(resolve => server.close(resolve))
  })
  beforeEach(() => {
    heard.length = 0
  })

  const path = '/account/apps'
  const asks = async (person: Person, prompt?: 'consent') => {
    const execute = [oidc.allowInsecureRequests]
    const config = await oidc.discovery(new URL(latchkey.issuer), 'taxes', secret, undefined, { execute })
    const pkceCodeVerifier = oidc.randomPKCECodeVerifier()
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri: callback,
      scope: 'openid email offline_access',
      // Staying connected has to be asked for (OpenID Connect Core 1.0, 11).
      ...(prompt && { prompt }),
      code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    })
    const redeem = (page: Page) => oidc.authorizationCodeGrant(config, new URL(page.url), { pkceCodeVerifier })
    return { config, redeem, page: await person.browser.get(url.href) }
  }
  const allowed = async (person: Person) => {
    const { config, redeem, page } = await asks(person, 'consent')
    const tokens = await redeem(await page.submit({}, 'Allow'))
    const refresh = (token = '') =>
      oidc.refreshTokenGrant(config, token).then(
        answer => answer,
        fault => fault as { error?: string; refresh_token?: string },
      )
    return { tokens, refresh }
  }

  it('are listed with what they may do, since when, and when they last did', async () => {
    const ada = await at.joined()
    expect((await at.open(ada, path)).text).to.contain('When you allow an app from another company')
    await allowed(ada)
    await ada.browser.get(`${latchkey.apps.trading}/login`)
    const page = await (await at.open(ada, '/account')).follow('Manage apps')
    const [taxes, trading] = page.all('li.line').map(each => each.text)
    expect(taxes).to.contain('Taxes').and.to.contain('See your email address').and.to.contain('Stay connected')
    expect(taxes).to.contain('Allowed').and.to.contain('Last used').and.not.to.contain('not yet')
    expect(trading).to.contain('Trading')
    expect(page.all('button[name=client]').map(each => each.attributes.value)).to.deep.equal(['taxes'])
  })

  it('are not asked about again, until they are revoked', async () => {
    const ada = await at.joined()
    await allowed(ada)
    expect((await asks(ada)).page.url).to.contain(callback)
    await (await (await at.open(ada, path)).submit({}, 'Revoke')).submit({}, 'Revoke')
    const { page } = await asks(ada)
    expect(page.h1).to.equal('Allow access?')
    expect(page.text).to.contain('See your email address')
  })

  it('hold nothing once they are revoked, and are told so', async () => {
    const ada = await at.joined()
    const { tokens, refresh } = await allowed(ada)
    const next = await refresh(tokens.refresh_token)
    expect(next.refresh_token).to.be.a('string')
    const page = await (await (await at.open(ada, path)).submit({}, 'Revoke')).submit({}, 'Revoke')
    expect(page.url).to.equal(`${latchkey.issuer}${path}`)
    expect(page.all('.line .name').map(({ text }) => text)).to.not.include('Taxes')
    expect((await refresh(next.refresh_token)).error).to.equal('invalid_grant')
    const userinfo = await fetch(`${latchkey.issuer}/userinfo`, {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    })
    expect(userinfo.status).to.equal(401)
    for (const end = Date.now() + 20_000; heard.length === 0 && Date.now() < end; ) await wait(20)
    expect(heard).to.have.length(1)
    expect(decodeJwt(heard[0] ?? '').sid).to.equal(tokens.claims()?.sid)
    // The person stays signed in, and so do their other apps.
    expect(await at.isIn(ada)).to.equal(true)
    expect((await at.open(ada, '/account/activity')).text).to.contain('Taxes: you revoked access')
    // It is not told again of a session that it left.
    await at.signOutEverywhere(ada)
    expect(heard).to.have.length(1)
  })

  it('are revoked once, of ten presses at once', async () => {
    const ada = await at.joined()
    await allowed(ada)
    const url = `${latchkey.issuer}${path}/revoke`
    const pages = await Promise.all(
      Array.from({ length: 10 }, () => ada.browser.post(url, { client: 'taxes', confirmed: 'yes' })),
    )
    expect(pages.filter(each => each.status === 200)).to.have.length(1)
    expect(pages.filter(each => each.status === 404)).to.have.length(9)
  })

  it('are revoked by their owner alone, and those of the suite not at all', async () => {
    const [ada, grace] = [await at.joined(), await at.joined()]
    const { tokens, refresh } = await allowed(ada)
    const url = `${latchkey.issuer}${path}/revoke`
    expect((await grace.browser.post(url, { client: 'taxes' })).status).to.equal(404)
    expect((await ada.browser.post(url, { client: 'trading' })).status).to.equal(404)
    expect((await ada.browser.post(url, {})).status).to.equal(400)
    expect((await ada.browser.post(url, { client: 'taxes' }, { from: 'https://evil.example' })).status).to.equal(403)
    expect((await jar().post(url, { client: 'taxes' })).status).to.equal(401)
    expect((await refresh(tokens.refresh_token)).refresh_token).to.be.a('string')
  })
})
