import { expect } from 'chai'
import { totpAt } from '../support/codes.ts'
import { jar, type Page } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, codeSentTo, type Person } from '../support/people.ts'
import { credentialOn, securityAt } from '../support/security.ts'

describe('an address or a number that changes', () => {
  const latchkey = whileTesting(startLatchkey)
  const at = securityAt(latchkey)

  const fresh = (person: Person) => person.email.replace('@', '.new@')

  it('is proved at both ends: an email by a code to the old one, then by one to the new', async () => {
    const ada = await at.joined()
    const email = fresh(ada)
    let page = await at.act(ada, 'add', { factor: 'email' })
    expect(page.text).to.contain('You’re changing: Email')
    const old = await codeSentTo(latchkey, ada.email)
    page = await page.submit({ code: old })
    expect(page.h1).to.equal('Your new email address')
    expect(page.find('input[name=email]')?.attributes.value ?? '').to.equal('')
    page = await page.submit({ email })
    // The old end's code is not the new one's.
    const refused = await page.submit({ code: old })
    expect(refused.status).to.equal(401)
    page = await page.submit({ code: await codeSentTo(latchkey, email) })
    expect(page.url).to.equal(`${latchkey.issuer}/account/security`)
    expect(page.find('.person')?.text).to.contain(email)
    const gone = await (await at.open({ ...ada, browser: jar() }, '/sign-in')).submit({
      email: ada.email,
      password: ada.password,
    })
    expect(gone.status).to.equal(401)
    expect(await at.isIn(await at.elsewhere({ ...ada, email }))).to.equal(true)
  })

  it('is not told apart from one that has an account', async () => {
    const [ada, grace] = [await at.joined(), await at.joined()]
    const asked = async (email: string) => {
      const page = await at.act(ada, 'add', { factor: 'email' })
      const next = await page.submit({ code: await codeSentTo(latchkey, ada.email) })
      latchkey.clock.pass(31_000)
      return next.submit({ email })
    }
    const shape = ({ status, html }: Page, email: string) => [
      status,
      html.replaceAll(email, '…').replaceAll(/[\w-]{22,}/g, '…'),
    ]
    const unknown = fresh(grace)
    const [free, taken] = [await asked(unknown), await asked(grace.email)]
    expect(shape(taken, grace.email)).to.deep.equal(shape(free, unknown))
    const [told] = await latchkey.outbox(grace.email)
    expect(told?.code).to.equal(undefined)
    const own = await asked(ada.email)
    expect(own.status).to.equal(409)
  })

  it('is proved at both ends: a number by a text to the old one, then by one to the new', async () => {
    const ada = await at.joined('sms')
    const phone = `${ada.phone}7`
    latchkey.clock.pass(31_000)
    let page = await at.act(ada, 'add', { factor: 'sms' })
    expect(page.h1).to.equal('Enter the code we texted you')
    page = await page.submit({ code: await codeSentTo(latchkey, ada.phone) })
    page = await page.submit({ phone })
    page = await page.submit({ code: await codeSentTo(latchkey, phone) })
    expect(page.url).to.equal(`${latchkey.issuer}/account/security`)
    expect(page.all('li.line').filter(each => each.text.includes('Text message'))).to.have.length(1)
    const start = await at.open({ ...ada, browser: jar() }, '/sign-in')
    const asked = await start.submit({ email: ada.email, password: ada.password })
    expect((await asked.submit({ code: await codeSentTo(latchkey, phone) })).status).to.equal(200)
  })

  it('gets in by a recovery code where the old end is lost', async () => {
    const ada = await at.joined('sms')
    latchkey.clock.pass(31_000)
    let page = await at.act(ada, 'add', { factor: 'sms' })
    page = await ada.browser.post(`${page.url}/use`, { factor: 'recovery-code' })
    page = await page.submit({ code: ada.recoveryCodes[0] ?? '' })
    expect(page.h1).to.equal('Add your phone number')
  })
})

