import { expect } from 'chai'
import { casesDeclaration } from '../../src/account-recovery/cases.ts'
import { type Clerk, file, identityAt, jpeg } from '../support/identity.ts'
import { jar, type Page } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { type Person, signUp, somebody } from '../support/people.ts'

const day = 24 * 3_600_000
const [vienna, london] = ['193.171.23.1', '51.140.0.1']
const iPhone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1'

describe('the desk of the staff for identity checks', () => {
  const latchkey = whileTesting(() => startLatchkey({ environment: { LATCHKEY_TRUST_PROXY: '127.0.0.1,::1' } }))
  const of = identityAt(latchkey)
  let [grace, edsger] = [] as unknown as [Clerk, Clerk]
  before(async () => {
    grace = await of.clerk()
    edsger = await of.clerk()
  })

  const living = async (address: string): Promise<Person> => {
    const person = somebody({ 'x-forwarded-for': address })
    await signUp(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-up`))
    return person
  }
  /** A case of somebody, as far as the queue; from another browser, if told. */
  const waiting = async (person: Person, browser = jar(), documents = file(jpeg(), 'a.jpg', 'image/jpeg')) => {
    const form = await of.ask(person.email, '', browser)
    const page = await form.submit({ story: 'All is lost.', documents })
    const number = of.numberOn(page)
    await of.queued(grace, number)
    return number
  }
  const listed = (page: Page, list: string) =>
    page
      .find(`section[aria-labelledby=${list}]`)
      ?.all('li')
      .map(each => each.text.replace(/\s+/g, ' ')) ?? []
  const lineOf = async (list: string, number: string) =>
    listed(await grace.open('/admin/recovery'), list).find(each => each.includes(number))

  it('says how old each case is and what it waits for, until it is closed', async () => {
    const ada = await living(vienna)
    const number = await waiting(ada)
    expect(await lineOf('waiting', number)).to.include('Waiting for the first approval · less than a day old')
    latchkey.clock.pass(3 * day)
    expect(await lineOf('waiting', number)).to.include('· 3 days old')
    await grace.decide(number, 'approve')
    expect(await lineOf('waiting', number)).to.include('Waiting for the second approval')
    await edsger.decide(number, 'approve')
    expect(await of.until('the delay', () => lineOf('granted', number))).to.be.a('string')
    await of.until('its end', async () => (await lineOf('granted', number))?.includes('Earliest') || undefined)
    latchkey.clock.pass(1.1 * day)
    expect(await lineOf('granted', number)).to.include('Waiting for the person to set up the account again')
    await edsger.decide(number, 'refuse', 'Her sister called.')
    expect(await lineOf('granted', number)).to.equal(undefined)
    expect(await lineOf('closed', number)).to.include('Refused')
    expect((await grace.open(`/admin/recovery/${number}`)).text).to.include('Her sister called.')
    expect(await lineOf('closed', await refused())).to.be.a('string')
    // The newest stands first.
    expect(listed(await grace.open('/admin/recovery'), 'closed')[1]).to.include(number)
  })

  it('takes an approval only with everything checked, and shows colleagues what was', async () => {
    const number = await waiting(await living(vienna))
    const page = await grace.open(`/admin/recovery/${number}`)
    const some = await page.submit({ reason: 'The name fits.', 'check-name': true }, 'Approve')
    expect([some.status, some.alerts.length]).to.deep.equal([422, 1])
    expect(some.alerts[0]).to.include('Tick everything')
    expect(some.find('#check-name')?.attributes).to.have.property('checked')
    expect(some.find('#reason')?.text).to.include('The name fits.')
    const all = { 'check-document': true, 'check-story': true, 'check-others': true }
    expect((await some.submit(all, 'Approve')).url).to.equal(`${latchkey.issuer}/admin/recovery`)
    const seen = await edsger.open(`/admin/recovery/${number}`)
    expect(seen.find('section[aria-labelledby=decided]')?.text).to.include('The document is genuine and still valid ·')
    // A refusal takes a reason alone.
    expect((await seen.submit({ reason: 'It is copied.' }, 'Refuse')).url).to.equal(`${latchkey.issuer}/admin/recovery`)
  })

  const refused = async () => {
    const number = await waiting(await living(vienna))
    await grace.decide(number, 'refuse')
    return number
  }

  it('shows where the documents came from beside where the account is used, and what of that is new', async () => {
    const ada = await living(vienna)
    const own = await grace.open(`/admin/recovery/${await waiting(ada, jar({ 'x-forwarded-for': vienna }))}`)
    expect(own.text).to.include('Usual devices').and.include('Chrome on Linux')
    expect(own.text).to.include('Usual locations').and.include('Austria')
    expect(own.text).to.not.include('Not seen before')

    const thief = jar({ 'x-forwarded-for': london, 'user-agent': iPhone })
    const number = await waiting(await living(vienna), thief)
    const other = await grace.open(`/admin/recovery/${number}`)
    expect(other.text).to.include('Safari on iOS').and.include('United Kingdom').and.include(london)
    expect(other.text.match(/Not seen before/g)).to.have.lengthOf(2)
    // It is forgotten with the documents.
    await edsger.decide(number, 'refuse')
    expect((await grace.open(`/admin/recovery/${number}`)).text).to.not.include(london)
  })

  it('shows pictures in the page, lets nobody save a file, and writes down who opened what', async () => {
    const number = await waiting(await living(vienna))
    const page = await (await grace.open(`/admin/recovery/${number}`)).follow('View the documents')
    const picture = page.find('.viewer img')?.attributes.src ?? ''
    expect(page.all('.viewer input[type=radio]')).to.have.lengthOf(7)
    const seen = await grace.person.browser.fetch(latchkey.issuer + picture)
    expect(seen.headers.get('content-disposition')).to.match(/^inline/)
    expect(seen.headers.get('cache-control')).to.equal('no-store')
    expect((await edsger.open(`/admin/audit?event=identity.seen`)).text).to.include(grace.person.email)

    expect(seen.headers.get('content-security-policy')).to.equal("sandbox; default-src 'none'")
    expect(page.all('.viewer a')).to.deep.equal([])

    const viewer = await of.clerk('viewer')
    expect((await viewer.open(`/admin/recovery/${number}`)).text).to.not.include('View the documents')
    expect((await viewer.open(`/admin/recovery/${number}/documents`)).status).to.equal(403)
  })

  it('says of a PDF from before only pictures were taken that it is not shown, and why', async () => {
    const number = await waiting(await living(vienna))
    const picture = (await of.documentsFor(grace, number))[0] ?? ''
    const kept = latchkey.store.collection(casesDeclaration)
    const documents = (await kept.get(number))?.documents ?? []
    await kept.patch(number, { documents: documents.map(each => ({ ...each, type: 'application/pdf' as const })) })
    const page = await grace.open(`/admin/recovery/${number}`)
    expect([page.status, page.text.includes('View the documents')]).to.deep.equal([200, false])
    expect(page.find('section[aria-labelledby=documents]')?.text).to.include('PDF, 1 kB').and.include('isn’t shown')
    const viewer = await grace.open(`/admin/recovery/${number}/documents`)
    expect([viewer.status, viewer.all('img, .viewer a').length]).to.deep.equal([200, 0])
    expect(viewer.text).to.include('A PDF can’t be opened safely')
    // Nor does its address give it away, or write down that somebody saw it.
    const seen = async () => (await grace.open('/admin/audit?event=identity.seen')).text.split(number).length
    const before = await seen()
    expect((await grace.person.browser.fetch(picture)).status).to.equal(404)
    expect(await seen()).to.equal(before)
    await grace.decide(number, 'refuse', 'The document cannot be shown.')
    expect(await lineOf('closed', number)).to.include('Refused')
  })

  it('emails those who can bring a case forward, and names nobody in it', async () => {
    const ada = await living(vienna)
    const number = await waiting(ada)
    const swept = async () => {
      latchkey.clock.pass(3_600_000)
      await latchkey.sweep()
    }
    const mailsTo = async (who: Clerk) =>
      (await latchkey.outbox(who.person.email)).filter(each => each.link === `${latchkey.issuer}/admin/recovery`)
    await swept()
    const [before, [first]] = [await mailsTo(grace), await mailsTo(edsger)]
    expect(before).to.not.deep.equal([])
    expect(first?.text).to.include('waiting for your decision').and.to.include('Oldest request: ')
    expect(first?.subject).to.match(/^(1 decision is|\d+ decisions are) waiting for you$/)
    expect(first?.text).to.not.include(number).and.not.include(ada.email)
    await grace.decide(number, 'approve')
    await swept()
    const [second] = await mailsTo(edsger)
    expect(second?.id).to.not.equal(first?.id)
    expect(second?.text).to.match(/need only one more approval: [1-9]/)
    expect((await mailsTo(grace))[0]?.id).to.equal(before[0]?.id)
  })
})
