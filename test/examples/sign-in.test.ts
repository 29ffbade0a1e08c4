import { expect } from 'chai'
import { apps } from '../../examples/suite/apps.ts'
import { jar, type Page } from '../support/jar.ts'
import { type BareSuite, bareSuite } from '../support/suite.ts'

describe('signing in at the example apps', () => {
  let suite: BareSuite
  before(async () => {
    suite = await bareSuite()
  })
  after(() => suite.close())
  afterEach(() => {
    suite.bare.ending = { account: 'ada' }
  })

  for (const { id, name } of apps) {
    it(`signs in at ${name}`, async () => {
      const person = jar()
      const door = await person.get(suite.at(id))
      expect(door).to.include({ status: 200, title: name })
      const page = await door.follow('Log in')
      expect(page).to.include({ status: 200, url: suite.at(id), h1: 'Hello, ada Lovelace' })
      expect(page.text)
        .to.include('ada@example.com')
        .and.include('Two different factors: password and one-time code aal2')
      expect(page.text).to.include('for 5 minutes more').and.include('Example data')
    })
  }

  it('signs in at the sister apps without asking', async () => {
    const person = jar()
    await person.get(suite.at('trading', '/login'))
    suite.bare.ending = { error: 'access_denied' }
    for (const { id, name } of apps) {
      const next = await (await person.get(suite.at('trading'))).follow(name)
      expect(next.url).to.equal(suite.at(id))
      expect((await person.get(suite.at(id, '/login'))).h1).to.equal('Hello, ada Lovelace')
    }
  })

  it('asks for its API, offline, with PKCE, state and nonce', async () => {
    const asked = await jar().get(suite.at('trading', '/login'), { follow: false })
    const query = new URL(asked.location ?? '').searchParams
    expect(asked.status).to.equal(303)
    expect(query.get('resource')).to.equal(suite.at('trading', '/api'))
    expect(query.get('scope')?.split(' ')).to.include.members(['openid', 'email', 'offline_access', 'trading:read'])
    expect(query.get('code_challenge_method')).to.equal('S256')
    for (const name of ['state', 'nonce', 'code_challenge']) expect(query.get(name)).to.have.length(43)
  })

  it('pushes its request where the client must (RFC 9126)', async () => {
    const asked = await jar().get(suite.at('card', '/login'), { follow: false })
    expect([...new URL(asked.location ?? '').searchParams.keys()]).to.have.members(['client_id', 'request_uri'])
  })

  it('binds code and tokens to a key of the session where the client must (RFC 9449)', async () => {
    const keys = await Promise.all(
      [1, 2].map(async () => {
        const person = jar()
        const asked = await person.get(suite.at('wallet', '/login'), { follow: false })
        await person.get(asked.location ?? '')
        const { access_token: token } = (await person.get(suite.at('wallet', '/tokens.json'))).json<Tokens>()
        expect(token.token_type).to.equal('dpop')
        expect(token.claims.cnf?.jkt).to.equal(new URL(asked.location ?? '').searchParams.get('dpop_jkt'))
        return token.claims.cnf?.jkt
      }),
    )
    expect(new Set(keys).size).to.equal(2)
  })

  it('reports claims and times, and no token', async () => {
    const person = jar()
    await person.get(suite.at('staking', '/login'))
    const page = await person.get(suite.at('staking', '/tokens.json'))
    const tokens = page.json<Tokens>()
    expect(page.headers.get('cache-control')).to.equal('no-store')
    expect(tokens.sub).to.equal('ada')
    expect(tokens.claims).to.include({ iss: suite.bare.issuer, aud: 'staking', acr: 'aal2', email: 'ada@example.com' })
    expect(tokens.access_token.claims).to.include({ aud: suite.at('staking', '/api'), scope: 'staking:read' })
    expect(Date.parse(tokens.expires_at) - Date.now()).to.be.within(290_000, 300_000)
    expect(tokens.refresh_token).to.deep.equal({ held: true, rotations: 0 })
    expect(page.html).to.not.match(/eyJ[\w-]+\.[\w-]+\.[\w-]+/)
  })

  it('says 401 of tokens where nobody is signed in', async () => {
    const page = await jar().get(suite.at('card', '/tokens.json'))
    expect(page.status).to.equal(401)
    expect(page.json()).to.deep.equal({ error: 'signed_out', message: 'You are not signed in' })
  })

  it('gives the session a new id at every sign-in, HttpOnly and Lax', async () => {
    const person = jar()
    const session = async () => {
      await person.get(suite.at('trading', '/login'))
      const cookies = await person.cookies.getCookies(suite.at('trading'))
      return cookies.find(each => each.key === 'trading_session')
    }
    const first = await session()
    const second = await session()
    expect(second?.value)
      .to.match(/^[\w-]{43}$/)
      .and.not.equal(first?.value)
    expect(second).to.include({ httpOnly: true, sameSite: 'lax' })
    const old = await jar().fetch(suite.at('trading', '/tokens.json'), {
      headers: { cookie: `trading_session=${first?.value}` },
    })
    expect(old.status).to.equal(401)
  })

  it('signs in in two tabs begun one after the other', async () => {
    const person = jar()
    const begin = () => person.get(suite.at('trading', '/login'), { follow: false })
    for (const tab of [await begin(), await begin()]) {
      expect((await person.get(tab.location ?? '')).h1).to.equal('Hello, ada Lovelace')
    }
  })

  describe('what comes back wrong', () => {
    /** A sign-in up to the address that Latchkey sends the browser back to. */
    async function callback(person = jar()): Promise<URL> {
      let page = await person.get(suite.at('trading', '/login'), { follow: false })
      while (!page.location?.startsWith(suite.at('trading')))
        page = await person.get(page.location ?? '', { follow: false })
      return new URL(page.location)
    }

    function stale(page: Page) {
      expect(page).to.include({ status: 400, h1: 'This sign-in can’t be finished here' })
      expect(page.alerts).to.have.length(1)
      expect(page.links.map(each => each.text)).to.include('Log in')
    }

    it('refuses a state that it did not make, and none at all', async () => {
      const person = jar()
      const url = await callback(person)
      url.searchParams.set('state', 'x'.repeat(43))
      stale(await person.get(url.href))
      url.searchParams.delete('state')
      stale(await person.get(url.href))
      stale(await person.get(`${url.href}&state=a&state=b`))
    })

    it('refuses a state of another browser, and leaves it to its owner', async () => {
      const person = jar()
      const url = await callback(person)
      stale(await jar().get(url.href))
      const other = jar()
      await other.get(suite.at('trading', '/login'), { follow: false })
      stale(await other.get(url.href))
      expect((await person.get(url.href)).h1).to.equal('Hello, ada Lovelace')
    })

    it('refuses a callback that was used', async () => {
      const person = jar()
      const url = await callback(person)
      await person.get(url.href)
      stale(await person.get(url.href))
    })

    it('refuses an answer of another issuer (RFC 9207)', async () => {
      const person = jar()
      const url = await callback(person)
      url.searchParams.set('iss', 'https://evil.example')
      expect((await person.get(url.href)).status).to.equal(400)
      expect((await person.get(suite.at('trading', '/tokens.json'))).status).to.equal(401)
    })

    it('refuses a code that is not its own', async () => {
      const person = jar()
      const url = await callback(person)
      url.searchParams.set('code', 'made-up')
      const page = await person.get(url.href)
      expect(page).to.include({ status: 400, h1: 'Latchkey turned this sign-in down' })
      expect(page.text).to.include('invalid_grant')
    })
  })

  for (const [error, status, h1] of [
    ['access_denied', 403, 'You were not signed in'],
    ['temporarily_unavailable', 503, 'Latchkey is not answering'],
    ['server_error', 503, 'Latchkey is not answering'],
    ['unmet_authentication_requirements', 400, 'Latchkey turned this sign-in down'],
  ] as const) {
    it(`explains ${error}`, async () => {
      suite.bare.ending = { error, description: '<b>never shown</b>' }
      const page = await jar().get(suite.at('wallet', '/login'))
      expect(page).to.include({ status, h1 })
      expect(page.alerts).to.have.length(1)
      expect(page.html).to.not.include('never shown')
    })
  }
})

describe('the example apps while Latchkey is away', () => {
  it('show their page, and find Latchkey once it is back', async () => {
    const suite = await bareSuite()
    const person = jar()
    try {
      await suite.bare.close()
      expect((await person.get(suite.at('trading'))).status).to.equal(200)
      for (const { id } of apps) {
        const page = await person.get(suite.at(id, '/login'))
        expect(page).to.include({ status: 503, h1: 'Latchkey is not answering' })
        expect(page.headers.get('retry-after')).to.equal('5')
        expect(page.links.map(each => each.text)).to.include('Try again')
      }
      await suite.bare.open()
      expect((await person.get(suite.at('trading', '/login'))).h1).to.equal('Hello, ada Lovelace')
    } finally {
      await suite.close()
    }
  })
})

interface Tokens {
  sub: string
  expires_at: string
  claims: Record<string, unknown>
  access_token: { token_type: string; claims: Record<string, unknown> & { cnf?: { jkt: string } } }
  refresh_token: object
}
