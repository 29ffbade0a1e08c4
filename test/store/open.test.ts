import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { z } from 'zod'
import { declare, type Store } from '../../src/store/collection.ts'
import { type Migration, migrations, StoreTooNew } from '../../src/store/migrations.ts'
import { migrate as migrateAll, openStore } from '../../src/store/open.ts'
import { slow, testStore } from '../support/store.ts'

describe('opening a store', () => {
  let folder: string
  const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('makes the folder and the file for nobody else to read, its log included', async () => {
    const path = join(folder, 'data', 'deep', 'latchkey.db')
    const store = await openStore(`sqlite:${path}`, { now: Date.now })
    await store.collection({ name: 'things', shape: z.object({ id: z.string() }) }).insert({ id: 'a' })
    expect(mode(join(folder, 'data'))).to.equal('700')
    expect(mode(join(folder, 'data', 'deep'))).to.equal('700')
    for (const end of ['', '-wal', '-shm']) expect(mode(path + end)).to.equal('600')
    await store.close()
  })

  it('finds again what was stored', async () => {
    const url = `sqlite:${join(folder, 'latchkey.db')}`
    const declaration = { name: 'things', shape: z.object({ id: z.string() }) }
    const first = await openStore(url, { now: Date.now })
    await first.collection(declaration).insert({ id: 'a' })
    await first.close()
    const second = await openStore(url, { now: Date.now })
    expect(await second.collection(declaration).get('a')).to.deep.equal({ id: 'a' })
    await second.close()
  })

  it('says unavailable where no folder can be made', async () => {
    writeFileSync(join(folder, 'file'), '')
    const fault = await openStore(`sqlite:${join(folder, 'file', 'x.db')}`, { now: Date.now }).catch(
      (thrown: unknown) => thrown,
    )
    expect(fault).to.include({ code: 'unavailable' })
  })

  it('refuses a URL of no engine', async () => {
    const fault = await openStore('mysql://localhost/x', { now: Date.now }).catch((thrown: unknown) => thrown)
    expect(fault).to.be.instanceOf(TypeError)
  })
})

const marks = declare({ name: 'marks', shape: z.object({ id: z.string(), n: z.number() }) })

/** The store under test has seen the program's own already. */
const migrate = (store: Store, opening: { now: () => number }, list: readonly Migration[]) =>
  migrateAll(store, opening, [...migrations, ...list])

describe('migrations', () => {
  let time: number
  let store: Store
  const opening = { now: () => time }
  const marking = (id: string): Migration => ({
    means: `marks ${id}`,
    up: async on => void (await on.collection(marks).count(id, 'n', 1, { id, n: 0 })),
  })
  const marked = async () => Object.fromEntries((await store.collection(marks).find({})).map(({ id, n }) => [id, n]))

  beforeEach(async () => {
    time = 1_800_000_000_000
    store = await testStore(() => time)
  })
  afterEach(() => store.close())

  it('run in order, each once', async () => {
    const order: string[] = []
    const noting = (id: string): Migration => ({ ...marking(id), up: async () => void order.push(id) })
    await migrate(store, opening, [noting('a'), noting('b')])
    await migrate(store, opening, [noting('a'), noting('b')])
    await migrate(store, opening, [noting('a'), noting('b'), noting('c')])
    expect(order).to.deep.equal(['a', 'b', 'c'])
  })

  it('run once when several processes start together', async () => {
    const late = slow(store, 2)
    await Promise.all(Array.from({ length: 5 }, () => migrate(late, opening, [marking('a'), marking('b')])))
    expect(await marked()).to.deep.equal({ a: 1, b: 1 })
  })

  it('let nobody start before they are done', async () => {
    let done = false
    const long: Migration = { means: 'takes its time', up: async () => void (await wait(60).then(() => (done = true))) }
    const first = migrate(store, opening, [long])
    await wait(10)
    await migrate(store, opening, [long])
    expect(done).to.equal(true)
    await first
  })

  it('go on from the one that failed', async () => {
    let sound = false
    const failing: Migration = {
      means: 'fails at first',
      up: async () => {
        if (!sound) throw new RangeError('not yet')
      },
    }
    const list = [marking('a'), failing, marking('b')]
    expect(await migrate(store, opening, list).catch((fault: unknown) => fault)).to.be.instanceOf(RangeError)
    expect(await marked()).to.deep.equal({ a: 1 })
    sound = true
    await migrate(store, opening, list)
    expect(await marked()).to.deep.equal({ a: 1, b: 1 })
  })

  it('are taken over from a process that died', async () => {
    const schema = store.collection({ name: 'schema', shape: z.looseObject({ id: z.string(), expiresAt: z.number() }) })
    await schema.insert({ id: 'lock', holder: 'gone', expiresAt: time + 30_000 })
    const taken = migrate(store, opening, [marking('a')])
    await wait(20)
    expect(await marked()).to.deep.equal({})
    time += 30_000
    await taken
    expect(await marked()).to.deep.equal({ a: 1 })
  })

  it('refuse a store that a newer program kept, and say what to do', async () => {
    await migrate(store, opening, [marking('a'), marking('b')])
    const fault = await migrate(store, opening, [marking('a')]).catch((thrown: unknown) => thrown)
    expect(fault).to.be.instanceOf(StoreTooNew)
    const known = migrations.length
    expect((fault as Error).message).to.contain(`schema version ${known + 2}; this program knows ${known + 1}`)
  })
})
