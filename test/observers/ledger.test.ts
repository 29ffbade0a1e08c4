import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { walk } from '../../src/observers/chain.ts'
import { leaves, ledger, placed, places, strays } from '../../src/observers/ledger.ts'
import { Conflict, type Store } from '../../src/store/collection.ts'
import { openStore } from '../../src/store/open.ts'
import { entriesOf, happening } from '../support/audit.ts'
import { slow, testDatabase, testStore } from '../support/store.ts'

describe('the ledger', () => {
  let store: Store
  const accounts = async () => (await entriesOf(store)).map(each => each.data.account)
  const unbroken = async () => (await walk(await entriesOf(store))).fault
  const tell = ({ append }: ReturnType<typeof ledger>, name: string, times: number) =>
    Promise.all(Array.from({ length: times }, (_, turn) => append(happening(`${name}${turn}`))))

  beforeEach(async () => {
    store = await testStore()
  })
  afterEach(() => store.close())

  it('keeps what happened in the order in which it was told', async () => {
    const book = ledger({ store })
    await tell(book, 'a', 3)
    await book.append(happening('b', { at: 1 }))
    await tell(book, 'c', 2)
    expect(await accounts()).to.deep.equal(['a0', 'a1', 'a2', 'b', 'c0', 'c1'])
    expect(await unbroken()).to.equal(undefined)
  })

  it('writes what is told at one moment at one stroke, and reads it page by page', async () => {
    const book = ledger({ store })
    await tell(book, 'a', 250)
    expect((await store.collection(leaves).find({})).map(each => each.entries.length)).to.deep.equal([100, 100, 50])
    for (let turn = 0; turn < 110; turn++) await book.append(happening('b'))
    expect(await accounts()).to.have.length(360)
    expect(await unbroken()).to.equal(undefined)
  })

  it('gathers what happens while a leaf is on its way', async () => {
    const { append } = ledger({ store: slow(store, 5) })
    const first = append(happening('a'))
    await new Promise(resolve => setTimeout(resolve, 2))
    await Promise.all([first, ...Array.from({ length: 30 }, () => append(happening('b')))])
    expect((await store.collection(leaves).find({})).map(each => each.entries.length)).to.deep.equal([1, 30])
  })

  it('is one chain, however many write it over a slow line', async () => {
    const books = [1, 4, 7].map(ms => ledger({ store: slow(store, ms) }))
    const rounds = books.map(async (book, which) => {
      for (let turn = 0; turn < 8; turn++) await tell(book, `${which}.${turn}.`, 3)
    })
    await Promise.all(rounds)
    const told = (await accounts()) as string[]
    expect(new Set(told).size).to.equal(72)
    expect(told).to.have.length(72)
    expect(await unbroken()).to.equal(undefined)
    for (const which of ['0', '1', '2']) {
      const own = told.filter(each => each.startsWith(`${which}.`))
      expect(own).to.deep.equal([...own].sort())
    }
  })

  it('is one chain when two processes append 500 events each', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-ledger-'))
    const database = testDatabase(folder)
    const { url } = database
    const appender = fileURLToPath(new URL('appender.ts', import.meta.url))
    const children = ['one', 'two'].map(name =>
      spawn(process.execPath, [appender, url, name, '500'], { stdio: ['ignore', 'inherit', 'inherit'] }),
    )
    const codes = await Promise.all(children.map(async child => (await once(child, 'close'))[0]))
    expect(codes).to.deep.equal([0, 0])
    const shared = await openStore(url, { now: Date.now, sweep: false })
    const entries = await entriesOf(shared)
    await shared.close()
    await database.drop()
    rmSync(folder, { recursive: true })
    for (const name of ['one', 'two']) expect(entries.filter(each => each.data.account === name)).to.have.length(500)
    expect(await walk(entries)).to.deep.include({ fault: undefined })
  })

  it('finds the entries of an account by their places', async () => {
    await Promise.all([ledger({ store }), ledger({ store })].map(book => tell(book, 'a', 5)))
    await ledger({ store }).append(happening('', { data: { kid: 'k1' } }))
    const found = await store.collection(places).find({ account: 'a3' })
    expect(found).to.have.length(2)
    for (const { id } of found) {
      const { key, line } = placed(id)
      const [leaf] = await store.collection(leaves).find({ key })
      expect(leaf?.entries[line]?.data).to.deep.equal({ account: 'a3' })
    }
    expect(await store.collection(places).find({ account: '' })).to.deep.equal([])
  })

  it('knows its own leaf again when a driver repeats a write whose answer was lost', async () => {
    let times = 0
    const repeated = inserting(store, async (insert, declared) => {
      await insert()
      if (declared === leaves.name && times++ === 0) throw new Conflict('audit', 'id')
    })
    const book = ledger({ store: repeated })
    await tell(book, 'a', 2)
    await tell(book, 'b', 2)
    expect(await accounts()).to.deep.equal(['a0', 'a1', 'b0', 'b1'])
    expect(await unbroken()).to.equal(undefined)
  })

  it('fails what it could not write, and nothing after it', async () => {
    const away = new Error('the store is away')
    let there = false
    const book = ledger({ store: inserting(store, insert => (there ? insert() : Promise.reject(away))) })
    const told = await Promise.allSettled([book.append(happening('a')), book.append(happening('b'))])
    expect(told.map(each => (each as PromiseRejectedResult).reason)).to.deep.equal([away, away])
    there = true
    await book.append(happening('c'))
    expect(await accounts()).to.deep.equal(['c'])
  })

  for (const commitsTogether of [true, false]) {
    const how = commitsTogether ? 'that commits together' : 'with several connections'

    it(`refers to no entry that it could not write, in a store ${how}`, async () => {
      const faults = [new Error('the store is away'), new Conflict('audit', 'id')]
      for (const fault of faults) {
        const cut = inserting(store, async (insert, declared) => {
          if (declared === leaves.name) throw fault
          await insert()
        })
        const book = ledger({ store: { ...cut, commitsTogether }, patience: 30 })
        const [told] = await Promise.allSettled([book.append(happening('a'))])
        expect(told.status).to.equal('rejected')
      }
      expect(await store.collection(places).find({})).to.deep.equal([])
      expect(await strays(store, Number.MAX_SAFE_INTEGER)).to.equal(undefined)
    })
  }

  it('refers to an entry once it is there, where writes may come in any order', async () => {
    const written: string[] = []
    const watched = inserting(slow(store, 3), async (insert, declared) => {
      if (declared === places.name) expect(written).to.include(leaves.name)
      await insert()
      written.push(declared)
    })
    await ledger({ store: { ...watched, commitsTogether: false } }).append(happening('a'))
    expect(written).to.deep.equal([leaves.name, places.name])
  })

  it('lets what cannot be spelled fail alone', async () => {
    const { append } = ledger({ store })
    const odd = append(happening('odd', { data: { count: 1n } }))
    const told = await Promise.allSettled([append(happening('a')), odd, append(happening('b'))])
    expect(told.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled'])
    expect(await accounts()).to.deep.equal(['a', 'b'])
  })

  const stranger = (name: string) => happening(name, { data: { code: name }, origin: { address: '192.0.2.1' } })

  it('puts nothing of people behind what strangers did', async () => {
    const { append } = ledger({ store: slow(store, 5) })
    const flood = Array.from({ length: 500 }, (_, turn) => append(stranger(`flood${turn}`)))
    await new Promise(resolve => setTimeout(resolve, 2))
    await append(happening('ada'))
    const before = (await accounts()).indexOf('ada')
    // The leaf that was on its way, and nothing else.
    expect(before).to.be.within(1, 100)
    await Promise.all(flood)
    expect(await entriesOf(store)).to.have.length(501)
    expect(await unbroken()).to.equal(undefined)
  })

  it('lets only so much of strangers wait, and says so at once; people still get in', async () => {
    const { append } = ledger({ store: slow(store, 5) })
    const flood = Array.from({ length: 2_000 }, (_, turn) => append(stranger(`flood${turn}`)))
    const person = append(happening('ada'))
    const told = await Promise.allSettled(flood)
    await person
    const refused = told.flatMap(each => (each.status === 'rejected' ? [each.reason] : []))
    expect(refused.length).to.be.within(900, 1_000)
    for (const each of refused) expect(each).to.include({ code: 'busy', status: 503, retryAfter: 1 })
    expect(await entriesOf(store)).to.have.length(2_001 - refused.length)
  })

  it('gets a quiet process in beside one that always has something to write', async () => {
    const [loud, quiet] = [ledger({ store: slow(store, 2) }), ledger({ store: slow(store, 2), patience: 1_000 })]
    let going = true
    const line = async () => {
      while (going) await loud.append(happening('loud'))
    }
    const noise = Array.from({ length: 20 }, line)
    for (let turn = 0; turn < 10; turn++) await quiet.append(happening('quiet'))
    going = false
    await Promise.all(noise)
    expect((await accounts()).filter(each => each === 'quiet')).to.have.length(10)
    expect(await unbroken()).to.equal(undefined)
  })

  it('gives up when a place stays taken and nobody’s entry is in it', async () => {
    const stuck = inserting(store, (insert, declared) =>
      declared === leaves.name ? Promise.reject(new Conflict('audit', 'id')) : insert(),
    )
    const met = await ledger({ store: stuck, patience: 30 })
      .append(happening('a'))
      .catch((thrown: unknown) => thrown)
    expect(met).to.include({ code: 'unavailable', retryAfter: 1 })
  })
})

/** The same store, but for what an insert does. */
function inserting(store: Store, insert: (real: () => Promise<void>, declared: string) => Promise<void>): Store {
  return {
    ...store,
    collection: declaration => {
      const inner = store.collection(declaration)
      return { ...inner, insert: doc => insert(() => inner.insert(doc), declaration.name) }
    },
  }
}
