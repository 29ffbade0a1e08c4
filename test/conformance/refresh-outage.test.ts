import { expect } from 'chai'
import { Problem } from '../../src/errors.ts'
import type { Store } from '../../src/store/collection.ts'
import type { Person } from '../support/people.ts'
import { removable } from '../support/store.ts'
import { declared, type Ground, ground } from './ground.ts'

const headers = { 'x-forwarded-for': '192.0.2.10', 'user-agent': 'Browser/1' }

describe('a refresh whose answer was lost because the store went away', () => {
  let at: Ground
  let ada: Person
  let away: ReturnType<typeof removable>['away'] = () => {}
  /** Whether the next rotation is the last that the store does, and its answer is lost. */
  let losing = false
  const cutShort = (store: Store): Store => {
    const kept = removable(store)
    away = kept.away
    return {
      ...kept.store,
      collection: declaration => {
        const inner = kept.store.collection(declaration)
        if (declaration.name !== 'refresh_tokens') return inner
        return {
          ...inner,
          patch: async (...given) => {
            const done = await inner.patch(...given)
            if (!losing) return done
            losing = false
            away(true)
            throw new Problem('unavailable')
          },
        }
      },
    }
  }
  before(async () => {
    at = await ground({
      clients: [declared('spa', { token_endpoint_auth_method: 'none', client_secret: undefined }), declared('server')],
      environment: { LATCHKEY_TRUST_PROXY: '127.0.0.1,::1' },
      through: cutShort,
    })
  })
  beforeEach(async () => {
    ada = await at.person()
  })
  afterEach(() => away(false))
  after(() => at.stop())

  const refresh = async (app: string, refresh_token: string) => {
    const form = { grant_type: 'refresh_token', refresh_token, ...(await at.proof(app)) }
    const { status, body } = await at.post('token', form, headers)
    return { status, next: String(body.refresh_token) }
  }
  /** Signs in, and loses the answer to a refresh; resolves to the token that was spent by it. */
  const lost = async (app: string): Promise<string> => {
    const first = String((await at.tokens(app, ada.browser, {}, headers)).body.refresh_token)
    losing = true
    expect((await refresh(app, first)).status).to.equal(503)
    return first
  }
  const ready = async () => (await fetch(`${at.issuer}/health/ready`)).status

  for (const app of ['spa', 'server']) {
    it(`is answered once the store is back, however long that takes (${app})`, async () => {
      const first = await lost(app)
      for (let times = 0; times < 3; times++) {
        at.latchkey.clock.pass(60_000)
        expect((await refresh(app, first)).status).to.equal(503)
      }
      away(false)
      const again = await refresh(app, first)
      expect(again.status).to.equal(200)
      expect((await refresh(app, again.next)).status).to.equal(200)
      expect((await ada.browser.get(`${at.issuer}/account`)).url).to.equal(`${at.issuer}/account`)
    })

    it(`is not forgiven once an hour has passed, in which only the store's next write would have shown that it is back (${app})`, async () => {
      const first = await lost(app)
      away(false)
      at.latchkey.clock.pass(60 * 60_000)
      expect((await refresh(app, first)).status).to.equal(400)
    })

    it(`is forgiven no longer than any other once the store is back (${app})`, async () => {
      const first = await lost(app)
      at.latchkey.clock.pass(60_000)
      expect(await ready()).to.equal(503)
      away(false)
      expect(await ready()).to.equal(200)
      at.latchkey.clock.pass(app === 'spa' ? 10_000 : 30_000)
      expect((await refresh(app, first)).status).to.equal(400)
    })

    it(`is not forgiven for a fault that came later (${app})`, async () => {
      const first = String((await at.tokens(app, ada.browser, {}, headers)).body.refresh_token)
      expect((await refresh(app, first)).status).to.equal(200)
      at.latchkey.clock.pass(31_000)
      away(true)
      expect(await ready()).to.equal(503)
      at.latchkey.clock.pass(31_000)
      away(false)
      expect((await refresh(app, first)).status).to.equal(400)
    })
  }
})
