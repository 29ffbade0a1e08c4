import { expect } from 'chai'
import { claim, retry, update } from '../../src/store/collection.ts'
import { slow } from '../support/store.ts'
import { conflict, declaration, fifty, type Ground, ids, refusal, values } from './ground.ts'

/** What changes a document where it lies. */
export function changing(on: Ground): void {
  describe('patch', () => {
    it('merges, removes what is undefined, and resolves to the document as it is now', async () => {
      await on.things.insert({ id: 'a', at: 1, note: 'x', email: 'e' })
      expect(await on.things.patch('a', { at: 2, note: undefined })).to.deep.equal({ id: 'a', at: 2, email: 'e' })
      expect(await on.things.get('a')).to.deep.equal({ id: 'a', at: 2, email: 'e' })
      expect(ids(await on.things.find({ at: 2 }))).to.equal('a')
      expect(await on.things.patch('a', { email: undefined })).to.deep.equal({ id: 'a', at: 2 })
      await on.things.insert({ id: 'b', email: 'e' })
    })
    it('changes nothing where there is none, and makes none', async () => {
      expect(await on.things.patch('a', { at: 1 })).to.equal(undefined)
      expect(await on.things.get('a')).to.equal(undefined)
    })
    it('asks on any field: equality, absence, range, one of several', async () => {
      await on.things.insert({ id: 'a', at: 5, secret: { one: [1, { two: 2 }] } })
      const tried = async (when: Parameters<typeof on.things.patch>[2]) =>
        (await on.things.patch('a', { note: 'x' }, when)) !== undefined
      expect(await tried({ at: 4 })).to.equal(false)
      expect(await tried({ at: undefined })).to.equal(false)
      expect(await tried({ tries: undefined })).to.equal(true)
      expect(await tried({ at: { lt: 5 } })).to.equal(false)
      expect(await tried({ at: { gte: 5, lt: 6 } })).to.equal(true)
      expect(await tried({ tries: { lt: 6 } })).to.equal(false)
      expect(await tried({ at: { in: [4, 5] } })).to.equal(true)
      expect(await tried({ tries: { in: [4, undefined] } })).to.equal(true)
      expect(await tried({ secret: { one: [1, { two: 2 }] } })).to.equal(true)
      expect(await tried({ secret: { one: [1, { two: 3 }] } })).to.equal(false)
      expect(await tried({ note: 'x', at: 5 })).to.equal(true)
    })
    it('may change nothing', async () => {
      await on.things.insert({ id: 'a', at: 1 })
      expect(await on.things.patch('a', {})).to.deep.equal({ id: 'a', at: 1 })
      expect(await on.things.patch('a', { id: 'a' }, { at: 1 })).to.deep.equal({ id: 'a', at: 1 })
      expect(await on.things.patch('a', {}, { at: 2 })).to.equal(undefined)
    })
    it('refuses a unique value of another, and another id', async () => {
      await on.things.insert({ id: 'a', email: 'e' })
      await on.things.insert({ id: 'b', email: 'f' })
      expect(await conflict(on.things.patch('b', { email: 'e', at: 1 }))).to.equal('email')
      expect(await on.things.get('b')).to.deep.equal({ id: 'b', email: 'f' })
      expect(await on.things.patch('b', { email: 'f' })).to.deep.equal({ id: 'b', email: 'f' })
      expect(await refusal(on.things.patch('b', { id: 'c' }))).to.be.instanceOf(TypeError)
    })
  })

  describe('count', () => {
    it('starts from born, then adds', async () => {
      expect(await on.things.count('a', 'tries', 1, { id: 'a', account: 'x', tries: 0 })).to.equal(1)
      expect(await on.things.count('a', 'tries', 5, { id: 'a', tries: 0 })).to.equal(6)
      expect(await on.things.count('a', 'tries', -2, { id: 'a', tries: 0 })).to.equal(4)
      expect(await on.things.get('a')).to.deep.equal({ id: 'a', account: 'x', tries: 4 })
      expect(await on.things.count('b', 'tries', 1, { id: 'b', tries: 10 })).to.equal(11)
    })
    it('counts an indexed field, and one that is absent', async () => {
      await on.things.insert({ id: 'a', note: 'x' })
      expect(await on.things.count('a', 'at', 3, { id: 'a' })).to.equal(3)
      expect(await on.things.find({ at: 3 })).to.deep.equal([{ id: 'a', note: 'x', at: 3 }])
    })
    it('refuses what is no number, and a birth into a taken unique value', async () => {
      await on.things.insert({ id: 'a', note: 'x', email: 'e' })
      expect(await refusal(on.things.count('a', 'note', 1, { id: 'a' }))).to.be.instanceOf(TypeError)
      expect(await conflict(on.things.count('b', 'tries', 1, { id: 'b', email: 'e' }))).to.equal('email')
    })
  })

  describe('claim', () => {
    it('is true for exactly one of many who claim an id, and of many who claim a unique value', async () => {
      const late = slow(on.store, 2).collection(declaration)
      const byId = values(await fifty(turn => claim(late, { id: 'a', at: turn })))
      expect(byId.filter(Boolean)).to.have.length(1)
      expect(byId).to.have.length(50)
      const byValue = values(await fifty(turn => claim(late, { id: `b${turn}`, email: 'e' })))
      expect(byValue.filter(Boolean)).to.have.length(1)
      expect(byValue).to.have.length(50)
    })
    it('throws what is no conflict', async () => {
      expect(await refusal(claim(on.things, { id: 'a', at: 'x' } as never))).not.to.equal(undefined)
    })
  })

  describe('update', () => {
    it('changes a document by how it stands, raises its revision, and resolves to it as it is now', async () => {
      await on.things.insert({ id: 'a', note: 'x' })
      const more = () => update(on.things, 'a', 'tries', ({ note }) => ({ note: `${note}x` }))
      expect(await more()).to.deep.equal({ id: 'a', note: 'xx', tries: 1 })
      expect(await more()).to.deep.equal({ id: 'a', note: 'xxx', tries: 2 })
      expect(await on.things.get('a')).to.deep.equal({ id: 'a', note: 'xxx', tries: 2 })
    })
    it('leaves the revision as the change sets it', async () => {
      await on.things.insert({ id: 'a', tries: 3 })
      expect(await update(on.things, 'a', 'tries', ({ tries = 0 }) => ({ tries: tries - 1 }))).to.include({ tries: 2 })
    })
    it('leaves a document alone for which there is no change, and makes none', async () => {
      await on.things.insert({ id: 'a', tries: 3 })
      expect(await update(on.things, 'a', 'tries', () => undefined)).to.deep.equal({ id: 'a', tries: 3 })
      expect(await on.things.get('a')).to.deep.equal({ id: 'a', tries: 3 })
      expect(await update(on.things, 'b', 'tries', () => ({ at: 1 }))).to.equal(undefined)
      expect(await on.things.get('b')).to.equal(undefined)
    })
    it('throws what the change throws, and changes nothing', async () => {
      await on.things.insert({ id: 'a', tries: 3 })
      const fault = new Error('no')
      const act = update(on.things, 'a', 'tries', () => {
        throw fault
      })
      expect(await refusal(act)).to.equal(fault)
      expect(await on.things.get('a')).to.deep.equal({ id: 'a', tries: 3 })
    })
    it('loses none of twelve changes at once, on a slow store too', async () => {
      for (const things of [on.things, slow(on.store, 2).collection(declaration)]) {
        await on.things.put({ id: 'a', at: 0 })
        const acts = Array.from({ length: 12 }, () => update(things, 'a', 'tries', ({ at = 0 }) => ({ at: at + 1 })))
        await Promise.all(acts)
        expect(await on.things.get('a')).to.include({ at: 12 })
      }
    })
    it('is busy once it lost twenty times in a row', async () => {
      await on.things.insert({ id: 'a', tries: 0 })
      let looked = 0
      const act = update(on.things, 'a', 'tries', async () => {
        looked += 1
        await on.things.count('a', 'tries', 1, { id: 'a' })
        return { note: 'mine' }
      })
      expect(await refusal(act)).to.include({ code: 'busy', status: 503, retryAfter: 1 })
      expect(looked).to.equal(20)
      expect(await on.things.get('a')).to.deep.equal({ id: 'a', tries: 20 })
    })
  })

  it('retries until something comes of it, twenty times at most', async () => {
    let times = 0
    expect(await retry(async () => (++times === 20 ? 'won' : undefined))).to.equal('won')
    times = 0
    expect(await refusal(retry(async () => (++times === 21 ? 'won' : undefined)))).to.include({ code: 'busy' })
    expect(times).to.equal(20)
  })
}
