import { expect } from 'chai'
import * as oidc from 'openid-client'
import { startSuite } from '../support/all-apps.ts'
import { jar } from '../support/jar.ts'
import { whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, type Person, signUp, somebody } from '../support/people.ts'
import { sometimesSlow } from '../support/store.ts'

const secret = 'trading-development-only-secret-0001'
const ten = Array.from({ length: 10 }, (_, index) => index)

/** Ten at once, on a store that takes its time before and after each step. */
describe('ten at once on a slow store', () => {
  const latchkey = whileTesting(() =>
    startSuite({
      // Slow only where it matters: signing up first takes its many steps at full speed.
      through: store => sometimesSlow(store, 15, () => lag > 0),
    }),
  )
  let ada: Person
  let lag = 0
  before(async () => {
    ada = somebody()
    const start = await ada.browser.get(`${latchkey.apps.trading}/login`)
    await signUp(latchkey, ada, await start.follow('Create an account'))
  })
  beforeEach(() => {
    lag = 0
  })

  const token = (fields: Record<string, string>) =>
    fetch(`${latchkey.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`trading:${secret}`).toString('base64')}` },
      body: new URLSearchParams(fields),
    })

  const authorized = async (): Promise<Record<string, string>> => {
    const verifier = oidc.randomPKCECodeVerifier()
    const url = new URL(`${latchkey.issuer}/authorize`)
    const redirect = `${latchkey.apps.trading}/callback`
    url.search = new URLSearchParams({
      client_id: 'trading',
      response_type: 'code',
      redirect_uri: redirect,
      scope: 'openid offline_access',
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }).toString()
    const { location = '' } = await ada.browser.get(url.href, { follow: false })
    const code = new URL(location).searchParams.get('code') ?? expect.fail(location)
    return { grant_type: 'authorization_code', code, redirect_uri: redirect, code_verifier: verifier }
  }

  it('redeem one code once, and whoever was second ends what the first got', async () => {
    const request = await authorized()
    lag = 1
    const answers = await Promise.all(ten.map(() => token(request)))
    expect(answers.filter(each => each.status === 200)).to.have.length(1)
    expect(answers.filter(each => each.status === 400)).to.have.length(9)
    const first = (await answers.find(each => each.status === 200)?.json()) as { refresh_token: string }
    const { refresh_token } = first
    expect((await token({ grant_type: 'refresh_token', refresh_token })).status).to.equal(400)
  })

  it('refresh one token, and all get the same answer', async () => {
    const { refresh_token } = (await (await token(await authorized())).json()) as { refresh_token: string }
    lag = 1
    const answers = await Promise.all(ten.map(() => token({ grant_type: 'refresh_token', refresh_token })))
    expect(answers.map(each => each.status)).to.deep.equal(Array(10).fill(200))
    const bodies = await Promise.all(answers.map(each => each.text()))
    expect(new Set(bodies).size).to.equal(1)
    lag = 0
    const next = (JSON.parse(bodies[0] ?? '') as { refresh_token: string }).refresh_token
    expect((await token({ grant_type: 'refresh_token', refresh_token: next })).status).to.equal(200)
  })

  it('end what the app was granted, and not the session, when a spent token comes back', async () => {
    const other = (await (await token(await authorized())).json()) as { refresh_token: string }
    const first = (await (await token(await authorized())).json()) as { refresh_token: string }
    const refresh = (refresh_token: string) => token({ grant_type: 'refresh_token', refresh_token })
    const second = (await (await refresh(first.refresh_token)).json()) as { refresh_token: string }
    await refresh(second.refresh_token)
    expect((await refresh(first.refresh_token)).status).to.equal(400)
    expect((await refresh(second.refresh_token)).status).to.equal(400)
    expect((await refresh(other.refresh_token)).status).to.equal(400)
    expect((await ada.browser.get(`${latchkey.issuer}/account`)).url).to.equal(`${latchkey.issuer}/account`)
    expect(latchkey.logged()).to.contain('token.reused')
  })

  const atSecondFactor = async (browser = jar()) => {
    const start = await browser.get(`${latchkey.issuer}/sign-in`)
    return { browser, page: await start.submit({ email: ada.email, password: ada.password }) }
  }

  it('take one TOTP code once, in one browser and in ten', async () => {
    const one = await atSecondFactor()
    const code = authenticatorCode(latchkey, ada)
    lag = 1
    const same = await Promise.all(ten.map(() => one.page.submit({ code })))
    expect(same.filter(each => each.url.endsWith('/account'))).to.have.length(1)
    lag = 0
    const many = await Promise.all(ten.slice(0, 5).map(() => atSecondFactor()))
    const fresh = authenticatorCode(latchkey, ada)
    lag = 1
    const each = await Promise.all(many.map(({ page }) => page.submit({ code: fresh })))
    expect(each.filter(page => page.url.endsWith('/account'))).to.have.length(1)
  })

  it('take one recovery code once', async () => {
    const [code = ''] = ada.recoveryCodes
    const many = []
    for (const _ of ten.slice(0, 5)) {
      const { browser, page } = await atSecondFactor()
      many.push(await browser.post(`${page.url}/use`, { factor: 'recovery-code' }))
    }
    lag = 1
    const pages = await Promise.all(many.map(page => page.submit({ code })))
    // The one that was right goes on to set up a factor again.
    expect(pages.filter(page => page.find('[data-totp-secret]'))).to.have.length(1)
  })
})
