import { expect } from 'chai'
import { documentsDeclaration } from '../../src/account-recovery/identity-documents.ts'
import { credentials } from '../../src/accounts/credential.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import { type Clerk, identityAt, passport } from '../support/identity.ts'
import { jar, type Page } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, codeSentTo, type Person, signIn, signUp, somebody } from '../support/people.ts'

const hour = 3_600_000

describe('somebody who has lost everything', () => {
  const latchkey = whileTesting(() => startLatchkey({ environment: { LATCHKEY_TRUST_PROXY: '127.0.0.1,::1' } }))
  const of = identityAt(latchkey)
  let [grace, edsger] = [] as unknown as [Clerk, Clerk]
  before(async () => {
    grace = await of.clerk()
    edsger = await of.clerk()
  })

  const inStore = (number: string) => latchkey.store.collection(documentsDeclaration).find({ case: number })
  /** From the mailed link to the account's page, with everything new. */
  const setUp = async (
    from: string | Page,
    browser: ReturnType<typeof jar>,
    moved?: string,
  ): Promise<[Page, Person]> => {
    const person: Person = { ...somebody(), browser }
    let page = typeof from === 'string' ? await (await browser.get(from)).submit() : from
    if (moved) {
      page = await page.submit({ email: moved })
      page = await page.submit({ code: await codeSentTo(latchkey, moved) })
    }
    expect(page.find('input[name=password]')?.attributes.autocomplete).to.equal('new-password')
    page = await page.submit({ password: person.password })
    person.secret = page.find('[data-totp-secret]')?.text.replace(/\s/g, '') ?? ''
    page = await page.submit({ code: authenticatorCode(latchkey, person) })
    person.recoveryCodes = page.all('[data-recovery-code]').map(each => each.text)
    latchkey.keepOut(person.password, person.secret, ...person.recoveryCodes)
    return [await page.submit({ saved: true }), person]
  }

  it('shows who they are, two of the staff agree, the owner hears of it, and all is set up afresh a day later', async () => {
    const ada = await of.at.joined()
    await of.at.addPhone(ada)
    const elsewhere = await of.at.elsewhere(ada)
    const account = await of.idOf(ada.email)

    // From the help centre on.
    let page = await (await jar().get(`${latchkey.issuer}/help`)).follow('Start an identity check')
    expect(page.url).to.equal(`${latchkey.issuer}/recover/identity`)
    const browser = jar()
    page = await (await browser.get(`${latchkey.issuer}/recover`)).follow('Start an identity check')
    page = await page.submit({ email: ada.email })
    page = await browser.get((await of.mailed(ada.email, '/recover/identity/')).link ?? '')
    const form = page.find('form')
    expect(form?.attributes.enctype).to.equal('multipart/form-data')
    page = await page.submit({ story: 'All was in one bag. <b>Stolen</b>.', documents: passport() })
    const texted = async (words: string) => (await latchkey.outbox(ada.phone)).find(each => each.text.includes(words))
    const number = of.numberOn(page)
    expect(number).to.match(/^\d{4}-\d{4}-\d{4}$/)
    expect(page.text).to.contain('Our staff will review them')
    const stored = await inStore(number)
    expect(stored).to.have.length(1)
    expect(JSON.stringify(stored)).to.not.contain(passport().name)

    // Every address and number is told, and only then the staff see it.
    const told = await of.mailed(ada.email, '/recover/cancel/')
    expect(told.text).to.contain(number)
    await of.until('the text', () => texted('requested an identity check'))
    await of.queued(grace, number)
    page = await grace.open(`/admin/recovery/${number}`)
    expect(page.text).to.contain('All was in one bag. <b>Stolen</b>.')
    expect(page.text).to.contain('Authenticator app').and.contain(grace.person.email)
    for (const secret of [ada.secret, ada.password, ada.phone]) expect(page.html).to.not.contain(secret)
    const [href = ''] = await of.documentsFor(grace, number)
    const document = await grace.person.browser.fetch(href)
    expect(Buffer.from(await document.arrayBuffer()).equals(Buffer.from(await passport().arrayBuffer()))).to.equal(true)
    expect(document.headers.get('content-type')).to.equal('image/jpeg')
    expect(document.headers.get('content-disposition')).to.match(/^inline; filename="[\d-]+-[\w-]+\.jpg"$/)
    expect(document.headers.get('content-security-policy')).to.equal("sandbox; default-src 'none'")
    expect(document.headers.get('x-content-type-options')).to.equal('nosniff')
    expect(document.headers.get('cache-control')).to.equal('no-store')

    // One yes is not enough, whoever says it twice.
    expect((await grace.decide(number, 'approve', '')).status).to.equal(422)
    expect((await grace.decide(number, 'approve')).status).to.equal(200)
    expect((await grace.decide(number, 'approve')).status).to.equal(409)
    page = await edsger.open(`/admin/recovery/${number}`)
    expect(page.text).to.contain(grace.person.email).and.contain('The photo and the name fit.')
    expect((await edsger.decide(number, 'approve')).status).to.equal(200)
    const again = await of.mailed(ada.email, '/recover/cancel/', [told.link ?? ''])
    expect(again.subject).to.equal('We approved an identity check for your account')
    await of.until('the text', () => texted('We approved an identity check'))
    await of.until('the delay', async () => {
      const status = await browser.get((await of.mailed(ada.email, '/recover/identity/')).link ?? '')
      return status.text.includes('time to object') ? status : undefined
    })
    expect((await latchkey.outbox(ada.email)).some(each => each.link?.includes('/recover/afresh/'))).to.equal(false)

    latchkey.clock.pass(23.9 * hour)
    expect((await latchkey.outbox(ada.email)).some(each => each.link?.includes('/recover/afresh/'))).to.equal(false)
    latchkey.clock.pass(0.2 * hour)
    const { link = '' } = await of.mailed(ada.email, '/recover/afresh/')
    expect((await inStore(number)).length).to.equal(1)
    const [done, anew] = await setUp(link, browser)
    expect(done.url).to.equal(`${latchkey.issuer}/account`)
    expect(done.text).to.contain('Your apps may block withdrawals and payments')
    expect(await inStore(number)).to.deep.equal([])

    // Nothing of before opens the account any more, and whoever was in is out.
    for (const each of [ada, elsewhere]) expect(await of.at.isIn(each)).to.equal(false)
    const start = () => jar().get(`${latchkey.issuer}/sign-in`)
    expect((await (await start()).submit({ email: ada.email, password: ada.password })).status).to.equal(401)
    const held = await credentials({
      store: latchkey.store,
      sealer: sealer(keyring(['a secret of the journeys, 32 or longer'])),
      now: latchkey.clock.now,
    }).of(account)
    expect(held.map(each => each.factor).sort()).to.deep.equal(['email', 'password', 'recovery-code', 'totp'])
    // What was set up signs in, and is worth no more than the check until its owner will have read of it.
    expect((await browser.post(`${latchkey.issuer}/account/security/add`, { factor: 'passkey' })).h1).to.equal(
      'Waiting period not over',
    )
    const back: Person = { ...anew, email: ada.email, browser: jar() }
    page = await signIn(latchkey, back, await back.browser.get(`${latchkey.issuer}/sign-in`))
    expect(page.status).to.equal(200)

    // The owner is told once more, and reads all of it in words.
    expect((await latchkey.outbox(ada.email)).some(each => each.subject.includes('was set up again'))).to.equal(true)
    page = await browser.get(`${latchkey.issuer}/account/activity`)
    for (const what of [
      ': requested',
      'documents received',
      'opened a document',
      'approved by a member of our staff',
      'approved. We notified you',
      'account set up again',
    ])
      expect(page.text).to.contain(what)
    const log = (await browser.get(`${latchkey.issuer}/account/activity.json`)).json<
      { event: string; details: Record<string, string> }[]
    >()
    const staff = log.filter(each => each.event === 'identity.approved').map(each => each.details.staff)
    // Who of the staff it was is the staff's to know.
    expect(staff).to.deep.equal([undefined, undefined])
  })

  it('moves to another mailbox where that is lost, too; the old one hears of it and can undo it', async () => {
    const ada = await of.at.joined()
    const contact = somebody().email
    await of.granted([grace, edsger], ada.email, contact)
    latchkey.clock.pass(24.1 * hour)
    const browser = jar()
    const { link = '' } = await of.mailed(contact, '/recover/afresh/')
    const [page, anew] = await setUp(link, browser, contact)
    expect(page.url).to.equal(`${latchkey.issuer}/account`)
    expect(page.text).to.contain(contact)
    const undo = await of.mailed(ada.email, '/not-me/')
    expect(undo.subject).to.contain('was set up again')
    await (await jar().get(undo.link ?? '')).submit()
    expect((await browser.get(`${latchkey.issuer}/account`)).url).to.contain('/sign-in/')
    const start = await jar().get(`${latchkey.issuer}/sign-in`)
    expect((await start.submit({ email: contact, password: anew.password })).status).to.equal(401)
    expect(await of.idOf(ada.email)).to.be.a('string')
  })

  it('adds nothing more to an account whose owner has undone it', async () => {
    const ada = await of.at.joined()
    await of.granted([grace, edsger], ada.email)
    latchkey.clock.pass(24.1 * hour)
    const { link = '' } = await of.mailed(ada.email, '/recover/afresh/')
    const before = (await latchkey.outbox(ada.email)).flatMap(each => each.link ?? [])
    const browser = jar()
    let step = await (await browser.get(link)).submit()
    step = await step.submit({ password: 'quiet harbour lantern more' })
    const secret = step.find('[data-totp-secret]')?.text.replace(/\s/g, '') ?? ''
    step = await step.submit({ code: authenticatorCode(latchkey, { ...ada, secret }) })
    const codes = step.all('[data-recovery-code]').map(each => each.text)
    latchkey.keepOut('quiet harbour lantern more', secret, ...codes)
    expect(codes).to.not.be.empty
    const told = await of.mailed(ada.email, '/not-me/', before)
    expect((await (await jar().get(told.link ?? '')).submit()).status).to.equal(200)
    expect((await step.submit({ saved: true })).status).to.be.within(400, 499)
    const sealed = sealer(keyring(['a secret of the journeys, 32 or longer']))
    const own = credentials({ store: latchkey.store, sealer: sealed, now: latchkey.clock.now })
    // What the check took away is back, and nothing that was set up in it.
    const held = await own.of(await of.idOf(ada.email))
    expect(held.map(each => each.factor)).to.have.members(['email', 'totp', 'recovery-code'])
    const keys = held.map(each => (each.secret as { secret?: string }).secret)
    expect(keys).to.include(ada.secret).and.not.include(secret)
  })

  it('takes away rules of the owner’s own, which a mailed link to a new password does not', async () => {
    const [vienna, london] = ['193.171.23.1', '81.2.69.142']
    const ada = somebody({ 'x-forwarded-for': vienna })
    await signUp(latchkey, ada, await ada.browser.get(`${latchkey.issuer}/sign-up`))
    await ada.browser.post(`${latchkey.issuer}/account/security/restrictions`, { addresses: vienna })
    const there = jar({ 'x-forwarded-for': london })
    await (await there.get(`${latchkey.issuer}/forgot-password`)).submit({ email: ada.email })
    let page = await (await there.get((await of.mailed(ada.email, '/reset/')).link ?? '')).submit()
    page = await page.submit({ code: authenticatorCode(latchkey, ada) })
    expect([page.status, page.h1]).to.deep.equal([403, 'We stopped this sign-in'])
    const { number } = await of.granted([grace, edsger], ada.email)
    expect((await grace.open(`/admin/recovery/${number}`)).text).to.contain('They are removed if you approve')
    latchkey.clock.pass(24.1 * hour)
    const { link = '' } = await of.mailed(ada.email, '/recover/afresh/')
    // Somewhere unusual, whoever has the link confirms by the mailbox first.
    const held = await (await there.get(link)).submit()
    expect(held.h1).to.equal('Confirm it’s you: check your email')
    await (await jar().get((await of.mailed(ada.email, '/confirm/')).link ?? '')).submit()
    expect((await setUp(await held.submit({}, 'I’ve confirmed'), there))[0].url).to.equal(`${latchkey.issuer}/account`)
  })
})
