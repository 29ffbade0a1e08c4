import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import { MessageChannel } from 'node:worker_threads'
import { expect } from 'chai'
import { patiently } from '../../src/store/sqlite-fault.ts'
import { type Outcome, type Step, stepper } from '../../src/store/sqlite-steps.ts'
import { prepareTable } from '../../src/store/sqlite-table.ts'
import { type Batch, openWriting, serve } from '../../src/store/sqlite-thread.ts'
import { localWriter, threadedWriter, type Writer } from '../../src/store/sqlite-writer.ts'

const add = (id: string, text = ''): Step => ({
  ...{ verb: 'add', table: 't', now: 0, replace: false },
  doc: JSON.stringify({ id, text }),
})
const fault = (act: Promise<unknown>): Promise<unknown> =>
  act.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )

describe('what writes to a file', () => {
  let folder: string
  let path: string
  let db: DatabaseSync
  const rows = () => (db.prepare('SELECT count(*) AS n FROM t').get() as { n: number }).n

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-'))
    path = join(folder, 'x.db')
    db = new DatabaseSync(path, { timeout: 5 })
    db.exec('PRAGMA journal_mode = WAL')
    prepareTable(db, 't', { fields: [], unique: [], indexes: [], check: () => {} })
  })
  afterEach(() => {
    if (db.isOpen) db.close()
    rmSync(folder, { recursive: true })
  })

  describe('all steps of one call', () => {
    it('are one transaction', () => {
      const run = stepper(db)
      const version = () => (db.prepare('PRAGMA data_version').get() as { data_version: number }).data_version
      const other = new DatabaseSync(path)
      const seen = () => (other.prepare('PRAGMA data_version').get() as { data_version: number }).data_version
      const before = seen()
      run(Array.from({ length: 30 }, (_, n) => add(`a${n}`)))
      expect([rows(), seen() - before, version()]).to.deep.equal([30, 1, version()])
      other.close()
    })

    it('harm no other by what one ends in', () => {
      const run = stepper(db)
      const wrong: Step = { ...{ verb: 'count', table: 't', now: 0 }, id: 'a', field: 'text', by: 1, born: undefined }
      const outcomes = run([add('a', 'x'), add('a'), wrong, { ...wrong, id: 'no' }, add('b')])
      expect(outcomes.map(each => each.is)).to.deep.equal(['done', 'conflict', 'uncountable', 'unfit', 'done'])
      expect(rows()).to.equal(2)
    })

    it('change nothing on a full disk, say why, and work again once there is room', () => {
      const run = stepper(db)
      db.exec('PRAGMA max_page_count = 6')
      const outcomes = run([add('a'), add('b', 'x'.repeat(50_000)), add('c')])
      for (const each of outcomes) expect(each).to.include({ is: 'failed' }).and.property('why').to.include('full')
      expect(rows()).to.equal(0)
      db.exec('PRAGMA max_page_count = 1000')
      expect(run([add('a')])).to.deep.equal([{ is: 'done', value: undefined }])
    })

    it('wait for the disk, unless all of them are transient or a sweep', () => {
      const run = stepper(db)
      const waits = () => (db.prepare('PRAGMA synchronous').get() as { synchronous: number }).synchronous === 2
      const sweep: Step = { verb: 'sweep', table: 't', now: 1, rows: 10 }
      const runs: [Step[], boolean][] = [
        [[add('a')], false],
        [[add('b')], true],
        [[add('c')], false],
        [[sweep], false],
        [[add('d')], false],
      ]
      const waited = runs.map(([steps, transient]) => {
        expect(run(steps, transient).map(({ is }) => is)).to.deep.equal(['done'])
        return waits()
      })
      expect(waited).to.deep.equal([true, false, true, false, true])
    })
  })

  describe('the thread', () => {
    let writer: Writer
    beforeEach(() => {
      writer = threadedWriter(path)
    })
    afterEach(() => writer.finish())

    it('acknowledges nothing before its commit, and in order', async () => {
      await Promise.all(
        ['a', 'b', 'c'].map(async id => {
          await writer.write(add(id))
          expect(db.prepare('SELECT id FROM t WHERE id = ?').get(id)).to.deep.include({ id })
        }),
      )
    })

    it('waits for another process while the main thread goes on', async () => {
      db.exec('BEGIN IMMEDIATE')
      let done = false
      let turns = 0
      const ticking = setInterval(() => turns++, 1)
      const begun = Date.now()
      const written = writer.write(add('a')).then(() => {
        done = true
      })
      while (turns < 5 || Date.now() - begun < 60) await wait(5)
      clearInterval(ticking)
      expect(done).to.equal(false)
      db.exec('ROLLBACK')
      await written
      expect(rows()).to.equal(1)
    })

    it('fails what it was given when it dies, and is replaced at the next write', async () => {
      await writer.write(add('a'))
      const broken = fault(writer.write(null as unknown as Step))
      expect(await broken).to.include({ code: 'unavailable', status: 503 })
      await writer.write(add('c'))
      expect(rows()).to.equal(2)
    })

    it('refuses what cannot be sent to it, and keeps its answers in step', async () => {
      const unsent = { ...add('b'), doc: () => {} } as unknown as Step
      expect(await fault(writer.write(unsent))).to.include({ code: 'unavailable' })
      expect(await writer.write(add('c'))).to.deep.equal({ is: 'done', value: undefined })
    })

    it('writes what is queued when it finishes, and refuses what comes later', async () => {
      const last = writer.write(add('a'))
      await writer.finish()
      await last
      expect(rows()).to.equal(1)
      expect(await fault(writer.write(add('b')))).to.include({ code: 'unavailable' })
    })
  })

  it('commits together whatever arrived while it was at work, and answers first what need not be on disk', async () => {
    const { port1, port2 } = new MessageChannel()
    const answers: { id: number; outcomes: Outcome[] }[] = []
    port1.on('message', (answer: { id: number; outcomes: Outcome[] }) => void answers.push(answer))
    const opened = openWriting(path)
    const seen: string[] = []
    const prepare = opened.prepare.bind(opened)
    opened.prepare = sql => {
      const statement = prepare(sql)
      const run = statement.run.bind(statement)
      if (sql !== 'COMMIT') return statement
      statement.run = () => {
        seen.push('commit')
        return run()
      }
      return statement
    }
    const exec = opened.exec.bind(opened)
    opened.exec = sql => {
      seen.push(sql)
      exec(sql)
    }
    for (const id of [1, 2, 3, 4])
      port1.postMessage({ id, transient: id === 3, steps: [add(`a${id}`), add(`b${id}`)] } satisfies Batch)
    serve(port2, opened)
    while (answers.length < 4) await wait(1)
    expect(answers.map(each => each.id)).to.deep.equal([3, 1, 2, 4])
    for (const { outcomes } of answers) expect(outcomes.map(({ is }) => is)).to.deep.equal(['done', 'done'])
    expect(seen).to.deep.equal(['PRAGMA synchronous = NORMAL', 'commit', 'PRAGMA synchronous = FULL', 'commit'])
    expect(rows()).to.equal(8)
    port1.postMessage('close')
    await new Promise(resolve => port1.once('close', resolve))
  })

  it('in memory writes in the same thread, those of one turn together', async () => {
    const writer = localWriter(db)
    await Promise.all([writer.write(add('a')), writer.write(add('b'))])
    expect(rows()).to.equal(2)
    await writer.finish()
  })

  it('is patient with another process for so long, and says unavailable then', async () => {
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    const said = await fault(patiently(() => db.exec('BEGIN IMMEDIATE'), 30))
    other.close()
    expect(said).to.include({ code: 'unavailable', status: 503, retryAfter: 1 })
  })
})
