import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { openStore } from '../../src/store/open.ts'
import { killAtRandom, write } from './killing.ts'
import { tally } from './writer.ts'

describe('a file of the embedded engine', () => {
  let folder: string
  let path: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-'))
    path = join(folder, 'x.db')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('holds every acknowledged write after five kills, and is sound', async () => {
    const { acknowledged, lost } = await killAtRandom(`sqlite:${path}`, 5)
    expect(lost).to.deep.equal([])
    expect(acknowledged).to.be.at.least(5)
    const db = new DatabaseSync(path)
    expect(db.prepare('PRAGMA integrity_check').get()).to.deep.include({ integrity_check: 'ok' })
    db.close()
  })

  it('is shared by two processes, which lose no count', async () => {
    const ended = await Promise.all(['one', 'two'].map(name => once(write(`sqlite:${path}`, name, 500), 'close')))
    expect(ended).to.deep.equal([
      [0, null],
      [0, null],
    ])
    const store = await openStore(`sqlite:${path}`, { now: Date.now })
    expect(await store.collection(tally).get('shared')).to.deep.equal({ id: 'shared', n: 1_000 })
    await store.close()
  })
})
