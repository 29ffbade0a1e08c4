import { expect } from 'chai'
import { entriesBehind, eventShape, fed, longPoll } from '../../src/feeds/event-feed.ts'
import { ledger } from '../../src/observers/ledger.ts'
import type { Store } from '../../src/store/collection.ts'
import { happening } from '../support/audit.ts'
import { testStore } from '../support/store.ts'

describe('the feed of events', () => {
  let store: Store
  const append = (...accounts: string[]) => {
    const book = ledger({ store })
    return Promise.all(accounts.map(each => book.append(happening(each))))
  }
  const numbers = async (after: number, limit: number) =>
    (await entriesBehind(store, after, limit)).map(({ sequence }) => sequence)
  beforeEach(async () => {
    store = await testStore()
  })
  afterEach(() => store.close())

  it('is what follows a sequence number, wherever that stands in its leaf, and never more than was asked for', async () => {
    expect(await numbers(0, 10)).to.deep.equal([])
    await append('a', 'b', 'c')
    await append('d')
    await append('e', 'f')
    expect(await numbers(0, 10)).to.deep.equal([1, 2, 3, 4, 5, 6])
    expect(await numbers(1, 10)).to.deep.equal([2, 3, 4, 5, 6])
    expect(await numbers(3, 10)).to.deep.equal([4, 5, 6])
    expect(await numbers(5, 10)).to.deep.equal([6])
    expect(await numbers(6, 10)).to.deep.equal([])
    expect(await numbers(900, 10)).to.deep.equal([])
    expect(await numbers(0, 2)).to.deep.equal([1, 2])
    expect(await numbers(2, 2)).to.deep.equal([3, 4])
  })

  it('loses nothing to those who follow it from one answer to the next', async () => {
    for (let turn = 0; turn < 30; turn++) await append(...Array.from({ length: (turn % 7) + 1 }, () => 'a'))
    const all = (await numbers(0, 10_000)).at(-1) ?? 0
    let seen: number[] = []
    for (let found = await numbers(0, 13); found.length > 0; found = await numbers(seen.at(-1) ?? 0, 13))
      seen = [...seen, ...found]
    expect(seen.length).to.be.at.least(all)
    expect(seen).to.deep.equal(seen.map((_, at) => at + 1))
  })

  it('shows an event by its schema, and nothing beside it', async () => {
    await ledger({ store }).append(
      happening('a', { origin: { address: '192.0.2.1', agent: 'curl', device: 'd', request: 'r' } }),
    )
    const [entry] = await entriesBehind(store, 0, 1)
    const shown = JSON.parse(JSON.stringify(entry && fed(entry)))
    expect(eventShape.strict().parse(shown)).to.deep.equal(shown)
    expect(shown).to.deep.include({ version: 1, sequence: 1, name: 'account.created', data: { account: 'a' } })
    expect(shown).to.deep.include({ address: '192.0.2.1', agent: 'curl', device: 'd', request: 'r' })
  })

  describe('for those who wait', () => {
    const never = new AbortController().signal

    it('answers as soon as there is something', async () => {
      const wait = longPoll(store, never)
      const asked = wait(0, 10, 60_000)
      await append('a')
      expect((await asked).map(({ sequence }) => sequence)).to.deep.equal([1])
    })

    it('answers with nothing when the time is over', async () => {
      expect(await longPoll(store, never)(0, 10, 20)).to.deep.equal([])
    })

    it('stops looking when they have gone away, and when the server stops', async () => {
      for (const which of ['gone', 'stopping'] as const) {
        let looks = 0
        const counting: Store = {
          ...store,
          collection: declared => {
            const collection = store.collection(declared)
            const find: typeof collection.find = (...asked) => {
              looks += 1
              return collection.find(...asked)
            }
            return { ...collection, find }
          },
        }
        const ended = new AbortController()
        const signals = { gone: never, stopping: never, [which]: ended.signal }
        const asked = longPoll(counting, signals.stopping)(0, 10, 60_000, signals.gone)
        await new Promise(resolve => setTimeout(resolve, 20))
        ended.abort()
        expect(await asked, which).to.deep.equal([])
        expect(looks, which).to.equal(1)
      }
    })

    it('makes no more than a hundred wait, and answers any more at once', async () => {
      const ended = new AbortController()
      const wait = longPoll(store, ended.signal)
      let answered = 0
      const count = (entries: unknown[]) => {
        answered += 1
        return entries
      }
      const asked = Array.from({ length: 101 }, () => wait(0, 10, 60_000).then(count))
      // However long the store takes to look for each.
      expect(await Promise.race(asked)).to.deep.equal([])
      await new Promise(resolve => setTimeout(resolve, 100))
      expect(answered).to.equal(1)
      ended.abort()
      expect((await Promise.all(asked)).flat()).to.deep.equal([])
    })
  })
})
