import { expect } from 'chai'
import { decodeJwt } from 'jose'
import * as client from 'openid-client'
import type { Jar } from '../support/jar.ts'
import type { App, Tokens } from '../support/party.ts'
import { accounts, browser, type Running, running, trading, wallet } from '../support/provider.ts'

const refused = async (attempt: Promise<unknown>): Promise<string> => {
  const fault = await attempt.then(
    () => undefined,
    each => each,
  )
  expect(fault, 'it was answered').to.be.instanceOf(client.ResponseBodyError)
  return (fault as client.ResponseBodyError).error
}

describe('refresh tokens', () => {
  let latchkey: Running
  let app: App
  let tokens: Tokens
  let person: Jar

  beforeEach(async () => {
    person = browser()
    latchkey = await running()
    app = await latchkey.app('trading')
    tokens = await app.signIn(person)
  })
  afterEach(() => latchkey.close())

  it('rotate at each use and keep the whole grant', async () => {
    const seen = new Set([tokens.refresh_token])
    for (let times = 0; times < 3; times++) {
      tokens = await app.refresh(tokens.refresh_token)
      expect(tokens.claims()).to.include({ sub: 'ada', acr: 'aal2' })
      seen.add(tokens.refresh_token)
    }
    expect(seen.size).to.equal(4)
    expect(latchkey.of('grant.issued').map(each => each.type)).to.deep.equal([
      'authorization_code',
      'refresh_token',
      'refresh_token',
      'refresh_token',
    ])
  })

  it('issue tokens only for an API that was granted', async () => {
    tokens = await app.signIn(person, { resource: trading, scope: 'openid read trade' })
    const answer = await app.refresh(tokens.refresh_token, { resource: trading, scope: 'openid read' })
    expect(decodeJwt(answer.access_token)).to.include({ aud: trading, scope: 'read', sub: 'ada', acr: 'aal2' })
    expect(decodeJwt(answer.access_token).auth_time).to.be.a('number')
    expect(await refused(app.refresh(answer.refresh_token, { resource: wallet }))).to.equal('invalid_target')
    expect(await refused(app.refresh(answer.refresh_token, { scope: 'openid phone' }))).to.equal('invalid_scope')
  })

  describe('when the answer was lost', () => {
    it('give the same answer to the same request', async () => {
      const first = await app.refresh(tokens.refresh_token)
      latchkey.pass(29_000)
      const second = await app.refresh(tokens.refresh_token)
      expect({ ...second }).to.deep.equal({ ...first })
      expect(latchkey.of('token.replayed')).to.deep.equal([{ client: 'trading', account: 'ada' }])
      expect(latchkey.of('grant.issued').filter(each => each.type === 'refresh_token')).to.have.lengthOf(1)
      await app.refresh(second.refresh_token)
    })

    it('rotate once for ten requests at the same time', async () => {
      const ten = await Promise.all(Array.from({ length: 10 }, () => app.refresh(tokens.refresh_token)))
      expect(new Set(ten.map(each => JSON.stringify(each))).size).to.equal(1)
      await app.refresh(ten[0]?.refresh_token)
      expect(latchkey.of('token.reused')).to.deep.equal([])
    })

    it('refuse a different request, without harm to the session', async () => {
      const first = await app.refresh(tokens.refresh_token)
      expect(await refused(app.refresh(tokens.refresh_token, { scope: 'openid' }))).to.equal('invalid_grant')
      expect(latchkey.of('token.reused')).to.deep.equal([])
      await app.refresh(first.refresh_token)
    })
  })

  describe('when a spent one is used', () => {
    const dead = async (): Promise<void> => {
      expect(latchkey.of('token.reused')).to.have.lengthOf(1)
      expect(latchkey.of('token.reused')[0]).to.include({ client: 'trading', account: 'ada' })
      expect(latchkey.of('session.ended').map(each => each.why)).to.deep.equal(['token-reused'])
    }

    it('end the family and its tokens after 30 seconds, but no other app’s', async () => {
      const card = await latchkey.app('card')
      const cards = await card.signIn(person)
      const next = await app.refresh(tokens.refresh_token)
      latchkey.pass(30_000)
      expect(await refused(app.refresh(tokens.refresh_token))).to.equal('invalid_grant')
      expect(latchkey.of('token.reused')).to.have.lengthOf(1)
      expect(latchkey.of('token.reused')[0]).to.include({ client: 'trading', account: 'ada', ended: 'app' })
      expect(await refused(app.refresh(next.refresh_token))).to.equal('invalid_grant')
      const gone = await client.fetchUserInfo(app.configuration, next.access_token, 'ada').catch(each => each)
      expect(gone).to.be.instanceOf(client.WWWAuthenticateChallengeError)
      await card.refresh(cards.refresh_token)
      expect(latchkey.of('session.ended')).to.deep.equal([])
    })

    it('end the session and its tokens at every app when the request comes from elsewhere', async () => {
      const card = await latchkey.app('card')
      const cards = await card.signIn(person)
      const next = await app.refresh(tokens.refresh_token)
      const thief = await fetch(`${latchkey.issuer}/token`, {
        method: 'POST',
        headers: {
          authorization: `Basic ${btoa('trading:trading-secret-for-development-only-0000')}`,
          'user-agent': 'curl',
        },
        body: new URLSearchParams({
          grant_type: 'refresh_token',
          refresh_token: `${tokens.refresh_token?.slice(0, -4)}aaaa`,
        }),
      })
      expect(thief.status).to.equal(400)
      await dead()
      expect(await refused(app.refresh(next.refresh_token))).to.equal('invalid_grant')
      expect(await refused(card.refresh(cards.refresh_token))).to.equal('invalid_grant')
      const ended = latchkey.logouts.map(each => [each.path, decodeJwt(each.token).sid])
      expect(ended).to.have.deep.members([
        ['/trading/backchannel-logout', tokens.claims()?.sid],
        ['/card/backchannel-logout', cards.claims()?.sid],
      ])
      const gone = await client.fetchUserInfo(card.configuration, cards.access_token, 'ada').catch(each => each)
      expect(gone).to.be.instanceOf(client.WWWAuthenticateChallengeError)
      expect((await person.get(`${latchkey.issuer}/mine`)).json()).to.deep.equal({})
    })

    it('end the family at once when its successor was used', async () => {
      const second = await app.refresh(tokens.refresh_token)
      const third = await app.refresh(second.refresh_token)
      expect(await refused(app.refresh(tokens.refresh_token))).to.equal('invalid_grant')
      expect(latchkey.of('token.reused').map(each => each.ended)).to.deep.equal(['app'])
      expect(await refused(app.refresh(third.refresh_token))).to.equal('invalid_grant')
    })

    it('end the family when another client uses it', async () => {
      const next = await app.refresh(tokens.refresh_token)
      const thief = await latchkey.app('card')
      expect(await refused(thief.refresh(tokens.refresh_token))).to.equal('invalid_grant')
      await dead()
      expect(await refused(app.refresh(next.refresh_token))).to.equal('invalid_grant')
    })

    it('end the family for a token that only begins like one of it', async () => {
      const forged = `${tokens.refresh_token?.slice(0, -4)}aaaa`
      expect(await refused(app.refresh(forged))).to.equal('invalid_grant')
      await dead()
    })

    it('leave the family alone when another client sends the live token, or one that never existed', async () => {
      const thief = await latchkey.app('card')
      expect(await refused(thief.refresh(tokens.refresh_token))).to.equal('invalid_grant')
      expect(await refused(app.refresh('nobody-ever-had-this-one-and-nobody-ever-will'))).to.equal('invalid_grant')
      await app.refresh(tokens.refresh_token)
      expect(latchkey.of('token.reused')).to.deep.equal([])
    })
  })

  it('end with their session', async () => {
    for (let times = 0; times < 3; times++) tokens = await app.refresh(tokens.refresh_token)
    await person.get(`${latchkey.issuer}/end`)
    expect(await refused(app.refresh(tokens.refresh_token))).to.equal('invalid_grant')
    expect(latchkey.of('token.reused')).to.deep.equal([])
  })

  it('keep an active session alive, up to its maximum age', async () => {
    for (let hours = 0; hours < 23; hours++) {
      latchkey.pass(3_500_000)
      tokens = await app.refresh(tokens.refresh_token)
    }
    const { uid } = (await person.get(`${latchkey.issuer}/mine`)).json<{ uid: string }>()
    expect(uid).to.be.a('string')
    latchkey.pass(2 * 3_600_000)
    expect(await refused(app.refresh(tokens.refresh_token))).to.equal('invalid_grant')
  })

  it('end when the account is closed', async () => {
    const ada = accounts.ada as { status: string }
    ada.status = 'closed'
    try {
      expect(await refused(app.refresh(tokens.refresh_token))).to.equal('invalid_grant')
    } finally {
      ada.status = 'active'
    }
  })
})
