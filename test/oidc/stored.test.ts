import { expect } from 'chai'
import * as client from 'openid-client'
import { browser, running, wallet } from '../support/provider.ts'
import { testStore } from '../support/store.ts'
import { watched } from '../support/watched.ts'

describe('what the provider stores', () => {
  it('contains nothing that could be used as a bearer token', async () => {
    const store = await testStore()
    const { store: seen, written } = watched(store)
    const latchkey = await running({ store: seen })
    const person = browser()
    const used: string[] = []

    const pushed = await latchkey.app('card')
    const url = await client.buildAuthorizationUrlWithPAR(pushed.configuration, {
      redirect_uri: `${latchkey.issuer}/card/callback`,
      scope: 'openid',
      code_challenge: await client.calculatePKCECodeChallenge(client.randomPKCECodeVerifier()),
      code_challenge_method: 'S256',
    })
    used.push(url.searchParams.get('request_uri')?.split(':').at(-1) ?? '')
    for (const id of ['trading', 'wallet', 'card']) {
      const app = await latchkey.app(id)
      const step: Record<string, string> = {
        resource: wallet,
        scope: 'openid read',
        acr_values: 'aal2',
        prompt: 'login',
      }
      for (const more of [{}, step]) {
        const callback = await app.authorize(person, more)
        used.push(callback.url.searchParams.get('code') ?? '', callback.verifier)
        const tokens = await app.redeem(callback)
        const next = await app.refresh(tokens.refresh_token)
        const again = await app.refresh(tokens.refresh_token)
        for (const each of [tokens, next, again])
          used.push(each.access_token, each.refresh_token ?? '', each.id_token ?? '')
        for (const each of await person.cookies.getCookies(latchkey.issuer)) {
          if (each.key.startsWith('latchkey_session')) used.push(each.value)
        }
      }
    }
    const text = written()
    expect(used).to.have.lengthOf.above(60)
    for (const each of used) {
      expect(each).to.have.lengthOf.above(20)
      expect(text).to.not.include(each)
    }
    // Not even what all refresh tokens of a family begin with.
    for (const each of used) if (/^[\w-]{65}$/.test(each)) expect(text).to.not.include(each.slice(0, 22))
    await latchkey.close()
    await store.close()
  })

  it('is limited per endpoint where a client cannot authenticate, so that a flood of one closes no other', async () => {
    const books: (string | undefined)[] = []
    const latchkey = await running({ quota: { spend: async (_, { client }) => void books.push(client) } })
    const app = await latchkey.app('wallet')
    const { refresh_token } = await app.signIn(browser())
    await app.refresh(refresh_token)
    // Proofs are stored at the token endpoint only for a valid grant, which somebody who floods it does not have.
    expect(books.every(each => each === undefined)).to.equal(true)
    books.length = 0
    const form = {
      client_id: 'wallet',
      redirect_uri: `${latchkey.issuer}/wallet/callback`,
      response_type: 'code',
      scope: 'openid',
      code_challenge: await client.calculatePKCECodeChallenge(client.randomPKCECodeVerifier()),
      code_challenge_method: 'S256',
    }
    const { status } = await fetch(`${latchkey.issuer}/par`, { method: 'POST', body: new URLSearchParams(form) })
    expect(status).to.equal(201)
    expect(books).to.deep.equal(['wallet pushed_authorization_request'])
    await latchkey.close()
  })
})
