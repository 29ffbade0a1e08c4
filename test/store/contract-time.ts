import { expect } from 'chai'
import { conflict, fifty, type Ground, values } from './ground.ts'

/** What time does to documents, and what many at once do. */
export function passing(on: Ground): void {
  describe('a document past its time', () => {
    beforeEach(async () => {
      await on.things.insert({ id: 'a', email: 'e', account: 'x', tries: 7, note: 'old', expiresAt: on.time + 10 })
      on.time += 10
    })

    it('is there until then', async () => {
      on.time -= 1
      expect(await on.things.get('a')).to.include({ id: 'a' })
      expect(await conflict(on.things.insert({ id: 'a' }))).to.equal('id')
    })
    it('is shown by no verb', async () => {
      expect(await on.things.get('a')).to.equal(undefined)
      expect(await on.things.find({ account: 'x' })).to.deep.equal([])
      expect(await on.things.find({})).to.deep.equal([])
      expect(await on.things.patch('a', { at: 1 })).to.equal(undefined)
      expect(await on.things.remove({ account: 'x' })).to.equal(0)
      expect(await on.things.take('a')).to.equal(undefined)
    })
    it('gives its id to an insert, a put and a count', async () => {
      await on.things.insert({ id: 'a', note: 'new' })
      expect(await on.things.get('a')).to.deep.equal({ id: 'a', note: 'new' })
      await on.things.patch('a', { expiresAt: on.time })
      await on.things.put({ id: 'a', at: 1 })
      expect(await on.things.get('a')).to.deep.equal({ id: 'a', at: 1 })
      await on.things.patch('a', { expiresAt: on.time })
      expect(await on.things.count('a', 'tries', 1, { id: 'a', tries: 0, note: 'born' })).to.equal(1)
      expect(await on.things.get('a')).to.deep.equal({ id: 'a', tries: 1, note: 'born' })
    })
    it('gives its unique value to an insert, a put, a patch and a count', async () => {
      const acts = [
        () => on.things.insert({ id: 'b', email: 'e' }),
        () => on.things.put({ id: 'c', email: 'e' }),
        () => on.things.insert({ id: 'd' }).then(() => on.things.patch('d', { email: 'e' })),
        () => on.things.count('f', 'tries', 1, { id: 'f', email: 'e' }),
      ]
      for (const [turn, act] of acts.entries()) {
        await act()
        const [holder] = await on.things.find({ email: 'e' })
        expect(holder?.id).to.equal('bcdf'[turn])
        await on.things.patch(holder?.id ?? '', { expiresAt: on.time })
      }
    })
    it('lives on when its time is put off in time, and dies by a patch', async () => {
      on.time -= 1
      expect(await on.things.patch('a', { expiresAt: undefined })).to.not.have.property('expiresAt')
      on.time += 100
      expect(await on.things.get('a')).to.include({ id: 'a' })
      expect(await on.things.patch('a', { expiresAt: on.time })).to.include({ expiresAt: on.time })
      expect(await on.things.get('a')).to.equal(undefined)
    })
    it('may be stored as such, unseen', async () => {
      await on.things.insert({ id: 'b', email: 'f', expiresAt: on.time - 1 })
      expect(await on.things.get('b')).to.equal(undefined)
      await on.things.insert({ id: 'b', email: 'f' })
    })
  })

  describe('a race of fifty', () => {
    it('to take one document has one winner', async () => {
      await on.things.insert({ id: 'a' })
      expect(values(await fifty(() => on.things.take('a'))).filter(Boolean)).to.have.length(1)
    })
    it('to patch under one condition has one winner', async () => {
      await on.things.insert({ id: 'a', spent: false })
      const won = values(await fifty(turn => on.things.patch('a', { spent: true, at: turn }, { spent: false }))).filter(
        Boolean,
      )
      expect(won).to.have.length(1)
      expect(await on.things.get('a')).to.deep.equal(won[0])
    })
    it('to count gives each number once, from nothing and over an expired count', async () => {
      const race = async () => values(await fifty(() => on.things.count('a', 'tries', 1, { id: 'a', tries: 0 })))
      const each = Array.from({ length: 50 }, (_, n) => n + 1)
      expect((await race()).sort((a, b) => a - b)).to.deep.equal(each)
      await on.things.patch('a', { expiresAt: on.time })
      expect((await race()).sort((a, b) => a - b)).to.deep.equal(each)
    })
    it('to insert one unique value has one winner, over an expired holder too', async () => {
      for (const start of ['m', 'n']) {
        const settled = await fifty(turn => on.things.insert({ id: `${start}${turn}`, email: 'e' }))
        expect(settled.filter(each => each.status === 'fulfilled')).to.have.length(1)
        const [winner] = await on.things.find({ email: 'e' })
        expect(winner?.id).to.equal(`${start}${settled.findIndex(each => each.status === 'fulfilled')}`)
        await on.things.patch(winner?.id ?? '', { expiresAt: on.time })
      }
    })
    it('to insert one id has one winner, and to put it has no loser', async () => {
      expect(values(await fifty(turn => on.things.insert({ id: 'a', at: turn })))).to.have.length(1)
      expect(values(await fifty(turn => on.things.put({ id: 'b', at: turn })))).to.have.length(50)
    })
  })
}
