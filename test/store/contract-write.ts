import { expect } from 'chai'
import { z } from 'zod'
import { conflict, type Ground, ids, refusal, type Thing } from './ground.ts'

/** What adds, replaces and removes. */
export function writing(on: Ground): void {
  describe('insert', () => {
    it('adds a document that get returns whole', async () => {
      const doc: Thing = {
        id: 'a',
        email: 'a@example.org',
        at: 1.5,
        spent: false,
        expiresAt: on.time + 1,
        secret: { list: [1, null, 'é\0𝒳'], 'a.b': 1, $set: 2, '%25': 3, '': 4, deep: { a: { b: [] } } },
      }
      await on.things.insert(doc)
      expect(await on.things.get('a')).to.deep.equal(doc)
    })
    it('leaves out what is undefined', async () => {
      await on.things.insert({ id: 'a', note: undefined, secret: { gone: undefined, kept: null } })
      expect(await on.things.get('a')).to.deep.equal({ id: 'a', secret: { kept: null } })
    })
    it('refuses an id that is taken', async () => {
      await on.things.insert({ id: 'a', note: 'first' })
      expect(await conflict(on.things.insert({ id: 'a', note: 'second' }))).to.equal('id')
      expect(await on.things.get('a')).to.deep.equal({ id: 'a', note: 'first' })
    })
    it('refuses a unique value that is taken, and names its field', async () => {
      await on.things.insert({ id: 'a', email: 'e', phone: 'p' })
      expect(await conflict(on.things.insert({ id: 'b', email: 'e' }))).to.equal('email')
      expect(await conflict(on.things.insert({ id: 'b', phone: 'p' }))).to.equal('phone')
      expect(await conflict(on.things.insert({ id: 'a', email: 'e' }))).to.equal('id')
      expect(await on.things.get('b')).to.equal(undefined)
    })
    it('does not take an absent unique value for one', async () => {
      await on.things.insert({ id: 'a' })
      await on.things.insert({ id: 'b' })
      expect(await on.things.find({ email: undefined })).to.have.length(2)
    })
    it('frees a unique value with its document', async () => {
      await on.things.insert({ id: 'a', email: 'e' })
      await on.things.take('a')
      await on.things.insert({ id: 'b', email: 'e' })
    })
    it('refuses a document that does not fit its shape', async () => {
      expect(await refusal(on.things.insert({ id: 'a', at: 'soon' } as unknown as Thing))).to.be.instanceOf(z.ZodError)
      expect(await on.things.get('a')).to.equal(undefined)
    })
    it('keeps what was given, whatever becomes of the object later', async () => {
      const doc = { id: 'a', secret: { kept: true } }
      const inserted = on.things.insert(doc)
      doc.secret.kept = false
      await inserted
      expect(await on.things.get('a')).to.deep.equal({ id: 'a', secret: { kept: true } })
    })
    it('lets a Conflict harm no write beside it', async () => {
      await on.things.insert({ id: 'a', email: 'e' })
      const [before, refused, after] = await Promise.allSettled([
        on.things.insert({ id: 'b' }),
        on.things.insert({ id: 'c', email: 'e' }),
        on.things.insert({ id: 'd' }),
      ])
      expect([before.status, refused.status, after.status]).to.deep.equal(['fulfilled', 'rejected', 'fulfilled'])
      expect(ids(await on.things.find({}))).to.equal('abd')
    })
  })

  describe('put', () => {
    it('adds, then replaces as a whole', async () => {
      await on.things.put({ id: 'a', note: 'one', at: 1, email: 'e' })
      await on.things.put({ id: 'a', at: 2, email: 'e' })
      expect(await on.things.get('a')).to.deep.equal({ id: 'a', at: 2, email: 'e' })
      expect(await on.things.find({ at: 1 })).to.deep.equal([])
    })
    it('refuses a unique value of another', async () => {
      await on.things.put({ id: 'a', email: 'e' })
      await on.things.put({ id: 'b', email: 'f' })
      expect(await conflict(on.things.put({ id: 'b', email: 'e', note: 'new' }))).to.equal('email')
      expect(await conflict(on.things.put({ id: 'c', email: 'e' }))).to.equal('email')
      expect(await on.things.get('b')).to.deep.equal({ id: 'b', email: 'f' })
    })
    it('refuses a document that does not fit its shape', async () => {
      expect(await refusal(on.things.put({ id: 'a', spent: 1 } as unknown as Thing))).to.be.instanceOf(z.ZodError)
    })
  })

  describe('take and remove', () => {
    it('take removes and returns', async () => {
      await on.things.insert({ id: 'a', at: 1 })
      expect(await on.things.take('a')).to.deep.equal({ id: 'a', at: 1 })
      expect(await on.things.take('a')).to.equal(undefined)
      expect(await on.things.get('a')).to.equal(undefined)
    })
    it('remove removes all that match and tells how many', async () => {
      for (const id of 'abc') await on.things.insert({ id, account: id === 'c' ? 'y' : 'x' })
      expect(await on.things.remove({ account: 'x' })).to.equal(2)
      expect(await on.things.remove({ account: 'x' })).to.equal(0)
      expect(ids(await on.things.find({}))).to.equal('c')
    })
  })
}
