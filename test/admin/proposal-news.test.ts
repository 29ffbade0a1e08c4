import { expect } from 'chai'
import type { Role } from '../../src/accounts/role.ts'
import type { Operator } from '../../src/admin/operation.ts'
import { proposalsDeclaration } from '../../src/admin/proposals.ts'
import { actionRoom } from '../support/action-room.ts'

const reason = 'She called, and I know her voice.'

describe('who is told of a proposal', () => {
  let room: Awaited<ReturnType<typeof actionRoom>>
  let ada: Operator
  beforeEach(async () => {
    room = await actionRoom()
    for (const [id, role] of [
      ['grace', 'security'],
      ['kurt', 'admin'],
      ['joan', 'support'],
      ['alan', 'viewer'],
    ] as [string, Role][]) {
      await room.join(id)
      await room.roles.give(id, role)
    }
    await room.accounts.patch('eve', { holdUntil: Number.MAX_SAFE_INTEGER })
    ada = await room.staff('ada')
  })
  afterEach(() => room.store.close())

  const lift = (account = 'eve', by = ada) => room.admin.perform(room.admin.people.liftHold, { account, reason }, by)
  /** Lists everybody whose word would do one of the proposals. */
  const told = async () => {
    const waiting = await room.admin.waiting()
    const names = ['ada', 'eve', 'grace', 'kurt', 'joan', 'alan']
    const helped = await Promise.all(names.map(async id => waiting.length > 0 && (await helps(id, waiting))))
    return names.filter((_, at) => helped[at])
  }
  const helps = async (id: string, waiting: Awaited<ReturnType<typeof room.admin.waiting>>) => {
    const staff = await room.person(id)
    return (await Promise.all(waiting.map(each => each.helps(staff)))).some(each => each)
  }

  it('is everybody who could confirm it, and nobody else', async () => {
    expect(await room.admin.waiting()).to.deep.equal([])
    const { proposal } = await lift()
    const [one] = await room.admin.waiting()
    expect(one).to.include({ mark: `proposal.${proposal}` })
    expect(await told()).to.deep.equal(['grace', 'kurt'])
  })

  it('is nobody by whose word alone its proposer is of the staff, and not the one whom it is about', async () => {
    await room.join('barbara')
    await room.roles.give('barbara', 'security', 'kurt')
    await lift('eve', await room.staff('barbara'))
    expect(await told()).to.deep.equal(['ada', 'grace'])
    await room.roles.give('eve', 'security')
    expect(await told()).to.deep.equal(['ada', 'grace'])
  })

  it('is an admin alone where it gives a role', async () => {
    await room.admin.perform(room.admin.roles.give, { account: 'eve', role: 'support', reason }, ada)
    expect(await told()).to.deep.equal(['kurt'])
  })

  it('is nobody who is locked', async () => {
    await lift()
    await room.accounts.patch('grace', { lock: { at: 1 } })
    expect(await told()).to.deep.equal(['kurt'])
  })

  const voided: [string, () => Promise<unknown>][] = [
    ['whose proposer left the staff', () => room.roles.take('ada', 'admin')],
    ['whose proposer was signed out everywhere', () => room.accounts.patch('ada', { securityStamp: 99 })],
    ['of a hold that is over', () => room.accounts.patch('eve', { holdUntil: undefined })],
    ['of a hold that was prolonged', () => room.accounts.patch('eve', { holdUntil: Number.MAX_SAFE_INTEGER - 1 })],
    [
      'that is over its day',
      async () => {
        room.later(24 * 3_600_000 + 1)
      },
    ],
    [
      'that this version cannot read',
      async () => {
        const kept = room.store.collection(proposalsDeclaration)
        for (const { id } of await kept.find({})) await kept.patch(id, { args: '{}' })
      },
    ],
    [
      'of an operation that there is no more',
      async () => {
        const kept = room.store.collection(proposalsDeclaration)
        for (const { id } of await kept.find({})) await kept.patch(id, { operation: 'people.forget' })
      },
    ],
  ]
  for (const [what, happens] of voided)
    it(`is nobody for one ${what}`, async () => {
      await lift()
      expect(await told()).to.deep.equal(['grace', 'kurt'])
      await happens()
      expect(await told()).to.deep.equal([])
    })
})
