import { expect } from 'chai'
import { startSuite } from '../support/all-apps.ts'
import { authenticator } from '../support/authenticator.ts'
import { jar, type Page } from '../support/jar.ts'
import { whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, signIn, signUp, somebody } from '../support/people.ts'
import { at, travellers } from '../support/travellers.ts'

const vienna = '193.171.23.1'
const london = '81.2.69.142'
const tokyo = '133.1.1.1'

describe('signing in from somewhere unusual', () => {
  const latchkey = whileTesting(() => startSuite({ environment: { LATCHKEY_TRUST_PROXY: '127.0.0.1,::1' } }))

  const account = () => `${latchkey.issuer}/account`
  const { signedUp, start, prove, isIn, asked, linkTo } = travellers(() => latchkey)

  it('waits until the owner confirms, by a button behind a mailed link, on any device; then goes on', async () => {
    const owner = await signedUp()
    const traveller = at(owner, london)
    const held = await prove(traveller)
    expect(held.status).to.equal(200)
    expect(held.h1).to.equal('Confirm it’s you: check your email')
    expect(held.text).to.contain('New country').and.to.contain(owner.email)
    expect(await isIn(traveller)).to.equal(false)

    const [mail] = await asked(owner)
    expect(mail?.text).to.contain('Chrome on Linux').and.to.contain('United Kingdom')
    const early = await held.submit({}, 'I’ve confirmed')
    expect(early.status).to.equal(409)
    expect(early.alerts.join()).to.contain('You haven’t confirmed this sign-in yet')

    const phone = jar({ 'x-forwarded-for': vienna })
    const link = await linkTo(owner)
    const page = await phone.get(link)
    expect(page.text).to.contain('Chrome on Linux').and.to.contain('United Kingdom').and.to.contain(london)
    // A scanner that follows links, more than once, confirms nothing.
    await jar().get(link)
    expect((await traveller.browser.get(`${held.url}/held`)).json()).to.deep.equal({ confirmed: false })
    const confirmed = await page.submit({}, 'Yes, it’s me')
    expect(confirmed.h1).to.equal('Confirmed')
    expect((await phone.get(account())).url, 'nobody is signed in where it was pressed').to.contain('/sign-in/')

    expect((await traveller.browser.get(`${held.url}/held`)).json()).to.deep.equal({ confirmed: true })
    expect((await held.submit({}, 'I’ve confirmed')).url).to.equal(account())
    // From then on the device is known, wherever it is.
    await (await traveller.browser.get(account())).submit({}, 'Sign out')
    expect((await prove(traveller)).url).to.equal(account())
  })

  it('cannot be confirmed by the browser that waits, without the mail', async () => {
    const owner = await signedUp()
    const thief = at(owner, london)
    const held = await prove(thief)
    const link = await linkTo(owner)
    const bearer = link.split('/').at(-1) ?? ''
    expect(bearer).to.match(/^[\w-]{43}$/)
    expect(held.html).to.not.contain(bearer)
    const attempt = new URL(held.url).pathname.split('/').at(-1) ?? ''
    for (const path of [`/confirm/${attempt}`, '/confirm/x', `${new URL(held.url).pathname}/confirm`]) {
      expect((await thief.browser.post(`${latchkey.issuer}${path}`)).status, path).to.be.within(400, 499)
    }
    for (const fields of [{ confirmed: 'true' }, { code: '000000' }] as Record<string, string>[])
      expect((await thief.browser.post(`${held.url}/held`, fields)).status).to.equal(409)
    for (const way of ['/totp', '/skip', '/use', '/password']) {
      expect((await thief.browser.post(`${held.url}${way}`, { factor: 'totp', code: '1' })).status, way).to.be.within(
        400,
        499,
      )
    }
    expect(await isIn(thief)).to.equal(false)
    // Nor can another browser look whether it was.
    expect((await jar().get(`${held.url}/held`)).status).to.equal(403)
  })

  it('is stopped by who says that it wasn’t them, and the link then does nothing more', async () => {
    const owner = await signedUp()
    const thief = at(owner, london)
    const held = await prove(thief)
    const link = await linkTo(owner)
    const stopped = await (await owner.browser.get(link)).submit({}, 'This wasn’t me')
    expect(stopped.h1).to.equal('We stopped this sign-in')
    expect((await thief.browser.get(`${held.url}/held`)).status).to.equal(410)
    expect((await thief.browser.get(held.url)).status).to.equal(410)
    expect((await owner.browser.get(link)).status).to.equal(410)
    expect((await owner.browser.post(link)).status).to.equal(410)
    expect(await isIn(thief)).to.equal(false)
  })

  it('counts a link once, and not after an hour', async () => {
    const owner = await signedUp()
    const held = await prove(at(owner, london))
    const link = await linkTo(owner)
    latchkey.clock.pass(61 * 60_000)
    expect((await owner.browser.get(link)).status).to.equal(410)
    expect((await owner.browser.post(link)).status).to.equal(410)
    expect((await held.submit({}, 'I’ve confirmed')).status).to.equal(410)

    const again = await prove(at(owner, london))
    const fresh = await linkTo(owner)
    expect((await owner.browser.post(fresh)).status).to.equal(200)
    expect((await owner.browser.post(fresh)).status).to.equal(410)
    expect((await again.submit({}, 'I’ve confirmed')).url).to.equal(account())
  })

  it('asks again when told to, but not at once', async () => {
    const owner = await signedUp()
    const held = await prove(at(owner, london))
    const early = await held.submit({}, 'Send again')
    expect(early.status).to.equal(429)
    expect(Number(early.headers.get('retry-after'))).to.be.within(1, 30)
    latchkey.clock.pass(31_000)
    expect((await held.submit({}, 'Send again')).status).to.equal(200)
    const links = (await asked(owner)).map(({ link }) => link)
    expect(new Set(links).size).to.equal(2)
    expect((await owner.browser.post(links[0] ?? '')).status).to.equal(200)
    expect((await held.submit({}, 'I’ve confirmed')).url).to.equal(account())
  })

  it('goes back to the app that asked, once it is confirmed', async () => {
    const owner = await signedUp()
    const traveller = at(owner, london)
    const held = await signIn(latchkey, traveller, await traveller.browser.get(`${latchkey.apps.card}/login`))
    expect(held.h1).to.equal('Confirm it’s you: check your email')
    expect(held.text).to.contain('Card')
    await owner.browser.post(await linkTo(owner))
    expect((await held.submit({}, 'I’ve confirmed')).url).to.equal(`${latchkey.apps.card}/`)
  })

  it('is held before a recovery code sets anything up', async () => {
    const owner = await signedUp()
    const thief = at(owner, london)
    const first = await (await start(thief)).submit({ email: owner.email, password: owner.password })
    const ways = await thief.browser.post(`${first.url}/use`, { factor: 'recovery-code' })
    const held = await ways.submit({ code: owner.recoveryCodes[0] ?? '' })
    expect(held.h1).to.equal('Confirm it’s you: check your email')
    expect(held.find('[data-totp-secret]')).to.equal(undefined)
    await owner.browser.post(await linkTo(owner))
    expect((await held.submit({}, 'I’ve confirmed')).find('[data-totp-secret]')).to.not.equal(undefined)
  })

  it('holds no device that the account knows, wherever it is', async () => {
    const owner = await signedUp()
    await (await owner.browser.get(account())).submit({}, 'Sign out')
    const abroad = { ...owner, browser: jar({ 'x-forwarded-for': tokyo }) }
    for (const each of await owner.browser.cookies.getCookies(latchkey.issuer))
      await abroad.browser.cookies.setCookie(each, latchkey.issuer)
    expect((await prove(abroad)).url).to.equal(account())
    expect(await asked(owner)).to.have.length(0)
  })

  it('holds no passkey that counts in full, and does hold one that came lately', async () => {
    const owner = await signedUp()
    const device = authenticator()
    const options = (page: Page) => JSON.parse(page.find('[data-options]')?.attributes['data-options'] ?? '{}')
    let page = await owner.browser.post(`${latchkey.issuer}/account/security/add`, { factor: 'passkey' })
    for (const answer of [{ password: owner.password }, undefined]) {
      if (page.find('[data-options]')) break
      page = await page.submit(answer ?? { code: authenticatorCode(latchkey, owner) })
    }
    const made = await device.create(options(page), latchkey.issuer)
    await owner.browser.post(`${page.url}/passkey`, { response: JSON.stringify(made) })
    const fromTokyo = async () => {
      const abroad = at(owner, tokyo)
      const begun = await start(abroad)
      const proof = await device.get(options(begun), latchkey.issuer)
      return abroad.browser.post(`${begun.url}/passkey`, { response: JSON.stringify(proof) })
    }
    expect((await fromTokyo()).h1).to.equal('Confirm it’s you: check your email')
    expect(await asked(owner)).to.have.length(1)
    latchkey.clock.pass(25 * 3_600_000)
    expect((await fromTokyo()).url).to.equal(account())
    expect(await asked(owner)).to.have.length(1)
  })

  it('says nothing of any of it to who has not proved enough', async () => {
    const owner = await signedUp()
    const first = await (await start(at(owner, tokyo))).submit({ email: owner.email, password: owner.password })
    const home = await (await start(at(owner, vienna))).submit({ email: owner.email, password: owner.password })
    const shape = (page: Page) => page.html.replaceAll(/[\w-]{22,}/g, '…')
    expect(shape(first)).to.equal(shape(home))
    expect(await asked(owner)).to.have.length(0)
  })

  it('writes to the owner in their own language, whatever the browser speaks', async () => {
    const owner = somebody({ 'x-forwarded-for': vienna, 'accept-language': 'de' })
    await signUp(latchkey, owner, await owner.browser.get(`${latchkey.issuer}/sign-up`))
    const traveller = at(owner, london)
    expect((await prove(traveller)).h1).to.equal('Confirm it’s you: check your email')
    const [mail] = await asked(owner)
    expect(mail?.subject).to.equal('Bestätigen Sie Ihre Anmeldung bei Latchkey')
    expect(mail?.text).to.contain('Vereinigtes Königreich')
  })
})
