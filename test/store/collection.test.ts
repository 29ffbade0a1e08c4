import { expect } from 'chai'
import { z } from 'zod'
import { allOf, declare, every, type Store } from '../../src/store/collection.ts'
import { testStore } from '../support/store.ts'

const things = declare({ name: 'things', shape: z.object({ id: z.string(), of: z.string() }), indexes: ['of'] })

describe('whole lists', () => {
  let store: Store
  before(async () => {
    store = await testStore()
    const kept = store.collection(things)
    const ids = Array.from({ length: 1_203 }, (_, turn) => String(turn).padStart(5, '0'))
    await Promise.all(ids.map(id => kept.insert({ id, of: 'ada' })))
    await Promise.all(ids.slice(0, 1_000).map(id => kept.insert({ id: `e${id}`, of: 'exact' })))
    await kept.insert({ id: 'other', of: 'grace' })
  })
  after(() => store.close())

  it('are read to their end, whatever a page holds, each document once', async () => {
    const kept = store.collection(things)
    const found = await allOf(kept, { of: 'ada' })
    expect(found).to.have.length(1_203)
    expect(new Set(found.map(({ id }) => id)).size).to.equal(1_203)
    const one: string[] = []
    for await (const { id } of every(kept, { of: 'ada' }, 100)) one.push(id)
    expect(one).to.deep.equal(found.map(({ id }) => id))
    expect(await allOf(kept, { of: 'exact' })).to.have.length(1_000)
    expect(await allOf(kept, { of: 'grace' })).to.deep.equal([{ id: 'other', of: 'grace' }])
    expect(await allOf(kept, { of: 'nobody' })).to.deep.equal([])
  })

  it('are read on while what was read is removed', async () => {
    const kept = store.collection(things)
    let removed = 0
    for await (const { id } of every(kept, { of: 'exact' }, 100)) if (await kept.take(id)) removed++
    expect(removed).to.equal(1_000)
  })
})
