import { expect } from 'chai'
import type { Jar } from '../support/jar.ts'
import type { Person } from '../support/people.ts'
import { declared, type Ground, ground } from './ground.ts'

const here = { 'x-forwarded-for': '192.0.2.10', 'user-agent': 'Browser/1' }
const elsewhere = { ...here, 'x-forwarded-for': '203.0.113.5' }
const otherAgent = { ...here, 'user-agent': 'curl/8' }

describe('a refresh token that is used again (RFC 9700, 4.14.2)', () => {
  let at: Ground
  let ada: Person
  before(async () => {
    at = await ground({
      clients: [
        declared('spa', { token_endpoint_auth_method: 'none', client_secret: undefined }),
        declared('server'),
        declared('other'),
      ],
      environment: { LATCHKEY_TRUST_PROXY: '127.0.0.1,::1' },
    })
  })
  beforeEach(async () => {
    ada = await at.person()
  })
  after(() => at.stop())

  const signIn = async (app: string, browser: Jar = ada.browser) =>
    String((await at.tokens(app, browser, {}, here)).body.refresh_token)
  const refresh = async (app: string, refresh_token: string, headers = here) => {
    const form = { grant_type: 'refresh_token', refresh_token, ...(await at.proof(app)) }
    const { status, body } = await at.post('token', form, headers)
    return { status, next: body.refresh_token as string | undefined }
  }
  const isIn = async () => (await ada.browser.get(`${at.issuer}/account`)).url === `${at.issuer}/account`
  const told = async () => (await at.latchkey.outbox(ada.email)).filter(each => /token/.test(each.text)).length

  describe('from an app that cannot bind its tokens', () => {
    it('gets the same answer, within ten seconds of the one before, from the same network and user agent', async () => {
      const first = await signIn('spa')
      const { next } = await refresh('spa', first)
      for (let times = 0; times < 3; times++) {
        at.latchkey.clock.pass(9_000)
        expect(await refresh('spa', first)).to.deep.equal({ status: 200, next })
      }
      expect((await refresh('spa', next ?? '')).status).to.equal(200)
      expect(await isIn()).to.equal(true)
      expect(await told()).to.equal(0)
    })

    it('is rotated once for ten requests at the same moment, and no token is lost', async () => {
      const first = await signIn('spa')
      const ten = await Promise.all(Array.from({ length: 10 }, () => refresh('spa', first)))
      expect(ten.map(each => each.status)).to.deep.equal(Array(10).fill(200))
      expect(new Set(ten.map(each => each.next)).size).to.equal(1)
      expect((await refresh('spa', ten[0]?.next ?? '')).status).to.equal(200)
    })

    it('ends only the app’s own sign-in when it comes late, from a tab that slept, and tells the owner', async () => {
      const other = await signIn('other')
      const first = await signIn('spa')
      const { next } = await refresh('spa', first)
      at.latchkey.clock.pass(10_000)
      expect((await refresh('spa', first)).status).to.equal(400)
      expect((await refresh('spa', next ?? '')).status).to.equal(400)
      expect((await refresh('other', other)).status).to.equal(200)
      expect(await isIn()).to.equal(true)
      expect(await told()).to.equal(1)
    })

    for (const [where, headers] of Object.entries({ network: elsewhere, 'user agent': otherAgent })) {
      it(`is refused from another ${where}, however early, and ends the whole session`, async () => {
        const other = await signIn('other')
        const first = await signIn('spa')
        const { next } = await refresh('spa', first)
        expect((await refresh('spa', first, headers)).status).to.equal(400)
        expect((await refresh('spa', next ?? '')).status).to.equal(400)
        expect((await refresh('other', other)).status).to.equal(400)
        expect(await isIn()).to.equal(false)
        expect(await told()).to.equal(1)
      })
    }

    it('does not let a thief go on unnoticed, who repeats the request before the owner does', async () => {
      const stolen = await signIn('spa')
      await refresh('spa', stolen)
      const { next: theirs } = await refresh('spa', stolen)
      const { next: mine } = await refresh('spa', stolen)
      expect(theirs).to.equal(mine)
      const thief = await refresh('spa', theirs ?? '')
      expect(thief.status).to.equal(200)
      at.latchkey.clock.pass(11_000)
      expect((await refresh('spa', mine ?? '')).status).to.equal(400)
      expect((await refresh('spa', thief.next ?? '')).status).to.equal(400)
      expect(await told()).to.equal(1)
    })
  })

  describe('from an app that authenticates', () => {
    it('gets the same answer for thirty seconds, from any of its machines', async () => {
      const first = await signIn('server')
      const { next } = await refresh('server', first)
      at.latchkey.clock.pass(29_000)
      for (const headers of [here, elsewhere, otherAgent])
        expect(await refresh('server', first, headers)).to.deep.equal({ status: 200, next })
    })

    it('ends only its own sign-in when it comes late, and the session when it comes from elsewhere', async () => {
      for (const [headers, stays] of [
        [here, true],
        [elsewhere, false],
      ] as const) {
        const first = await signIn('server')
        await refresh('server', first)
        at.latchkey.clock.pass(30_000)
        expect((await refresh('server', first, headers)).status).to.equal(400)
        expect(await isIn()).to.equal(stays)
      }
    })
  })
})
