import { expect } from 'chai'
import { z } from 'zod'
import { type Collection, Conflict, declare, type Store } from '../../src/store/collection.ts'

/** Opens a fresh store on this clock; whoever opens it closes it. */
export type Factory = (now: () => number) => Promise<Store>

const shape = z.object({
  id: z.string(),
  expiresAt: z.number().optional(),
  email: z.string().optional(),
  phone: z.string().optional(),
  account: z.string().optional(),
  at: z.number().optional(),
  spent: z.boolean().optional(),
  tries: z.number().optional(),
  note: z.string().optional(),
  secret: z.looseObject({}).optional(),
})
type Thing = z.infer<typeof shape>
const declaration = declare<Thing>({
  name: 'things',
  shape,
  unique: ['email', 'phone'],
  indexes: ['account', ['account', 'at'], 'at', 'spent', 'expiresAt'],
})

const conflict = async (act: Promise<unknown>): Promise<string> => {
  const fault = await act.then(
    () => undefined,
    (fault: unknown) => fault,
  )
  expect(fault).to.be.instanceOf(Conflict)
  return (fault as Conflict).field
}
const refusal = (act: Promise<unknown>): Promise<unknown> =>
  act.then(
    () => undefined,
    (fault: unknown) => fault,
  )
const ids = (found: { id: string }[]): string => found.map(each => each.id).join('')
const fifty = <R>(act: (turn: number) => Promise<R>): Promise<PromiseSettledResult<R>[]> =>
  Promise.allSettled(Array.from({ length: 50 }, (_, turn) => act(turn)))
const values = <R>(settled: PromiseSettledResult<R>[]): R[] =>
  settled.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []))

