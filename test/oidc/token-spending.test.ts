import { expect } from 'chai'
import * as client from 'openid-client'
import type { App } from '../support/party.ts'
import { browser, type Running, running } from '../support/provider.ts'
import { slow, testStore } from '../support/store.ts'

const settle = async (attempts: Promise<client.TokenEndpointResponse>[]) => {
  const settled = await Promise.allSettled(attempts)
  return {
    won: settled.filter(each => each.status === 'fulfilled').map(each => each.value),
    lost: settled.filter(each => each.status === 'rejected').map(each => each.reason),
  }
}

describe('authorization codes', () => {
  let latchkey: Running
  let app: App

  const begin = async (settings?: Parameters<typeof running>[0]) => {
    latchkey = await running(settings)
    app = await latchkey.app('trading')
  }
  afterEach(() => latchkey.close())

  it('are redeemed by exactly one of ten requests at once, whose tokens then end', async () => {
    const store = await testStore()
    await begin({ store: slow(store, 20) })
    const callback = await app.authorize(browser())
    const { won, lost } = await settle(Array.from({ length: 10 }, () => app.redeem(callback)))
    expect(won).to.have.lengthOf(1)
    expect(lost.map(each => each.error)).to.deep.equal(Array(9).fill('invalid_grant'))
    const again = await app.refresh(won[0]?.refresh_token).catch(each => each)
    expect(again.error).to.equal('invalid_grant')
    await latchkey.close()
    await store.close()
  })

  it('revoke their tokens when they are used again', async () => {
    await begin()
    const person = browser()
    const callback = await app.authorize(person)
    const tokens = await app.redeem(callback)
    expect((await app.redeem(callback).catch(each => each)).error).to.equal('invalid_grant')
    expect((await app.refresh(tokens.refresh_token).catch(each => each)).error).to.equal('invalid_grant')
    const info = client.fetchUserInfo(app.configuration, tokens.access_token, 'ada')
    expect(await info.catch(each => each)).to.be.instanceOf(client.WWWAuthenticateChallengeError)
    await app.refresh((await app.signIn(person)).refresh_token)
    expect(latchkey.met).to.have.lengthOf(1)
  })

  it('expire after a minute', async () => {
    await begin()
    const callback = await app.authorize(browser())
    latchkey.pass(61_000)
    expect((await app.redeem(callback).catch(each => each)).error).to.equal('invalid_grant')
  })

  it('are refused for another client, or without their verifier', async () => {
    await begin()
    const callback = await app.authorize(browser())
    const thief = await latchkey.app('card')
    const stolen = new URL(callback.url.href.replace('/trading/', '/card/'))
    expect((await thief.redeem({ ...callback, url: stolen }).catch(each => each)).error).to.equal('invalid_grant')
    const verifier = client.randomPKCECodeVerifier()
    expect((await app.redeem({ ...callback, verifier }).catch(each => each)).error).to.equal('invalid_grant')
    await app.redeem(callback)
  })

  it('are refused once the session has ended', async () => {
    await begin()
    const person = browser()
    const callback = await app.authorize(person)
    await person.get(`${latchkey.issuer}/end`)
    expect((await app.redeem(callback).catch(each => each)).error).to.equal('invalid_grant')
  })
})
