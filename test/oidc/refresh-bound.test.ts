import { expect } from 'chai'
import * as client from 'openid-client'
import { browser, type Running, running } from '../support/provider.ts'
import { slow, testStore } from '../support/store.ts'

const refused = async (attempt: Promise<unknown>): Promise<string> => {
  const fault = await attempt.then(
    () => undefined,
    each => each,
  )
  expect(fault, 'it was answered').to.be.instanceOf(client.ResponseBodyError)
  return (fault as client.ResponseBodyError).error
}

describe('refresh tokens bound to a key', () => {
  let latchkey: Running
  beforeEach(async () => {
    latchkey = await running()
  })
  afterEach(() => latchkey.close())

  it('are answered again for the same key with a new proof', async () => {
    const app = await latchkey.app('wallet')
    const tokens = await app.signIn(browser())
    const first = await app.refresh(tokens.refresh_token)
    expect((await app.refresh(tokens.refresh_token)).refresh_token).to.equal(first.refresh_token)
  })

  it('end the session when a spent one comes with another key', async () => {
    const app = await latchkey.app('wallet')
    const tokens = await app.signIn(browser())
    await app.refresh(tokens.refresh_token)
    const thief = await latchkey.app('wallet')
    expect(await refused(thief.refresh(tokens.refresh_token))).to.equal('invalid_grant')
    expect(latchkey.of('session.ended').map(each => each.why)).to.deep.equal(['token-reused'])
  })

  it('end the session when the first use was with another key, although the token itself is not bound', async () => {
    const app = await latchkey.app('trading')
    const tokens = await app.signIn(browser())
    const key = async () => client.getDPoPHandle(app.configuration, await client.randomDPoPKeyPair('ES256'))
    const refresh = async (DPoP: client.DPoPHandle) =>
      client.refreshTokenGrant(app.configuration, tokens.refresh_token ?? '', {}, { DPoP })
    await refresh(await key())
    expect(await refused(refresh(await key()))).to.equal('invalid_grant')
    expect(latchkey.of('token.reused')).to.have.lengthOf(1)
  })

  it('refuse another key, or none, while they are valid', async () => {
    const app = await latchkey.app('wallet')
    const tokens = await app.signIn(browser())
    const thief = await latchkey.app('wallet')
    expect(await refused(thief.refresh(tokens.refresh_token))).to.equal('invalid_grant')
    const bare = client.refreshTokenGrant(app.configuration, tokens.refresh_token ?? '')
    expect(await refused(bare)).to.equal('invalid_grant')
    await app.refresh(tokens.refresh_token)
  })
})

describe('refresh tokens in a longer session', () => {
  it('expire thirty days after their last use', async () => {
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
  it('rotate once for ten requests at the same time', async () => {
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
