import { expect } from 'chai'
import type { Store } from '../../src/store/collection.ts'
import { changing } from './contract-change.ts'
import { finding } from './contract-find.ts'
import { passing } from './contract-time.ts'
import { writing } from './contract-write.ts'
import { declaration, type Ground, refusal } from './ground.ts'

/** Opens a fresh store on this clock; whoever opens it closes it. */
export type Factory = (now: () => number) => Promise<Store>

/** Every promise of the port, asked of one engine. */
export function contract(engine: string, open: Factory): void {
  describe(`the store's contract on ${engine}`, () => {
    const on = { time: 1_800_000_000_000 } as Ground

    before(async () => {
      on.store = await open(() => on.time)
      on.things = on.store.collection(declaration)
    })
    beforeEach(async () => {
      // Long before, when nothing had expired yet.
      on.time = 1_700_000_000_000
      await on.things.remove({})
      on.time = 1_800_000_000_000
    })
    after(() => on.store.close())

    writing(on)
    finding(on)
    changing(on)
    passing(on)

    it('gives the same collection for the same declaration', () => {
      expect(on.store.collection(declaration)).to.equal(on.things)
    })
    it('refuses a declaration whose names are no plain words', () => {
      expect(() => on.store.collection({ name: 'a"b', shape: declaration.shape })).to.throw(TypeError)
    })
    it('is unavailable once it is closed', async () => {
      const other = await open(() => on.time)
      const closed = other.collection(declaration)
      await closed.insert({ id: 'a' })
      await other.close()
      expect(await refusal(closed.get('a'))).to.include({ code: 'unavailable', status: 503 })
      expect(await refusal(closed.insert({ id: 'b' }))).to.include({ code: 'unavailable', status: 503 })
    })
  })
}
