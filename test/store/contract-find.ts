import { expect } from 'chai'
import { z } from 'zod'
import { type Ground, ids, refusal, type Thing } from './ground.ts'

/** What is asked for, in which order, page by page. */
export function finding(on: Ground): void {
  describe('find', () => {
    beforeEach(async () => {
      await on.things.insert({ id: 'a', account: 'x', at: 2, spent: true })
      await on.things.insert({ id: 'b', account: 'x', at: 1, spent: false })
      await on.things.insert({ id: 'c', account: 'y', at: 2 })
      await on.things.insert({ id: 'd', account: 'x' })
      await on.things.insert({ id: 'e', at: 3, expiresAt: on.time + 10 })
    })
    const found = async (...ask: Parameters<typeof on.things.find>): Promise<string> =>
      ids(await on.things.find(...ask))

    it('meets equality, of several fields together', async () => {
      expect(await found({ account: 'x' })).to.equal('abd')
      expect(await found({ account: 'x', at: 2 })).to.equal('a')
      expect(await found({ id: 'c' })).to.equal('c')
      expect(await found({ account: 'z' })).to.equal('')
    })
    it('tells false from absent, and a number from its text', async () => {
      expect(await found({ spent: false })).to.equal('b')
      expect(await found({ spent: undefined })).to.equal('cde')
      expect(await found({ account: 1 as unknown as string })).to.equal('')
    })
    it('meets absence', async () => {
      expect(await found({ account: undefined })).to.equal('e')
      expect(await found({ at: undefined, account: 'x' })).to.equal('d')
    })
    it('meets ranges, lower bound included and upper bound not', async () => {
      expect(await found({ at: { lt: 2 } })).to.equal('b')
      expect(await found({ at: { gte: 2 } })).to.equal('ace')
      expect(await found({ at: { gte: 1, lt: 2 } })).to.equal('b')
      expect(await found({ id: { gte: 'b', lt: 'd' } })).to.equal('bc')
      expect(await found({ expiresAt: { lt: on.time + 11 } })).to.equal('e')
    })
    it('meets one of several', async () => {
      expect(await found({ at: { in: [1, 3] } })).to.equal('be')
      expect(await found({ at: { in: [1, undefined, 3] } })).to.equal('bde')
      expect(await found({ at: { in: [1, 2, 4, 5, 6] } })).to.equal('abc')
      expect(await found({ at: { in: [] } })).to.equal('')
      expect(await found({ id: { in: ['e', 'a', 'nobody'] } })).to.equal('ae')
    })
    it('sorts either way; ids break ties, and absent comes first', async () => {
      expect(await found({}, { sort: { by: 'at' } })).to.equal('dbace')
      expect(await found({}, { sort: { by: 'at', descending: true } })).to.equal('ecabd')
      expect(await found({}, { sort: { by: 'id', descending: true } })).to.equal('edcba')
      expect(await found({ account: 'x' }, { sort: { by: 'at', descending: true } })).to.equal('abd')
    })
    it('pages through ties without loss or repetition', async () => {
      for (const sort of [undefined, { by: 'at' }, { by: 'account' }, { by: 'expiresAt' }] as const) {
        for (const descending of sort ? [false, true] : [false]) {
          const order = sort && { sort: { ...sort, descending } }
          const seen: string[] = []
          for (let page = await on.things.find({}, { ...order, limit: 2 }); page.length > 0; ) {
            seen.push(...page.map(each => each.id))
            page = await on.things.find({}, { ...order, limit: 2, after: seen.at(-1) ?? '' })
          }
          expect(seen.join(''), JSON.stringify(order)).to.equal(await found({}, order))
        }
      }
    })
    it('pages by id past a document that is gone, and says so in any other order', async () => {
      await on.things.take('b')
      expect(await found({}, { after: 'b' })).to.equal('cde')
      on.time += 10
      for (const after of ['b', 'e']) {
        expect(await refusal(found({}, { sort: { by: 'at' }, after })), after).to.include({ code: 'not_found' })
      }
    })
    it('gives a hundred unless told', async () => {
      await Promise.all(Array.from({ length: 110 }, (_, n) => on.things.insert({ id: `n${n}` })))
      expect(await on.things.find({})).to.have.length(100)
      expect(await on.things.find({}, { limit: 105 })).to.have.length(105)
    })
    it('refuses a field without an index', async () => {
      expect(await refusal(on.things.find({ note: 'x' }))).to.be.instanceOf(TypeError)
      expect(await refusal(on.things.find({ account: 'x', note: 'x' }))).to.be.instanceOf(TypeError)
      expect(await refusal(on.things.find({}, { sort: { by: 'note' } }))).to.be.instanceOf(TypeError)
      expect(await refusal(on.things.remove({ note: 'x' }))).to.be.instanceOf(TypeError)
    })
    it('refuses a bound that is undefined, a list that is none, and a limit that is no count', async () => {
      expect(await refusal(on.things.find({ at: { lt: undefined } }))).to.be.instanceOf(TypeError)
      expect(await refusal(on.things.remove({ at: { gte: undefined } }))).to.be.instanceOf(TypeError)
      expect(await refusal(on.things.find({ at: { in: 3 as unknown as number[] } }))).to.be.instanceOf(TypeError)
      for (const limit of [0, -1, 1.5, Number.NaN])
        expect(await refusal(on.things.find({}, { limit }))).to.be.instanceOf(TypeError)
    })
    it('refuses what no index holds, asked or stored', async () => {
      const list = ['x'] as unknown as string
      expect(await refusal(on.things.find({ account: list }))).to.be.instanceOf(TypeError)
      const loose = on.store.collection({
        name: 'loose',
        shape: z.looseObject({ id: z.string() }) as z.ZodType<Thing>,
        indexes: ['account'],
      })
      expect(await refusal(loose.insert({ id: 'a', account: list }))).to.be.instanceOf(TypeError)
      expect(await refusal(loose.put({ id: 'a', account: list }))).to.be.instanceOf(TypeError)
      await loose.put({ id: 'a', account: 'x' })
      expect(await refusal(loose.patch('a', { account: list }))).to.be.instanceOf(TypeError)
      expect(await loose.take('a')).to.deep.equal({ id: 'a', account: 'x' })
    })
  })
}
