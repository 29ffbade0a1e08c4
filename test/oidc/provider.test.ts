import { expect } from 'chai'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import * as client from 'openid-client'
import { ClientsError } from '../../src/clients/declared.ts'
import { Problem } from '../../src/errors.ts'
import type { Store } from '../../src/store/collection.ts'
import type { Jar } from '../support/jar.ts'
import type { App } from '../support/party.ts'
import { browser, declared, type Running, running, trading, wallet } from '../support/provider.ts'
import { testStore } from '../support/store.ts'

describe('the provider', () => {
  let latchkey: Running
  let person: Jar
  beforeEach(async () => {
    latchkey = await running()
    person = browser()
  })
  afterEach(() => latchkey.close())

  it('signs in at one app, and then at the others without asking', async () => {
    const first = await (await latchkey.app('trading')).signIn(person)
    expect(first.claims()).to.include({ sub: 'ada', acr: 'aal2' })
    for (const id of ['card', 'wallet']) {
      const tokens = await (await latchkey.app(id)).signIn(person, { resource: wallet, scope: 'openid email read' })
      expect(tokens.claims()).to.include({ sub: 'ada', email: 'ada@example.com' })
      expect(decodeJwt(tokens.access_token)).to.include({ aud: wallet, scope: 'read', acr: 'aal2', client_id: id })
    }
    expect(latchkey.met).to.have.lengthOf(1)
    expect(latchkey.of('session.started')).to.have.lengthOf(1)
    expect(latchkey.of('session.started')[0]).to.deep.include({ account: 'ada', amr: ['pwd', 'otp', 'mfa'] })
    expect(latchkey.faults).to.deep.equal([])
  })

  it('prints nothing to the console', async () => {
    const said: unknown[] = []
    const { info, warn } = console
    console.info = console.warn = (...words) => void said.push(words)
    try {
      const quiet = await running()
      const app = await quiet.app('trading')
      await app.refresh((await app.signIn(browser())).refresh_token)
      await quiet.close()
    } finally {
      Object.assign(console, { info, warn })
    }
    expect(said).to.deep.equal([])
  })

  describe('at the token endpoint', () => {
    const service = async (parameters: Record<string, string>) =>
      client.clientCredentialsGrant((await latchkey.app('service')).configuration, parameters)

    it('issues services their own tokens: signed, for five minutes, for one API', async () => {
      const tokens = await service({ resource: wallet, scope: 'read transfer trade' })
      const claims = decodeJwt(tokens.access_token)
      expect(tokens.expires_in).to.equal(300)
      expect(claims).to.include({ iss: latchkey.issuer, sub: 'service', client_id: 'service', aud: wallet })
      expect(claims.scope).to.equal('read transfer')
      expect((claims.exp ?? 0) - (claims.iat ?? 0)).to.equal(300)
      expect(claims).to.not.have.any.keys('acr', 'amr', 'auth_time', 'sid')
      expect(decodeProtectedHeader(tokens.access_token)).to.include({ alg: 'ES256', typ: 'at+jwt' })
      expect(latchkey.of('grant.issued')).to.deep.equal([{ client: 'service', type: 'client_credentials' }])
    })

    it('signs with the algorithm that the API declares', async () => {
      const tokens = await service({ resource: trading, scope: 'read' })
      expect(decodeProtectedHeader(tokens.access_token)).to.include({ alg: 'EdDSA', typ: 'at+jwt' })
    })

    it('requires the resource where there are several APIs', async () => {
      expect((await service({ scope: 'read' }).catch(each => each)).error).to.equal('invalid_target')
    })

    it('records a refusal with its code and origin', async () => {
      const wrong = await fetch(`${latchkey.issuer}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa('trading:wrong')}`, 'user-agent': 'thief' },
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
      })
      expect(wrong.status).to.equal(401)
      expect(latchkey.told.at(-1)).to.deep.equal({
        name: 'grant.turned-away',
        data: { client: 'trading', type: 'client_credentials', code: 'invalid_client' },
        origin: { address: '127.0.0.1', agent: 'thief' },
      })
    })

    it('records nothing of what was sent in place of a grant', async () => {
      for (const grant_type of ['x'.repeat(50_000), 'a secret that went astray', 'constructor']) {
        const body = new URLSearchParams({ grant_type, client_id: 'wallet' })
        expect((await fetch(`${latchkey.issuer}/token`, { method: 'POST', body })).status).to.equal(400)
        expect(latchkey.told.at(-1)?.data).to.deep.equal({ client: 'wallet', code: 'unsupported_grant_type' })
      }
    })

    it('answers scripts from a public client’s own origin only', async () => {
      const post = (app: string, origin: string) =>
        fetch(`${latchkey.issuer}/token`, {
          method: 'POST',
          headers: { origin },
          body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x', client_id: app }),
        })
      const own = await post('wallet', latchkey.issuer)
      expect(own.headers.get('access-control-allow-origin')).to.equal(latchkey.issuer)
      for (const origin of ['https://evil.example', 'null']) {
        const others = await post('wallet', origin)
        expect(others.headers.get('access-control-allow-origin')).to.equal(null)
        expect(((await others.json()) as { error: string }).error).to.equal('invalid_request')
      }
      const confidential = await post('trading', latchkey.issuer)
      expect(confidential.headers.get('access-control-allow-origin')).to.equal(null)
    })
  })

  describe('about people', () => {
    let app: App
    beforeEach(async () => {
      app = await latchkey.app('trading')
    })

    it('tells apps the claims of their scopes', async () => {
      const few = await app.signIn(person)
      expect(await client.fetchUserInfo(app.configuration, few.access_token, 'ada')).to.deep.equal({
        sub: 'ada',
        email: 'ada@example.com',
        email_verified: true,
      })
      const all = await app.signIn(person, { scope: 'openid email phone profile' })
      expect(await client.fetchUserInfo(app.configuration, all.access_token, 'ada')).to.deep.equal({
        sub: 'ada',
        email: 'ada@example.com',
        email_verified: true,
        phone_number: '+15005550006',
        phone_number_verified: true,
        locale: 'en',
        updated_at: 1,
      })
      latchkey.proof = { ...latchkey.proof, accountId: 'bob' }
      const bob = await app.signIn(browser(), { scope: 'openid phone' })
      expect(await client.fetchUserInfo(app.configuration, bob.access_token, 'bob')).to.deep.equal({ sub: 'bob' })
    })

    it('tells nothing of signed tokens by introspection, which anybody verifies by the keys', async () => {
      const tokens = await app.signIn(browser(), { scope: 'openid read', resource: trading })
      const asked = await client.tokenIntrospection(app.configuration, tokens.access_token).catch(fault => fault)
      expect(asked).to.have.property('error', 'unsupported_token_type')
    })

    it('introspects a client’s own tokens, and no other client’s', async () => {
      const tokens = await app.signIn(person)
      const own = await client.tokenIntrospection(app.configuration, tokens.access_token)
      expect(own).to.include({ active: true, sub: 'ada', client_id: 'trading' })
      const card = await latchkey.app('card')
      expect(await client.tokenIntrospection(card.configuration, tokens.access_token)).to.deep.equal({ active: false })
      await app.refresh(tokens.refresh_token)
      const spent = await client.tokenIntrospection(app.configuration, tokens.refresh_token ?? '')
      expect(spent).to.deep.equal({ active: false })
    })

    it('revokes a client’s own refresh token and all that was issued with it', async () => {
      const tokens = await app.signIn(person)
      const card = await latchkey.app('card')
      const stranger = client.tokenRevocation(card.configuration, tokens.refresh_token ?? '')
      expect((await stranger.catch(each => each)).error).to.equal('invalid_request')
      await client.tokenRevocation(app.configuration, tokens.refresh_token ?? '')
      expect((await app.refresh(tokens.refresh_token).catch(each => each)).error).to.equal('invalid_grant')
      const gone = client.fetchUserInfo(app.configuration, tokens.access_token, 'ada')
      expect(await gone.catch(each => each)).to.be.instanceOf(client.WWWAuthenticateChallengeError)
      expect(latchkey.of('token.revoked')).to.deep.equal([{ client: 'trading' }])
    })
  })
})

