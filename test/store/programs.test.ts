import { expect } from 'chai'
import fc from 'fast-check'
import { z } from 'zod'
import { type Collection, Conflict, type Store } from '../../src/store/collection.ts'
import { openStore } from '../../src/store/open.ts'
import { dropMongo, dropPostgres, freshMongo, freshPostgres } from '../support/store.ts'
import { type Act, type Item, reference } from './reference.ts'

const START = 1_800_000_000_000

const some = <T>(...values: T[]) => fc.constantFrom(...values)
const id = some('a', 'b', 'c', 'é', 'B')
const mail = some('m', 'n', 'M')
const owner = some('x', 'y', '')
const at = some(-1, 0, 1, 1.5, 2)
const later = some(-1, 0, 1, 2, 5).map(ms => START + ms)
const fields = { mail, phone: mail, owner, at, on: fc.boolean(), note: some('', 'x'), expiresAt: later }
const doc = fc.record({ id, ...fields }, { requiredKeys: ['id'] })

const asking = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof(
    value,
    fc.constant(undefined),
    fc.record({ lt: value }),
    fc.record({ gte: value }),
    fc.record({ gte: value, lt: value }),
    fc.record({ in: fc.array(fc.option(value, { nil: undefined }), { maxLength: 3 }) }),
  )
const equal = fc.oneof(fc.boolean(), fc.constant(undefined))
const where = fc.oneof(
  fc.record({ owner: asking(owner), at: asking(at) }, { requiredKeys: ['owner'] }),
  fc.record({ id: asking(id), mail: asking(mail), on: equal, expiresAt: asking(later) }, { requiredKeys: ['id'] }),
  fc.record({ mail: asking(mail) }),
  fc.constant({}),
)
const sort = fc.record({ by: some('id', 'owner', 'at', 'mail', 'expiresAt', 'on'), descending: fc.boolean() })
const page = fc.record({ sort, limit: some(1, 2, 5), after: id }, { requiredKeys: [] })
const undefinable = Object.fromEntries(
  Object.entries(fields).map(([name, value]) => [name, fc.option(value as fc.Arbitrary<unknown>, { nil: undefined })]),
)
const when = fc.oneof(
  fc.constant({}),
  fc.record({ note: asking(some('', 'x')), at: asking(at), on: equal }, { requiredKeys: [] }),
)

const act = fc.oneof(
  fc.record({ verb: some('insert', 'put'), doc }),
  fc.record({ verb: some('get', 'take'), id }),
  fc.record({ verb: fc.constant('find'), where, page }),
  fc.record({ verb: fc.constant('patch'), id, changes: fc.record(undefinable, { requiredKeys: [] }), when }),
  fc.record({ verb: fc.constant('count'), id, by: some(-1, 1, 2), born: doc }),
  fc.record({ verb: fc.constant('remove'), where }),
  fc.record({ verb: fc.constant('pass'), ms: some(1, 2) }),
) as fc.Arbitrary<Act>
const program = fc.array(act, { minLength: 1, maxLength: 40, size: 'max' })

const shape = z.object({
  id: z.string(),
  expiresAt: z.number().optional(),
  mail: z.string().optional(),
  phone: z.string().optional(),
  owner: z.string().optional(),
  at: z.number().optional(),
  on: z.boolean().optional(),
  note: z.string().optional(),
})

const indexes = ['owner', ['owner', 'at'], 'at', 'on', 'expiresAt'] as const
const declaration = { name: 'items', shape, unique: ['mail', 'phone'] as const, indexes }

function perform(items: Collection<Item>, doing: Act): Promise<unknown> {
  switch (doing.verb) {
    case 'insert':
    case 'put':
      return items[doing.verb](doing.doc)
    case 'get':
    case 'take':
      return items[doing.verb](doing.id)
    case 'find':
      return items.find(doing.where, doing.page)
    case 'patch':
      return items.patch(doing.id, doing.changes, doing.when)
    case 'count':
      return items.count(doing.id, 'at', doing.by, { ...doing.born, id: doing.id })
    case 'remove':
      return items.remove(doing.where)
    case 'pass':
      return Promise.resolve()
  }
}

/** What came of an act, a failure included. */
const outcome = async (doing: () => unknown): Promise<unknown> => {
  try {
    return await doing()
  } catch (fault) {
    if (fault instanceof Conflict) return { conflict: fault.field }
    return { fault: (fault as { code?: string }).code ?? fault }
  }
}

describe('random programs', () => {
  let time = START
  const [mongo, postgres] = [freshMongo(), freshPostgres()]
  const urls = ['sqlite::memory:', mongo, postgres].filter(url => url !== undefined)
  const stores: Store[] = []

  before(async () => {
    for (const url of urls) stores.push(await openStore(url, { now: () => time, sweep: false }))
  })
  after(async () => {
    for (const store of stores) await store.close()
    if (mongo !== undefined) await dropMongo(mongo)
    if (postgres !== undefined) await dropPostgres(postgres)
  })

  const agree = async (acts: Act[], engines: Store[]): Promise<void> => {
    // Long before, when nothing had expired yet.
    time = 0
    const items = engines.map(store => store.collection<Item>(declaration))
    await Promise.all(items.map(each => each.remove({})))
    time = START
    const plain = reference(() => time)
    for (const [step, doing] of acts.entries()) {
      if (doing.verb === 'pass') time += doing.ms
      const expected = await outcome(() =>
        plain(doing.verb === 'count' ? { ...doing, born: { ...doing.born, id: doing.id } } : doing),
      )
      for (const each of items) expect(await outcome(() => perform(each, doing)), `act ${step}`).to.deep.equal(expected)
    }
  }

  it('get the same answers from the embedded engine as from the plainest model', () =>
    fc.assert(
      fc.asyncProperty(program, acts => agree(acts, stores.slice(0, 1))),
      { numRuns: 300 },
    ))

  if (mongo === undefined)
    console.log('  skipped: random programs on MongoDB, because LATCHKEY_TEST_MONGO names no server')
  if (postgres === undefined)
    console.log('  skipped: random programs on PostgreSQL, because LATCHKEY_TEST_POSTGRES names no server')
  if (urls.length > 1)
    it('get the same answers from all engines, side by side', () =>
      fc.assert(
        fc.asyncProperty(program, acts => agree(acts, stores)),
        { numRuns: 60 },
      ))
})
