import { expect } from 'chai'
import type { Jar } from '../support/jar.ts'
import type { Person } from '../support/people.ts'
import { sometimesSlow } from '../support/store.ts'
import { api, callback, declared, ended, type Ground, ground, type Parameters, read, verifier } from './ground.ts'
import { type Hearing, hearing } from './hearing.ts'

const six = Array.from({ length: 6 }, (_, index) => index)

/** Six tabs of one browser that open one app for the first time in a session, on a slow store. */
describe('six tabs at once', () => {
  let here: Ground
  let person: Person
  let app: Hearing
  let lag = false
  before(async () => {
    app = await hearing()
    here = await ground({
      through: store => sometimesSlow(store, 5, () => lag),
      clients: [
        ...[1, 2, 3, 4, 5].map(round => declared(`desk-${round}`)),
        declared('told', { backchannel_logout_uri: app.url }),
        declared('wide'),
        declared('guest', { first_party: false }),
        declared('shy', { first_party: false }),
      ],
    })
    person = await here.person()
  })
  after(async () => {
    app.close()
    await here.stop()
  })
  afterEach(() => {
    lag = false
  })

  const redeem = (id: string, code: string, more: Parameters = {}) =>
    here.token(id, {
      ...{ grant_type: 'authorization_code', code, redirect_uri: callback(id), code_verifier: verifier, ...more },
    })
  const code = ({ told }: { told: URLSearchParams }) => told.get('code') ?? expect.fail(`no code, but ${told}`)
  /** The codes of six requests that are made together. */
  const codes = async (id: string, more: (tab: number) => Parameters = () => ({})) =>
    (await Promise.all(six.map(tab => here.ask(id, person.browser, more(tab))))).map(code)

  for (const round of [1, 2, 3, 4, 5])
    it(`get six codes that all work (round ${round})`, async () => {
      const id = `desk-${round}`
      lag = true
      const got = await codes(id)
      const answers = await Promise.all(got.map(each => redeem(id, each)))
      expect(answers.map(each => each.body.error ?? each.status)).to.deep.equal(six.map(() => 200))
      const again = await Promise.all(
        answers.map(({ body }) =>
          here.token(id, { grant_type: 'refresh_token', refresh_token: String(body.refresh_token) }),
        ),
      )
      expect(again.map(each => each.status)).to.deep.equal(six.map(() => 200))
      const asked = { authorization: `Bearer ${again[3]?.body.access_token}` }
      expect((await here.get('userinfo', asked)).status).to.equal(200)
    })

  it('get one sid, which the logout token names', async () => {
    lag = true
    const answers = await Promise.all((await codes('told')).map(each => redeem('told', each)))
    const sids = new Set(answers.map(({ body }) => read(body.id_token).sid))
    expect(sids.size).to.equal(1)
    lag = false
    const page = await person.browser.get(
      `${here.metadata.end_session_endpoint}?id_token_hint=${answers[0]?.body.id_token}`,
    )
    await page.submit({}, 'Sign out')
    expect((await here.verified(await app.heard())).sid).to.equal([...sids][0])
    person = await here.person()
  })

  it('each get all that they asked for, when they ask for different things', async () => {
    const wanted = ['openid email', 'openid phone', 'openid profile', 'openid read', 'openid write', 'openid']
    lag = true
    const got = await codes('wide', tab => ({
      scope: String(wanted[tab]),
      resource: tab === 3 || tab === 4 ? api : undefined,
    }))
    const answers = await Promise.all(
      got.map((each, tab) => redeem('wide', each, { resource: tab === 3 || tab === 4 ? api : undefined })),
    )
    expect(answers.map(({ body }) => body.scope ?? body.error)).to.deep.equal([
      ...['openid email', 'openid phone', 'openid profile', 'read', 'write', 'openid'],
    ])
  })

  const consented = async (id: string, browser: Jar) => {
    const pages = await Promise.all(six.map(() => here.ask(id, browser)))
    for (const { page } of pages) expect(page.url).to.contain('/interaction/')
    const after = await Promise.all(pages.map(({ page }) => page.submit({}, { action: '/consent' })))
    return after.map(page => code(ended(page, here.issuer)))
  }

  it('all work when somebody consents in each of them', async () => {
    lag = true
    const answers = await Promise.all((await consented('guest', person.browser)).map(each => redeem('guest', each)))
    expect(answers.map(each => each.body.error ?? each.status)).to.deep.equal(six.map(() => 200))
  })

  it('all end when consent is withdrawn', async () => {
    const { browser } = await here.person()
    lag = true
    const answers = await Promise.all((await consented('shy', browser)).map(each => redeem('shy', each)))
    lag = false
    const userinfo = async () =>
      Promise.all(
        answers.map(async ({ body }) => {
          return (await here.get('userinfo', { authorization: `Bearer ${body.access_token}` })).status
        }),
      )
    expect(await userinfo()).to.deep.equal(six.map(() => 200))
    const apps = await browser.get(`${here.issuer}/account/apps`)
    await (await apps.submit({}, { action: '/account/apps/revoke' })).submit({}, 'Revoke')
    expect(await userinfo()).to.deep.equal(six.map(() => 401))
  })
})
