import { expect } from 'chai'
import type { Jar } from '../support/jar.ts'
import { accounts, browser, type Running, running, trading, wallet } from '../support/provider.ts'

describe('the authorization endpoint', () => {
  let latchkey: Running
  let person: Jar
  beforeEach(async () => {
    latchkey = await running()
    person = browser()
  })
  afterEach(() => latchkey.close())

  /** Where an authorization request ends, without the checks of openid-client. */
  const ask = async (app: string, more: Record<string, string | undefined>) => {
    const url = new URL('/authorize', latchkey.issuer)
    const parameters = {
      client_id: app,
      response_type: 'code',
      scope: 'openid',
      redirect_uri: `${latchkey.issuer}/${app}/callback`,
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
      ...more,
    }
    for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value)
    const page = await person.get(url.href)
    return { page, answer: new URL(page.url).searchParams }
  }

  it('requires PKCE of every client, with S256', async () => {
    const none = await ask('trading', { code_challenge: undefined, code_challenge_method: undefined })
    expect(none.answer.get('error')).to.equal('invalid_request')
    const plain = await ask('trading', { code_challenge_method: 'plain' })
    expect(plain.answer.get('error')).to.equal('invalid_request')
    expect(latchkey.met).to.have.lengthOf(0)
  })

  it('redirects only to URLs of the client', async () => {
    for (const redirect_uri of ['https://evil.example/', `${latchkey.issuer}/trading/callback/`, undefined]) {
      const { page } = await ask('trading', { redirect_uri })
      expect(page.status, String(redirect_uri)).to.equal(400)
      expect(new URL(page.url).pathname).to.equal('/authorize')
    }
  })

  it('names the issuer in every answer', async () => {
    expect((await ask('trading', {})).answer.get('iss')).to.equal(latchkey.issuer)
    const { answer } = await ask('trading', { scope: 'openid offline_access', prompt: 'none login' })
    expect(answer.get('error')).to.equal('invalid_request')
    expect(answer.get('iss')).to.equal(latchkey.issuer)
  })

  it('accepts only pushed requests from a client that declares to push them', async () => {
    const { answer } = await ask('card', {})
    expect(answer.get('error')).to.equal('invalid_request')
    const card = await latchkey.app('card')
    const callback = await card.authorize(person)
    expect((await card.redeem(callback)).claims()?.sub).to.equal('ada')
  })

  it('answers prompt=none without a page: a code where somebody is signed in, login_required otherwise', async () => {
    expect((await ask('trading', { prompt: 'none' })).answer.get('error')).to.equal('login_required')
    await ask('trading', {})
    expect((await ask('trading', { prompt: 'none' })).answer.get('code')).to.be.a('string')
    expect((await ask('trading', { prompt: 'none', acr_values: 'phr' })).answer.get('error')).to.equal('login_required')
  })

  it('asks for further proof when the request demands it, and for no more than it demands', async () => {
    const app = await latchkey.app('trading')
    latchkey.proof = { accountId: 'ada', acr: 'mfa', amr: ['pwd', 'otp'] }
    const before = await app.signIn(person)
    await app.signIn(person, { acr_values: 'unheard-of mfa' })
    expect(latchkey.met).to.have.lengthOf(1)
    latchkey.proof = { accountId: 'ada', acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] }
    const after = await app.signIn(person, { acr_values: 'phr aal2' })
    expect(latchkey.met[1]?.prompt).to.equal('login')
    expect(latchkey.met[1]?.session).to.include({ accountId: 'ada', acr: 'mfa' })
    expect(latchkey.met[1]?.params.acr).to.equal('aal2')
    expect(after.claims()).to.include({ acr: 'aal2' })
    expect(after.claims()?.sid).to.equal(before.claims()?.sid)
    await app.refresh(before.refresh_token)
    expect(latchkey.of('session.started')).to.have.lengthOf(1)
  })

  it('tells the app when the sign-in does not reach the assurance that it demanded', async () => {
    const { answer } = await ask('trading', { acr_values: 'phr' })
    expect(answer.get('error')).to.equal('unmet_authentication_requirements')
    expect(latchkey.met).to.have.lengthOf(1)
  })

  it('asks to sign in again when the sign-in is too old, or when the app wants a new one', async () => {
    await ask('trading', {})
    await ask('trading', { max_age: '3600' })
    expect(latchkey.met).to.have.lengthOf(1)
    await ask('trading', { max_age: '0' })
    expect(latchkey.met[1]?.params).to.include({ anew: true })
    await ask('trading', { prompt: 'login' })
    expect(latchkey.met).to.have.lengthOf(3)
  })

  it('sends people to sign up when the app asks', async () => {
    const { answer } = await ask('trading', { prompt: 'create' })
    expect(latchkey.met.map(each => each.prompt)).to.deep.equal(['create'])
    expect(answer.get('code')).to.be.a('string')
  })

  it('does not sign in a closed account', async () => {
    latchkey.proof = { ...latchkey.proof, accountId: 'eve' }
    const { answer } = await ask('trading', {})
    expect(answer.get('code')).to.equal(null)
    expect(answer.get('error')).to.equal('access_denied')
    expect(latchkey.faults).to.deep.equal([])
  })

  it('lets somebody else sign in after the account was closed', async () => {
    await ask('trading', {})
    const ada = accounts.ada as { status: string }
    ada.status = 'closed'
    try {
      expect((await ask('trading', { prompt: 'none' })).answer.get('error')).to.equal('login_required')
      latchkey.proof = { ...latchkey.proof, accountId: 'bob' }
      expect((await ask('trading', {})).answer.get('code')).to.be.a('string')
    } finally {
      ada.status = 'active'
    }
    expect(latchkey.faults).to.deep.equal([])
  })

  it('issues no code for an API that the client may not use', async () => {
    const stranger = await ask('wallet', { resource: trading, scope: 'openid read' })
    expect(stranger.answer.get('error')).to.equal('invalid_target')
    const tokens = await (await latchkey.app('trading')).signIn(person, {
      resource: wallet,
      scope: 'openid read transfer',
    })
    expect(tokens.scope).to.equal('read')
  })
})
