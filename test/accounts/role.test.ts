import { expect } from 'chai'
import { adminScopes, type Role, type Roles, roleNames, roleScopes, roles } from '../../src/accounts/role.ts'
import { Problem } from '../../src/errors.ts'
import type { Store } from '../../src/store/collection.ts'
import { slow, testStore } from '../support/store.ts'

describe('roles', () => {
  let store: Store
  let kept: Roles
  beforeEach(async () => {
    store = await testStore()
    kept = roles({ store, now: () => 7 })
  })
  afterEach(() => store.close())

  it('are told of everybody who has one', async () => {
    await Promise.all(Array.from({ length: 1_010 }, (_, turn) => kept.give(`a${turn}`, 'support')))
    expect(await kept.of('support')).to.have.length(1_010)
  }).timeout(20_000)

  it('are given and taken, once each', async () => {
    expect(await kept.has('ada', 'support')).to.equal(false)
    const given = await Promise.all([1, 2, 3].map(() => kept.give('ada', 'support')))
    expect(given.filter(each => each)).to.have.length(1)
    expect(await kept.has('ada', 'support')).to.equal(true)
    expect(await kept.has('grace', 'support')).to.equal(false)
    expect(await kept.of('support')).to.deep.include({ id: 'ada.support', account: 'ada', role: 'support', since: 7 })
    expect(await kept.take('ada', 'support')).to.equal(true)
    expect(await kept.take('ada', 'support')).to.equal(false)
    expect(await kept.has('ada', 'support')).to.equal(false)
  })

  it('allow what is said of them, and each what the one below it allows', async () => {
    const may = (role: Role, scope: string) => (roleScopes[role] as readonly string[]).includes(scope)
    const least: Record<string, Role> = {
      'admin:people.read': 'viewer',
      'admin:audit.read': 'viewer',
      'admin:people.note': 'support',
      'admin:people.sessions': 'support',
      'admin:recovery.decide': 'support',
      'admin:people.protect': 'security',
      'admin:people.loosen': 'security',
      'admin:audit.export': 'security',
      'admin:people.write': 'admin',
      'admin:roles.write': 'admin',
      'admin:apps.write': 'admin',
    }
    for (const [scope, from] of Object.entries(least))
      for (const role of roleNames)
        expect(may(role, scope), `${role} ${scope}`).to.equal(roleNames.indexOf(role) >= roleNames.indexOf(from))
    expect(roleScopes.admin).to.deep.equal(adminScopes)
  })

  it('add up, and allow nothing to people who have none', async () => {
    expect(await kept.scopes('ada')).to.deep.equal(new Set())
    for (const role of ['security', 'viewer'] as const) await kept.give('ada', role)
    expect(await kept.held('ada')).to.deep.equal(['viewer', 'security'])
    expect(await kept.scopes('ada')).to.deep.equal(new Set(roleScopes.security))
  })

  const taken = (account: string) =>
    kept
      .takeUnlessLast(account, 'admin')
      .catch(fault => (fault instanceof Problem ? fault.code : Promise.reject(fault)))

  it('are not taken from the last admin', async () => {
    await kept.give('ada', 'admin')
    expect(await taken('ada')).to.equal('last_admin')
    await kept.give('grace', 'admin')
    expect(await taken('ada')).to.equal(true)
    expect(await taken('ada')).to.equal(false)
    expect(await taken('grace')).to.equal('last_admin')
    expect(await kept.has('grace', 'admin')).to.equal(true)
  })

  it('leave an admin where two take the role from each other at once', async () => {
    for (let turn = 0; turn < 20; turn++) {
      for (const each of ['ada', 'grace']) await kept.give(each, 'admin')
      await Promise.all([taken('ada'), taken('grace')])
      expect(await kept.of('admin')).to.have.length.of.at.least(1)
    }
  })

  it('leave an admin over a slow store, where two or three take the role from each other and give up their own at once', async () => {
    const all = ['ada', 'grace', 'kurt']
    const far = roles({ store: slow(store, 2), now: () => 7 })
    for (const those of [all.slice(0, 2), all])
      for (let turn = 0; turn < 10; turn++) {
        for (const each of those) await kept.give(each, 'admin')
        const taken = those.flatMap((each, at) => [those[(at + 1) % those.length] ?? each, each])
        const met = await Promise.allSettled(taken.map(each => far.takeUnlessLast(each, 'admin')))
        for (const each of met) if (each.status === 'rejected') expect(each.reason).to.include({ code: 'last_admin' })
        expect(await kept.of('admin'), `turn ${turn} of ${those.length}`).to.have.length.of.at.least(1)
      }
  })
})
