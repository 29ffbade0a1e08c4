import { expect } from 'chai'
import { type Roles, roles } from '../../src/accounts/role.ts'
import type { Store } from '../../src/store/collection.ts'
import { testStore } from '../support/store.ts'

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
})
