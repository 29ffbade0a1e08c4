import { expect } from 'chai'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { browser, declared, type Running, running } from '../support/provider.ts'

describe('word to apps', () => {
  let latchkey: Running
  beforeEach(async () => {
    latchkey = await running()
  })
  afterEach(() => latchkey.close())

  const word = (client: string) => ({ client, account: 'ada', sid: 's1' })

  it('is signed for the app, and said to have been heard', async () => {
    expect(await latchkey.oidc.tellApp(word('trading'))).to.equal('heard')
    const [{ token } = { token: '' }] = latchkey.logouts
    expect(decodeJwt(token)).to.include({ aud: 'trading', sub: 'ada', sid: 's1' })
    expect(latchkey.of('logout.delivered')).to.deep.equal([{ client: 'trading', account: 'ada' }])
  })

  it('is signed with RS256, as the ID tokens are, for an app that hears nothing else', async () => {
    const declare = (origin: string) => {
      const { apis, clients } = declared(origin) as { apis: object[]; clients: object[] }
      const [first, ...more] = clients
      return { apis, clients: [{ ...first, id_token_signed_response_alg: 'RS256' }, ...more] }
    }
    const another = await running({ declare })
    await another.oidc.tellApp(word('trading'))
    const keys = createRemoteJWKSet(new URL(`${another.issuer}/jwks.json`))
    const [{ token } = { token: '' }] = another.logouts
    const { protectedHeader } = await jwtVerify(token, keys, { audience: 'trading' })
    expect(protectedHeader.alg).to.equal('RS256')
    await another.close()
  })

  it('is to be said again when the app did not hear', async () => {
    latchkey.deaf = true
    const fault = await latchkey.oidc.tellApp(word('trading')).catch(each => each)
    expect(fault).to.be.instanceOf(Error)
    const [failed, ...more] = latchkey.of('logout.failed')
    expect(more).to.deep.equal([])
    expect(failed?.reason).to.match(/^[\w.]+:\d+ answered 503$/)
  })

  it('is not said again, nor to anybody else, when the app refuses it or sends us elsewhere', async () => {
    for (const status of [301, 302, 303, 307, 308, 400]) {
      latchkey.deaf = status
      expect(await latchkey.oidc.tellApp(word('trading')), String(status)).to.equal('refused')
    }
    expect(new Set(latchkey.logouts.map(({ path }) => path)).size).to.equal(1)
    expect(latchkey.of('logout.failed').map(({ reason }) => reason.split(' ').at(-1))).to.include('307')
  })

  it('is for nobody when the app is gone, or never asked to hear', async () => {
    expect(await latchkey.oidc.tellApp(word('gone'))).to.equal('heard')
    expect(await latchkey.oidc.tellApp(word('service'))).to.equal('heard')
    expect(latchkey.logouts).to.deep.equal([])
  })

  it('goes out for every session of an account that is ended by whoever may', async () => {
    const people = [browser(), browser()]
    const trading = await latchkey.app('trading')
    const tokens = await Promise.all(people.map(each => trading.signIn(each)))
    expect(await latchkey.oidc.sessions.of('ada')).to.have.length(2)
    await latchkey.oidc.sessions.endAllOf('ada', 'ended')
    expect(await latchkey.oidc.sessions.of('ada')).to.deep.equal([])
    expect(latchkey.logouts).to.have.length(2)
    for (const { refresh_token } of tokens) {
      const refused = await trading.refresh(refresh_token).catch(each => each)
      expect(refused.error).to.equal('invalid_grant')
    }
    for (const each of people) expect((await each.get(`${latchkey.issuer}/mine`)).json()).to.deep.equal({})
  })
})
