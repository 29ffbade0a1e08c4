import { createServer, type Server } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { decodeJwt } from 'jose'
import * as oidc from 'openid-client'
import { type RunningSuite, startSuite } from '../support/all-apps.ts'
import { type Jar, jar, type Page } from '../support/jar.ts'
import { type Person, signIn, signUp, somebody } from '../support/people.ts'
import { freePorts } from '../support/ports.ts'

const vienna = '193.171.23.1'
const london = '81.2.69.142'
const phone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1'
const secret = 'ledger-development-only-secret-00001'

describe('sessions', () => {
  let latchkey: RunningSuite
  let ledger: { server: Server; callback: string; heard: string[]; down: boolean }
  before(async () => {
    const [port = 0] = await freePorts(1)
    const heard: string[] = []
    ledger = { server: createServer(), callback: `http://localhost:${port}/callback`, heard, down: false }
    ledger.server.on('request', async (req, res) => {
      let text = ''
      for await (const chunk of req) text += chunk
      if (!ledger.down) heard.push(new URLSearchParams(text).get('logout_token') ?? '')
      res.writeHead(ledger.down ? 503 : 200).end()
    })
    await new Promise<void>(resolve => ledger.server.listen(port, 'localhost', resolve))
    latchkey = await startSuite({
      environment: { LATCHKEY_TRUST_PROXY: '127.0.0.1,::1' },
      more: [
        {
          client_id: 'ledger',
          client_name: 'Ledger',
          client_secret: secret,
          first_party: true,
          development: true,
          grant_types: ['authorization_code', 'refresh_token'],
          redirect_uris: [ledger.callback],
          backchannel_logout_uri: `http://localhost:${port}/backchannel-logout`,
        },
      ],
    })
  })
  after(async () => {
    await latchkey.stop()
    await new Promise(resolve => ledger.server.close(resolve))
  })
  beforeEach(() => {
    ledger.heard.length = 0
    ledger.down = false
  })

  const at = (address: string, agent?: string) => ({
    'x-forwarded-for': address,
    ...(agent !== undefined && { 'user-agent': agent }),
  })
  const signedUp = async (address = vienna): Promise<Person> => {
    const person = somebody(at(address))
    await signUp(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-up`))
    return person
  }
  /** The same person at another browser, signed in. */
  const also = async (owner: Person, headers: Record<string, string>): Promise<Person> => {
    const person = { ...owner, browser: jar(headers) }
    await signIn(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-in`))
    return person
  }
  const list = (person: Person): Promise<Page> => person.browser.get(`${latchkey.issuer}/account/sessions`)
  const lines = (page: Page) => page.all('.session').map(each => each.text)
  const isIn = async (person: Person) =>
    (await person.browser.get(`${latchkey.issuer}/account`)).url === `${latchkey.issuer}/account`

  /** Signs in to Ledger in a session that there is. */
  const openLedger = async (person: Person) => {
    const execute = [oidc.allowInsecureRequests]
    const config = await oidc.discovery(new URL(latchkey.issuer), 'ledger', secret, undefined, { execute })
    const pkceCodeVerifier = oidc.randomPKCECodeVerifier()
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri: ledger.callback,
      scope: 'openid offline_access',
      code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    })
    const { location = '' } = await person.browser.get(url.href, { follow: false })
    const tokens = await oidc.authorizationCodeGrant(config, new URL(location), { pkceCodeVerifier })
    return { config, tokens }
  }
  const until = async (met: () => boolean, ms = 4_000) => {
    for (const end = Date.now() + ms; !met() && Date.now() < end; ) await wait(20)
    expect(met()).to.equal(true)
  }

  it('are listed with device, place, address, proofs and apps, this one marked', async () => {
    const person = await signedUp()
    await person.browser.get(`${latchkey.apps.trading}/login`)
    await also(person, at(vienna, phone))
    const page = await list(person)
    expect(page.h1).to.equal('Sessions')
    const [here = '', other = ''] = lines(page)
    expect(here).to.contain('Chrome on Linux').and.to.contain('This session')
    expect(here).to.contain('Austria').and.to.contain(vienna)
    expect(here).to.contain('Password + One-time code').and.to.contain('Trading')
    expect(other).to.contain('Safari on iOS').and.not.to.contain('This session')
    expect(page.all('form[action="/account/sessions/end"]')).to.have.length(1)
  })

  it('are shown to nobody else, and ended by nobody else', async () => {
    const person = await signedUp()
    const stranger = await signedUp()
    const id = (await list(await also(person, at(vienna)))).find('button[name=session]')?.attributes.value ?? ''
    expect(id).to.not.equal('')
    const tried = await stranger.browser.post(`${latchkey.issuer}/account/sessions/end`, { session: id })
    expect(tried.status).to.equal(404)
    expect(await isIn(person)).to.equal(true)
    expect(lines(await list(stranger))).to.have.length(1)
    expect((await jar().get(`${latchkey.issuer}/account/sessions`)).url).to.contain('/sign-in/')
    const posted = await jar().post(`${latchkey.issuer}/account/sessions/end-others`)
    expect(posted.status).to.equal(401)
  })

  it('end one by one: the cookie and the tokens are dead at once, the app is told, and why it ended is on record', async () => {
    const person = await signedUp()
    const other = await also(person, at(vienna, phone))
    const { config, tokens } = await openLedger(other)
    const page = await list(person)
    const ended = await page.submit({}, 'End')
    expect(ended.url).to.equal(`${latchkey.issuer}/account/sessions`)
    expect(await isIn(other)).to.equal(false)
    const refused = await oidc.refreshTokenGrant(config, tokens.refresh_token ?? '').catch(fault => fault)
    expect(refused.error).to.equal('invalid_grant')
    await until(() => ledger.heard.length === 1)
    const claims = decodeJwt(ledger.heard[0] ?? '')
    expect(claims).to.include({ iss: latchkey.issuer, aud: 'ledger', sub: tokens.claims()?.sub })
    expect(claims.events).to.have.property('http://schemas.openid.net/event/backchannel-logout')

    const [here = '', past = ''] = lines(ended)
    expect(here).to.contain('This session')
    expect(past).to.contain('Safari on iOS').and.to.contain('Ended from another session').and.to.contain('Ledger')
    expect(ended.all('form[action="/account/sessions/end"]')).to.have.length(0)
    expect(await isIn(person)).to.equal(true)
  })

  const copied = async (from: Jar): Promise<Jar> => {
    const thief = jar()
    for (const each of await from.cookies.getCookies(latchkey.issuer))
      await thief.cookies.setCookie(each, latchkey.issuer)
    return thief
  }

  it('are over for whoever copied the cookie, too', async () => {
    const person = await signedUp()
    const other = await also(person, at(vienna, phone))
    const thief = { ...other, browser: await copied(other.browser) }
    expect(await isIn(thief)).to.equal(true)
    await (await list(person)).submit({}, 'End')
    expect(await isIn(thief)).to.equal(false)
    const silent = await thief.browser.get(`${latchkey.apps.card}/login`)
    expect(silent.url, 'nor does it open an app').to.contain('/sign-in/')
  })

  it('are not those of whoever planted a cookie before somebody signed in', async () => {
    const person = await signedUp()
    const planter = jar(at(london))
    await planter.get(`${latchkey.apps.trading}/login`)
    await planter.get(`${latchkey.issuer}/end-session`)
    const planted = await planter.cookies.getCookies(latchkey.issuer)
    expect(planted.map(each => each.key)).to.include('latchkey_session')
    const victim = { ...person, browser: await copied(planter) }
    await signIn(latchkey, victim, await victim.browser.get(`${latchkey.issuer}/sign-in`))
    expect(await isIn(victim)).to.equal(true)
    expect((await planter.get(`${latchkey.issuer}/account`)).url).to.contain('/sign-in/')
  })

  it('end all but this one', async () => {
    const person = await signedUp()
    const others = [await also(person, at(vienna)), await also(person, at(vienna, phone))]
    const page = await (await list(person)).submit({}, 'End all others')
    expect(lines(page).filter(each => each.includes('Ended from another session'))).to.have.length(2)
    for (const other of others) expect(await isIn(other)).to.equal(false)
    expect(await isIn(person)).to.equal(true)
  })

  it('are heard of by an app that was down for a minute', async () => {
    const person = await signedUp()
    await openLedger(person)
    ledger.down = true
    const began = Date.now()
    const page = await (await person.browser.get(`${latchkey.issuer}/account`)).submit({}, 'Sign out')
    expect(page.url).to.equal(`${latchkey.issuer}/signed-out`)
    expect(Date.now() - began, 'nobody waits for an app').to.be.below(3_000)
    expect(ledger.heard).to.deep.equal([])
    latchkey.clock.pass(60_000)
    ledger.down = false
    await until(() => ledger.heard.length === 1)
    // It was signed when it went, not when the session ended.
    expect(decodeJwt(ledger.heard[0] ?? '').iat).to.be.closeTo(Date.now() / 1000, 5)
    expect(latchkey.logged()).to.contain('logout.failed').and.to.contain('logout.delivered')
  })

  it('say so when they ran out by themselves', async () => {
    const person = await signedUp()
    await also(person, at(vienna, phone))
    latchkey.clock.pass(25 * 3_600_000)
    await signIn(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-in`))
    const past = lines(await list(person)).filter(each => !each.includes('This session'))
    expect(past).to.have.length(2)
    for (const each of past) expect(each).to.contain('Expired').and.to.contain('Last used')
  })

  it('keep the name of the one that a person signed out of', async () => {
    const person = await signedUp()
    const other = await also(person, at(vienna, phone))
    await (await other.browser.get(`${latchkey.issuer}/account`)).submit({}, 'Sign out')
    expect(lines(await list(person))[1])
      .to.contain('Safari on iOS')
      .and.to.contain('Signed out')
  })

  it('stand first where something about them is unusual', async () => {
    const person = await signedUp(vienna)
    await also(person, at(vienna, phone))
    const traveller = { ...person, browser: jar(at(london)) }
    const held = await signIn(latchkey, traveller, await traveller.browser.get(`${latchkey.issuer}/sign-in`))
    const [mail] = (await latchkey.outbox(person.email)).filter(({ link }) => link?.includes('/confirm/'))
    await person.browser.post(mail?.link ?? '')
    await held.submit({}, 'I’ve confirmed')
    const [first = ''] = lines(await list(person))
    expect(first).to.contain('United Kingdom').and.to.contain('New country')
  })

  it('speak German to who reads German', async () => {
    const person = somebody({ ...at(vienna), 'accept-language': 'de' })
    await signUp(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-up`))
    const page = await list(person)
    expect(page.h1).to.equal('Sitzungen')
    expect(lines(page)[0]).to.contain('Chrome unter Linux').and.to.contain('Österreich')
  })
})
