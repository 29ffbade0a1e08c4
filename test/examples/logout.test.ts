import { expect } from 'chai'
import { importJWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { newKey } from '../../src/crypto/jws.ts'
import { type Jar, jar } from '../support/jar.ts'
import { type BareSuite, bareSuite } from '../support/suite.ts'

const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }

describe('logging out of the example apps', () => {
  let suite: BareSuite
  let now = Date.now
  before(async () => {
    suite = await bareSuite({ now: () => now() })
  })
  after(() => suite.close())
  afterEach(() => {
    now = Date.now
  })

  const status = async (person: Jar, id: string) => (await person.get(suite.at(id, '/tokens.json'))).status
  async function signedIn(...ids: string[]): Promise<Jar> {
    const person = jar()
    for (const id of ids) await person.get(suite.at(id, '/login'))
    return person
  }

  it('leaves the app, then asks Latchkey, and comes back (RP-Initiated Logout 1.0)', async () => {
    const person = await signedIn('trading')
    const asked = await (await person.get(suite.at('trading'))).submit({}, 'Log out')
    const [, end] = asked.trail.map(each => new URL(each))
    expect(asked.h1).to.equal('Sign out?')
    expect(end?.searchParams.get('post_logout_redirect_uri')).to.equal(suite.at('trading'))
    expect(end?.searchParams.get('id_token_hint')).to.match(/^eyJ/)
    expect(await status(person, 'trading')).to.equal(401)
    expect(await asked.submit({}, 'Sign out')).to.include({
      url: suite.at('trading'),
      h1: 'See the market before you move',
    })
  })

  it('ends the sister apps through the back channel', async () => {
    const person = await signedIn('trading', 'staking', 'wallet', 'card')
    await (await (await person.get(suite.at('card'))).submit({}, 'Log out')).submit({}, 'Sign out')
    for (const id of ['trading', 'staking', 'wallet', 'card']) expect(await status(person, id), id).to.equal(401)
  })

  it('logs out by a typed address, but not by a link of another site', async () => {
    const person = await signedIn('trading')
    const link = await person.fetch(suite.at('trading', '/logout'), { headers: { 'sec-fetch-site': 'cross-site' } })
    expect(link.status).to.equal(403)
    expect((await person.post(suite.at('trading', '/logout'), {}, { from: suite.at('card') })).status).to.equal(403)
    expect(await status(person, 'trading')).to.equal(200)
    expect((await person.get(suite.at('trading', '/logout'))).h1).to.equal('Sign out?')
    expect(await status(person, 'trading')).to.equal(401)
  })

  it('goes home where nobody was signed in', async () => {
    expect((await jar().get(suite.at('trading', '/logout'))).url).to.equal(suite.at('trading'))
  })

  it('leaves the app even while Latchkey is away', async () => {
    const person = await signedIn('trading')
    await suite.bare.close()
    const page = await person.get(suite.at('trading', '/logout'), { follow: false })
    await suite.bare.open()
    expect(page.location).to.include(`${suite.bare.issuer}/session/end?`)
    expect(await status(person, 'trading')).to.equal(401)
  })

  describe('a logout token', () => {
    let count = 0
    /** A good one for `trading`, but for what is told otherwise. */
    async function token(
      claims: JWTPayload = {},
      { typ = 'logout+jwt', key = suite.bare.key, alg = 'ES256' } = {},
    ): Promise<string> {
      const seconds = Math.floor(now() / 1000)
      const whole = {
        iss: suite.bare.issuer,
        aud: 'trading',
        iat: seconds,
        exp: seconds + 120,
        jti: `t${++count}`,
        events,
        ...claims,
      }
      if (alg === 'none') return new UnsecuredJWT(whole).encode()
      return new SignJWT(whole).setProtectedHeader({ alg, typ, kid: key.kid }).sign(await importJWK(key, alg))
    }
    const send = (logout_token: string) =>
      jar().fetch(suite.at('trading', '/backchannel-logout'), {
        method: 'POST',
        body: new URLSearchParams({ logout_token }),
      })
    async function sid(person: Jar): Promise<string> {
      return (await person.get(suite.at('trading', '/tokens.json'))).json<{ claims: { sid: string } }>().claims.sid
    }

    it('ends the session that it names, and no other', async () => {
      const [one, other] = [await signedIn('trading'), await signedIn('trading')]
      const answer = await send(await token({ sid: await sid(one) }))
      expect(answer.status).to.equal(200)
      expect(answer.headers.get('cache-control')).to.equal('no-store')
      expect([await status(one, 'trading'), await status(other, 'trading')]).to.deep.equal([401, 200])
    })

    it('ends every session of the person that it names', async () => {
      const people = [await signedIn('trading'), await signedIn('trading')]
      suite.bare.ending = { account: 'bob' }
      const bob = await signedIn('trading')
      suite.bare.ending = { account: 'ada' }
      expect((await send(await token({ sub: 'ada' }))).status).to.equal(200)
      for (const person of people) expect(await status(person, 'trading')).to.equal(401)
      expect(await status(bob, 'trading')).to.equal(200)
    })

    it('is answered 200 when there is nothing left to end', async () => {
      expect((await send(await token({ sub: 'nobody' }))).status).to.equal(200)
    })

    it('ends nothing when its sid is not of its sub', async () => {
      const person = await signedIn('trading')
      await send(await token({ sub: 'bob', sid: await sid(person) }))
      expect(await status(person, 'trading')).to.equal(200)
    })

    const seconds = () => Math.floor(now() / 1000)
    const bad: Record<string, () => Promise<string>> = {
      'for another app': () => token({ sub: 'ada', aud: 'card' }),
      'of another issuer': () => token({ sub: 'ada', iss: 'https://evil.example' }),
      'without events': () => token({ sub: 'ada', events: undefined }),
      'about another event': () => token({ sub: 'ada', events: { 'https://example.com/event': {} } }),
      'with an event that is no object': () => token({ sub: 'ada', events: { [Object.keys(events)[0] ?? '']: null } }),
      'with a nonce': () => token({ sub: 'ada', nonce: 'n' }),
      'that names nobody': () => token(),
      'without jti': () => token({ sub: 'ada', jti: undefined }),
      'without iat': () => token({ sub: 'ada', iat: undefined }),
      'without exp': () => token({ sub: 'ada', exp: undefined }),
      'that has passed': () => token({ sub: 'ada', iat: seconds() - 300, exp: seconds() - 100 }),
      'from the future': () => token({ sub: 'ada', iat: seconds() + 100 }),
      'of alg none': () => token({ sub: 'ada' }, { alg: 'none' }),
      'signed by another key': async () =>
        token({ sub: 'ada' }, { key: { ...(await newKey('ES256')), kid: suite.bare.key.kid } }),
      'typed as an ID token': () => token({ sub: 'ada' }, { typ: 'JWT' }),
      'that is none': async () => 'x.y.z',
      'that is empty': async () => '',
    }
    for (const [which, make] of Object.entries(bad)) {
      it(`${which} is refused`, async () => {
        const person = await signedIn('trading')
        const answer = await send(await make())
        expect(answer.status).to.equal(400)
        expect(answer.headers.get('cache-control')).to.equal('no-store')
        expect(await answer.json()).to.include({ error: 'invalid_request' })
        expect(await status(person, 'trading')).to.equal(200)
      })
    }

    it('counts once', async () => {
      const first = await token({ sub: 'ada' })
      expect((await send(first)).status).to.equal(200)
      const person = await signedIn('trading')
      expect((await send(first)).status).to.equal(400)
      expect(await status(person, 'trading')).to.equal(200)
    })

    it('is forgotten when it has passed anyway', async () => {
      const jti = 'again'
      expect((await send(await token({ sub: 'ada', jti }))).status).to.equal(200)
      now = () => Date.now() + 200_000
      expect((await send(await token({ sub: 'ada', jti }))).status).to.equal(200)
    })

    it('must come as a form of reasonable size, by POST', async () => {
      const url = suite.at('trading', '/backchannel-logout')
      const { fetch } = jar()
      const type = { 'content-type': 'application/json' }
      const asJson = await fetch(url, {
        method: 'POST',
        headers: type,
        body: JSON.stringify({ logout_token: await token({ sub: 'ada' }) }),
      })
      expect(asJson.status).to.equal(400)
      expect(
        (await fetch(url, { method: 'POST', body: new URLSearchParams({ logout_token: 'x'.repeat(20_000) }) })).status,
      ).to.equal(400)
      expect((await fetch(url, { method: 'POST' })).status).to.equal(400)
      expect((await fetch(url)).status).to.equal(405)
    })
  })
})
