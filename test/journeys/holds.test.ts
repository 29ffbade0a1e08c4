import { expect } from 'chai'
import { decodeJwt } from 'jose'
import * as oidc from 'openid-client'
import { startSuite } from '../support/all-apps.ts'
import { authenticator } from '../support/authenticator.ts'
import { jar } from '../support/jar.ts'
import { whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, type Person } from '../support/people.ts'
import { credentialOn, securityAt } from '../support/security.ts'

const hour = 3_600_000
const resource = 'https://api.latchkey.example/trading'

describe('changes wait', () => {
  const latchkey = whileTesting(startSuite)
  const at = securityAt(latchkey)
  let app: oidc.Configuration
  before(async () => {
    app = await oidc.discovery(new URL(latchkey.issuer), 'trading', 'trading-development-only-secret-0001', undefined, {
      execute: [oidc.allowInsecureRequests],
    })
  })

  type Told = { id: unknown; access: unknown; userinfo: unknown; refreshed: unknown }
  /** What an app is told of holds by each way in which it is told. */
  const told = async ({ browser }: Person, scope = 'openid hold'): Promise<Told> => {
    const [verifier, state] = [oidc.randomPKCECodeVerifier(), oidc.randomState()]
    const code_challenge = await oidc.calculatePKCECodeChallenge(verifier)
    const request = { redirect_uri: `${latchkey.apps.trading}/callback`, state, code_challenge }
    const grant = async (params: Record<string, string>, redeem?: Record<string, string>) => {
      const url = oidc.buildAuthorizationUrl(app, { ...request, code_challenge_method: 'S256', ...params })
      const { location } = await browser.get(url.href, { follow: false })
      const checks = { pkceCodeVerifier: verifier, expectedState: state }
      return oidc.authorizationCodeGrant(app, new URL(location ?? ''), checks, redeem)
    }
    const forApi = await grant({ scope: `${scope} read`, resource }, { resource })
    const plain = await grant({ scope })
    const refreshed = await oidc.refreshTokenGrant(app, forApi.refresh_token ?? '', { resource })
    for (const each of [forApi, plain, refreshed]) latchkey.keepOut(each.access_token, each.refresh_token ?? '')
    const claims = plain.claims() ?? expect.fail()
    expect(forApi.claims()?.hold_until).to.equal(claims.hold_until)
    return {
      id: claims.hold_until,
      access: decodeJwt(forApi.access_token).hold_until,
      refreshed: decodeJwt(refreshed.access_token).hold_until,
      userinfo: (await oidc.fetchUserInfo(app, plain.access_token, claims.sub)).hold_until,
    }
  }
  const held = async (person: Person) =>
    (await at.open(person, '/account')).text.includes('may block withdrawals and payments')
  const nothing: Told = { id: undefined, access: undefined, refreshed: undefined, userinfo: undefined }

  it('and apps that ask are told until when, in every token and userinfo; the account says so, too', async () => {
    const ada = await at.joined()
    expect(await told(ada)).to.deep.equal(nothing)
    expect(await held(ada)).to.equal(false)
    const changedAt = latchkey.clock.now()
    await at.addPhone(ada)
    const now = await told(ada)
    expect(new Set(Object.values(now)).size).to.equal(1)
    expect(Number(now.id)).to.be.within((changedAt + 24 * hour) / 1000, (latchkey.clock.now() + 24 * hour) / 1000 + 1)
    expect(await told(ada, 'openid')).to.deep.equal(nothing)
    expect(await held(ada)).to.equal(true)
  })

  it('for a day, and no longer', async () => {
    const ada = await at.joined()
    await at.addPhone(ada)
    latchkey.clock.pass(23 * hour)
    expect(await held(ada)).to.equal(true)
    latchkey.clock.pass(2 * hour)
    const again = await at.elsewhere(ada)
    expect(await held(again)).to.equal(false)
    expect(await told(again)).to.deep.equal(nothing)
  })

  it('not for what makes an account safer; and that lifts nothing', async () => {
    const ada = await at.joined()
    await at.addAuthenticator(ada)
    expect(await held(ada)).to.equal(false)
    await at.addPhone(ada)
    const { id } = await told(ada)
    await at.addPasskey(ada, authenticator())
    expect((await told(ada)).id).to.equal(id)
  })

  it('anew for each that makes it less safe', async () => {
    const ada = await at.joined()
    await at.addPhone(ada)
    const first = await told(ada)
    latchkey.clock.pass(2 * hour)
    let page = await at.act(ada, 'remove', { credential: credentialOn(await at.open(ada), 'Text message') })
    page = await page.submit({ password: ada.password })
    await page.submit({ code: authenticatorCode(latchkey, ada) })
    const second = await told(ada)
    expect(Number(second.id) - Number(first.id)).to.be.within(2 * 3600, 2 * 3600 + 120)
  })

  it('after a forgotten password, and after a recovery code', async () => {
    const ada = await at.joined()
    const browser = jar()
    await (await browser.get(`${latchkey.issuer}/forgot-password`)).submit({ email: ada.email })
    const [mail] = await latchkey.outbox(ada.email)
    let page = await (await browser.get(mail?.link ?? '')).submit()
    page = await page.submit({ code: authenticatorCode(latchkey, ada) })
    ada.password = `new ${ada.password}`
    latchkey.keepOut(ada.password)
    page = await page.submit({ password: ada.password })
    expect(page.text).to.contain('may block withdrawals and payments')

    const grace = await at.joined()
    const person = { ...grace, browser: jar() }
    page = await (await at.open(person, '/sign-in?way=recovery-code')).submit({
      email: grace.email,
      password: grace.password,
    })
    page = await page.submit({ code: grace.recoveryCodes[0] ?? '' })
    person.secret = page.find('[data-totp-secret]')?.text.replace(/\s/g, '') ?? ''
    latchkey.keepOut(person.secret)
    page = await page.submit({ code: authenticatorCode(latchkey, person) })
    expect((await page.follow('Continue')).text).to.contain('may block withdrawals and payments')
  })
})

describe('the wait', () => {
  it('is as long as the operator says, and none where that is nought', async () => {
    const latchkey = await startSuite({ environment: { LATCHKEY_HOLD: '0' } })
    try {
      const at = securityAt(latchkey)
      const ada = await at.joined()
      await at.addPhone(ada)
      expect((await at.open(ada, '/account')).text).to.not.contain('may block withdrawals and payments')
    } finally {
      await latchkey.stop()
    }
  })
})
