import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { BackupError, readBackup } from '../../src/backup/archive.ts'
import { backupSchedule } from '../../src/backup/backup-schedule.ts'
import type { EventName } from '../../src/events.ts'
import type { Store } from '../../src/store/collection.ts'
import { openStore } from '../../src/store/open.ts'
import { testDatabase } from '../support/store.ts'

const hour = 3_600_000

describe('scheduled backups', () => {
  let folder: string
  let database: ReturnType<typeof testDatabase>
  let store: Store
  let at: number
  let events: [EventName, unknown][]
  let made: string[]
  let done: number[]
  let stopping: AbortController
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-schedule-'))
    database = testDatabase(folder)
    store = await openStore(database.url, { now: Date.now, sweep: false })
    at = Date.UTC(2026, 0, 1)
    events = []
    made = []
    done = []
    stopping = new AbortController()
  })
  afterEach(async () => {
    await store.close()
    await database.drop()
    rmSync(folder, { recursive: true })
  })
  const backups = () => join(folder, 'backups')
  const scheduled = (more: Partial<Parameters<typeof backupSchedule>[1]> = {}) => {
    const schedule = { folder: backups(), every: 6 * hour, keep: 3 }
    const configured = {
      issuer: 'https://id.example.com',
      store: database.url,
      backup: { schedule, passphrase: undefined },
    }
    const services = {
      store,
      emit: async (name: EventName, data: unknown) => void events.push([name, data]),
      now: () => at,
      onDone: (when: number) => void done.push(when),
      onFault: () => undefined,
      make: async ({ file }: { file: string }) => {
        made.push(file)
        writeFileSync(file, '')
        return { documents: 1, bytes: 2 }
      },
      ...more,
    }
    return backupSchedule(configured, services, stopping.signal) as () => Promise<void>
  }

  it('makes one at once, and the next when it is due, for all processes together', async () => {
    const [one, two] = [scheduled(), scheduled()]
    await Promise.all([one(), two()])
    expect(made).to.deep.equal([join(backups(), 'latchkey-20260101T000000Z.backup')])
    at += 6 * hour - 1
    await Promise.all([one(), two()])
    expect(made).to.have.lengthOf(1)
    at += 1
    await Promise.all([one(), two(), one(), two()])
    expect(made).to.have.lengthOf(2)
    expect(events).to.deep.equal(Array(2).fill(['backup.made', { documents: 1, bytes: 2 }]))
    await two()
    expect(done.at(-1)).to.equal(at)
    expect(statSync(backups()).mode & 0o777).to.equal(0o700)
  })

  it('keeps the newest files, and touches none that it did not make', async () => {
    const turn = scheduled()
    for (let round = 0; round < 5; round++) {
      await turn()
      at += 6 * hour
      if (round === 0)
        for (const name of ['latchkey-mine.backup', 'notes.txt']) writeFileSync(join(backups(), name), '')
    }
    expect(readdirSync(backups()).sort()).to.deep.equal([
      'latchkey-20260101T120000Z.backup',
      'latchkey-20260101T180000Z.backup',
      'latchkey-20260102T000000Z.backup',
      'latchkey-mine.backup',
      'notes.txt',
    ])
  })

  it('says that one failed, keeps what is there, and tries again in ten minutes', async () => {
    let full = false
    const make = async ({ file }: { file: string }) => {
      if (full) throw new BackupError('no space left on the disk')
      writeFileSync(file, '')
      return { documents: 1, bytes: 2 }
    }
    const turn = scheduled({ make })
    await turn()
    full = true
    at += 6 * hour
    await turn()
    expect(events.at(-1)).to.deep.equal(['backup.failed', { why: 'no space left on the disk' }])
    at += 9 * 60_000
    await turn()
    expect(events).to.have.lengthOf(2)
    expect(readdirSync(backups())).to.have.lengthOf(1)
    full = false
    at += 60_000
    await turn()
    expect(events.at(-1)?.[0]).to.equal('backup.made')
  })

  it('writes in a thread of its own, and says what stands in its way', async function () {
    this.timeout(20_000)
    at = Date.now()
    const turn = scheduled({ make: undefined })
    await turn()
    expect(events.map(([name]) => name)).to.deep.equal(['backup.made'])
    const [file = ''] = readdirSync(backups())
    expect(await readBackup(join(backups(), file), undefined)).to.include({ issuer: 'https://id.example.com' })
    writeFileSync(join(folder, 'backups-file'), '')
    rmSync(backups(), { recursive: true })
    writeFileSync(backups(), 'no folder')
    at += 6 * hour
    await turn()
    expect(events.at(-1)?.[0]).to.equal('backup.failed')
  })

  it('gives up one that is under way when the server stops, and leaves nothing half done', async () => {
    at = Date.now()
    const turn = scheduled({ make: undefined })()
    while (!existsSync(backups())) await wait(1)
    stopping.abort()
    await turn
    expect(events).to.deep.equal([['backup.failed', { why: 'The backup ended before it was done.' }]])
    expect(readdirSync(backups())).to.deep.equal([])
  })

  it('is off where no schedule is set', () => {
    const backup = { schedule: undefined, passphrase: undefined }
    const services = { store, emit: async () => {}, now: () => at, onDone: () => {}, onFault: () => {} }
    expect(backupSchedule({ issuer: '', store: database.url, backup }, services, stopping.signal)).to.equal(undefined)
  })
})
