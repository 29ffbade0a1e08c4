import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { z } from 'zod'
import { BackupError, type Kept, readBackup, writeBackup } from '../../src/backup/archive.ts'
import { Problem } from '../../src/errors.ts'
import { declare, type Store } from '../../src/store/collection.ts'
import { migrations } from '../../src/store/migrations.ts'
import { openStore } from '../../src/store/open.ts'
import { openSnapshot } from '../../src/store/snapshot.ts'
import { testDatabase } from '../support/store.ts'

const things = declare({
  name: 'things',
  shape: z.object({ id: z.string(), text: z.string(), expiresAt: z.number().optional() }),
})

describe('a backup', function () {
  this.timeout(30_000)
  let folder: string
  let store: Store
  let database: ReturnType<typeof testDatabase>
  let file: string
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-backup-'))
    file = join(folder, 'made.backup')
    database = testDatabase(folder)
    store = await openStore(database.url, { now: Date.now, sweep: false })
    for (let at = 0; at < 1_200; at++)
      await store.collection(things).insert({ id: `t${at}`, text: `line\n${at}\u2028` })
    await store.collection(things).insert({ id: 'gone', text: 'expired', expiresAt: 1 })
  })
  afterEach(async () => {
    await store.close()
    await database.drop()
    rmSync(folder, { recursive: true })
  })
  const write = (passphrase?: string, to = file) =>
    writeBackup(
      { store: database.url, issuer: 'https://id.example.com', version: '1.2.3', file: to, passphrase },
      Date.now(),
    )
  const read = async (passphrase?: string) => {
    const kept: Kept[] = []
    const manifest = await readBackup(file, passphrase, each => void kept.push(each))
    return { kept, manifest }
  }
  const refusal = (promise: Promise<unknown>) =>
    promise.then(
      () => undefined,
      (fault: Error) => fault,
    )

  it('holds every live document, and says what it holds', async () => {
    const made = await write()
    expect(made).to.include({ documents: 1_200, version: '1.2.3', schema: migrations.length })
    expect(made.collections).to.include({ things: 1_200 })
    const { kept, manifest } = await read()
    expect({ ...manifest, bytes: made.bytes }).to.deep.equal(made)
    expect(kept.map(each => each.doc)).to.deep.equal(await store.collection(things).find({}, { limit: 2_000 }))
  })

  it('can be read by its owner alone, from the first byte, and leaves nothing beside it', async () => {
    const modes = new Set<number>()
    const looking = setInterval(() => {
      // It may get its name between the two looks.
      for (const name of readdirSync(folder)) {
        const found = statSync(join(folder, name), { throwIfNoEntry: false })
        if (found && name.includes('backup')) modes.add(found.mode & 0o777)
      }
    }, 1)
    const umask = process.umask(0)
    await write().finally(() => {
      clearInterval(looking)
      process.umask(umask)
    })
    expect([...modes, statSync(file).mode & 0o777].every(each => each === 0o600)).to.equal(true)
    expect(readdirSync(folder).filter(name => name.endsWith('.part'))).to.deep.equal([])
  })

  // MongoDB shows each document as it is when it is read.
  if (process.env.LATCHKEY_TEST_STORE !== 'mongo')
    it('reads one moment, whatever is written meanwhile', async () => {
      const kept = store.collection(things)
      const snapshot = await openSnapshot(database.url, Date.now())
      const texts: unknown[] = []
      for await (const doc of snapshot?.documents('things') ?? []) {
        if (texts.length === 0) {
          for (let at = 0; at < 1_200; at += 100) await kept.put({ id: `t${at}`, text: 'later' })
          await kept.insert({ id: 'z-new', text: 'later' })
        }
        texts.push((doc as { text?: string }).text)
      }
      await snapshot?.close()
      expect(texts).to.have.lengthOf(1_200).and.not.include('later')
    })

  it('is sealed under a passphrase', async () => {
    await write('a passphrase that is long')
    expect(readFileSync(file).subarray(0, 8).toString()).to.equal('latchkey')
    expect((await read('a passphrase that is long')).kept).to.have.lengthOf(1_200)
    expect(await refusal(read()))
      .to.be.instanceOf(BackupError)
      .with.property('message')
      .that.includes('is sealed')
    expect(await refusal(read('another passphrase'))).to.be.instanceOf(BackupError)
  })

  it('is not taken unsealed where it should be sealed: anybody can write one that is not', async () => {
    await write()
    expect(await refusal(read('a passphrase that is long')))
      .to.be.instanceOf(BackupError)
      .with.property('message')
      .that.includes('is not sealed')
  })

  it('never replaces a file, and leaves none where it fails', async () => {
    writeFileSync(file, 'precious')
    expect(await refusal(write())).to.be.instanceOf(BackupError)
    expect(readFileSync(file, 'utf8')).to.equal('precious')
    expect(await refusal(write(undefined, '/dev/null/x.backup'))).to.be.instanceOf(BackupError)
    const away = { store: 'postgres://latchkey@127.0.0.1:1/none', issuer: '', version: '', file: join(folder, 'away') }
    expect(await refusal(writeBackup(away, 0))).to.be.instanceOf(Problem)
    const none = { ...away, store: `sqlite:${folder}/none.db` }
    expect(await refusal(writeBackup(none, 0))).to.be.instanceOf(BackupError)
    expect(readdirSync(folder).filter(name => /none|away/.test(name))).to.deep.equal([])
  })

  describe('that somebody changed', () => {
    const edited = (change: (lines: string[]) => string[]) => {
      const lines = gunzipSync(readFileSync(file)).toString().trimEnd().split('\n')
      writeFileSync(file, gzipSync(`${change(lines).join('\n')}\n`))
    }
    const changes: [what: string, change: () => void, told: RegExp][] = [
      ['a document', () => edited(all => all.with(3, all[3]?.replace('line', 'lime') ?? '')), /checksum/],
      ['a document taken out', () => edited(all => all.toSpliced(3, 1)), /checksum/],
      [
        'a count at its end',
        () => edited(all => all.with(-1, all.at(-1)?.replace(/(?<="collections":\{"\w+":)\d+/, '1234') ?? '')),
        /documents are missing/,
      ],
      ['its end taken off', () => edited(all => all.slice(0, -1)), /cut off/],
      ['something behind its end', () => edited(all => [...all, all[1] ?? '']), /follows its end/],
      ['a line that is no JSON', () => edited(all => all.toSpliced(2, 0, 'x')), /a line cannot be read/],
      ['the bytes cut off', () => writeFileSync(file, readFileSync(file).subarray(0, -2_000)), /cut off/],
      ['a byte', () => writeFileSync(file, readFileSync(file).fill(0, 500, 520)), /changed|checksum|cannot be read/],
      ['no gzip', () => writeFileSync(file, 'letter'), /changed/],
      [
        'a newer format',
        () => edited(all => all.with(0, all[0]?.replace('"format":1', '"format":2') ?? '')),
        /newer Latchkey/,
      ],
    ]
    for (const [what, change, told] of changes)
      it(`is refused: ${what}`, async () => {
        await write()
        change()
        expect(await refusal(read()))
          .to.be.instanceOf(BackupError)
          .with.property('message')
          .that.matches(told)
      })

    it('is refused: there is no file', async () => {
      expect(await refusal(read()))
        .to.be.instanceOf(BackupError)
        .with.property('message')
        .that.includes('ENOENT')
    })
  })
})
