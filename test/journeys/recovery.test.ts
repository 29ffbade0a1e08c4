import { expect } from 'chai'
import { authenticator } from '../support/authenticator.ts'
import { jar, type Page } from '../support/jar.ts'
import { type Message, startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, type Person, signIn, somebody } from '../support/people.ts'
import { securityAt, usePasskey } from '../support/security.ts'

const minute = 60_000
const hour = 60 * minute

describe('a forgotten password', () => {
  const latchkey = whileTesting(startLatchkey)
  const at = securityAt(latchkey)

  const ask = async (email: string, browser = jar()): Promise<Page> =>
    (await browser.get(`${latchkey.issuer}/forgot-password`)).submit({ email })
  const mailed = async (email: string, subject = 'Choose a new Latchkey password'): Promise<Message> =>
    (await latchkey.outbox(email)).find(each => each.subject === subject) ?? expect.fail(`${email} got no such mail`)
  /** Follows the newest link, and presses its button. */
  const begin = async (email: string, browser = jar()): Promise<Page> =>
    (await browser.get((await mailed(email)).link ?? '')).submit()
  const renewed = (person: Person): string => {
    person.password = `new ${person.password}`
    latchkey.keepOut(person.password)
    return person.password
  }
  const signsIn = async (person: Person, password = person.password) => {
    const browser = jar()
    const start = await browser.get(`${latchkey.issuer}/sign-in`)
    return (await start.submit({ email: person.email, password })).status === 200
  }

  it('is chosen anew by a mailed link and the second factor; other sessions end, and the owner is told', async () => {
    const ada = await at.joined()
    const former = ada.password
    const browser = jar()
    let page = await (await browser.get(`${latchkey.issuer}/sign-in`)).follow('Forgot password?')
    page = await page.submit({ email: ada.email })
    expect(page.status).to.equal(200)
    const { link = '' } = await mailed(ada.email)
    expect(link).to.match(new RegExp(`^${latchkey.issuer}/reset/[\\w-]{43}$`))
    page = await browser.get(link)
    expect(page.all('button.go')).to.have.length(1)
    page = await page.submit()
    expect(page.h1).to.equal('Enter the code from your authenticator app')
    page = await page.submit({ code: authenticatorCode(latchkey, ada) })
    expect(page.find('input[name=password]')?.attributes.autocomplete).to.equal('new-password')
    page = await page.submit({ password: renewed(ada) })
    expect(page.url).to.equal(`${latchkey.issuer}/account`)
    expect(await at.isIn(ada)).to.equal(false)
    expect(await signsIn(ada, former)).to.equal(false)
    expect(await signsIn(ada)).to.equal(true)
    expect((await mailed(ada.email, 'Your password was changed')).link).to.contain('/not-me/')
    // A mailbox and an authenticator are not enough for changes here.
    const add = await browser.post(`${latchkey.issuer}/account/security/add`, { factor: 'passkey' })
    expect([add.status, add.h1]).to.deep.equal([403, 'Waiting period not over'])
    // Nor is the password that they set, until its owner will have read of it.
    const soon = await at.elsewhere(ada)
    expect((await at.act(soon, 'add', { factor: 'passkey' })).h1).to.equal('Waiting period not over')
    latchkey.clock.pass(25 * hour)
    const later = await at.elsewhere(ada)
    expect((await at.act(later, 'add', { factor: 'passkey' })).h1).to.equal('Sign in faster with a passkey')
  })

  it('never takes the mailbox for the second factor, too', async () => {
    const ada = await at.joined('sms')
    await ask(ada.email)
    const browser = jar()
    const page = await begin(ada.email, browser)
    expect(page.h1).to.equal('Enter the code we texted you')
    expect(page.all('[data-factor]').map(each => each.attributes['data-factor'])).to.deep.equal(['recovery-code'])
    for (const factor of ['email', 'password'])
      expect((await browser.post(`${page.url}/use`, { factor })).status).to.equal(403)
    expect((await browser.post(`${page.url}/password`, { password: 'no second factor at all' })).status).to.equal(403)
  })

  it('takes a passkey, or a recovery code and then a factor set up again', async () => {
    const device = authenticator()
    const ada = await at.joined('totp', device)
    await ask(ada.email)
    const browser = jar()
    let page = await begin(ada.email, browser)
    expect(page.h1).to.equal('Use your passkey')
    page = await usePasskey({ ...ada, browser }, page, device)
    page = await page.submit({ password: renewed(ada) })
    expect(page.url).to.equal(`${latchkey.issuer}/account`)

    await ask(ada.email)
    const other = jar()
    page = await begin(ada.email, other)
    page = await other.post(`${page.url}/use`, { factor: 'recovery-code' })
    page = await page.submit({ code: ada.recoveryCodes[0] ?? '' })
    page = await page.submit({ password: renewed(ada) })
    expect(page.find('[data-totp-secret]')).to.not.equal(undefined)
    expect((await other.get(`${latchkey.issuer}/account`)).url).to.contain('/sign-in/')
  })

  it('looks the same to whoever asks for an address without an account', async () => {
    const ada = await at.joined()
    const nobody = somebody().email
    const shape = ({ status, html, headers, trail }: Page, email: string) => [
      status,
      html.replaceAll(email, '…'),
      [...headers.keys()].sort(),
      trail,
    ]
    const [known, unknown] = [await ask(ada.email), await ask(nobody)]
    expect(shape(unknown, nobody)).to.deep.equal(shape(known, ada.email))
    // Both get one mail, and only the account's has a link.
    expect((await mailed(nobody, 'No Latchkey account with this email address')).link).to.equal(undefined)
    expect((await mailed(ada.email)).link).to.be.a('string')
    // Nor can it be told by asking often: the page stays the same, and no more is mailed.
    for (let time = 0; time < 8; time++) {
      const [one, other] = [await ask(ada.email), await ask(nobody)]
      expect([one.status, shape(other, nobody)]).to.deep.equal([200, shape(one, ada.email)])
    }
    const count = async (to: string) => (await latchkey.outbox(to)).length
    const before = [await count(ada.email), await count(nobody)]
    await ask(ada.email)
    await ask(nobody)
    expect([await count(ada.email), await count(nobody)]).to.deep.equal(before)
    latchkey.clock.pass(60 * minute)
    expect((await ask('not an address')).status).to.equal(422)
  })

  it('takes a link once, in time, and for its own account', async () => {
    const [ada, grace] = [await at.joined(), await at.joined()]
    await ask(ada.email)
    const { link = '' } = await mailed(ada.email)
    // Looking at the page, as scanners do, uses nothing up.
    for (const _ of [1, 2, 3]) expect((await jar().get(link)).status).to.equal(200)
    const used = await Promise.all([1, 2, 3].map(async () => (await jar().post(link)).status))
    expect(used.sort()).to.deep.equal([200, 410, 410])
    const again = await jar().get(link)
    expect(again.status).to.equal(410)
    expect(again.links.some(each => each.href.endsWith('/forgot-password'))).to.equal(true)

    await ask(ada.email)
    const late = await mailed(ada.email)
    latchkey.clock.pass(16 * minute)
    expect((await jar().get(late.link ?? '')).status).to.equal(410)
    expect((await jar().post(late.link ?? '')).status).to.equal(410)

    // Whose attempt it is, the link says, and nothing that is posted.
    await ask(grace.email)
    const browser = jar()
    const page = await begin(grace.email, browser)
    const code = authenticatorCode(latchkey, ada)
    expect((await browser.post(`${page.url}/totp`, { code, email: ada.email, account: 'x' })).status).to.equal(401)
    const forged = link.replace(/.$/, end => (end === 'A' ? 'B' : 'A'))
    expect((await jar().get(forged)).status).to.equal(410)
    expect((await jar().get(link.replace('/reset/', '/not-me/'))).status).to.equal(410)
  })

  it('makes older links void', async () => {
    const ada = await at.joined()
    await ask(ada.email)
    const older = await mailed(ada.email)
    await ask(ada.email)
    let page = await begin(ada.email)
    page = await page.submit({ code: authenticatorCode(latchkey, ada) })
    await page.submit({ password: renewed(ada) })
    expect((await jar().get(older.link ?? '')).status).to.equal(410)
    expect((await jar().post(older.link ?? '')).status).to.equal(410)
  })

  it('is not reset by another site’s form, nor carried on in another browser', async () => {
    const ada = await at.joined()
    const evil = { from: 'https://evil.example' }
    expect((await jar().post(`${latchkey.issuer}/forgot-password`, { email: ada.email }, evil)).status).to.equal(403)
    await ask(ada.email)
    const { link = '' } = await mailed(ada.email)
    expect((await jar().post(link, {}, evil)).status).to.equal(403)
    const page = await begin(ada.email)
    expect((await jar().get(page.url)).status).to.equal(403)
  })

  it('keeps the page of a link from telling others where it was', async () => {
    const ada = await at.joined()
    await ask(ada.email)
    const page = await jar().get((await mailed(ada.email)).link ?? '')
    expect(page.headers.get('referrer-policy')).to.equal('same-origin')
    expect(page.headers.get('cache-control')).to.equal('no-store')
  })

  it('leads to words on the ways back in, and to a recovery code at once', async () => {
    const ada = await at.joined()
    const browser = jar()
    let page = await browser.get(`${latchkey.issuer}/recover`)
    expect(page.text).to.contain('Start an identity check')
    page = await page.follow('Use a recovery code')
    page = await page.submit({ email: ada.email, password: ada.password })
    expect(page.h1).to.equal('Enter a recovery code')
    expect(page.links.some(each => each.href.endsWith('/recover'))).to.equal(true)
    const odd = await jar().get(`${latchkey.issuer}/sign-in?way=__proto__`)
    const person = { ...ada, browser: jar() }
    expect(odd.status).to.equal(200)
    const start = await person.browser.get(`${latchkey.issuer}/sign-in?way=tattoo`)
    expect((await signIn(latchkey, person, start)).url).to.equal(`${latchkey.issuer}/account`)
  })
})
