import { expect } from 'chai'
import { caseNewsDeclaration } from '../../src/account-recovery/case-news.ts'
import type { State } from '../../src/account-recovery/cases.ts'
import type { Account } from '../../src/accounts/account.ts'
import type { SendMail } from '../../src/delivery/mails.ts'
import type { Store } from '../../src/store/collection.ts'
import { slow, testStore } from '../support/store.ts'
import { desk } from './desk.ts'

const [minute, hour, day] = [60_000, 3_600_000, 24 * 3_600_000]

describe('what staff are told of identity checks', () => {
  let at = 0
  let store: Store
  let office: Awaited<ReturnType<typeof desk>>
  let grace: Account
  let edsger: Account
  beforeEach(async () => {
    at = Date.UTC(2026, 0, 1, 9)
    store = await testStore(() => at)
    office = await desk(slow(store, 2), () => at)
    ;[grace, edsger] = await office.three()
    await office.person('ada')
  })
  afterEach(() => store.close())

  const mails = () => office.mailed.filter(each => each.name === 'cases')
  const to = () => mails().map(each => each.to.split('@')[0])
  const later = async (ms: number) => {
    at += ms
    await office.news().tell()
  }
  const queued = async (contact = '') => (await office.queued('ada@example.com', contact)).number

  it('is that a case came, once to each who may decide it', async () => {
    await office.kept.roles.give((await office.person('alan')).id, 'viewer')
    await office.kept.roles.give((await office.person('kurt')).id, 'security')
    await office.kept.roles.give(grace.id, 'admin')
    await later(0)
    expect(to()).to.deep.equal([])
    await queued()
    await later(minute)
    expect(to().toSorted()).to.deep.equal(['barbara', 'edsger', 'grace', 'kurt'])
    const since = '1 Jan 2026, 09:00:00 UTC'
    expect(mails()[0]?.data).to.deep.equal({ waiting: 1, cases: 1, second: 0, proposals: 0, since, days: 0 })
    await later(2 * day)
    expect(mails()).to.have.length(4)
  })

  it('is that one more approval is needed, to those whose approval it can be', async () => {
    const number = await queued()
    await later(0)
    expect(await office.decide(grace, number)).to.equal('done')
    await later(hour)
    expect(to().slice(3).toSorted()).to.deep.equal(['barbara', 'edsger'])
    expect(mails()[3]?.data).to.include({ cases: 1, second: 1 })
  })

  it('comes at most once an hour, with all that came meanwhile', async () => {
    await queued()
    await later(0)
    await queued('other@example.com')
    await later(hour - 1)
    expect(mails()).to.have.length(3)
    await later(1)
    expect(mails()).to.have.length(6)
    expect(mails()[5]?.data).to.include({ cases: 2, second: 0 })
  })

  it('leaves out what was decided or stopped meanwhile, also while the email was on its way', async () => {
    const [one, two] = [await queued(), await queued('other@example.com')]
    await office.decide(grace, one, 'refuse')
    await later(0)
    expect(mails().map(({ data }) => data.cases)).to.deep.equal([1, 1, 1])
    await office.cases.end(two, 'cancelled')
    await queued('third@example.com')
    const [found] = (await office.staffDecisions.queue()).waiting.cases
    at += hour
    // It ends between the first look at what waits and the email.
    let looked = 0
    async function* ending(state: State) {
      yield* office.cases.in(state)
      if (++looked === 1) await office.cases.end(found?.id ?? '', 'refused')
    }
    await office.news(undefined, { ...office.cases, in: ending }).tell()
    expect([looked > 1, mails().length]).to.deep.equal([true, 3])
  })

  it('is nothing of their own case, or of one that they started', async () => {
    await office.queued('grace@example.com')
    const origin = { request: 'r' }
    await office.submissions.start(await office.person('joan'), '', { staff: edsger.id, reason: 'Called.' }, origin)
    await office.handedIn()
    await later(0)
    expect(Object.fromEntries(mails().map(each => [each.to, each.data.cases]))).to.deep.equal({
      'grace@example.com': 1,
      'edsger@example.com': 1,
      'barbara@example.com': 2,
    })
  })

  it('is nothing to those whose approval would be that of the same person', async () => {
    const number = await queued()
    const kurt = await office.person('kurt')
    await office.kept.roles.give(kurt.id, 'support', grace.id)
    await office.decide(grace, number)
    await later(0)
    expect(to().toSorted()).to.deep.equal(['barbara', 'edsger'])
  })

  it('is nothing to those whose word is that of who started the case', async () => {
    await office.kept.roles.give((await office.person('kurt')).id, 'support', edsger.id)
    const by = { staff: edsger.id, reason: 'Called.' }
    await office.submissions.start(await office.person('joan'), '', by, { request: 'r' })
    await office.handedIn()
    await later(0)
    expect(to().toSorted()).to.deep.equal(['barbara', 'grace'])
  })

  it('is kept as the process knew it that wrote last, where another took too long', async () => {
    await queued()
    const records = store.collection(caseNewsDeclaration)
    let first = ''
    let known: unknown
    const slowly = (async (...given: Parameters<SendMail>) => {
      await office.sendMail(...given)
      if (first !== '') return
      first = String(mails()[0]?.to.split('@')[0])
      await later(minute)
      known = await records.get(first)
      at += hour
    }) as SendMail
    await office.news(slowly).tell()
    expect(await records.get(first)).to.deep.equal(known)
  })

  it('is nothing to staff who are locked or have left', async () => {
    await queued()
    await office.kept.accounts.patch(grace.id, { lock: { at } })
    await office.kept.roles.take(edsger.id, 'support')
    await later(0)
    expect(to()).to.deep.equal(['barbara'])
  })

  it('is news again once an objection brought the case back', async () => {
    const number = await queued()
    await office.decide(grace, number)
    await later(0)
    await office.cases.dispute(number, { address: 'a', masked: 'a•••', since: at })
    await later(hour)
    expect(to().slice(2).toSorted()).to.deep.equal(['barbara', 'edsger', 'grace'])
    expect(mails().at(-1)?.data).to.include({ second: 0 })
  })

  it('is written in the language and the time zone of its reader, with how long the oldest waits', async () => {
    await office.kept.accounts.patch(grace.id, { locale: 'de', profile: { zone: 'Asia/Tokyo', at } })
    await queued()
    await later(2 * day + hour)
    const mail = mails().find(each => each.to === grace.email)
    expect(mail).to.include({ locale: 'de' })
    expect(mail?.data).to.include({ days: 2 })
    expect(mail?.data.since).to.match(/^01\.01\.2026, 18:00:00/)
  })

  it('is sent once by several processes that look at once, over a slow store', async () => {
    const number = await queued()
    await Promise.all([1, 2, 3].map(() => office.news().tell()))
    expect(to().toSorted()).to.deep.equal(['barbara', 'edsger', 'grace'])
    await office.decide(grace, number)
    at += hour
    await Promise.all([1, 2, 3].map(() => office.news().tell()))
    expect(mails()).to.have.length(5)
  })

  it('is sent a minute later where it could not be kept for sending, and holds up nobody else', async () => {
    await queued()
    const fails = (async (name: string, recipient: { email: string; locale: string }, data: object) => {
      if (recipient.email === grace.email) throw new Error('the store is away')
      return (office.sendMail as (...given: unknown[]) => Promise<void>)(name, recipient, data)
    }) as SendMail
    await office.news(fails).tell()
    expect([to().toSorted(), office.faults.length]).to.deep.equal([['barbara', 'edsger'], 1])
    await later(minute - 1)
    expect(mails()).to.have.length(2)
    await later(1)
    expect(to().at(-1)).to.equal('grace')
  })

  /** Something that one of the staff proposed, which any of these can confirm. */
  const proposed = (mark: string, ...by: Account[]) => {
    const one = { mark, at, helps: async (staff: Account) => by.some(({ id }) => id === staff.id) }
    office.proposed.push(one)
    return one
  }

  it('is also what a colleague proposed, to those who can confirm it, in the same email', async () => {
    proposed('proposal.1', grace, edsger)
    await later(minute)
    expect(to().toSorted()).to.deep.equal(['edsger', 'grace'])
    const since = '1 Jan 2026, 09:00:00 UTC'
    expect(mails()[0]?.data).to.deep.equal({ waiting: 1, cases: 0, second: 0, proposals: 1, since, days: 0 })
    await queued()
    proposed('proposal.2', edsger)
    await later(minute)
    expect(to().slice(2)).to.deep.equal(['barbara'])
    await later(hour)
    expect(to().slice(3).toSorted()).to.deep.equal(['edsger', 'grace'])
    const counts = Object.fromEntries(mails().map(each => [each.to, each.data]))
    expect(counts['edsger@example.com']).to.deep.include({ waiting: 3, cases: 1, proposals: 2, since })
    expect(counts['grace@example.com']).to.deep.include({ waiting: 2, cases: 1, proposals: 1, since })
    await later(2 * hour)
    expect(mails()).to.have.length(5)
  })

  it('leaves out a proposal that was decided while the email was on its way, and is sent once by several processes', async () => {
    const one = proposed('proposal.1', grace)
    const { helps } = one
    let asked = 0
    one.helps = async staff =>
      staff.id === grace.id && ++asked === 1 ? office.proposed.splice(0).length > 0 : helps(staff)
    await later(0)
    expect([asked, mails()]).to.deep.equal([1, []])
    proposed('proposal.2', grace)
    await later(minute)
    await Promise.all([1, 2, 3].map(() => office.news().tell()))
    expect(to()).to.deep.equal(['grace'])
    expect((await store.collection(caseNewsDeclaration).get(grace.id))?.told).to.deep.equal(['proposal.2'])
  })

  it('names nobody, and keeps no more than marks', async () => {
    const number = await queued()
    await later(0)
    const [{ data } = { data: {} }] = mails()
    expect(JSON.stringify(data)).to.not.include('ada').and.not.include(number)
    const kept = await store.collection(caseNewsDeclaration).get(grace.id)
    expect(kept).to.include({ account: grace.id, at }).and.to.not.have.property('lease')
    expect(kept?.told).to.deep.equal([`${number}.0.0`])
  })
})
