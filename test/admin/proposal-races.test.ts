import { expect } from 'chai'
import type { Operator } from '../../src/admin/operation.ts'
import type { Store } from '../../src/store/collection.ts'
import { actionRoom } from '../support/action-room.ts'
import { codeOf } from '../support/outcome.ts'
import { sometimesSlow } from '../support/store.ts'

const reason = 'She called, and I know her voice.'
const day = 24 * 3_600_000

describe('what takes two of the staff, on a slow store', () => {
  let room: Awaited<ReturnType<typeof actionRoom>>
  let lag: boolean
  /** What happens between the checks and the one write that decides a proposal. */
  let atTaking: () => Promise<unknown>
  let ada: Operator
  let grace: Operator
  let bob: Operator
  let proposal: string | undefined
  beforeEach(async () => {
    lag = false
    atTaking = async () => {}
    room = await actionRoom({ through: store => sometimesSlow(watched(store), 5, () => lag) })
    for (const id of ['grace', 'bob']) {
      await room.join(id)
      await room.roles.give(id, 'admin')
    }
    await room.accounts.patch('eve', { holdUntil: Number.MAX_SAFE_INTEGER })
    ada = await room.staff('ada')
    grace = await room.staff('grace')
    bob = await room.staff('bob')
    proposal = (await room.admin.perform(room.admin.people.liftHold, { account: 'eve', reason }, ada)).proposal
    lag = true
  })
  afterEach(() => room.store.close())

  const watched = (store: Store): Store => ({
    ...store,
    collection: declaration => {
      const inner = store.collection(declaration)
      if (declaration.name !== 'staff_proposals') return inner
      return { ...inner, take: id => atTaking().then(() => inner.take(id)) }
    },
  })
  const decide = (verdict: 'confirm' | 'decline', by: Operator) =>
    codeOf(room.admin.perform(room.admin.proposals[verdict], { proposal, reason }, by))
  const held = async () => (await room.person('eve')).holdUntil !== undefined
  const times = (event: string) => room.told.filter(each => each === event).length
  const waiting = async () => (await room.admin.perform(room.admin.proposals.list, {}, ada)).proposals.length

  it('is done once where two confirm it at the same moment, again and again', async () => {
    const all = await Promise.all([grace, bob, grace, bob].map(each => decide('confirm', each)))
    expect(all.filter(each => each === 'done')).to.have.length(1)
    for (const each of all) expect(each).to.be.oneOf(['done', 'not_found', 'conflict'])
    expect([times('proposal.confirmed'), times('hold.lifted'), await waiting()]).to.deep.equal([1, 1, 0])
    expect(await held()).to.equal(false)
  })

  for (const [what, who] of [
    ['declined', () => bob],
    ['withdrawn', () => ada],
  ] as const)
    it(`is either done or not, where it is confirmed and ${what} at the same moment`, async () => {
      const [confirmed, declined] = await Promise.all([decide('confirm', grace), decide('decline', who())])
      expect([confirmed, declined].filter(each => each === 'done')).to.have.length(1)
      expect(await held()).to.equal(confirmed !== 'done')
      expect(times('proposal.confirmed')).to.equal(confirmed === 'done' ? 1 : 0)
      expect(times('proposal.declined')).to.equal(declined === 'done' ? 1 : 0)
      expect(await waiting()).to.equal(0)
    })

  it('counts to the last moment of its day, and not at the end of it', async () => {
    room.later(day - 1)
    expect(await waiting()).to.equal(1)
    room.later(1)
    expect(await decide('confirm', grace)).to.equal('not_found')
    expect([await waiting(), await held()]).to.deep.equal([0, true])
  })

  it('is nothing where its day ends while it is being confirmed', async () => {
    room.later(day - 1)
    const confirming = decide('confirm', grace)
    room.later(1)
    expect(await confirming).to.equal('not_found')
    expect(await held()).to.equal(true)
  })

  const meanwhile: Record<string, () => Promise<unknown>> = {
    'who proposed it is locked': () => room.accounts.patch('ada', { lock: { at: 1 } }),
    'who proposed it loses the role': () => room.roles.take('ada', 'admin'),
    'who confirms it is locked': () => room.accounts.patch('grace', { lock: { at: 1 } }),
    'who confirms it loses the role': () => room.roles.take('grace', 'admin'),
    'the person gets another hold': () => room.accounts.patch('eve', { holdUntil: Number.MAX_SAFE_INTEGER - 1 }),
    'the account is being removed': () => room.accounts.patch('eve', { status: 'closed' }),
  }
  for (const [what, happens] of Object.entries(meanwhile))
    it(`is nothing where, once it is confirmed, ${what}`, async () => {
      await happens()
      expect(await decide('confirm', grace)).to.be.oneOf(['conflict', 'not_permitted', 'not_found'])
      expect([await held(), times('hold.lifted')]).to.deep.equal([true, 0])
    })

  for (const [what, happens] of Object.entries(meanwhile).slice(0, 5))
    it(`is nothing, and waits on, where, while it is being confirmed, ${what}`, async () => {
      atTaking = happens
      expect(await decide('confirm', grace)).to.be.oneOf(['conflict', 'not_permitted'])
      expect([await held(), times('hold.lifted'), await waiting()]).to.deep.equal([true, 0, 1])
    })

  it('gives no role twice, where two confirm it at the same moment', async () => {
    const given = { account: 'eve', role: 'security', reason }
    ;({ proposal } = await room.admin.perform(room.admin.roles.give, given, ada))
    const all = await Promise.all([grace, bob].map(each => decide('confirm', each)))
    expect(all.filter(each => each === 'done')).to.have.length(1)
    expect([times('role.given'), await room.roles.held('eve')]).to.deep.equal([1, ['security']])
  })
})
