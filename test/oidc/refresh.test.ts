import { expect } from 'chai'
import { decodeJwt } from 'jose'
import * as client from 'openid-client'
import type { Jar } from '../support/jar.ts'
import type { App, Tokens } from '../support/party.ts'
import { accounts, browser, type Running, running, trading, wallet } from '../support/provider.ts'
import { slow, testStore } from '../support/store.ts'

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

  it('rotate at each use, with all that was granted', async () => {
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

  it('give tokens for an API that was granted, and for no other', async () => {
    tokens = await app.signIn(person, { resource: trading, scope: 'openid read trade' })
    const answer = await app.refresh(tokens.refresh_token, { resource: trading, scope: 'openid read' })
    expect(decodeJwt(answer.access_token)).to.include({ aud: trading, scope: 'read', sub: 'ada', acr: 'aal2' })
    expect(decodeJwt(answer.access_token).auth_time).to.be.a('number')
    expect(await refused(app.refresh(answer.refresh_token, { resource: wallet }))).to.equal('invalid_target')
    expect(await refused(app.refresh(answer.refresh_token, { scope: 'openid phone' }))).to.equal('invalid_scope')
  })

  describe('when the answer was lost', () => {
    it('answer the same request alike', async () => {
      const first = await app.refresh(tokens.refresh_token)
      latchkey.pass(29_000)
      const second = await app.refresh(tokens.refresh_token)
      expect({ ...second }).to.deep.equal({ ...first })
      expect(latchkey.of('token.replayed')).to.deep.equal([{ client: 'trading', account: 'ada' }])
      expect(latchkey.of('grant.issued').filter(each => each.type === 'refresh_token')).to.have.lengthOf(1)
      await app.refresh(second.refresh_token)
    })

    it('answer ten at once with one rotation', async () => {
      const ten = await Promise.all(Array.from({ length: 10 }, () => app.refresh(tokens.refresh_token)))
      expect(new Set(ten.map(each => JSON.stringify(each))).size).to.equal(1)
      await app.refresh(ten[0]?.refresh_token)
      expect(latchkey.of('token.reused')).to.deep.equal([])
    })

    it('refuse another question, and harm nobody', async () => {
      const first = await app.refresh(tokens.refresh_token)
      expect(await refused(app.refresh(tokens.refresh_token, { scope: 'openid' }))).to.equal('invalid_grant')
      expect(latchkey.of('token.reused')).to.deep.equal([])
      await app.refresh(first.refresh_token)
    })
  })

  describe('when one is used that was spent', () => {
    const dead = async (): Promise<void> => {
      expect(latchkey.of('token.reused')).to.have.lengthOf(1)
      expect(latchkey.of('token.reused')[0]).to.include({ client: 'trading', account: 'ada' })
      expect(latchkey.of('session.ended').map(each => each.why)).to.deep.equal(['token-reused'])
    }

    it('end the family, the session and its tokens at every app after 30 seconds', async () => {
      const card = await latchkey.app('card')
      const cards = await card.signIn(person)
      const next = await app.refresh(tokens.refresh_token)
      latchkey.pass(30_000)
      expect(await refused(app.refresh(tokens.refresh_token))).to.equal('invalid_grant')
      await dead()
      expect(await refused(app.refresh(next.refresh_token))).to.equal('invalid_grant')
      expect(await refused(card.refresh(cards.refresh_token))).to.equal('invalid_grant')
      const told = latchkey.logouts.map(each => [each.path, decodeJwt(each.token).sid])
      expect(told).to.have.deep.members([
        ['/trading/backchannel-logout', tokens.claims()?.sid],
        ['/card/backchannel-logout', cards.claims()?.sid],
      ])
      const gone = await client.fetchUserInfo(card.configuration, cards.access_token, 'ada').catch(each => each)
      expect(gone).to.be.instanceOf(client.WWWAuthenticateChallengeError)
      expect((await person.get(`${latchkey.issuer}/mine`)).json()).to.deep.equal({})
    })

    it('end it at once when the one that came after was used', async () => {
      const second = await app.refresh(tokens.refresh_token)
      const third = await app.refresh(second.refresh_token)
      expect(await refused(app.refresh(tokens.refresh_token))).to.equal('invalid_grant')
      await dead()
      expect(await refused(app.refresh(third.refresh_token))).to.equal('invalid_grant')
    })

    it('end it when another client has it', async () => {
      const next = await app.refresh(tokens.refresh_token)
      const thief = await latchkey.app('card')
      expect(await refused(thief.refresh(tokens.refresh_token))).to.equal('invalid_grant')
      await dead()
      expect(await refused(app.refresh(next.refresh_token))).to.equal('invalid_grant')
    })

    it('end it for one that only begins like it', async () => {
      const forged = `${tokens.refresh_token?.slice(0, -4)}aaaa`
      expect(await refused(app.refresh(forged))).to.equal('invalid_grant')
      await dead()
    })

    it('leave it alone when another client has the live one, or nobody ever had it', async () => {
      const thief = await latchkey.app('card')
      expect(await refused(thief.refresh(tokens.refresh_token))).to.equal('invalid_grant')
      expect(await refused(app.refresh('nobody-ever-had-this-one-and-nobody-ever-will'))).to.equal('invalid_grant')
      await app.refresh(tokens.refresh_token)
      expect(latchkey.of('token.reused')).to.deep.equal([])
    })
  })

  it('die with the session that they are of', async () => {
    for (let times = 0; times < 3; times++) tokens = await app.refresh(tokens.refresh_token)
    await person.get(`${latchkey.issuer}/end`)
    expect(await refused(app.refresh(tokens.refresh_token))).to.equal('invalid_grant')
    expect(latchkey.of('token.reused')).to.deep.equal([])
  })

  it('keep the session of somebody at work alive, up to its longest', async () => {
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

describe('refresh tokens bound to a key', () => {
  let latchkey: Running
  beforeEach(async () => {
    latchkey = await running()
  })
  afterEach(() => latchkey.close())

  it('are answered again for the same key, with a proof of its own', async () => {
    const app = await latchkey.app('wallet')
    const tokens = await app.signIn(browser())
    const first = await app.refresh(tokens.refresh_token)
    expect((await app.refresh(tokens.refresh_token)).refresh_token).to.equal(first.refresh_token)
  })

  it('end the session when they come with another key after they were spent', async () => {
    const app = await latchkey.app('wallet')
    const tokens = await app.signIn(browser())
    await app.refresh(tokens.refresh_token)
    const thief = await latchkey.app('wallet')
    expect(await refused(thief.refresh(tokens.refresh_token))).to.equal('invalid_grant')
    expect(latchkey.of('session.ended').map(each => each.why)).to.deep.equal(['token-reused'])
  })

  it('end the session when the answer was for another key, though the token itself is bound to none', async () => {
    const app = await latchkey.app('trading')
    const tokens = await app.signIn(browser())
    const key = async () => client.getDPoPHandle(app.configuration, await client.randomDPoPKeyPair('ES256'))
    const refresh = async (DPoP: client.DPoPHandle) =>
      client.refreshTokenGrant(app.configuration, tokens.refresh_token ?? '', {}, { DPoP })
    await refresh(await key())
    expect(await refused(refresh(await key()))).to.equal('invalid_grant')
    expect(latchkey.of('token.reused')).to.have.lengthOf(1)
  })

  it('refuse another key, or none, while they live', async () => {
    const app = await latchkey.app('wallet')
    const tokens = await app.signIn(browser())
    const thief = await latchkey.app('wallet')
    expect(await refused(thief.refresh(tokens.refresh_token))).to.equal('invalid_grant')
    const bare = client.refreshTokenGrant(app.configuration, tokens.refresh_token ?? '')
    expect(await refused(bare)).to.equal('invalid_grant')
    await app.refresh(tokens.refresh_token)
  })
})

describe('refresh tokens in a session that outlives them', () => {
  it('live thirty days from their last use', async () => {
    const day = 86_400_000
    const latchkey = await running({ session: { idle: 60 * day, max: 90 * day } })
    const app = await latchkey.app('trading')
    let tokens = await app.signIn(browser())
    for (let times = 0; times < 2; times++) {
      latchkey.pass(29 * day)
      tokens = await app.refresh(tokens.refresh_token)
    }
    latchkey.pass(31 * day)
    expect(await refused(app.refresh(tokens.refresh_token))).to.equal('invalid_grant')
    await latchkey.close()
  })
})

describe('refresh tokens on a slow store', () => {
  it('answer ten at once with one rotation', async () => {
    const store = await testStore()
    const latchkey = await running({ store: slow(store, 20) })
    const app = await latchkey.app('trading')
    const tokens = await app.signIn(browser())
    const ten = await Promise.all(Array.from({ length: 10 }, () => app.refresh(tokens.refresh_token)))
    expect(new Set(ten.map(each => JSON.stringify(each))).size).to.equal(1)
    expect(latchkey.of('token.replayed')).to.have.lengthOf(9)
    await app.refresh(ten[0]?.refresh_token)
    await latchkey.close()
    await store.close()
  })
})
