import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { committer, patiently } from '../../src/store/sqlite-commit.ts'

describe('the group commit', () => {
  let folder: string
  let db: DatabaseSync
  let transactions: number
  const writer = () => committer(db, () => transactions++)
  const insert = (id: number, text = '') => db.prepare('INSERT INTO t VALUES (?, ?)').run(id, text)
  const rows = () => db.prepare('SELECT count(*) AS n FROM t').get()

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-'))
    db = new DatabaseSync(join(folder, 'x.db'), { timeout: 5 })
    db.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, text)')
    transactions = 0
  })
  afterEach(() => {
    db.close()
    rmSync(folder, { recursive: true })
  })

  it('puts the writes of one turn into one transaction, and those of the next into another', async () => {
    const { write } = writer()
    await Promise.all(Array.from({ length: 30 }, (_, id) => write(() => insert(id))))
    expect(transactions).to.equal(1)
    await write(() => insert(30))
    expect(transactions).to.equal(2)
    expect(rows()).to.deep.include({ n: 31 })
  })

  it('acknowledges nothing before its commit', async () => {
    const other = new DatabaseSync(join(folder, 'x.db'))
    const { write } = writer()
    await Promise.all(
      [1, 2, 3].map(async id => {
        await write(() => insert(id))
        expect(other.prepare('SELECT id FROM t WHERE id = ?').get(id)).to.deep.include({ id })
      }),
    )
    other.close()
  })

  it('rejects the step that throws, and no other', async () => {
    const { write } = writer()
    const wrong = () => {
      throw new RangeError('mine')
    }
    const settled = await Promise.allSettled([write(() => insert(1)), write(wrong), write(() => insert(2))])
    expect(settled.map(each => each.status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled'])
    expect((settled[1] as PromiseRejectedResult).reason).to.be.instanceOf(RangeError)
    expect(rows()).to.deep.include({ n: 2 })
  })

  it('on a full disk applies nothing by half, says unavailable, and recovers', async () => {
    const { write } = writer()
    db.exec('PRAGMA max_page_count = 4')
    const settled = await Promise.allSettled([
      write(() => insert(1)),
      write(() => insert(2, 'x'.repeat(50_000))),
      write(() => insert(3)),
    ])
    for (const each of settled)
      expect(each).to.have.nested.include({ status: 'rejected', 'reason.code': 'unavailable' })
    expect(rows()).to.deep.include({ n: 0 })
    db.exec('PRAGMA max_page_count = 1000')
    await write(() => insert(1))
    expect(rows()).to.deep.include({ n: 1 })
  })

  it('waits for another process without holding up the event loop', async () => {
    const { write } = writer()
    const other = new DatabaseSync(join(folder, 'x.db'))
    other.exec('BEGIN IMMEDIATE')
    let done = false
    const written = write(() => insert(1)).then(() => (done = true))
    await wait(40)
    expect(done).to.equal(false)
    expect(rows()).to.deep.include({ n: 0 })
    other.exec('ROLLBACK')
    await written
    expect(rows()).to.deep.include({ n: 1 })
    other.close()
  })

  it('says unavailable when the other process never lets go', async () => {
    const other = new DatabaseSync(join(folder, 'x.db'))
    other.exec('BEGIN IMMEDIATE')
    const fault = await patiently(() => db.exec('BEGIN IMMEDIATE'), 30).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    other.close()
    expect(fault).to.include({ code: 'unavailable', status: 503, retryAfter: 1 })
  })

  it('cuts a long batch into several turns', async () => {
    const { write } = writer()
    const long = () => {
      for (const since = performance.now(); performance.now() - since < 6; );
    }
    let turns = 0
    const ticking = setInterval(() => turns++, 1)
    await Promise.all(Array.from({ length: 6 }, (_, id) => write(() => [long(), insert(id)])))
    clearInterval(ticking)
    expect(transactions).to.be.at.least(2)
    expect(turns).to.be.at.least(2)
    expect(rows()).to.deep.include({ n: 6 })
  })

  it('commits what is queued when it finishes, and refuses what comes later', async () => {
    const { write, finish } = writer()
    const last = write(() => insert(1))
    await finish()
    await last
    expect(rows()).to.deep.include({ n: 1 })
    const fault = await write(() => insert(2)).catch((thrown: unknown) => thrown)
    expect(fault).to.include({ code: 'unavailable' })
  })
})
