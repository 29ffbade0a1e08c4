import { expect } from 'chai'
import { accounts as accountsOf } from '../../src/accounts/account.ts'
import { sessionBook } from '../../src/accounts/session.ts'
import { peopleSearch } from '../../src/admin/people-search.ts'
import type { Store } from '../../src/store/collection.ts'
import { testSealer } from '../support/commits.ts'
import { testStore } from '../support/store.ts'

const many = 60
const now = () => Date.UTC(2026, 0, 5)

/** Sixty people, and how many documents each search reads of them. */
async function room() {
  let read = 0
  const counted = async <R>(act: Promise<R[]>) => {
    const found = await act
    read += found.length
    return found
  }
  const kept = await testStore(now)
  const store: Store = {
    ...kept,
    collection: declaration => {
      const collection = kept.collection(declaration)
      return { ...collection, find: (...asked) => counted(collection.find(...asked)) }
    },
  }
  const accounts = accountsOf(store, testSealer)
  const book = sessionBook({ store, longest: 1e9, now })
  for (let turn = 0; turn < many; turn++) {
    const id = `a${turn}`
    const person = { email: `p${String(turn).padStart(3, '0')}@example.com`, locale: 'en', status: 'active' as const }
    const at = now() + Math.floor(turn / 7)
    await accounts.insert({ id, ...person, phone: `+43660${turn}00000`, createdAt: at, updatedAt: at })
    const where = { device: undefined, address: `192.0.2.${turn % 2}`, country: undefined, city: undefined, agent: {} }
    await book.started({ id: `s${turn}`, account: id, ...where, acr: 'aal2', amr: [] })
  }
  const { run } = peopleSearch({
    accounts,
    addresses: { last: async email => (email === 'once@example.com' ? 'a7' : undefined) },
    book,
    cases: { get: async id => (id === '4821-0937-5512' ? ({ account: 'a8' } as never) : undefined) },
    keys: { get: async id => (id === 'lk_x' ? ({ account: 'a9' } as never) : undefined) },
  })
  const search = async (query: string, part: { cursor?: string; limit?: number } = {}) => {
    read = 0
    const { people, next } = await run({ query, limit: 10, ...part }, undefined as never)
    return { people: people.map(({ account }) => account), next, read }
  }
  return { search, store }
}

describe('a search for people', () => {
  let at: Awaited<ReturnType<typeof room>>
  before(async () => {
    at = await room()
  })
  after(() => at.store.close())

  const finds: [string, string, string[]][] = [
    ['an address', 'P007@Example.com ', ['a7']],
    ['an address that somebody had', 'once@example.com', ['a7']],
    ['a number, however it is written', '+43 (660) 1200000', ['a12']],
    ['an account', 'a31', ['a31']],
    ['a case', '4821-0937-5512', ['a8']],
    ['an API key', 'lk_x', ['a9']],
    ['the beginning of an address', 'p05', ['a50', 'a51', 'a52', 'a53', 'a54', 'a55', 'a56', 'a57', 'a58', 'a59']],
    ['an address that nobody has', 'nobody@example.com', []],
    ['a case that nobody has', '0000-0000-0000', []],
    ['a key that nobody has', 'lk_nobody', []],
    ['what it cannot be', '%_*', []],
    ['a network address where nobody was', '2001:db8::1', []],
  ]
  for (const [what, query, people] of finds)
    it(`finds ${what}`, async () => expect((await at.search(query)).people).to.deep.equal(people))

  for (const query of ['', 'p0', '192.0.2.1'])
    it(`shows everybody once, page by page, and reads no more than a page (${query || 'all'})`, async () => {
      const all: string[] = []
      for (let cursor: string | undefined; ; ) {
        const { people, next, read } = await at.search(query, { ...(cursor !== undefined && { cursor }) })
        expect(read).to.be.at.most(11)
        expect(people, 'a page after the last one').to.not.deep.equal([])
        all.push(...people)
        cursor = next
        if (cursor === undefined) break
      }
      expect(all).to.have.length(query === '192.0.2.1' ? many / 2 : many)
      expect(new Set(all).size).to.equal(all.length)
    })
})
