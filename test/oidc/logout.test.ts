import { expect } from 'chai'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { browser, declared, type Running, running } from '../support/provider.ts'

describe('back-channel logout', () => {
  let latchkey: Running
  beforeEach(async () => {
    latchkey = await running()
  })
  afterEach(() => latchkey.close())

  const word = (client: string) => ({ client, account: 'ada', sid: 's1' })

  it('sends a token signed for the app, and reports that the app received it', async () => {
    expect(await latchkey.oidc.tellApp(word('trading'))).to.equal('heard')
    const [{ token } = { token: '' }] = latchkey.logouts
    expect(decodeJwt(token)).to.include({ aud: 'trading', sub: 'ada', sid: 's1' })
    expect(latchkey.of('logout.delivered')).to.deep.equal([{ client: 'trading', account: 'ada' }])
  })

  it('signs with RS256, as for ID tokens, for an app that accepts nothing else', async () => {
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

  it('is tried again when the app did not receive it', async () => {
    latchkey.deaf = true
    const fault = await latchkey.oidc.tellApp(word('trading')).catch(each => each)
    expect(fault).to.be.instanceOf(Error)
    const [failed, ...more] = latchkey.of('logout.failed')
    expect(more).to.deep.equal([])
    expect(failed?.reason).to.match(/^[\w.]+:\d+ answered 503$/)
  })

  it('is not tried again, nor sent elsewhere, when the app refuses it or redirects', async () => {
    for (const status of [301, 302, 303, 307, 308, 400]) {
      latchkey.deaf = status
      expect(await latchkey.oidc.tellApp(word('trading')), String(status)).to.equal('refused')
    }
    expect(new Set(latchkey.logouts.map(({ path }) => path)).size).to.equal(1)
    expect(latchkey.of('logout.failed').map(({ reason }) => reason.split(' ').at(-1))).to.include('307')
  })

  it('is not sent when the app is gone or registered no logout URI', async () => {
    expect(await latchkey.oidc.tellApp(word('gone'))).to.equal('heard')
    expect(await latchkey.oidc.tellApp(word('service'))).to.equal('heard')
    expect(latchkey.logouts).to.deep.equal([])
  })

  it('is sent for every session of an account when all of them are ended', async () => {
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
