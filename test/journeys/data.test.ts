import { expect } from 'chai'
import { authenticator } from '../support/authenticator.ts'
import { jar, type Page } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, type Person, signIn } from '../support/people.ts'
import { securityAt, usePasskey } from '../support/security.ts'

describe('a copy of one’s data', () => {
  const latchkey = whileTesting(startLatchkey)
  const at = securityAt(latchkey)

  const path = '/account/data'
  const url = () => `${latchkey.issuer}${path}`
  const ask = async (person: Person): Promise<Page> => (await at.open(person, path)).submit({}, 'Download')
  const stale = () => latchkey.clock.pass(6 * 60_000)
  const copy = (page: Page) => {
    expect(page.headers.get('content-disposition')).to.equal('attachment; filename="latchkey-data.json"')
    expect(page.headers.get('cache-control')).to.equal('no-store')
    return JSON.parse(page.html)
  }

  it('has all that is kept, and no secret', async () => {
    const ada = await at.joined()
    await at.addPhone(ada)
    await at.elsewhere(ada)
    await at.act(ada, 'phrase', { phrase: 'blue heron' })
    const page = await ada.browser.post(`${latchkey.issuer}/account/api-keys`, { name: 'Bot', scope: 'read' })
    const secret = page.find('[data-api-key-secret]')?.text ?? expect.fail()
    latchkey.keepOut(secret)
    const told = copy(await ask(ada))
    expect(told.issuer).to.equal(latchkey.issuer)
    expect(told.accounts).to.have.length(1)
    expect(told.accounts[0]).to.include({
      email: ada.email,
      phone: ada.phone,
      antiPhishingPhrase: 'blue heron',
      locale: 'en',
    })
    expect(told.accounts[0].createdAt).to.match(/^\d{4}-\d\d-\d\dT/)
    const factors = told.credentials.map((each: { factor: string }) => each.factor)
    expect(factors).to.have.members(['email', 'password', 'totp', 'sms', 'recovery-code'])
    expect(told.sessions).to.have.length(2)
    expect(told.devices).to.have.length(2)
    expect(told.api_keys).to.have.length(1)
    expect(told.api_keys[0]).to.include({ name: 'Bot' })
    expect(told.receipts).to.deep.equal([])
    const named = told.activity.map((each: { event: string }) => each.event)
    expect(named).to.include.members(['account.created', 'factor.enrolled', 'api-key.created', 'data.exported'])
    for (const hidden of [ada.password, ada.secret, secret, 'secret', '$argon2'])
      expect(JSON.stringify(told)).to.not.contain(hidden)
  })

  it('is streamed, however long it is', async () => {
    const ada = await at.joined()
    for (let each = 0; each < 60; each++) await at.act(ada, 'phrase', { phrase: `heron ${each}` })
    expect(copy(await ask(ada)).activity).to.have.length.above(60)
  })

  it('is given after a fresh proof of the strongest factor, once for each', async () => {
    const ada = await at.joined()
    stale()
    let page = await ask(ada)
    expect(page.text).to.contain('You’re downloading a copy of your data')
    page = await page.submit({ password: ada.password })
    page = await page.submit({ code: authenticatorCode(latchkey, ada) })
    expect(page.text).to.contain('Your file is ready')
    const proof = page.find('input[name=attempt]')?.attributes.value ?? ''
    copy(await page.submit({}, 'Download'))
    expect((await ada.browser.post(url(), { attempt: proof })).status).to.equal(410)
  })

  it('is not given to another session, or another account, by that proof', async () => {
    const [ada, grace] = [await at.joined(), await at.joined()]
    stale()
    let page = await (await ask(ada)).submit({ password: ada.password })
    page = await page.submit({ code: authenticatorCode(latchkey, ada) })
    const attempt = page.find('input[name=attempt]')?.attributes.value ?? ''
    const other = await at.elsewhere(ada)
    expect((await other.browser.post(url(), { attempt })).status).to.equal(403)
    expect((await grace.browser.post(url(), { attempt })).status).to.equal(403)
    expect((await ada.browser.post(url(), { attempt: 'nothing' })).status).to.equal(410)
    // Nor to the next session of the same browser.
    await (await at.open(ada, '/account')).submit({}, 'Sign out')
    await signIn(latchkey, ada, await at.open(ada, '/sign-in'))
    expect((await ada.browser.post(url(), { attempt })).status).to.equal(410)
  })

  it('asks for the passkey where there is one, and takes a recovery code in its stead', async () => {
    const device = authenticator()
    const ada = await at.joined('totp', device)
    let page = await ask(ada)
    expect(page.find('[data-passkey]')).to.not.equal(undefined)
    page = await usePasskey(ada, page, device)
    copy(await page.submit({}, 'Download'))
    stale()
    page = await ask(ada)
    page = await ada.browser.post(`${page.url}/use`, { factor: 'recovery-code' })
    page = await page.submit({ code: ada.recoveryCodes[0] ?? '' })
    page = await page.submit({ password: ada.password })
    copy(await page.submit({}, 'Download'))
  })

  it('is told of to its owner, and rationed', async () => {
    const ada = await at.joined()
    for (let each = 0; each < 5; each++) copy(await ask(ada))
    const mails = await latchkey.outbox(ada.email)
    expect(mails.filter(each => each.subject === 'A copy of your data was downloaded')).to.have.length(5)
    const refused = await ask(ada)
    expect(refused.status).to.equal(429)
    expect(Number(refused.headers.get('retry-after'))).to.be.above(60)
  })

  it('is refused when another site asks, or nobody is signed in', async () => {
    const ada = await at.joined()
    expect((await ada.browser.post(url(), {}, { from: 'https://evil.example' })).status).to.equal(403)
    expect((await jar().post(url(), {})).status).to.equal(401)
    expect((await at.open({ ...ada, browser: jar() }, path)).url).to.contain('/sign-in/')
  })
})
