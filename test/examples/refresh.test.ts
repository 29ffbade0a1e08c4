import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { type Jar, jar } from '../support/jar.ts'
import { type BareSuite, bareSuite } from '../support/suite.ts'

interface Tokens {
  claims: { sub: string }
  access_token: { claims: { jti: string; aud: string } }
  refresh_token: { held: boolean; rotations: number }
}

describe('refreshing at the example apps', () => {
  let suite: BareSuite
  let person: Jar
  const json = { accept: 'application/json' }
  const tokens = async (id: string) => (await person.get(suite.at(id, '/tokens.json'))).json<Tokens>()

  before(async () => {
    suite = await bareSuite()
  })
  after(() => suite.close())
  beforeEach(() => {
    person = jar()
  })

  for (const id of ['trading', 'staking', 'wallet', 'card']) {
    it(`gets ${id} a new token for the same API, and goes back to the start`, async () => {
      const page = await person.get(suite.at(id, '/login'))
      const before = await tokens(id)
      const next = await page.submit({}, 'Refresh')
      expect(next).to.include({ status: 200, url: suite.at(id) })
      const after = await tokens(id)
      expect(after.refresh_token).to.deep.equal({ held: true, rotations: 1 })
      expect(after.access_token.claims.aud).to.equal(before.access_token.claims.aud)
      expect(after.access_token.claims.jti).to.not.equal(before.access_token.claims.jti)
      expect(after.claims.sub).to.equal(before.claims.sub)
    })
  }

  it('answers as JSON when asked to', async () => {
    await person.get(suite.at('trading', '/login'))
    const page = await person.post(suite.at('trading', '/refresh'), {}, { headers: json })
    expect(page.headers.get('content-type')).to.include('application/json')
    expect(page.json<Tokens>().refresh_token.rotations).to.equal(1)
  })

  it('spends the refresh token once when asked several times at once', async () => {
    await person.get(suite.at('trading', '/login'))
    // The first is still under way when the last one comes.
    const { RefreshToken } = suite.bare.provider
    const { find } = RefreshToken
    const slowly = async (...asked: Parameters<typeof find>) => {
      await wait(500)
      return find.apply(RefreshToken, asked)
    }
    RefreshToken.find = slowly as typeof find
    const pages = await Promise.all(
      [1, 2, 3, 4].map(() => person.post(suite.at('trading', '/refresh'), {}, { headers: json })),
    )
    RefreshToken.find = find
    expect(pages.map(each => each.status)).to.deep.equal([200, 200, 200, 200])
    expect(new Set(pages.map(each => each.json<Tokens>().access_token.claims.jti)).size).to.equal(1)
    expect((await tokens('trading')).refresh_token.rotations).to.equal(1)
  })

  it('refuses what another origin asks for, and does nothing', async () => {
    await person.get(suite.at('trading', '/login'))
    for (const from of [suite.at('card'), 'https://evil.example/', `${suite.bare.issuer}/`]) {
      const page = await person.post(suite.at('trading', '/refresh'), {}, { from })
      expect(page, from).to.include({ status: 403, h1: 'That came from somewhere else' })
    }
    const cookie = await person.cookies.getCookieString(suite.at('trading'))
    const old = await person.fetch(suite.at('trading', '/refresh'), {
      method: 'POST',
      headers: { cookie, origin: suite.at('card') },
    })
    expect(old.status).to.equal(403)
    expect((await tokens('trading')).refresh_token.rotations).to.equal(0)
  })

  it('lets a program with a cookie of its own refresh', async () => {
    await person.get(suite.at('trading', '/login'))
    const answer = await person.fetch(suite.at('trading', '/refresh'), { method: 'POST', headers: json })
    expect(answer.status).to.equal(200)
  })

  it('says 401 where nobody is signed in', async () => {
    const page = await person.post(suite.at('trading', '/refresh'))
    expect(page).to.include({ status: 401, h1: 'You are not signed in' })
    const asked = await person.post(suite.at('trading', '/refresh'), {}, { headers: json })
    expect(asked.json()).to.include({ error: 'signed_out' })
  })

  it('ends the session when Latchkey gives no more', async () => {
    await person.get(suite.at('wallet', '/login'))
    suite.bare.forget('RefreshToken')
    const page = await person.post(suite.at('wallet', '/refresh'))
    expect(page).to.include({ status: 401, h1: 'Your session has ended' })
    expect((await person.get(suite.at('wallet', '/tokens.json'))).status).to.equal(401)
  })

  it('keeps the session while Latchkey is away', async () => {
    await person.get(suite.at('card', '/login'))
    await suite.bare.close()
    const away = await person.post(suite.at('card', '/refresh'))
    await suite.bare.open()
    expect(away).to.include({ status: 503, h1: 'Latchkey is not answering' })
    expect((await person.post(suite.at('card', '/refresh'))).status).to.equal(200)
    expect((await tokens('card')).refresh_token.rotations).to.equal(1)
  })
})