/** Every promise of the port, asked of one engine. */
export function contract(engine: string, open: Factory): void {
  describe(`the store's contract on ${engine}`, () => {
    let time = 1_800_000_000_000
    let store: Store
    let things: Collection<Thing>

    before(async () => {
      store = await open(() => time)
      things = store.collection(declaration)
    })
    beforeEach(async () => {
      // Long before, when nothing had expired yet.
      time = 1_700_000_000_000
      await things.remove({})
      time = 1_800_000_000_000
    })
    after(() => store.close())

    describe('insert', () => {
      it('adds a document that get returns whole', async () => {
        const doc: Thing = {
          id: 'a',
          email: 'a@example.org',
          at: 1.5,
          spent: false,
          expiresAt: time + 1,
          secret: { list: [1, null, 'é\0𝒳'], 'a.b': 1, $set: 2, '%25': 3, '': 4, deep: { a: { b: [] } } },
        }
        await things.insert(doc)
        expect(await things.get('a')).to.deep.equal(doc)
      })
      it('leaves out what is undefined', async () => {
        await things.insert({ id: 'a', note: undefined, secret: { gone: undefined, kept: null } })
        expect(await things.get('a')).to.deep.equal({ id: 'a', secret: { kept: null } })
      })
      it('refuses an id that is taken', async () => {
        await things.insert({ id: 'a', note: 'first' })
        expect(await conflict(things.insert({ id: 'a', note: 'second' }))).to.equal('id')
        expect(await things.get('a')).to.deep.equal({ id: 'a', note: 'first' })
      })
      it('refuses a unique value that is taken, and names its field', async () => {
        await things.insert({ id: 'a', email: 'e', phone: 'p' })
        expect(await conflict(things.insert({ id: 'b', email: 'e' }))).to.equal('email')
        expect(await conflict(things.insert({ id: 'b', phone: 'p' }))).to.equal('phone')
        expect(await conflict(things.insert({ id: 'a', email: 'e' }))).to.equal('id')
        expect(await things.get('b')).to.equal(undefined)
      })
      it('does not take an absent unique value for one', async () => {
        await things.insert({ id: 'a' })
        await things.insert({ id: 'b' })
        expect(await things.find({ email: undefined })).to.have.length(2)
      })
      it('frees a unique value with its document', async () => {
        await things.insert({ id: 'a', email: 'e' })
        await things.take('a')
        await things.insert({ id: 'b', email: 'e' })
      })
      it('refuses a document that does not fit its shape', async () => {
        expect(await refusal(things.insert({ id: 'a', at: 'soon' } as unknown as Thing))).to.be.instanceOf(z.ZodError)
        expect(await things.get('a')).to.equal(undefined)
      })
      it('keeps what was given, whatever becomes of the object later', async () => {
        const doc = { id: 'a', secret: { kept: true } }
        const inserted = things.insert(doc)
        doc.secret.kept = false
        await inserted
        expect(await things.get('a')).to.deep.equal({ id: 'a', secret: { kept: true } })
      })
      it('lets a Conflict harm no write beside it', async () => {
        await things.insert({ id: 'a', email: 'e' })
        const [before, refused, after] = await Promise.allSettled([
          things.insert({ id: 'b' }),
          things.insert({ id: 'c', email: 'e' }),
          things.insert({ id: 'd' }),
        ])
        expect([before.status, refused.status, after.status]).to.deep.equal(['fulfilled', 'rejected', 'fulfilled'])
        expect(ids(await things.find({}))).to.equal('abd')
      })
    })

    describe('put', () => {
      it('adds, then replaces as a whole', async () => {
        await things.put({ id: 'a', note: 'one', at: 1, email: 'e' })
        await things.put({ id: 'a', at: 2, email: 'e' })
        expect(await things.get('a')).to.deep.equal({ id: 'a', at: 2, email: 'e' })
        expect(await things.find({ at: 1 })).to.deep.equal([])
      })
      it('refuses a unique value of another', async () => {
        await things.put({ id: 'a', email: 'e' })
        await things.put({ id: 'b', email: 'f' })
        expect(await conflict(things.put({ id: 'b', email: 'e', note: 'new' }))).to.equal('email')
        expect(await conflict(things.put({ id: 'c', email: 'e' }))).to.equal('email')
        expect(await things.get('b')).to.deep.equal({ id: 'b', email: 'f' })
      })
      it('refuses a document that does not fit its shape', async () => {
        expect(await refusal(things.put({ id: 'a', spent: 1 } as unknown as Thing))).to.be.instanceOf(z.ZodError)
      })
    })

    describe('find', () => {
      beforeEach(async () => {
        await things.insert({ id: 'a', account: 'x', at: 2, spent: true })
        await things.insert({ id: 'b', account: 'x', at: 1, spent: false })
        await things.insert({ id: 'c', account: 'y', at: 2 })
        await things.insert({ id: 'd', account: 'x' })
        await things.insert({ id: 'e', at: 3, expiresAt: time + 10 })
      })
      const found = async (...ask: Parameters<typeof things.find>): Promise<string> => ids(await things.find(...ask))

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
        expect(await found({ expiresAt: { lt: time + 11 } })).to.equal('e')
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
            for (let page = await things.find({}, { ...order, limit: 2 }); page.length > 0; ) {
              seen.push(...page.map(each => each.id))
              page = await things.find({}, { ...order, limit: 2, after: seen.at(-1) ?? '' })
            }
            expect(seen.join(''), JSON.stringify(order)).to.equal(await found({}, order))
          }
        }
      })
      it('pages by id past a document that is gone, and says so in any other order', async () => {
        await things.take('b')
        expect(await found({}, { after: 'b' })).to.equal('cde')
        expect(await refusal(found({}, { sort: { by: 'at' }, after: 'b' }))).to.include({ code: 'not_found' })
      })
      it('gives a hundred unless told', async () => {
        await Promise.all(Array.from({ length: 110 }, (_, n) => things.insert({ id: `n${n}` })))
        expect(await things.find({})).to.have.length(100)
        expect(await things.find({}, { limit: 105 })).to.have.length(105)
      })
      it('refuses a field without an index', async () => {
        expect(await refusal(things.find({ note: 'x' }))).to.be.instanceOf(TypeError)
        expect(await refusal(things.find({ account: 'x', note: 'x' }))).to.be.instanceOf(TypeError)
        expect(await refusal(things.find({}, { sort: { by: 'note' } }))).to.be.instanceOf(TypeError)
        expect(await refusal(things.remove({ note: 'x' }))).to.be.instanceOf(TypeError)
      })
      it('refuses a bound that is undefined, a list that is none, and a limit that is no count', async () => {
        expect(await refusal(things.find({ at: { lt: undefined } }))).to.be.instanceOf(TypeError)
        expect(await refusal(things.remove({ at: { gte: undefined } }))).to.be.instanceOf(TypeError)
        expect(await refusal(things.find({ at: { in: 3 as unknown as number[] } }))).to.be.instanceOf(TypeError)
        for (const limit of [0, -1, 1.5, Number.NaN])
          expect(await refusal(things.find({}, { limit }))).to.be.instanceOf(TypeError)
      })
      it('refuses what no index holds, asked or stored', async () => {
        const list = ['x'] as unknown as string
        expect(await refusal(things.find({ account: list }))).to.be.instanceOf(TypeError)
        const loose = store.collection({
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

    describe('patch', () => {
      it('merges, removes what is undefined, and resolves to the document as it is now', async () => {
        await things.insert({ id: 'a', at: 1, note: 'x', email: 'e' })
        expect(await things.patch('a', { at: 2, note: undefined })).to.deep.equal({ id: 'a', at: 2, email: 'e' })
        expect(await things.get('a')).to.deep.equal({ id: 'a', at: 2, email: 'e' })
        expect(ids(await things.find({ at: 2 }))).to.equal('a')
        expect(await things.patch('a', { email: undefined })).to.deep.equal({ id: 'a', at: 2 })
        await things.insert({ id: 'b', email: 'e' })
      })
      it('changes nothing where there is none, and makes none', async () => {
        expect(await things.patch('a', { at: 1 })).to.equal(undefined)
        expect(await things.get('a')).to.equal(undefined)
      })
      it('asks on any field: equality, absence, range, one of several', async () => {
        await things.insert({ id: 'a', at: 5, secret: { one: [1, { two: 2 }] } })
        const tried = async (when: Parameters<typeof things.patch>[2]) =>
          (await things.patch('a', { note: 'x' }, when)) !== undefined
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
        await things.insert({ id: 'a', at: 1 })
        expect(await things.patch('a', {})).to.deep.equal({ id: 'a', at: 1 })
        expect(await things.patch('a', { id: 'a' }, { at: 1 })).to.deep.equal({ id: 'a', at: 1 })
        expect(await things.patch('a', {}, { at: 2 })).to.equal(undefined)
      })
      it('refuses a unique value of another, and another id', async () => {
        await things.insert({ id: 'a', email: 'e' })
        await things.insert({ id: 'b', email: 'f' })
        expect(await conflict(things.patch('b', { email: 'e', at: 1 }))).to.equal('email')
        expect(await things.get('b')).to.deep.equal({ id: 'b', email: 'f' })
        expect(await things.patch('b', { email: 'f' })).to.deep.equal({ id: 'b', email: 'f' })
        expect(await refusal(things.patch('b', { id: 'c' }))).to.be.instanceOf(TypeError)
      })
    })

    describe('count', () => {
      it('starts from born, then adds', async () => {
        expect(await things.count('a', 'tries', 1, { id: 'a', account: 'x', tries: 0 })).to.equal(1)
        expect(await things.count('a', 'tries', 5, { id: 'a', tries: 0 })).to.equal(6)
        expect(await things.count('a', 'tries', -2, { id: 'a', tries: 0 })).to.equal(4)
        expect(await things.get('a')).to.deep.equal({ id: 'a', account: 'x', tries: 4 })
        expect(await things.count('b', 'tries', 1, { id: 'b', tries: 10 })).to.equal(11)
      })
      it('counts an indexed field, and one that is absent', async () => {
        await things.insert({ id: 'a', note: 'x' })
        expect(await things.count('a', 'at', 3, { id: 'a' })).to.equal(3)
        expect(await things.find({ at: 3 })).to.deep.equal([{ id: 'a', note: 'x', at: 3 }])
      })
      it('refuses what is no number, and a birth into a taken unique value', async () => {
        await things.insert({ id: 'a', note: 'x', email: 'e' })
        expect(await refusal(things.count('a', 'note', 1, { id: 'a' }))).to.be.instanceOf(TypeError)
        expect(await conflict(things.count('b', 'tries', 1, { id: 'b', email: 'e' }))).to.equal('email')
      })
    })

    describe('take and remove', () => {
      it('take removes and returns', async () => {
        await things.insert({ id: 'a', at: 1 })
        expect(await things.take('a')).to.deep.equal({ id: 'a', at: 1 })
        expect(await things.take('a')).to.equal(undefined)
        expect(await things.get('a')).to.equal(undefined)
      })
      it('remove removes all that match and tells how many', async () => {
        for (const id of 'abc') await things.insert({ id, account: id === 'c' ? 'y' : 'x' })
        expect(await things.remove({ account: 'x' })).to.equal(2)
        expect(await things.remove({ account: 'x' })).to.equal(0)
        expect(ids(await things.find({}))).to.equal('c')
      })
    })

    describe('a document past its time', () => {
      beforeEach(async () => {
        await things.insert({ id: 'a', email: 'e', account: 'x', tries: 7, note: 'old', expiresAt: time + 10 })
        time += 10
      })

      it('is there until then', async () => {
        time -= 1
        expect(await things.get('a')).to.include({ id: 'a' })
        expect(await conflict(things.insert({ id: 'a' }))).to.equal('id')
      })
      it('is shown by no verb', async () => {
        expect(await things.get('a')).to.equal(undefined)
        expect(await things.find({ account: 'x' })).to.deep.equal([])
        expect(await things.find({})).to.deep.equal([])
        expect(await things.patch('a', { at: 1 })).to.equal(undefined)
        expect(await things.remove({ account: 'x' })).to.equal(0)
        expect(await things.take('a')).to.equal(undefined)
      })
      it('gives its id to an insert, a put and a count', async () => {
        await things.insert({ id: 'a', note: 'new' })
        expect(await things.get('a')).to.deep.equal({ id: 'a', note: 'new' })
        await things.patch('a', { expiresAt: time })
        await things.put({ id: 'a', at: 1 })
        expect(await things.get('a')).to.deep.equal({ id: 'a', at: 1 })
        await things.patch('a', { expiresAt: time })
        expect(await things.count('a', 'tries', 1, { id: 'a', tries: 0, note: 'born' })).to.equal(1)
        expect(await things.get('a')).to.deep.equal({ id: 'a', tries: 1, note: 'born' })
      })
      it('gives its unique value to an insert, a put, a patch and a count', async () => {
        const acts = [
          () => things.insert({ id: 'b', email: 'e' }),
          () => things.put({ id: 'c', email: 'e' }),
          () => things.insert({ id: 'd' }).then(() => things.patch('d', { email: 'e' })),
          () => things.count('f', 'tries', 1, { id: 'f', email: 'e' }),
        ]
        for (const [turn, act] of acts.entries()) {
          await act()
          const [holder] = await things.find({ email: 'e' })
          expect(holder?.id).to.equal('bcdf'[turn])
          await things.patch(holder?.id ?? '', { expiresAt: time })
        }
      })
      it('lives on when its time is put off in time, and dies by a patch', async () => {
        time -= 1
        expect(await things.patch('a', { expiresAt: undefined })).to.not.have.property('expiresAt')
        time += 100
        expect(await things.get('a')).to.include({ id: 'a' })
        expect(await things.patch('a', { expiresAt: time })).to.include({ expiresAt: time })
        expect(await things.get('a')).to.equal(undefined)
      })
      it('may be stored as such, unseen', async () => {
        await things.insert({ id: 'b', email: 'f', expiresAt: time - 1 })
        expect(await things.get('b')).to.equal(undefined)
        await things.insert({ id: 'b', email: 'f' })
      })
    })

    describe('a race of fifty', () => {
      it('to take one document has one winner', async () => {
        await things.insert({ id: 'a' })
        expect(values(await fifty(() => things.take('a'))).filter(Boolean)).to.have.length(1)
      })
      it('to patch under one condition has one winner', async () => {
        await things.insert({ id: 'a', spent: false })
        const won = values(await fifty(turn => things.patch('a', { spent: true, at: turn }, { spent: false }))).filter(
          Boolean,
        )
        expect(won).to.have.length(1)
        expect(await things.get('a')).to.deep.equal(won[0])
      })
      it('to count gives each number once, from nothing and over an expired count', async () => {
        const race = async () => values(await fifty(() => things.count('a', 'tries', 1, { id: 'a', tries: 0 })))
        const each = Array.from({ length: 50 }, (_, n) => n + 1)
        expect((await race()).sort((a, b) => a - b)).to.deep.equal(each)
        await things.patch('a', { expiresAt: time })
        expect((await race()).sort((a, b) => a - b)).to.deep.equal(each)
      })
      it('to insert one unique value has one winner, over an expired holder too', async () => {
        for (const start of ['m', 'n']) {
          const settled = await fifty(turn => things.insert({ id: `${start}${turn}`, email: 'e' }))
          expect(settled.filter(each => each.status === 'fulfilled')).to.have.length(1)
          const [winner] = await things.find({ email: 'e' })
          expect(winner?.id).to.equal(`${start}${settled.findIndex(each => each.status === 'fulfilled')}`)
          await things.patch(winner?.id ?? '', { expiresAt: time })
        }
      })
      it('to insert one id has one winner, and to put it has no loser', async () => {
        expect(values(await fifty(turn => things.insert({ id: 'a', at: turn })))).to.have.length(1)
        expect(values(await fifty(turn => things.put({ id: 'b', at: turn })))).to.have.length(50)
      })
    })

    it('answers a ping', () => store.ping())
    it('gives the same collection for the same declaration', () => {
      expect(store.collection(declaration)).to.equal(things)
    })
    it('refuses a declaration whose names are no plain words', () => {
      expect(() => store.collection({ name: 'a"b', shape })).to.throw(TypeError)
    })
    it('is unavailable once it is closed', async () => {
      const other = await open(() => time)
      const closed = other.collection(declaration)
      await closed.insert({ id: 'a' })
      await other.close()
      expect(await refusal(closed.get('a'))).to.include({ code: 'unavailable', status: 503 })
      expect(await refusal(closed.insert({ id: 'b' }))).to.include({ code: 'unavailable', status: 503 })
      expect(await refusal(other.ping())).to.include({ code: 'unavailable', status: 503 })
    })
  })
}
