import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { z } from 'zod'
import { accounts } from '../../src/accounts/account.ts'
import { restoreBackup } from '../../src/backup/restoring.ts'
import { backup, restore } from '../../src/commands/backup-command.ts'
import { ledger } from '../../src/observers/ledger.ts'
import { declare, type Store } from '../../src/store/collection.ts'
import { migrations } from '../../src/store/migrations.ts'
import { openStore } from '../../src/store/open.ts'
import { latchkeyCli, within } from '../support/cli.ts'
import { dropMongo, dropPostgres, freshMongo, freshPostgres, testDatabase } from '../support/store.ts'

const things = declare({ name: 'things', shape: z.object({ id: z.string(), n: z.number() }), indexes: ['n'] })
const older = 'test/backup/schema-1.backup'

describe('latchkey backup and restore', function () {
  this.timeout(60_000)
  let folder: string
  let database: ReturnType<typeof testDatabase>
  let store: Store
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-restore-'))
    database = testDatabase(folder)
    store = await openStore(database.url, { now: Date.now, sweep: false })
    for (let n = 0; n < 700; n++) await store.collection(things).insert({ id: `t${n}`, n })
  })
  afterEach(async () => {
    await store.close().catch(() => undefined)
    await database.drop()
    rmSync(folder, { recursive: true })
  })
  const run = (words: string[], url = database.url) => within({ backup, restore }, words, { LATCHKEY_STORE: url })
  const file = (name = 'made.backup') => join(folder, name)
  const held = async (url: string) => {
    const opened = await openStore(url, { now: Date.now, sweep: false })
    return opened
      .collection(things)
      .find({ n: { gte: 0 } }, { sort: { by: 'n' }, limit: 1_000 })
      .finally(opened.close)
  }

  it('brings everything to a new store, while the first one is open, and puts it on the record', async () => {
    const made = await latchkeyCli(['backup', file(), '--json'], { LATCHKEY_STORE: database.url })
    expect([made.code, made.err]).to.deep.equal([0, ''])
    expect(JSON.parse(made.out)).to.deep.include({ file: file(), documents: 700 })
    expect(statSync(file()).mode & 0o777).to.equal(0o600)
    const target = `sqlite:${file('target.db')}`
    const { code, out } = await run(['restore', file()], target)
    expect(out).to.match(/^Restored: 700 documents of 20\S+Z, by Latchkey [\d.]+ from \w+\.\n$/)
    expect(code).to.equal(0)
    expect(await held(target)).to.deep.equal(await held(database.url))
    expect(statSync(file('target.db')).mode & 0o777).to.equal(0o600)
    expect(readdirSync(folder).filter(name => name.includes('restoring'))).to.deep.equal([])
    const opened = await openStore(target, { now: Date.now, sweep: false })
    const names: string[] = []
    for await (const entry of ledger({ store: opened }).entries()) names.push((entry as { name: string }).name)
    await opened.close()
    expect(names).to.deep.equal(['store.restored'])
  })

  for (const [name, fresh, drop] of [
    ['postgres', freshPostgres, dropPostgres],
    ['mongo', freshMongo, dropMongo],
  ] as const) {
    if (!process.env[`LATCHKEY_TEST_${name.toUpperCase()}`]) {
      console.log(
        `  skipped: a backup restored to ${name}, because LATCHKEY_TEST_${name.toUpperCase()} names no server`,
      )
      continue
    }
    it(`moves to ${name} and back`, async () => {
      const url = fresh() ?? ''
      await run(['backup', file()])
      expect((await run(['restore', file()], url)).code).to.equal(0)
      expect(await held(url)).to.deep.equal(await held(database.url))
      expect((await run(['backup', file('back.backup')], url)).code).to.equal(0)
      const target = `sqlite:${file('back.db')}`
      expect((await run(['restore', file('back.backup')], target)).code).to.equal(0)
      expect(await held(target)).to.deep.equal(await held(database.url))
      expect(await fault(run(['restore', file()], url))).to.match(/^The store holds something/)
      expect((await run(['restore', file(), '--replace'], url)).code).to.equal(0)
      expect(await held(url)).to.deep.equal(await held(database.url))
      await drop(url)
    })
  }

  it('refuses a store that holds something, unless it may be replaced', async () => {
    const url = `sqlite:${file('other.db')}`
    const other = await openStore(url, { now: Date.now, sweep: false })
    await other.collection(things).insert({ id: 'mine', n: 1 })
    await run(['backup', file()])
    const inUse = await fault(run(['restore', file(), '--replace'], url))
    expect(inUse).to.match(/other\.db is in use\. Stop Latchkey first\.$/)
    await other.close()
    expect(await fault(run(['restore', file()], url))).to.equal(
      'The store holds something. Give --replace to remove all of it first.',
    )
    expect(await held(url)).to.deep.equal([{ id: 'mine', n: 1 }])
    expect((await run(['restore', file(), '--replace'], url)).code).to.equal(0)
    expect((await held(url)).map(each => each.id))
      .to.include('t699')
      .and.not.include('mine')
  })

  it('leaves the store as it was where the backup is damaged or the restore fails', async () => {
    const url = `sqlite:${file('other.db')}`
    const other = await openStore(url, { now: Date.now, sweep: false })
    await other.collection(things).insert({ id: 'mine', n: 1 })
    await other.close()
    await run(['backup', file()])
    writeFileSync(file(), readFileSync(file()).subarray(0, -500))
    expect(await fault(run(['restore', file(), '--replace'], url))).to.match(/no whole backup: it is cut off/)
    const verified = await run(['restore', file(), '--verify', '--json'])
    expect(verified.code).to.equal(1)
    expect(JSON.parse(verified.out)).to.include({ sound: false })
    expect(await held(url)).to.deep.equal([{ id: 'mine', n: 1 }])
  })

  it('restores a backup of an older version, and migrates it', async () => {
    const url = `sqlite:${file('older.db')}`
    expect((await run(['restore', older, '--verify'])).out).to.match(
      /^Sound: 4 documents of 2026-01-10\S+, by Latchkey 0\.0\.9/,
    )
    expect((await run(['restore', older], url)).code).to.equal(0)
    const opened = await openStore(url, { now: Date.now, sweep: false })
    const ada = await accounts(opened).byEmail('ada@example.com')
    const version = await opened.collection(schema).get('version')
    const unknown = await opened.collection(notes).get('n')
    await opened.close()
    expect(ada).to.include({ id: 'ada', securityStamp: 3, smsAlerts: true })
    expect(version).to.include({ version: migrations.length })
    expect(unknown).to.include({ note: 'kept as it is' })
  })

  const schema = declare({ name: 'schema', shape: z.object({ id: z.string(), version: z.number() }) })
  const notes = declare({ name: 'notes', shape: z.object({ id: z.string(), note: z.string() }) })

  it('refuses a backup of a newer version', async () => {
    await store.collection(schema).put({ id: 'version', version: 99 })
    await run(['backup', file()])
    expect(await fault(run(['restore', file()], `sqlite:${file('x.db')}`))).to.match(
      /made\.backup has schema version 99; this program knows \d+\. Restore it with a newer Latchkey\.$/,
    )
    expect(readdirSync(folder)).to.not.include('x.db')
  })

  // On SQLite the new file takes the place of the old one in one step.
  if (process.env.LATCHKEY_TEST_STORE === undefined || process.env.LATCHKEY_TEST_STORE === 'sqlite')
    console.log('  skipped: a restore that did not finish, because it takes PostgreSQL or MongoDB')
  else
    it('keeps every Latchkey out of a store in which a restore did not finish', async () => {
      await run(['backup', file()])
      let reads = 0
      const dying = { file: file(), store: database.url, replace: true }
      const clock = () => {
        reads += 1
        if (reads > 3) throw new Error('power loss')
        return Date.now()
      }
      await restoreBackup(dying, clock).catch(() => undefined)
      const refused = await openStore(database.url, { now: Date.now, sweep: false }).catch(met => met)
      expect(refused).to.have.property('message').that.includes('A restore into this store did not finish.')
      expect((await run(['restore', file(), '--replace'])).code).to.equal(0)
      expect(await held(database.url)).to.have.lengthOf(700)
    })

  it('seals under a passphrase of a file', async () => {
    writeFileSync(file('key'), 'a passphrase that is long enough\n')
    writeFileSync(file('short'), 'short\n')
    expect((await run(['backup', file(), '--passphrase-file', file('key')])).code).to.equal(0)
    const url = `sqlite:${file('x.db')}`
    expect(await fault(run(['restore', file()], url))).to.match(/is sealed: give its passphrase/)
    for (const [name, told] of [
      ['short', /16 characters/],
      ['nowhere', /cannot be read \(ENOENT\)/],
    ] as const)
      expect(await fault(run(['restore', file(), '--passphrase-file', file(name)], url))).to.match(told)
    expect((await run(['restore', file(), '--passphrase-file', file('key')], url)).code).to.equal(0)
    expect(await held(url)).to.have.lengthOf(700)
  })

  it('refuses what it cannot do', async () => {
    writeFileSync(file('letter'), 'a letter '.repeat(200))
    for (const [words, url, told] of [
      [['restore'], database.url, 'Give one file.'],
      [['restore', 'a', 'b'], database.url, 'Give one file.'],
      [['backup', 'a', 'b'], database.url, 'Give one file.'],
      [['backup', file()], 'sqlite::memory:', 'Only the process that serves'],
      [['backup', file()], `sqlite:${folder}/none.db`, 'There is no store at'],
      [['restore', older], 'sqlite::memory:', 'cannot be restored to'],
      [['restore', older, '--replace'], `sqlite:${file('letter')}`, 'is no store'],
    ] as const)
      expect(await fault(run([...words], url))).to.include(told)
  })
})

/** Returns what a command that was refused says, however it was refused. */
async function fault(running: ReturnType<typeof within>): Promise<string> {
  const { code, err } = await running.catch((met: Error) => ({ code: 2, err: met.message }))
  expect(code).to.equal(2)
  return err
}
