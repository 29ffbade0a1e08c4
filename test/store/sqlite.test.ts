import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { z } from 'zod'
import { Conflict, type Declaration, type Store } from '../../src/store/collection.ts'
import { askable } from '../../src/store/conditions.ts'
import { openStore } from '../../src/store/open.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { sqliteCollection } from '../../src/store/sqlite-collection.ts'
import { prepareTable } from '../../src/store/sqlite-table.ts'
import type { Writer } from '../../src/store/sqlite-writer.ts'
import { contract } from './contract.ts'

const shape = z.object({
  id: z.string(),
  a: z.string().optional(),
  b: z.string().optional(),
  n: z.number().optional(),
  yes: z.boolean().optional(),
})
type Thing = z.infer<typeof shape>
const old: Declaration<Thing> = { name: 'things', shape, indexes: ['a'] }
const newer: Declaration<Thing> = { name: 'things', shape, indexes: ['a', 'n', ['yes', 'n']], unique: ['b'] }

contract('the embedded engine', now => openStore('sqlite::memory:', { now, sweep: false }))

it('the embedded engine waits for the disk with what lasts, and not with what is added or counted as transient', async () => {
  const db = new DatabaseSync(':memory:')
  const declaration = { name: 'things', shape }
  prepareTable(db, 'things', askable(declaration))
  const waited: (boolean | undefined)[] = []
  const write: Writer['write'] = async (_, transient = false) => {
    waited.push(!transient)
    return { is: 'done', value: 1 }
  }
  const engine = {
    now: Date.now,
    statement: (sql: string) => db.prepare(sql),
    writer: { write, finish: async () => {} },
  }
  const things = sqliteCollection(engine, declaration, askable(declaration))
  const born = { id: 'a', n: 0 }
  for (const transient of [true, false, undefined]) {
    await things.insert(born, transient)
    await things.put(born, transient)
    await things.count('a', 'n', 1, born, transient)
  }
  expect(waited).to.deep.equal([...Array(3).fill(false), ...Array(6).fill(true)])
  db.close()
})

describe('the embedded engine on a file', () => {
  let folder: string
  let path: string
  const stores: Store[] = []
  const open = async (): Promise<Store> => {
    const store = await openSqlite(path, { now: Date.now })
    stores.push(store)
    return store
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-'))
    path = join(folder, 'x.db')
  })
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close()
    rmSync(folder, { recursive: true })
  })

  it('keeps a write-ahead log', async () => {
    const store = await open()
    const things = store.collection(old)
    await things.insert({ id: '1' })
    const other = new DatabaseSync(path)
    expect(other.prepare('PRAGMA journal_mode').get()).to.deep.include({ journal_mode: 'wal' })
    other.close()
  })

  it('shows one process what another wrote', async () => {
    const [one, two] = [await open(), await open()].map(store => store.collection(newer)) as [
      ReturnType<Store['collection']>,
      ReturnType<Store['collection']>,
    ]
    await one.insert({ id: '1', b: 'x' } as Thing)
    expect(await two.get('1')).to.deep.equal({ id: '1', b: 'x' })
    expect(await two.insert({ id: '2', b: 'x' } as Thing).catch((fault: unknown) => fault)).to.be.instanceOf(Conflict)
    expect(await two.take('1')).to.deep.equal({ id: '1', b: 'x' })
    expect(await one.get('1')).to.equal(undefined)
  })

  it('answers from an index that was declared after the documents were stored', async () => {
    const before = (await open()).collection(old)
    await before.insert({ id: '1', a: 'x', b: 'y', n: 1.5, yes: true })
    await before.insert({ id: '2', n: 2, yes: false })
    const after = (await open()).collection(newer)
    expect(await after.find({ n: 1.5 })).to.deep.equal([{ id: '1', a: 'x', b: 'y', n: 1.5, yes: true }])
    expect(await after.find({ yes: false, n: { gte: 2 } })).to.deep.equal([{ id: '2', n: 2, yes: false }])
    expect(await after.insert({ id: '3', b: 'y' }).catch((fault: unknown) => fault)).to.include({ field: 'b' })
  })

  it('keeps the indexes of a newer program that shares the file', async () => {
    const before = (await open()).collection(old)
    await before.insert({ id: '0' })
    const after = (await open()).collection(newer)
    await before.insert({ id: '1', n: 1, b: 'x' })
    await before.put({ id: '2', n: 1, b: 'y' })
    await before.patch('0', { n: 1 })
    expect((await after.find({ n: 1 })).map(each => each.id)).to.deep.equal(['0', '1', '2'])
    await before.patch('1', { n: 2 })
    expect((await after.find({ n: 1 })).map(each => each.id)).to.deep.equal(['0', '2'])
    expect(await before.insert({ id: '4', b: 'x' }).catch((fault: unknown) => fault)).to.include({ field: 'b' })
  })

  it('looks up by index, never by scan', async () => {
    const things = (await open()).collection(newer)
    await things.insert({ id: '1' })
    const other = new DatabaseSync(path)
    const plan = (where: string) =>
      JSON.stringify(other.prepare(`EXPLAIN QUERY PLAN SELECT doc FROM things WHERE ${where} LIMIT 100`).all())
    expect(plan('(expires IS NULL OR expires > 1) AND ".a" = 1 ORDER BY id')).to.match(/SEARCH.*\.a=/)
    expect(plan('(expires IS NULL OR expires > 1) AND ".yes" = 1 AND ".n" >= 2 ORDER BY ".n"')).to.match(
      /SEARCH.*\.yes=\? AND \.n>/,
    )
    expect(plan('(expires IS NULL OR expires > 1) AND ".b" = 1')).to.match(/SEARCH.*\.b=/)
    expect(plan('expires <= 1')).to.match(/SEARCH.*expires</)
    other.close()
  })

  it('says unavailable of a file that is no database, and of a folder', async () => {
    writeFileSync(path, 'no database at all '.repeat(100))
    expect(await openSqlite(path, { now: Date.now }).catch((fault: unknown) => fault)).to.include({
      code: 'unavailable',
    })
    expect(await openSqlite(folder, { now: Date.now }).catch((fault: unknown) => fault)).to.include({
      code: 'unavailable',
    })
  })
})