describe('a change of protection under attack', () => {
  const latchkey = whileTesting(startLatchkey)
  const at = securityAt(latchkey)

  it('ends with the session that it began in', async () => {
    const ada = await at.joined()
    const page = await at.act(ada, 'add', { factor: 'passkey' })
    await at.signOutEverywhere(ada)
    expect((await ada.browser.get(page.url)).status).to.equal(410)
    expect((await ada.browser.post(`${page.url}/passkey`, { response: '{}' })).status).to.equal(410)
    const other = await at.elsewhere(ada)
    expect((await other.browser.get(page.url)).status).to.equal(403)
  })

  it('does not stand open for whoever comes to the screen later', async () => {
    const ada = await at.joined()
    const page = await at.act(ada, 'add', { factor: 'totp' })
    const secret = page.find('[data-totp-secret]')?.text.replace(/\s/g, '') ?? ''
    latchkey.keepOut(secret)
    latchkey.clock.pass(11 * 60_000)
    const late = await page.submit({ code: totpAt(secret, latchkey.clock.now()) })
    expect(late.status).to.equal(403)
    expect(late.h1).to.equal('Enter your password')
  })

  it('is refused when another site sends it, or nobody is signed in', async () => {
    const ada = await at.joined()
    const totp = credentialOn(await at.open(ada), 'Authenticator app')
    const posts: [string, Record<string, string>][] = [
      ['add', { factor: 'passkey' }],
      ['remove', { credential: totp }],
      ['prefer', { credential: totp }],
      ['rename', { credential: totp, name: 'mine' }],
      ['phrase', { phrase: 'mine' }],
      ['texts', { texts: 'on' }],
    ]
    for (const [path, fields] of posts) {
      const url = `${latchkey.issuer}/account/security/${path}`
      expect((await ada.browser.post(url, fields, { from: 'https://evil.example' })).status, path).to.equal(403)
      expect((await jar().post(url, fields)).status, path).to.equal(401)
      expect((await ada.browser.post(url, {})).status, path).to.be.oneOf([400, 403])
    }
    expect((await at.open(ada)).text).to.not.contain('mine')
  })

  it('touches nobody else’s credentials', async () => {
    const [ada, grace] = [await at.joined(), await at.joined()]
    await at.addPhone(grace)
    const totp = credentialOn(await at.open(grace), 'Authenticator app')
    for (const act of ['remove', 'prefer', 'rename'])
      expect((await at.act(ada, act, { credential: totp, name: 'mine' })).status).to.equal(404)
    expect((await at.open(grace)).text).to.not.contain('mine')
  })

  it('takes no code that was sent for something else', async () => {
    const ada = await at.joined('sms')
    const code = await codeSentTo(latchkey, ada.phone)
    latchkey.clock.pass(31_000)
    const start = await at.open({ ...ada, browser: jar() }, '/sign-in')
    const signIn = await start.submit({ email: ada.email, password: ada.password })
    const forSignIn = await codeSentTo(latchkey, ada.phone)
    expect((await signIn.submit({ code })).status).to.equal(401)
    latchkey.clock.pass(31_000)
    const change = await at.act(ada, 'add', { factor: 'sms' })
    expect((await change.submit({ code: forSignIn })).status).to.equal(401)
  })

  it('is made once, however often it is sent', async () => {
    const ada = await at.joined()
    latchkey.clock.pass(6 * 60_000)
    let page = await at.act(ada, 'phrase', { phrase: 'blue heron' })
    expect(page.text).to.contain('You’re changing your anti-phishing phrase')
    page = await page.submit({ password: ada.password })
    const code = authenticatorCode(latchkey, ada)
    const results = await Promise.all([page.submit({ code }), page.submit({ code })])
    expect(results.filter(each => each.status === 200)).to.have.length(1)
    expect((await at.open(ada)).find('input[name=phrase]')?.attributes.value).to.equal('blue heron')
  })
})
