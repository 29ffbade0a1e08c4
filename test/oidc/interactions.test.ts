import { expect } from 'chai'
import { decodeJwt } from 'jose'
import * as client from 'openid-client'
import { Problem } from '../../src/errors.ts'
import type { Jar } from '../support/jar.ts'
import { browser, type Running, running, wallet } from '../support/provider.ts'

describe('interactions', () => {
  let latchkey: Running
  let person: Jar
  beforeEach(async () => {
    latchkey = await running()
    person = browser()
  })
  afterEach(() => latchkey.close())

  const agree = () => {
    latchkey.meet = async (ctx, { interactions }) => {
      const { prompt } = await interactions.details(ctx)
      await (prompt === 'consent' ? interactions.consent(ctx) : interactions.finish(ctx, latchkey.proof))
    }
  }

  it('say which app asks, for what, and where the browser goes at the end', async () => {
    await (await latchkey.app('trading')).authorize(person, {
      acr_values: 'aal2 mfa',
      max_age: '60',
      login_hint: 'ada@example.com',
      ui_locales: 'de en',
      prompt: 'login',
    })
    const [met] = latchkey.met
    expect(met?.uid).to.match(/^[\w-]{43}$/)
    expect(met?.app?.home).to.match(/^http:\/\/(localhost|127\.0\.0\.1):\d+\/$/)
    expect({ ...met, uid: '', app: met?.app?.name }).to.deep.equal({
      uid: '',
      prompt: 'login',
      client: { id: 'trading', name: 'trading', tile: 'neutral', logo: undefined, firstParty: true },
      app: 'trading',
      stranger: undefined,
      params: { acr: 'mfa', anew: true, maxAge: 60, login_hint: 'ada@example.com', ui_locales: 'de en' },
      session: undefined,
      asked: { scopes: [], resources: [], attributes: [] },
      approval: undefined,
    })
  })

  it('answer only the browser that began them, and only once', async () => {
    const held: string[] = []
    latchkey.meet = async ctx => {
      held.push(ctx.href)
      ctx.body = 'waiting'
    }
    await (await latchkey.app('trading')).authorize(person)
    const [url = ''] = held
    expect((await browser().get(url)).status).to.equal(410)
    latchkey.meet = undefined
    await person.get(url)
    expect((await person.get(url)).status).to.equal(410)
    for (const fault of latchkey.faults)
      expect(fault).to.be.instanceOf(Problem).and.have.property('code', 'attempt_expired')
    expect(latchkey.faults).to.have.lengthOf(2)
  })

  it('sign out another person who was signed in, without an extra page', async () => {
    const app = await latchkey.app('trading')
    await app.signIn(person)
    latchkey.proof = { ...latchkey.proof, accountId: 'bob' }
    const tokens = await app.signIn(person, { prompt: 'login' })
    expect(tokens.claims()?.sub).to.equal('bob')
    expect(latchkey.of('session.ended').map(each => each.account)).to.deep.equal(['ada'])
    expect(latchkey.of('session.started').map(each => each.account)).to.deep.equal(['ada', 'bob'])
  })

  it('sign out another person who signed in meanwhile in another tab', async () => {
    const held: string[] = []
    latchkey.meet = async ctx => {
      held.push(ctx.href)
      ctx.body = 'waiting'
    }
    await (await latchkey.app('trading')).authorize(person)
    latchkey.meet = undefined
    await (await latchkey.app('card')).signIn(person)
    latchkey.proof = { ...latchkey.proof, accountId: 'bob' }
    const page = await person.get(held[0] ?? '')
    expect(new URL(page.url).searchParams.get('code')).to.be.a('string')
    expect((await person.get(`${latchkey.issuer}/mine`)).json()).to.deep.include({
      accountId: 'bob',
      apps: ['trading'],
    })
    expect(latchkey.of('session.ended').map(each => each.account)).to.deep.equal(['ada'])
  })

  it('can be cancelled', async () => {
    latchkey.meet = (ctx, { interactions }) => interactions.abort(ctx)
    const { url } = await (await latchkey.app('trading')).authorize(person)
    expect(url.searchParams.get('error')).to.equal('access_denied')
    expect(latchkey.of('consent.refused')).to.deep.equal([])
  })

  describe('with an app that is not of the suite', () => {
    const asked = { scope: 'openid email read transfer', resource: wallet }

    it('ask for consent with the names of scopes and APIs, and remember it', async () => {
      agree()
      const app = await latchkey.app('guest')
      const tokens = await app.signIn(person, asked)
      expect(decodeJwt(tokens.access_token).scope).to.equal('read transfer')
      expect(latchkey.met.map(each => each.prompt)).to.deep.equal(['login', 'consent'])
      expect(latchkey.met[1]?.asked).to.deep.equal({
        scopes: ['openid', 'email'],
        resources: [{ name: 'Wallet', scopes: ['read', 'transfer'] }],
        attributes: [],
      })
      expect(latchkey.met[1]?.session).to.include({ accountId: 'ada' })
      expect(latchkey.met[1]?.stranger).to.deep.include({
        leads: new URL(latchkey.issuer).host,
        operatorDeclared: true,
      })
      expect(latchkey.of('consent.granted')).to.deep.equal([
        { account: 'ada', client: 'guest', scope: 'openid email read transfer' },
      ])
      await app.signIn(person, asked)
      await app.signIn(browser(), asked)
      expect(latchkey.met.map(each => each.prompt)).to.deep.equal(['login', 'consent', 'login'])
    })

    it('ask again only for what is new, or when the app requests it', async () => {
      agree()
      const app = await latchkey.app('guest')
      await app.signIn(person, { scope: 'openid' })
      await app.signIn(person, { scope: 'openid email' })
      expect(latchkey.met.at(-1)?.asked.scopes).to.deep.equal(['email'])
      await app.signIn(person, { scope: 'openid', prompt: 'consent' })
      expect(latchkey.met.map(each => each.prompt)).to.deep.equal(['login', 'consent', 'consent', 'consent'])
    })

    it('issue a refresh token only when offline access was consented to', async () => {
      agree()
      const app = await latchkey.app('guest')
      expect((await app.signIn(person)).refresh_token).to.equal(undefined)
      const tokens = await app.signIn(person, { scope: 'openid offline_access', prompt: 'consent' })
      await app.refresh(tokens.refresh_token)
    })

    it('end with access_denied when consent is refused', async () => {
      latchkey.meet = async (ctx, { interactions }) => {
        const { prompt } = await interactions.details(ctx)
        await (prompt === 'consent' ? interactions.abort(ctx) : interactions.finish(ctx, latchkey.proof))
      }
      const { url } = await (await latchkey.app('guest')).authorize(person)
      expect(url.searchParams.get('error')).to.equal('access_denied')
      expect(latchkey.of('consent.refused')).to.deep.equal([{ account: 'ada', client: 'guest' }])
    })

    it('ask again and revoke the app’s tokens once consent was withdrawn', async () => {
      agree()
      const app = await latchkey.app('guest')
      const tokens = await app.signIn(person, { scope: 'openid email' })
      await latchkey.oidc.consents.revoke('ada', 'guest')
      const info = client.fetchUserInfo(app.configuration, tokens.access_token, 'ada')
      expect(await info.catch(each => each)).to.be.instanceOf(client.WWWAuthenticateChallengeError)
      await app.signIn(person, { scope: 'openid email' })
      expect(latchkey.met.map(each => each.prompt)).to.deep.equal(['login', 'consent', 'consent'])
    })

    it('record no consent in place of a sign-in', async () => {
      latchkey.meet = (ctx, { interactions }) => interactions.consent(ctx)
      await (await latchkey.app('guest')).authorize(person)
      expect(latchkey.faults[0]).to.have.property('code', 'attempt_expired')
    })
  })
})
