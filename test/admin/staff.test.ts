import { expect } from 'chai'
import { decides, type Role, roleNames, roleScopes } from '../../src/accounts/role.ts'
import type { Operator } from '../../src/admin/operation.ts'
import { actionRoom } from '../support/action-room.ts'
import { codeOf } from '../support/outcome.ts'

const reason = 'She joins the team.'

describe('who becomes one of the staff', () => {
  let room: Awaited<ReturnType<typeof actionRoom>>
  let ada: Operator
  let grace: Operator
  beforeEach(async () => {
    room = await actionRoom()
    for (const id of ['grace', 'bob', 'carl']) {
      await room.join(id)
    }
    await room.roles.give('grace', 'admin')
    ada = await room.staff('ada')
    grace = await room.staff('grace')
  })
  afterEach(() => room.store.close())

  const desk = (): Operator => ({ client: 'desk', scopes: new Set(roleScopes.admin), origin: {} })
  const give = async (by: Operator, role: Role, account = 'eve') =>
    (await room.admin.perform(room.admin.roles.give, { account, role, reason }, by)).proposal
  const confirm = (proposal: string | undefined, by: Operator) =>
    codeOf(room.admin.perform(room.admin.proposals.confirm, { proposal, reason }, by))
  /** Eve, whose hold Ada wants to be rid of. */
  const liftHold = async (by: Operator, account = 'eve') => {
    await room.accounts.patch(account, { holdUntil: Number.MAX_SAFE_INTEGER })
    return (await room.admin.perform(room.admin.people.liftHold, { account, reason }, by)).proposal
  }

  it('makes one of two who decide of each role but that of a viewer', () => {
    expect(roleNames.filter(decides)).to.deep.equal(['support', 'security', 'admin'])
  })

  for (const role of ['support', 'security', 'admin'] as const)
    it(`becomes it by two admins alone: ${role}`, async () => {
      const proposal = await give(ada, role)
      expect(await room.roles.held('eve')).to.deep.equal([])
      expect(room.told).to.include('proposal.made').and.not.include('role.given')
      expect(await confirm(proposal, ada)).to.equal('second_needed')
      expect(await confirm(proposal, grace)).to.equal('done')
      expect(await room.roles.held('eve')).to.deep.equal([role])
      expect(room.told).to.include('role.given')
      expect(await codeOf(give(ada, role))).to.equal('conflict')
    })

  it('becomes a viewer, who decides nothing, by one', async () => {
    expect(await give(ada, 'viewer')).to.equal(undefined)
    expect(await room.roles.held('eve')).to.deep.equal(['viewer'])
    expect(await codeOf(give(ada, 'viewer'))).to.equal('conflict')
    expect(await codeOf(give(ada, 'viewer', 'nobody'))).to.equal('not_found')
  })

  it('is confirmed and declined by admins alone, and not by who gets the role', async () => {
    await room.roles.give('bob', 'security')
    const proposal = await give(ada, 'admin', 'bob')
    const bob = await room.staff('bob')
    expect(await confirm(proposal, bob)).to.equal('not_permitted')
    expect(await codeOf(room.admin.perform(room.admin.proposals.decline, { proposal, reason }, bob))).to.equal(
      'not_permitted',
    )
    await room.roles.give('carl', 'admin')
    expect(await confirm(await give(ada, 'security', 'carl'), await room.staff('carl'))).to.equal('own_case')
    expect(await confirm(proposal, desk())).to.equal('not_permitted')
    expect(await confirm(proposal, grace)).to.equal('done')
  })

  it('gives no role to an account that has been locked since', async () => {
    const proposal = await give(ada, 'security')
    await room.accounts.patch('eve', { lock: { at: 1 } })
    expect(await confirm(proposal, grace)).to.equal('not_found')
    expect(await room.roles.held('eve')).to.deep.equal([])
  })

  const take = async (by: Operator, role: Role, account: string) =>
    (await room.admin.perform(room.admin.roles.take, { account, role, reason }, by)).proposal

  for (const role of ['security', 'admin'] as const)
    it(`is it until two of the staff take it away, neither of them the one who loses it: ${role}`, async () => {
      await room.roles.give('carl', role)
      const proposal = await take(ada, role, 'carl')
      expect(await room.roles.held('carl')).to.deep.equal([role])
      expect(room.told).to.include('proposal.made').and.not.include('role.taken')
      expect(await confirm(proposal, ada)).to.equal('second_needed')
      const carl = await confirm(proposal, await room.staff('carl'))
      expect(carl).to.be.oneOf(['own_case', 'not_permitted'])
      await room.roles.give('bob', 'security')
      expect(await confirm(proposal, await room.staff('bob'))).to.equal('not_permitted')
      expect(await confirm(proposal, desk())).to.equal('not_permitted')
      expect(await confirm(proposal, grace)).to.equal('done')
      expect(await room.roles.held('carl')).to.deep.equal([])
      expect(room.told.filter(each => each === 'role.taken')).to.have.length(1)
      expect(await codeOf(take(ada, role, 'carl'))).to.equal('not_found')
    })

  for (const role of ['viewer', 'support'] as const)
    it(`loses what decides nothing about colleagues by one admin: ${role}`, async () => {
      await room.roles.give('carl', role)
      expect(await take(ada, role, 'carl')).to.equal(undefined)
      expect(await room.roles.held('carl')).to.deep.equal([])
    })

  it('gives up a role of their own alone', async () => {
    expect(await take(grace, 'admin', 'grace')).to.equal(undefined)
    expect(await room.roles.held('grace')).to.deep.equal([])
    expect(await codeOf(take(ada, 'admin', 'ada'))).to.equal('last_admin')
  })

  it('loses none of these roles in the staff area where nobody is left who could confirm it', async () => {
    expect(await codeOf(take(ada, 'admin', 'grace'))).to.equal('no_second')
    expect(await codeOf(take(grace, 'admin', 'ada'))).to.equal('no_second')
    await room.roles.give('carl', 'security')
    await room.accounts.patch('grace', { lock: { at: 1 } })
    expect(await codeOf(take(ada, 'security', 'carl'))).to.equal('no_second')
    expect(await confirm(await give(desk(), 'admin', 'bob'), ada)).to.equal('done')
    expect(await codeOf(take(ada, 'security', 'carl')), 'somebody whom they alone let in').to.equal('no_second')
    expect(await room.roles.held('carl')).to.deep.equal(['security'])
    expect(room.told).not.to.include('role.taken')
  })

  it('is one of two where a program proposes it', async () => {
    await room.roles.give('carl', 'security')
    const proposal = await take(desk(), 'security', 'carl')
    expect(await confirm(proposal, grace)).to.equal('done')
    expect(await room.roles.held('carl')).to.deep.equal([])
  })

  it('stays in part where colleagues propose to remove each other, and all of it is confirmed at once', async () => {
    await room.roles.give('bob', 'admin')
    const all = { ada, grace, bob: await room.staff('bob') }
    const pairs = [
      ['ada', 'grace', 'bob'],
      ['grace', 'bob', 'ada'],
      ['bob', 'ada', 'grace'],
    ] as const
    for (let turn = 0; turn < 5; turn++) {
      for (const each of Object.keys(all)) await room.roles.give(each, 'admin')
      const proposed = await Promise.all(pairs.map(async ([by, from]) => take(all[by], 'admin', from)))
      const deciding = pairs.map(([, , second], at) => confirm(proposed[at], all[second]))
      const operator = room.roles.takeUnlessLast('bob', 'admin').catch(() => undefined)
      const met = await Promise.all([...deciding, operator])
      for (const each of met.slice(0, 3))
        expect(each).to.be.oneOf(['done', 'conflict', 'not_permitted', 'second_needed', 'last_admin', 'not_found'])
      expect(await room.roles.of('admin'), `turn ${turn}: ${met}`).to.have.length.of.at.least(1)
    }
  })

  it('cannot confirm with the one admin who let them in through a proposal of a program', async () => {
    expect(await confirm(await give(desk(), 'admin', 'bob'), ada)).to.equal('done')
    const bob = await room.staff('bob')
    expect(await confirm(await liftHold(ada), bob)).to.equal('second_needed')
    expect(await confirm(await liftHold(bob), ada)).to.equal('second_needed')
    expect(await confirm(await liftHold(ada), grace)).to.equal('done')
    expect(await confirm(await liftHold(grace), bob)).to.equal('done')
  })

  it('cannot confirm with anybody else whom the same admin let in, directly or through others', async () => {
    expect(await confirm(await give(desk(), 'admin', 'bob'), ada)).to.equal('done')
    expect(await confirm(await give(desk(), 'admin', 'carl'), await room.staff('bob'))).to.equal('done')
    expect(await confirm(await liftHold(await room.staff('bob')), await room.staff('carl'))).to.equal('second_needed')
    expect(await confirm(await liftHold(ada), await room.staff('carl'))).to.equal('second_needed')
    expect(await confirm(await liftHold(grace), await room.staff('carl'))).to.equal('done')
  })

  it('is one of two once two admins, or the operator, gave the role as well', async () => {
    expect(await confirm(await give(desk(), 'security', 'bob'), ada)).to.equal('done')
    expect(await confirm(await give(ada, 'security', 'bob'), grace)).to.equal('done')
    expect(await confirm(await liftHold(ada), await room.staff('bob'))).to.equal('done')
    expect(await confirm(await give(desk(), 'security', 'carl'), ada)).to.equal('done')
    expect(await room.roles.give('carl', 'security')).to.equal(true)
    expect(await room.roles.give('carl', 'security')).to.equal(false)
    expect(await confirm(await liftHold(ada), await room.staff('carl'))).to.equal('done')
  })
})
