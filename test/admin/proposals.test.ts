import { expect } from 'chai'
import { type AdminScope, roleScopes } from '../../src/accounts/role.ts'
import type { Operator } from '../../src/admin/operation.ts'
import { actionRoom } from '../support/action-room.ts'
import { codeOf } from '../support/outcome.ts'

const hour = 3_600_000
const reason = 'She called, and I know her voice.'

describe('what takes two of the staff', () => {
  let room: Awaited<ReturnType<typeof actionRoom>>
  let ada: Operator
  let grace: Operator
  beforeEach(async () => {
    room = await actionRoom()
    const { accounts, roles } = room
    await room.join('grace')
    await roles.give('grace', 'security')
    await accounts.patch('eve', { holdUntil: Number.MAX_SAFE_INTEGER })
    ada = await room.staff('ada')
    grace = await room.staff('grace')
  })
  afterEach(() => room.store.close())

  const propose = (by: Operator, account = 'eve') =>
    room.admin.perform(room.admin.people.liftHold, { account, reason }, by).then(({ proposal }) => String(proposal))
  const confirm = (proposal: string, by: Operator) =>
    codeOf(room.admin.perform(room.admin.proposals.confirm, { proposal, reason }, by))
  const held = async () => (await room.person('eve')).holdUntil !== undefined

  it('is done once a second one has confirmed it, and is listed until then', async () => {
    const proposal = await propose(ada)
    expect(await held()).to.equal(true)
    const { proposals } = await room.admin.perform(room.admin.proposals.list, {}, grace)
    expect(proposals).to.have.length(1)
    expect(proposals[0]).to.deep.include({ proposal, operation: 'people.lift-hold', by: 'ada@example.com', reason })
    expect(await confirm(proposal, grace)).to.equal('done')
    expect(await held()).to.equal(false)
    expect(room.told).to.include.members(['proposal.made', 'proposal.confirmed', 'hold.lifted'])
    expect((await room.admin.perform(room.admin.proposals.list, {}, grace)).proposals).to.deep.equal([])
  })

  it('is not confirmed by who proposed it, by the person whom it is about, or by a program', async () => {
    const proposal = await propose(ada)
    expect(await confirm(proposal, ada)).to.equal('second_needed')
    await room.roles.give('eve', 'admin')
    expect(await confirm(proposal, await room.staff('eve'))).to.equal('own_case')
    const program: Operator = { client: 'desk', scopes: new Set(roleScopes.admin), origin: {} }
    expect(await confirm(proposal, program)).to.equal('not_permitted')
    expect(await held()).to.equal(true)
  })

  it('is not proposed for one’s own account, and not by a role below security', async () => {
    await room.accounts.patch('ada', { holdUntil: Number.MAX_SAFE_INTEGER })
    expect(await codeOf(propose(ada, 'ada'))).to.equal('own_case')
    for (const role of ['viewer', 'support'] as const) {
      const scopes: ReadonlySet<AdminScope> = new Set(roleScopes[role])
      expect(await codeOf(propose({ ...grace, scopes }))).to.equal('not_permitted')
      expect(await confirm(await propose(ada), { ...grace, scopes })).to.equal('not_permitted')
    }
  })

  it('is done once, however often it is confirmed', async () => {
    const proposal = await propose(ada)
    const all = await Promise.all([1, 2, 3].map(() => confirm(proposal, grace)))
    expect(all.filter(each => each === 'done')).to.have.length(1)
    expect(await confirm(proposal, grace)).to.equal('not_found')
    expect(room.told.filter(each => each === 'hold.lifted')).to.have.length(1)
  })

  it('waits for a day, and not longer', async () => {
    const proposal = await propose(ada)
    room.later(24 * hour + 1)
    expect(await confirm(proposal, grace)).to.equal('not_found')
    expect(await held()).to.equal(true)
  })

  it('lifts the hold that was looked at, and none that a later change began', async () => {
    const proposal = await propose(ada)
    await room.accounts.patch('eve', { holdUntil: Number.MAX_SAFE_INTEGER - 1 })
    expect(await confirm(proposal, grace)).to.equal('conflict')
    expect(await held()).to.equal(true)
    const { proposals } = await room.admin.perform(room.admin.proposals.list, {}, grace)
    expect(proposals.map(each => each.proposal)).to.deep.equal([proposal])
    expect(await confirm(await propose(ada), grace)).to.equal('done')
  })

  it('is nothing where who proposed it has left the staff', async () => {
    const proposal = await propose(ada)
    await room.roles.take('ada', 'admin')
    expect(await confirm(proposal, grace)).to.equal('conflict')
    expect(await held()).to.equal(true)
  })

  const since: Record<string, () => Promise<unknown>> = {
    locked: () => room.accounts.patch('ada', { lock: { at: 1 } }),
    'locked and unlocked again': () => room.accounts.patch('ada', { securityStamp: 2 }),
    closing: () => room.accounts.patch('ada', { status: 'closing' }),
    closed: () => room.accounts.patch('ada', { status: 'closed' }),
    'marked as compromised': async () =>
      room.admin.perform(room.admin.people.compromise, { account: 'ada', reason }, grace),
    'signed out everywhere': async () =>
      room.admin.perform(room.admin.people.endSessions, { account: 'ada', reason }, grace),
  }
  for (const [what, happens] of Object.entries(since))
    it(`is nothing where the account of who proposed it was ${what} since`, async () => {
      const proposal = await propose(ada)
      await happens()
      expect(await confirm(proposal, grace)).to.equal('conflict')
      expect(await held()).to.equal(true)
    })

  it('is nothing where the account of who confirms it is locked', async () => {
    const proposal = await propose(ada)
    await room.accounts.patch('grace', { lock: { at: 1 } })
    expect(await confirm(proposal, grace)).to.equal('not_permitted')
    expect(await held()).to.equal(true)
  })

  it('is nothing where the service that proposed it is gone, or may propose no more', async () => {
    const desk: Operator = { client: 'desk', scopes: new Set(roleScopes.admin), origin: {} }
    const other: Operator = { ...desk, client: 'another' }
    expect(await confirm(await propose(other), grace)).to.equal('conflict')
    const proposal = await propose(desk)
    room.declare('admin:people.read')
    expect(await confirm(proposal, grace)).to.equal('conflict')
    expect(await held()).to.equal(true)
    room.declare('admin:people.loosen')
    expect(await confirm(proposal, grace)).to.equal('done')
  })

  it('is nothing where the program that its proposer used may propose no more', async () => {
    const proposal = await propose({ ...ada, client: 'desk' })
    room.declare('admin:people.read')
    expect(await confirm(proposal, grace)).to.equal('conflict')
  })

  it('is turned down by either of them', async () => {
    const proposal = await propose(ada)
    expect(await codeOf(room.admin.perform(room.admin.proposals.decline, { proposal, reason }, ada))).to.equal('done')
    expect(await confirm(proposal, grace)).to.equal('not_found')
  })

  it('needs a reason', async () => {
    const given = { account: 'eve', reason: ' ' }
    expect(await codeOf(room.admin.perform(room.admin.people.liftHold, given, ada))).to.equal('reason_needed')
  })

  it('stays where it could not be carried out', async () => {
    const proposal = await propose(ada)
    await room.accounts.patch('eve', { holdUntil: undefined })
    expect(await confirm(proposal, grace)).to.equal('conflict')
    expect((await room.admin.perform(room.admin.proposals.list, {}, grace)).proposals).to.have.length(1)
  })
})
