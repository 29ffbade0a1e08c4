import { expect } from 'chai'
import type { Account } from '../../src/accounts/account.ts'
import type { Store } from '../../src/store/collection.ts'
import { codeOf } from '../support/outcome.ts'
import { slow, testStore } from '../support/store.ts'
import { desk } from './desk.ts'

const day = 24 * 3_600_000
const ten = Array.from({ length: 10 }, (_, at) => at)

describe('a case that somebody disputes, on a slow store', () => {
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

  it('waits for them again once it is disputed from an address that is new to the account, once', async () => {
    const by = { address: 'c-thief', masked: 't•••@example.com', since: at }
    const { number } = await granted()
    expect(await office.state(number)).to.equal('granted')
    await Promise.all(ten.map(() => office.cases.dispute(number, by)))
    const disputed = await office.cases.get(number)
    expect(disputed).to.include({ state: 'waiting' }).and.not.to.have.any.keys('granted', 'until', 'readyAt')
    expect(disputed?.disputes).to.have.length(1)
    // One of those who had agreed, and one who had not: what was said before counts no more.
    expect(await office.decide(grace, number)).to.equal('done')
    expect(await office.decide(grace, number)).to.equal('already_decided')
    expect(await office.state(number)).to.equal('waiting')
    expect(await office.decide(barbara, number)).to.equal('done')
    expect(await office.state(number)).to.equal('agreed')
    for (const address of ['c-thief', 'c-other']) await office.cases.dispute(number, { ...by, address })
    expect(await office.state(number)).to.equal('agreed')
    expect((await office.cases.get(number))?.disputes).to.have.length(2)
  })

  it('is disputed, or used, when both happen at once', async () => {
    for (const _ of [1, 2, 3]) {
      const { number } = await ready()
      const by = { address: 'c-thief', masked: 't•••@example.com', since: at }
      const both = await Promise.all([
        codeOf(office.submissions.complete(number)),
        codeOf(office.cases.dispute(number, by)),
      ])
      expect(both.filter(each => each === 'done')).to.have.length(1)
      expect(await office.state(number)).to.equal(both[0] === 'done' ? 'done' : 'waiting')
      if (both[0] !== 'done') await office.cases.end(number, 'refused')
    }
  })
})