describe('the provider while the store is away', () => {
  it('answers 503 with Retry-After', async () => {
    const store = await testStore()
    let away = false
    const failing: Store = {
      ...store,
      collection: declaration => {
        const inner = store.collection(declaration)
        return {
          ...inner,
          get: async id => {
            if (away) throw new Problem('unavailable', { retryAfter: 1 })
            return inner.get(id)
          },
        }
      },
    }
    const latchkey = await running({ store: failing })
    const app = await latchkey.app('trading')
    const tokens = await app.signIn(browser())
    away = true
    const answer = await fetch(`${latchkey.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa('trading:trading-secret-for-development-only-0000')}` },
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' }),
    })
    expect(answer.status).to.equal(503)
    expect(answer.headers.get('retry-after')).to.equal('1')
    expect(await answer.json()).to.deep.equal({ error: 'temporarily_unavailable' })
    expect(latchkey.faults).to.have.lengthOf(1)
    away = false
    await app.refresh(tokens.refresh_token)
    await latchkey.close()
    await store.close()
  })
})

describe('a provider with a client that oidc-provider refuses', () => {
  it('does not start', async () => {
    const declare = (origin: string) => {
      const file = declared(origin) as { clients: { jwks?: object; jwks_uri?: string }[] }
      const key = { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }
      Object.assign(file.clients[0] ?? {}, { jwks: { keys: [key] }, jwks_uri: 'https://app.example/keys' })
      return file
    }
    const store = await testStore()
    const fault = await running({ declare, store }).catch(each => each)
    expect(fault).to.be.instanceOf(ClientsError)
    await store.close()
  })
})
