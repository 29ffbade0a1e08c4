import { expect } from 'chai'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { Jar } from '../support/jar.ts'
import { browser, type Running, running } from '../support/provider.ts'
import { slow, testStore } from '../support/store.ts'

interface Mine {
  uid?: string
  accountId?: string
  acr?: string
  amr?: string[]
  since?: number
  apps?: string[]
}

describe('sessions', () => {
  let latchkey: Running
  let person: Jar
  const mine = async (jar = person) => (await jar.get(`${latchkey.issuer}/mine`)).json<Mine>()
  const cookie = async (jar = person) =>
    (await jar.cookies.getCookies(latchkey.issuer)).find(each => each.key === 'latchkey_session')
  const visit = (path: string) => person.get(latchkey.issuer + path)

  beforeEach(async () => {
    latchkey = await running()
    person = browser()
  })
  afterEach(() => latchkey.close())

  it('begin at an app, with a cookie that scripts cannot read and other sites cannot send', async () => {
    expect(await mine()).to.deep.equal({})
    await (await latchkey.app('trading')).signIn(person)
    const session = await mine()
    expect(session).to.deep.include({ accountId: 'ada', acr: 'aal2', amr: ['pwd', 'otp', 'mfa'], apps: ['trading'] })
    expect(session.since).to.be.closeTo(Date.now(), 3_000)
    expect(await cookie()).to.include({ httpOnly: true, sameSite: 'lax', path: '/' })
  })

  it('begin without an app, and an app can use them later', async () => {
    await visit('/start')
    expect(await mine()).to.include({ accountId: 'ada', acr: 'aal2' })
    expect(latchkey.of('session.started')).to.have.lengthOf(1)
    await (await latchkey.app('trading')).signIn(person)
    expect(latchkey.met).to.have.lengthOf(0)
  })

  it('keep the browser signed in when several tabs sign in again at once', async () => {
    await latchkey.close()
    latchkey = await running({ store: slow(await testStore(), 3) })
    const app = await latchkey.app('trading')
    await app.signIn(person)
    for (const _round of [1, 2, 3]) {
      await Promise.all([1, 2, 3, 4, 5, 6].map(() => app.authorize(person, { prompt: 'login' })))
      expect(await mine()).to.include({ accountId: 'ada' })
    }
  })

  it('keep the browser’s cookie when they answer requests that came with an earlier one', async () => {
    await visit('/start')
    const late = browser()
    for (const each of await person.cookies.getCookies(latchkey.issuer)) {
      await late.cookies.setCookie(each, latchkey.issuer)
    }
    await visit('/start')
    const { value: former } = (await cookie(late)) ?? {}
    const app = await latchkey.app('trading')
    latchkey.meet = async ctx => {
      ctx.body = 'somebody has to sign in'
    }
    await app.authorize(late).catch(() => {})
    expect(latchkey.met).to.have.lengthOf(1)
    expect(latchkey.met[0]?.session).to.equal(undefined)
    expect((await cookie(late))?.value).to.equal(former)
    // It can sign in, which gives it a cookie of its own.
    latchkey.meet = undefined
    await app.signIn(late)
    expect((await cookie(late))?.value).to.not.equal(former)
    expect(await mine()).to.include({ accountId: 'ada' })
  })

  it('change their cookie at each sign-in and void the old one', async () => {
    await visit('/start')
    const [before, old] = [await cookie(), await mine()]
    const thief = browser()
    for (const each of await person.cookies.getCookies(latchkey.issuer)) {
      await thief.cookies.setCookie(each, latchkey.issuer)
    }
    expect(await mine(thief)).to.deep.equal(old)
    latchkey.proof = { ...latchkey.proof, acr: 'phr' }
    await visit('/start')
    expect((await cookie())?.value).to.not.equal(before?.value)
    expect(await mine()).to.include({ uid: old.uid, acr: 'phr' })
    expect(await mine(thief)).to.deep.equal({})
    expect(latchkey.of('session.started')).to.have.lengthOf(1)

    const raised = (await cookie())?.value
    await (await latchkey.app('trading')).signIn(person, { prompt: 'login' })
    expect((await cookie())?.value).to.not.equal(raised)
    expect((await mine()).uid).to.equal(old.uid)
  })

  it('end when somebody else signs in', async () => {
    const app = await latchkey.app('trading')
    const tokens = await app.signIn(person)
    const { uid } = await mine()
    latchkey.proof = { ...latchkey.proof, accountId: 'bob' }
    await visit('/start')
    expect(await mine()).to.deep.include({ accountId: 'bob', apps: [] })
    expect((await mine()).uid).to.not.equal(uid)
    expect(latchkey.of('session.ended')).to.deep.equal([{ account: 'ada', session: uid, why: 'signed-out' }])
    expect((await app.refresh(tokens.refresh_token).catch(each => each)).error).to.equal('invalid_grant')
    expect(latchkey.logouts).to.have.lengthOf(1)
  })

  it('end by themselves when they are idle, and at the latest at their maximum age', async () => {
    await visit('/start')
    for (let hours = 0; hours < 12; hours++) {
      latchkey.pass(3_500_000)
      expect(await mine()).to.include({ accountId: 'ada' })
    }
    latchkey.pass(3_601_000)
    expect(await mine()).to.deep.equal({})

    await visit('/start')
    latchkey.pass(86_401_000)
    expect(await mine()).to.deep.equal({})
  })

  it('send every app a logout token signed for it when they end', async () => {
    const ids = ['trading', 'card', 'wallet']
    const sids = []
    for (const id of ids) sids.push((await (await latchkey.app(id)).signIn(person)).claims()?.sid)
    const { uid } = await mine()
    await visit('/end')
    expect(await mine()).to.deep.equal({})
    expect((await cookie())?.value).to.equal(undefined)
    expect(latchkey.of('session.ended')).to.deep.equal([{ account: 'ada', session: uid, why: 'signed-out' }])
    expect(latchkey.logouts.map(each => each.path)).to.have.members(ids.map(id => `/${id}/backchannel-logout`))
    for (const { path, token } of latchkey.logouts) {
      const id = path.split('/')[1] ?? ''
      const claims = decodeJwt(token)
      expect(decodeProtectedHeader(token)).to.include({ alg: 'ES256', typ: 'logout+jwt' })
      expect(claims).to.include({ iss: latchkey.issuer, aud: id, sub: 'ada', sid: sids[ids.indexOf(id)] })
      expect(claims.events).to.have.property('http://schemas.openid.net/event/backchannel-logout')
    }
    expect(latchkey.of('logout.delivered').map(each => each.client)).to.have.members(ids)
    await visit('/end')
    expect(latchkey.of('session.ended')).to.have.lengthOf(1)
  })

  it('end even when an app does not answer, and put that on record', async () => {
    await (await latchkey.app('trading')).signIn(person)
    latchkey.deaf = true
    await visit('/end')
    expect(await mine()).to.deep.equal({})
    expect(latchkey.of('logout.failed')).to.have.length(1)
    expect(latchkey.of('logout.failed')[0]).to.include({ client: 'trading', account: 'ada' })
  })

  describe('when an app asks to sign out (RP-Initiated Logout 1.0)', () => {
    const leave = async (app: string, hint: string | undefined, back = true) => {
      const url = new URL('/end-session', latchkey.issuer)
      if (hint) url.searchParams.set('id_token_hint', hint)
      url.searchParams.set('client_id', app)
      if (back) url.searchParams.set('post_logout_redirect_uri', `${latchkey.issuer}/${app}`)
      url.searchParams.set('state', 'kept')
      return person.get(url.href)
    }

    it('signs out everywhere without asking, and returns to the app', async () => {
      const trading = await latchkey.app('trading')
      const tokens = await trading.signIn(person)
      const cards = await (await latchkey.app('card')).signIn(person)
      const { uid } = await mine()
      const page = await leave('trading', tokens.id_token)
      expect(page.url).to.equal(`${latchkey.issuer}/trading?state=kept`)
      expect(await mine()).to.deep.equal({})
      expect(latchkey.of('session.ended')).to.deep.equal([{ account: 'ada', session: uid, why: 'signed-out' }])
      expect(latchkey.of('logout.delivered').map(each => each.client)).to.have.members(['trading', 'card'])
      for (const [id, { refresh_token }] of [['trading', tokens] as const, ['card', cards] as const]) {
        const fault = await (await latchkey.app(id)).refresh(refresh_token).catch(each => each)
        expect(fault.error).to.equal('invalid_grant')
      }
    })

    it('signs out of that app only, when the person chooses to stay signed in', async () => {
      const trading = await latchkey.app('trading')
      const tokens = await trading.signIn(person)
      const card = await latchkey.app('card')
      const cards = await card.signIn(person)
      await (await leave('trading', undefined)).submit({}, 'Stay')
      expect(await mine()).to.deep.include({ accountId: 'ada', apps: ['card'] })
      expect(latchkey.of('session.ended')).to.deep.equal([])
      expect((await trading.refresh(tokens.refresh_token).catch(each => each)).error).to.equal('invalid_grant')
      await card.refresh(cards.refresh_token)
    })

    it('asks first when the hint is missing, or when there is no registered URL to return to', async () => {
      const trading = await latchkey.app('trading')
      const { id_token } = await trading.signIn(person)
      for (const page of [await leave('trading', undefined), await leave('trading', id_token, false)])
        expect(page.forms.flatMap(each => each.buttons.map(({ text }) => text))).to.include('Sign out everywhere')
      expect(await mine()).to.deep.include({ accountId: 'ada' })
    })

    it('asks first when the hint belongs to another session or another person', async () => {
      const trading = await latchkey.app('trading')
      const elsewhere = browser()
      const { id_token } = await trading.signIn(elsewhere)
      const before = await trading.signIn(person)
      await visit('/end')
      await trading.signIn(person)
      latchkey.proof.accountId = 'bob'
      const theirs = await trading.signIn(browser())
      for (const hint of [id_token, before.id_token, theirs.id_token]) {
        const page = await leave('trading', hint)
        expect(page.forms.flatMap(each => each.buttons.map(({ text }) => text))).to.include('Sign out everywhere')
      }
      expect(await mine()).to.deep.include({ accountId: 'ada' })
      expect(latchkey.of('session.ended')).to.have.length(1)
    })

    it('redirects to no URL that the app did not register', async () => {
      const url = `${latchkey.issuer}/end-session?client_id=trading&post_logout_redirect_uri=https://evil.example/`
      expect((await person.get(url)).status).to.equal(400)
    })
  })
})

describe('sessions on a slow store', () => {
  it('keep every app that signs in at the same time', async () => {
    const store = await testStore()
    const latchkey = await running({ store: slow(store, 5) })
    const person = browser()
    await person.get(`${latchkey.issuer}/start`)
    const apps = await Promise.all(['trading', 'card', 'wallet'].map(id => latchkey.app(id)))
    const tokens = await Promise.all(apps.map(app => app.signIn(person)))
    await Promise.all(apps.map((app, at) => app.refresh(tokens[at]?.refresh_token)))
    await person.get(`${latchkey.issuer}/end`)
    expect(latchkey.logouts).to.have.lengthOf(3)
    await latchkey.close()
    await store.close()
  })
})
