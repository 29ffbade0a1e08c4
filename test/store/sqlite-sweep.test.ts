import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { sweeper } from '../../src/store/sqlite-sweep.ts'
import { localWriter, type Writer } from '../../src/store/sqlite-writer.ts'

describe('the sweep', () => {
  const time = 1_000
  let db: DatabaseSync
  let steps: number
  const sweep = () => {
    const inner = localWriter(db)
    const counted: Writer['write'] = step => {
      steps++
      return inner.write(step)
    }
    return sweeper(
      { write: counted },
      () => time,
      () => ['a', 'b'],
    )
  }
  const left = (name: string) =>
    db
      .prepare(`SELECT id FROM ${name} ORDER BY id`)
      .all()
      .map(row => row.id)

  beforeEach(() => {
    db = new DatabaseSync(':memory:')
    steps = 0
    for (const name of ['a', 'b']) db.exec(`CREATE TABLE ${name} (id TEXT PRIMARY KEY, doc TEXT, expires INTEGER)`)
  })
  afterEach(() => db.close())

  it('removes what is past its time, and nothing else', async () => {
    for (const name of ['a', 'b']) {
      const insert = db.prepare(`INSERT INTO ${name} VALUES (?, '{}', ?)`)
      for (const [id, expires] of [
        ['past', 999],
        ['now', 1_000],
        ['soon', 1_001],
        ['never', null],
      ] as const)
        insert.run(id, expires)
    }
    const { round, stop } = sweep()
    await round()
    stop()
    expect(left('a')).to.deep.equal(['never', 'soon'])
    expect(left('b')).to.deep.equal(['never', 'soon'])
  })

  it('takes many rows a few at a time', async () => {
    db.exec(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO a SELECT i, '{}', i % 2 * 1000000 FROM n`,
    )
    const { round, stop } = sweep()
    await round()
    stop()
    expect(left('a')).to.have.length(2_500)
    expect(steps).to.be.at.least(7)
  })

  it('stops at once when told', async () => {
    db.exec(`INSERT INTO a VALUES ('past', '{}', 1)`)
    const { round, stop } = sweep()
    stop()
    await round()
    expect(left('a')).to.deep.equal(['past'])
  })
})
