import { expect } from 'chai'
import type { Account } from '../../src/accounts/account.ts'
import type { Store } from '../../src/store/collection.ts'
import { slow, testStore } from '../support/store.ts'
import { desk, fits } from './desk.ts'

const at = Date.UTC(2026, 0, 1)

describe('whose approvals of an identity check count as two', () => {
  let store: Store
  let office: Awaited<ReturnType<typeof desk>>
  let [grace, edsger, barbara] = [] as unknown as [Account, Account, Account]
  beforeEach(async () => {
    store = await testStore(() => at)
    office = await desk(slow(store, 3), () => at)
    ;[grace, edsger, barbara] = [
      await office.staff('grace'),
      await office.staff('edsger'),
      await office.staff('barbara'),
    ]
    await office.person('ada')
  })
  afterEach(() => store.close())

  const decide = (who: Account, number: string, verdict: 'approve' | 'refuse' = 'approve') =>
    office.staffDecisions.decide(number, who, { ...fits, verdict }).then(
      () => 'done',
      fault => fault.code ?? fault,
    )
  const state = async (number: string) => (await office.cases.get(number))?.state

  it('counts nobody whose account is locked, and lets them do nothing', async () => {
    const { number } = await office.queued('ada@example.com')
    await decide(grace, number)
    await office.kept.accounts.patch('grace', { lock: { at } })
    expect(await decide(edsger, number)).to.equal('done')
    expect(await state(number)).to.equal('waiting')
    expect(await decide(grace, number, 'refuse')).to.equal('not_found')
    expect(await decide(barbara, number)).to.equal('done')
    expect(await state(number)).to.equal('agreed')
  })

  it('counts those who are of the staff by the word of one of them as that one', async () => {
    const { roles } = office.kept
    const [joan, karen] = [await office.person('joan'), await office.person('karen')]
    for (const { id } of [joan, karen]) await roles.give(id, 'support', 'grace')
    const { number } = await office.queued('ada@example.com')
    for (const each of [grace, joan, karen]) expect(await decide(each, number)).to.equal('done')
    expect(await state(number)).to.equal('waiting')
    expect(await decide(edsger, number)).to.equal('done')
    expect(await state(number)).to.equal('agreed')
  })
})
