import { expect } from 'chai'
import type { Account } from '../../src/accounts/account.ts'
import type { Store } from '../../src/store/collection.ts'
import { codeOf } from '../support/outcome.ts'
import { slow, testStore } from '../support/store.ts'
import { desk, visitor } from './desk.ts'

const at = Date.UTC(2026, 0, 1)

describe('whose approvals of an identity check count as two', () => {
  let store: Store
  let office: Awaited<ReturnType<typeof desk>>
  let [grace, edsger, barbara] = [] as unknown as [Account, Account, Account]
  beforeEach(async () => {
    store = await testStore(() => at)
    office = await desk(slow(store, 3), () => at)
    ;[grace, edsger, barbara] = await office.three()
    await office.person('ada')
  })
  afterEach(() => store.close())

  it('counts nobody whose account is locked, and lets them do nothing', async () => {
    const { number } = await office.queued('ada@example.com')
    await office.decide(grace, number)
    await office.kept.accounts.patch('grace', { lock: { at } })
    expect(await office.decide(edsger, number)).to.equal('done')
    expect(await office.state(number)).to.equal('waiting')
    expect(await office.decide(grace, number, 'refuse')).to.equal('not_found')
    expect(await office.decide(barbara, number)).to.equal('done')
    expect(await office.state(number)).to.equal('agreed')
  })

  it('counts neither who started it in the place of the person nor whom they let in', async () => {
    const { roles } = office.kept
    const joan = await office.person('joan')
    await roles.give('joan', 'support', 'grace')
    const ada = (await office.kept.accounts.get('ada')) as Account
    await office.submissions.start(ada, 'ada@new.example.com', { staff: 'grace', reason: 'She called.' }, {})
    expect(office.told.at(-1)).to.deep.equal({
      name: 'identity.asked',
      data: { account: 'ada', case: (await office.cases.of('ada'))[0]?.id, staff: 'grace', reason: 'She called.' },
    })
    const { number } = await office.handedIn()
    expect(await office.decide(grace, number)).to.equal('own_start')
    for (const each of [joan, edsger]) expect(await office.decide(each, number)).to.equal('done')
    expect(await office.state(number)).to.equal('waiting')
    expect(await office.decide(barbara, number)).to.equal('done')
    expect(await office.state(number)).to.equal('agreed')
  })

  it('does not count who alone let in the one who started it', async () => {
    const joan = await office.person('joan')
    await office.kept.roles.give('joan', 'support', 'grace')
    const ada = (await office.kept.accounts.get('ada')) as Account
    await office.submissions.start(ada, 'ada@new.example.com', { staff: 'joan', reason: 'She called.' }, {})
    const { number } = await office.handedIn()
    expect(await office.decide(joan, number)).to.equal('own_start')
    for (const each of [grace, edsger]) expect(await office.decide(each, number)).to.equal('done')
    expect(await office.state(number)).to.equal('waiting')
    expect(await office.decide(barbara, number)).to.equal('done')
    expect(await office.state(number)).to.equal('agreed')
  })

  it('starts none that somebody else asked for, and not for ever', async () => {
    const ada = (await office.kept.accounts.get('ada')) as Account
    const start = (contact: string, staff = 'grace') => codeOf(office.submissions.start(ada, contact, { staff }, {}))
    await office.submissions.ask({ email: 'ada@example.com', contact: '' }, 'en', visitor)
    expect(await start('')).to.equal('conflict')
    expect(await start('ada@new.example.com')).to.equal('done')
    expect(await start('ada@new.example.com')).to.equal('done')
    expect(await start('ada@new.example.com', 'edsger')).to.equal('conflict')
    expect(await start('nobody')).to.equal('invalid_email')
    for (let left = 7; left > 0; left--) await start(`${left}@new.example.com`)
    expect(await start('once@more.example.com')).to.equal('slow_down')
  })

  it('counts those who are of the staff by the word of one of them as that one', async () => {
    const { roles } = office.kept
    const [joan, karen] = [await office.person('joan'), await office.person('karen')]
    for (const { id } of [joan, karen]) await roles.give(id, 'support', 'grace')
    const { number } = await office.queued('ada@example.com')
    for (const each of [grace, joan, karen]) expect(await office.decide(each, number)).to.equal('done')
    expect(await office.state(number)).to.equal('waiting')
    expect(await office.decide(edsger, number)).to.equal('done')
    expect(await office.state(number)).to.equal('agreed')
  })
})
