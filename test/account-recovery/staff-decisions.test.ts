import { expect } from 'chai'
import { documentsDeclaration } from '../../src/account-recovery/identity-documents.ts'
import type { Account } from '../../src/accounts/account.ts'
import type { Store } from '../../src/store/collection.ts'
import { jpeg } from '../support/identity.ts'
import { codeOf } from '../support/outcome.ts'
import { slow, testStore } from '../support/store.ts'
import { desk, fits, visitor } from './desk.ts'

const day = 24 * 3_600_000
const ten = Array.from({ length: 10 }, (_, at) => at)

describe('what the staff decide, on a slow store', () => {
  let at = 0
  let store: Store
  let office: Awaited<ReturnType<typeof desk>>
  let [grace, edsger, barbara] = [] as unknown as [Account, Account, Account]
  beforeEach(async () => {
    at = Date.UTC(2026, 0, 1)
    store = await testStore(() => at)
    office = await desk(slow(store, 3), () => at)
    ;[grace, edsger, barbara] = await office.three()
    await office.person('ada')
  })
  afterEach(() => store.close())

  const granted = async (email = 'ada@example.com', contact = '') => {
    const found = await office.queued(email, contact)
    for (const who of [grace, edsger]) expect(await office.decide(who, found.number)).to.equal('done')
    await office.round()
    return found
  }
  const ready = async (contact = 'ada@example.com') => {
    const found = await granted('ada@example.com', contact === 'ada@example.com' ? '' : contact)
    at += day
    await office.round()
    return { ...found, link: office.bearer() }
  }
  const cancelLink = (number: string) =>
    office.kept.links.make({ purpose: 'cancel', case: number, account: 'ada', address: 'c1' }, 30 * day)
  const documents = (number: string) => store.collection(documentsDeclaration).find({ case: number })

  it('takes two of them, and ten yeses at once of one person are one', async () => {
    const { number } = await office.queued('ada@example.com')
    const met = await Promise.all(ten.map(() => office.decide(grace, number)))
    expect(met.filter(each => each === 'done')).to.have.length(1)
    expect(met.filter(each => each === 'already_decided')).to.have.length(9)
    expect(await office.state(number)).to.equal('waiting')
    expect(await office.decide(edsger, number)).to.equal('done')
    expect(await office.state(number)).to.equal('agreed')
  })

  it('takes both of two yeses at the same moment', async () => {
    const { number } = await office.queued('ada@example.com')
    const met = await Promise.all([office.decide(grace, number), office.decide(edsger, number)])
    expect(met).to.deep.equal(['done', 'done'])
    expect(await office.state(number)).to.equal('agreed')
    expect((await office.cases.get(number))?.decisions.map(each => each.staff)).to.have.members(['grace', 'edsger'])
  })

  it('is ended by one no, even after two yeses, and by one of a no and a yes at the same moment', async () => {
    const { number } = await granted()
    expect(await office.decide(barbara, number, 'refuse')).to.equal('done')
    expect(await office.state(number)).to.equal('refused')
    expect(await office.decide(barbara, number)).to.equal('conflict')
    expect(await office.decide(barbara, number, 'refuse')).to.equal('conflict')
    const other = await office.queued('ada@example.com')
    await office.decide(grace, other.number)
    await Promise.all([office.decide(edsger, other.number), office.decide(barbara, other.number, 'refuse')])
    expect(await office.state(other.number)).to.equal('refused')
    await office.round()
    expect(await office.state(other.number)).to.equal('refused')
  })

  it('counts nobody who is of the staff no more, and lets them do nothing', async () => {
    const { number } = await office.queued('ada@example.com')
    await office.decide(grace, number)
    await office.kept.roles.take('grace', 'support')
    expect(await office.decide(edsger, number)).to.equal('done')
    expect(await office.state(number)).to.equal('waiting')
    expect(await office.decide(grace, number, 'refuse')).to.equal('not_found')
    expect(await office.decide(barbara, number)).to.equal('done')
    expect(await office.state(number)).to.equal('agreed')
  })

  it('is never about themselves, by whichever address', async () => {
    for (const [email, contact] of [
      ['grace@example.com', ''],
      ['grace@example.com', 'x@example.com'],
      ['ada@example.com', 'grace@example.com'],
    ]) {
      const { number } = await office.queued(email ?? '', contact)
      expect(await office.decide(grace, number)).to.equal('own_case')
      expect(await office.decide(grace, number, 'refuse')).to.equal('own_case')
      const { found, bars } = await office.staffDecisions.look(number, grace)
      expect(bars).to.equal('own_case')
      const [document] = found.documents
      expect(await codeOf(office.staffDecisions.document(number, document?.id ?? '', grace))).to.equal('not_found')
    }
  })

  it('has a reason, and a case that was sent', async () => {
    const { number } = await office.queued('ada@example.com')
    const met = (lacking: object) =>
      codeOf(office.staffDecisions.decide(number, grace, { ...fits, verdict: 'approve', ...lacking }))
    expect(await met({ reason: ' ' })).to.equal('reason_needed')
    expect(await met({ checks: fits.checks.slice(1) })).to.equal('checks_needed')
    await office.submissions.ask({ email: 'ada@example.com', contact: 'x@example.com' }, 'en', visitor)
    const draft = await office.submissions.look(office.bearer())
    expect(await office.decide(grace, draft.id)).to.equal('not_found')
    expect(await office.decide(grace, draft.id, 'refuse')).to.equal('not_found')
    expect(await office.decide(grace, '0000-0000-0000')).to.equal('not_found')
    const { number: nobodys } = await office.queued('nobody@example.com')
    expect(await office.decide(grace, nobodys)).to.equal('conflict')
  })

  it('agrees to one case of an account at a time', async () => {
    const one = await office.queued('ada@example.com')
    const other = await office.queued('ada@example.com', 'thief@example.com')
    expect((await office.staffDecisions.look(one.number, grace)).rivals.map(each => each.id)).to.deep.equal([
      other.number,
    ])
    for (const { number } of [one, other]) await office.decide(grace, number)
    const met = await Promise.all([one, other].map(({ number }) => office.decide(edsger, number)))
    expect(met.sort()).to.deep.equal(['conflict', 'done'])
    expect((await Promise.all([one, other].map(({ number }) => office.state(number)))).sort()).to.deep.equal([
      'agreed',
      'waiting',
    ])
  })

  it('can be stopped again by a link whose use was cut short', async () => {
    const { number } = await granted()
    const cancel = await cancelLink(number)
    const { end } = office.cases
    office.cases.end = () => Promise.reject(new Error('the store is away'))
    expect(await office.submissions.cancel(cancel, visitor).catch(fault => fault)).to.be.an('error')
    office.cases.end = end
    expect(await codeOf(office.submissions.cancel(cancel, visitor))).to.equal('done')
    expect(await office.state(number)).to.equal('cancelled')
  })

  it('comes to nothing once the owner has stopped it, and to one of the two when both happen at once', async () => {
    const stopped = await granted()
    const cancel = await cancelLink(stopped.number)
    await office.submissions.cancel(cancel, visitor)
    expect(await documents(stopped.number)).to.deep.equal([])
    for (const verdict of ['approve', 'refuse'] as const)
      expect(await office.decide(barbara, stopped.number, verdict)).to.equal('conflict')
    at += 2 * day
    await office.round()
    expect(await office.state(stopped.number)).to.equal('cancelled')
    expect(office.mailed.some(each => each.name === 'check-ready')).to.equal(false)
    expect(await codeOf(office.submissions.contested(cancel))).to.equal('link_expired')

    for (const turn of [1, 2, 3]) {
      const { number } = await ready(`x${turn}@example.com`)
      const stop = await cancelLink(number)
      const met = await Promise.all([
        codeOf(office.submissions.complete(number)),
        codeOf(office.submissions.cancel(stop, visitor)),
        codeOf(office.submissions.complete(number)),
      ])
      expect(
        met.filter(each => each === 'done'),
        String(met),
      ).to.have.length(1)
      expect(await office.state(number)).to.equal(met[1] === 'done' ? 'cancelled' : 'done')
      expect(await documents(number)).to.deep.equal([])
      at += day
    }
  })

  it('is used once, in time and not before, by whoever holds the link', async () => {
    const { number, bearer } = await granted()
    expect(await codeOf(office.submissions.complete(number))).to.equal('attempt_expired')
    expect(await codeOf(office.submissions.remind(bearer))).to.equal('conflict')
    const early = await office.kept.links.make({ purpose: 'recover', case: number, account: 'ada' }, 9 * day)
    expect(await office.submissions.ready(early)).to.equal(false)
    expect(await codeOf(office.submissions.open(early))).to.equal('link_expired')
    at += day
    await office.round()
    await office.round()
    expect(office.mailed.filter(each => each.name === 'check-ready')).to.have.length(1)
    const link = office.bearer()
    const opened = await Promise.all(ten.map(() => codeOf(office.submissions.open(link))))
    expect(opened.filter(each => each === 'done')).to.have.length(1)
    // Who lost it asks for another; that runs out, and so does the case.
    await office.submissions.remind(bearer)
    const next = office.bearer()
    at += 3 * day
    expect(await office.submissions.ready(next)).to.equal(false)
    at += 40 * day
    expect(await office.state(number)).to.equal(undefined)
    expect(await documents(number)).to.deep.equal([])
  })

  it('ends every other case of the account once one is used', async () => {
    const other = await office.queued('ada@example.com', 'thief@example.com')
    const { number } = await ready()
    await office.submissions.complete(number)
    expect(await office.state(other.number)).to.equal('cancelled')
    expect(await documents(other.number)).to.deep.equal([])
  })

  it('is deleted with all that was handed in, however it ends', async () => {
    const { number, bearer } = await office.queued('ada@example.com')
    expect(await documents(number)).to.have.length(1)
    const [document] = (await office.cases.get(number))?.documents ?? []
    await office.decide(grace, number, 'refuse')
    expect(await documents(number)).to.deep.equal([])
    expect(await codeOf(office.staffDecisions.document(number, document?.id ?? '', grace))).to.equal('not_found')
    expect((await office.staffDecisions.look(number, grace)).story).to.equal('')
    expect((await office.cases.get(number))?.story).to.equal(undefined)
    expect((await office.submissions.look(bearer)).state).to.equal('refused')
    at += 91 * day
    expect(await office.state(number)).to.equal(undefined)
  })

  it('takes documents once, of ten that are sent at once', async () => {
    await office.submissions.ask({ email: 'ada@example.com', contact: '' }, 'en', visitor)
    const bearer = office.bearer()
    const met = await Promise.all(
      ten.map(() =>
        codeOf(
          office.submissions.send(bearer, visitor, async keep => {
            const content = (async function* () {
              yield jpeg()
            })()
            await keep({ name: 'a.jpg', declared: '', content })
            return { story: 'Lost.' }
          }),
        ),
      ),
    )
    expect(met.filter(each => each === 'done')).to.have.length(1)
    const { id } = await office.submissions.look(bearer)
    expect(await documents(id)).to.have.length(1)
  })
})
