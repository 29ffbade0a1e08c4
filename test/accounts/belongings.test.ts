import { expect } from 'chai'
import { z } from 'zod'
import { belonging, belongings } from '../../src/accounts/belongings.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import { declare, type Store } from '../../src/store/collection.ts'
import { testStore } from '../support/store.ts'

const people = declare({ name: 'people', shape: z.object({ id: z.string(), createdAt: z.number() }) })
const things = declare({
  name: 'things',
  shape: z.object({
    id: z.string(),
    account: z.string(),
    what: z.string(),
    secret: z.string(),
    usedAt: z.number().optional(),
    since: z.number(),
  }),
  indexes: ['account'],
})

const seals = sealer(keyring(['a secret of thirty-two characters, or more']))

describe('belongings', () => {
  let store: Store
  beforeEach(async () => {
    store = await testStore()
  })
  afterEach(() => store.close())

  const list = [
    belonging(people, 'id', ['id', 'createdAt']),
    belonging(things, 'account', ['what', 'usedAt', 'since'], { secret: 'secret' }),
  ]
  const all = async (documents: AsyncIterable<unknown>) => {
    const found: unknown[] = []
    for await (const each of documents) found.push(each)
    return found
  }
  const put = async (account: string, count: number) => {
    await store.collection(people).put({ id: account, createdAt: 0 })
    for (let each = 0; each < count; each++) {
      const id = `${account}-${String(each).padStart(4, '0')}`
      await store.collection(things).put({ id, account, what: `${each}`, secret: 'hidden', usedAt: 1_000, since: 0 })
    }
  }

  it('are told page by page, without secrets, their moments as dates', async () => {
    await put('ada', 250)
    await put('eve', 1)
    const [self, rest] = belongings(store, seals, list).of('ada')
    expect(self?.name).to.equal('people')
    expect(await all(self?.documents ?? expect.fail())).to.deep.equal([
      { id: 'ada', createdAt: '1970-01-01T00:00:00.000Z' },
    ])
    const told = await all(rest?.documents ?? expect.fail())
    expect(told).to.have.length(250)
    const moments = { usedAt: '1970-01-01T00:00:01.000Z', since: '1970-01-01T00:00:00.000Z' }
    expect(told[249]).to.deep.equal({ what: '249', ...moments })
  })

  it('are removed, what is listed first last, and nobody else’s', async () => {
    await put('ada', 3)
    await put('eve', 1)
    const removed: string[] = []
    const watched: Store = {
      ...store,
      collection: declaration => {
        const made = store.collection(declaration)
        return {
          ...made,
          remove: where => {
            removed.push(declaration.name)
            return made.remove(where)
          },
        }
      },
    }
    await belongings(watched, seals, list).erase('ada')
    expect(removed).to.deep.equal(['things', 'people'])
    expect(await store.collection(things).find({})).to.have.length(1)
    expect(await store.collection(people).find({})).to.have.length(1)
  })
})
