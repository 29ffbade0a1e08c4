import { expect } from 'chai'
import { accountsDeclaration } from '../../src/accounts/account.ts'
import { credentialsDeclaration } from '../../src/accounts/credential.ts'
import type { Approved } from '../../src/flows/approval-statement.ts'
import { type Approver, type Counter, counter } from '../conformance/approvals.ts'
import { ended } from '../conformance/ground.ts'
import { approve, askedOn, payment, signedFor, withdrawal } from '../support/approvals.ts'
import { authenticator } from '../support/authenticator.ts'
import type { Page } from '../support/jar.ts'
import { verifyReceipt } from '../support/receipts.ts'

const ten = Array.from({ length: 10 }, (_, at) => at)

describe('approving what matters', () => {
  let here: Counter
  let ada: Approver
  before(async () => {
    here = await counter()
    ada = await here.approver()
  })
  after(() => here.stop())

  const page = async (person: Approver, detail: object = withdrawal): Promise<Page> =>
    (await here.open(person, await here.push([detail]))).page
  const code = (answer: Page): string | null => ended(answer, here.issuer).told.get('code')

  it('warns of an address that is new to the account, until something was approved to it', async () => {
    const person = await here.approver()
    const before = await page(person)
    expect(before.text).to.include('You haven’t approved a withdrawal to this address before')
    await approve(person, before, person.device)
    expect((await page(person)).text).not.to.include('before')
    expect((await page(person, { ...withdrawal, network: 'liquid' })).text).to.include('before')
    expect((await page(person, payment)).text).to.include('You haven’t approved a payment to this account before')
  })

  it('keeps a receipt that verifies, shows it in Activity to its owner alone, and mails', async () => {
    const person = await here.approver()
    await approve(person, await page(person), person.device)
    const activity = await person.browser.get(`${here.issuer}/account/activity?kind=apps`)
    expect(activity.text).to.include(`shop: you approved a withdrawal of 0.5 BTC to ${withdrawal.address}`)
    const { href = '' } = activity.links.find(each => each.text === 'Receipt') ?? {}
    const receipt = (await person.browser.get(href)).json<Approved & { id: string }>()
    expect(receipt.statement.authorization_details).to.deep.equal([withdrawal])
    expect(receipt.statement).to.include({ purpose: 'approval', iss: here.issuer, client_id: 'shop' })
    expect(await verifyReceipt(receipt)).to.equal(true)
    expect((await ada.browser.get(href)).status).to.equal(404)
    const mails = await here.latchkey.outbox(person.email)
    const told = mails.find(each => each.text.includes('A withdrawal of 0.5 BTC was approved with your passkey'))
    expect(told?.text).to.match(/not-me/)
    // The log knows how much, and not where to.
    expect(here.latchkey.logged()).to.include('approval.given').and.not.include(withdrawal.address)
    const csv = await person.browser.get(`${here.issuer}/account/activity.csv`)
    expect(csv.html).to.include(withdrawal.address)
  })

  it('says what a page without scripts cannot do', async () => {
    const shown = await page(ada)
    expect(shown.find('noscript')?.text).to.include('JavaScript')
  })

  it('takes no proof that was made for something else', async () => {
    const person = await here.approver()
    const shown = await page(person)
    const { action } = askedOn(shown)
    // A sign-in's answer, by the same passkey.
    const start = await person.browser.get(`${here.issuer}/sign-in`)
    const signIn = start.url.endsWith('/account') ? await page(person, payment) : start
    const wrong = [
      await signedFor(signIn, person.device),
      await signedFor(shown, person.device, { challenge: Buffer.alloc(32).toString('base64url') }),
      await signedFor(shown, person.device, { userVerified: false }),
      await signedFor(shown, person.device, { forged: true }),
      await signedFor(shown, person.device, { type: 'webauthn.create' }),
      '{}',
    ]
    for (const response of wrong) {
      const answer = await person.browser.post(action, { response })
      expect([answer.status, answer.alerts.length]).to.deep.equal([401, 1])
      expect(answer.find('.sum')?.text).to.equal('0.5 BTC')
    }
    expect((await person.browser.post(action, {})).status).to.equal(400)
    expect((await person.browser.post(action.replace('passkey', 'totp'), { code: '123456' })).status).to.equal(403)
    expect(code(await approve(person, shown, person.device))).to.be.a('string')
  })

  it('takes no other account’s passkey', async () => {
    const eve = await here.approver()
    const shown = await page(ada)
    const { action, options } = askedOn(shown)
    const stolen = await eve.device.get({ ...options, allowCredentials: [] }, here.issuer)
    expect((await ada.browser.post(action, { response: JSON.stringify(stolen) })).status).to.equal(401)
    // Nor the right one, sent by somebody else's browser.
    const response = await signedFor(shown, ada.device)
    expect((await eve.browser.post(action, { response })).status).to.equal(410)
  })

  it('does not take an approval for a sign-in', async () => {
    const person = await here.approver()
    const response = await signedFor(await page(person), person.device)
    await person.browser.cookies.removeAllCookies()
    const start = await person.browser.get(`${here.issuer}/sign-in`)
    expect((await person.browser.post(askedOn(start).action, { response })).status).to.equal(401)
  })

  it('counts one proof once: of ten at once one goes on, and a second tab is over', async () => {
    const person = await here.approver()
    const first = await page(person)
    const tab = await person.browser.get(first.url)
    expect(askedOn(tab).options.challenge).to.equal(askedOn(first).options.challenge)
    const response = await signedFor(first, person.device)
    const { action } = askedOn(first)
    const answers = await Promise.all(ten.map(() => person.browser.post(action, { response }, { follow: false })))
    const won = answers.find(each => each.status === 200)
    expect(answers.filter(each => each.status === 200)).to.deep.equal([won])
    const resumed = await Promise.all(ten.map(() => person.browser.get(won?.location ?? '', { follow: false })))
    const codes = resumed.flatMap(each => code(each) ?? [])
    expect(codes).to.have.length(1)
    expect((await person.browser.post(action, { response })).status).to.equal(410)
    expect((await approve(person, tab, person.device)).status).to.equal(410)
  })

  it('gives the act to one of ten that ask at once', async () => {
    const token = await here.actToken(ada)
    const answers = await Promise.all(ten.map(() => here.introspect(token)))
    expect(answers.filter(each => each.body.active === true)).to.have.length(1)
  })

  it('redeems a code once, and the second time ends what the first gave', async () => {
    const ending = await here.approved(ada)
    const { body } = await here.redeem(ending)
    expect((await here.redeem(ending)).body.error).to.equal('invalid_grant')
    expect((await here.introspect(String(body.access_token))).body).to.deep.equal({ active: false })
  })

  it('lets no token outlive its two minutes, or its session', async () => {
    const late = await here.actToken(ada)
    here.latchkey.clock.pass(121_000)
    expect((await here.introspect(late)).body).to.deep.equal({ active: false })
    const token = await here.actToken(ada)
    await ada.browser.post(`${here.issuer}/sign-out/everywhere`, { confirmed: 'yes' })
    expect((await here.introspect(token)).body).to.deep.equal({ active: false })
  })

  it('gives no act of an app that is away, and does not use it up', async () => {
    const token = await here.actToken(await here.approver())
    await here.declareOnly('till', 'bank-api', 'vault-api')
    const away = await here.introspect(token)
    await here.declareOnly()
    expect([away.status, away.body]).to.deep.equal([200, { active: false }])
    expect((await here.introspect(token)).body).to.include({ active: true, client_id: 'shop' })
  })

  it('asks who holds no passkey to make one first', async () => {
    const person = await here.person()
    const { page: asked } = await here.open(person, await here.push([withdrawal]))
    expect(asked.url).to.include('/sign-in/')
    expect(asked.find('.sum')).to.equal(undefined)
  })

  it('sends the app away while the account is held, with an error that it understands', async () => {
    const person = await here.approver()
    const shown = await page(person)
    const [account] = await here.latchkey.store.collection(accountsDeclaration).find({ email: person.email })
    await here.latchkey.store
      .collection(accountsDeclaration)
      .patch(account?.id ?? '', { holdUntil: here.latchkey.clock.now() + 3_600_000 })
    const { told } = await here.open(person, await here.push([withdrawal]))
    expect(told.get('error')).to.equal('account_held')
    expect(told.get('state')).to.equal('a state')
    // A page that was open before the hold began gives no code either.
    const late = ended(await approve(person, shown, person.device), here.issuer)
    expect([late.told.get('code'), late.told.get('error')]).to.deep.equal([null, 'account_held'])
  })

  it('does not let a passkey approve anything that was added lately by less', async () => {
    const person = await here.approver()
    const shown = await page(person)
    const [account] = await here.latchkey.store.collection(accountsDeclaration).find({ email: person.email })
    const held = here.latchkey.store.collection(credentialsDeclaration)
    const own = (await held.find({ account: account?.id })).find(each => each.factor === 'passkey')
    await held.patch(own?.id ?? '', { addedUnder: 'aal2' })
    expect((await here.open(person, await here.push([withdrawal]))).told.get('error')).to.equal('account_held')
    expect((await approve(person, shown, person.device)).status).to.equal(403)
  })

  it('asks a third-party app’s people for consent first, and then for approval', async () => {
    const pushed = await here.push([payment], { scope: 'openid email' }, 'guest')
    const { page: consent } = await here.open(ada, pushed, 'guest')
    expect(consent.h1).to.equal('Allow access?')
    const next = await consent.submit({}, 'Allow')
    expect(next.h1).to.equal('Approve this payment?')
    expect(code(await approve(ada, next, ada.device))).to.be.a('string')
  })

  it('is over for who has signed out meanwhile', async () => {
    const person = await here.approver()
    const shown = await page(person)
    await (await person.browser.get(`${here.issuer}/account`)).submit({}, 'Sign out')
    expect((await approve(person, shown, person.device)).status).to.equal(410)
    const mails = await here.latchkey.outbox(person.email)
    expect(mails.some(each => each.text.includes('was approved'))).to.equal(false)
  })

  it('is not led by another site’s page', async () => {
    const shown = await page(ada)
    const response = await signedFor(shown, ada.device)
    const evil = await ada.browser.post(askedOn(shown).action, { response }, { from: 'https://evil.example/' })
    expect(evil.status).to.equal(403)
  })

  it('stands what is huge, deep or not text', async () => {
    const deep = `${'['.repeat(7_000)}${']'.repeat(7_000)}`
    const wide = JSON.stringify([{ ...withdrawal, memo: 'x'.repeat(20_000) }])
    const nested = JSON.stringify([{ ...withdrawal, memo: { a: { b: {} } } }])
    for (const each of [deep, wide, nested, `[${deep}]`, '[null]', '[[]]', 'null', '[{"type":"toString"}]']) {
      const { status, body } = await here.push(each)
      expect([status, body.error], each.slice(0, 30)).to.deep.equal([400, 'invalid_authorization_details'])
    }
    expect((await here.push(`[${'"x",'.repeat(50_000)}"x"]`)).status).to.be.oneOf([400, 413])
  })

  it('shows its page in the person’s own language, whatever the app asks for', async () => {
    const english = await here.open(ada, await here.push([withdrawal], { ui_locales: 'de' }))
    expect(english.page.h1).to.equal('Approve this withdrawal?')
    await ada.browser.cookies.setCookie('latchkey_language=de', here.issuer)
    const { page: german } = await here.open(ada, await here.push([withdrawal], { ui_locales: 'en' }))
    expect(german.h1).to.equal('Diese Auszahlung freigeben?')
    expect(german.headers.get('content-security-policy')).to.include("form-action 'self';").and.not.include('shop')
    const other = authenticator()
    expect(await approve(ada, german, other).catch(fault => fault.name)).to.equal('NotAllowedError')
  })
})
