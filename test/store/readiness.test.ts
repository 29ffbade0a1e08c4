import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import type { Collection, Doc, Store } from '../../src/store/collection.ts'
import { openStore } from '../../src/store/open.ts'
import { readiness } from '../../src/store/readiness.ts'
import { testStore } from '../support/store.ts'

/** A store that reads as ever, and whose writes do what `write` does. */
function writing(store: Store, write: () => Promise<void>): Store {
  return {
    ...store,
    collection: declaration => {
      const inner = store.collection(declaration)
      const put: Collection<Doc>['put'] = async doc => {
        await write()
        await inner.put(doc as never)
      }
      return { ...inner, put: put as typeof inner.put }
    },
  }
}

describe('readiness', () => {
  let time = 1_000_000
  const now = () => time
  let store: Store
  let faults: unknown[]
  const onFault = (fault: unknown) => void faults.push(fault)
  beforeEach(async () => {
    faults = []
    store = await testStore(now)
  })
  afterEach(() => store.close())

  it('is there while the store can be written', async () => {
    expect(await readiness(store, { now, onFault })()).to.equal(true)
    expect(faults).to.be.empty
  })

  it('goes when writes fail though reads do not, says why once, and comes back by itself', async () => {
    let full = true
    const ready = readiness(
      writing(store, async () => {
        if (full) throw new Error('the disk is full')
      }),
      { now, onFault },
    )
    expect([await ready(), await ready()]).to.deep.equal([false, false])
    expect(faults.map(String)).to.deep.equal(['Error: the disk is full'])
    full = false
    expect(await ready()).to.equal(true)
    full = true
    time += 1_000
    expect(await ready()).to.equal(false)
    expect(faults).to.have.length(2)
  })

  it('costs one write a second, however many ask', async () => {
    let writes = 0
    const ready = readiness(
      writing(store, async () => {
        writes++
      }),
      { now, onFault },
    )
    await Promise.all(Array.from({ length: 20 }, ready))
    await ready()
    expect(writes).to.equal(1)
    time += 1_000
    await ready()
    expect(writes).to.equal(2)
    // The clock was set back an hour: what was found then may be as old as that.
    time -= 3_600_000
    await ready()
    expect(writes).to.equal(3)
  })

  it('goes when a write does not end, within seconds', async () => {
    const ready = readiness(
      writing(store, () => new Promise(() => {})),
      { now, onFault },
    )
    expect(await ready()).to.equal(false)
    expect(String(faults[0])).to.include('took too long')
  })

  it('goes while another program keeps the SQLite file locked, and comes back once it is free', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-readiness-'))
    const own = await openStore(`sqlite:${join(folder, 'latchkey.db')}`, { now, sweep: false })
    try {
      const ready = readiness(own, { now, onFault })
      expect(await ready()).to.equal(true)
      const other = new DatabaseSync(join(folder, 'latchkey.db'))
      other.exec('BEGIN IMMEDIATE')
      time += 1_000
      expect(await ready()).to.equal(false)
      other.exec('ROLLBACK')
      other.close()
      expect(await ready()).to.equal(true)
    } finally {
      await own.close()
      rmSync(folder, { recursive: true })
    }
  })
})
