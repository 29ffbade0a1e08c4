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
