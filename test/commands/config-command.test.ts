import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { z } from 'zod'
import { configCheck } from '../../src/commands/config-command.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import { signingRing } from '../../src/keys/signing-keys.ts'
import { declare, type Store } from '../../src/store/collection.ts'
import { migrations } from '../../src/store/migrations.ts'
import { openStore } from '../../src/store/open.ts'
import { latchkeyCli, within } from '../support/cli.ts'
import { freePorts } from '../support/ports.ts'
import { testDatabase } from '../support/store.ts'

const secret = 'a secret of the check that is long enough'
const versions = declare({ name: 'schema', shape: z.object({ id: z.string(), version: z.number() }) })
const run = (environment: Record<string, string>, ...words: string[]) =>
  within({ check: configCheck }, ['check', ...words], environment)

describe('latchkey config check', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-check-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('passes what a first start needs, and creates nothing', async () => {
    const environment = { LATCHKEY_STORE: `sqlite:${folder}/data/store.db` }
    const { code, out, err } = await latchkeyCli(['config', 'check'], environment)
    expect([code, err]).to.deep.equal([0, ''])
    expect(out).to.match(
      /^ok {6}settings: http:\/\/localhost:3000, development\nok {6}apps: clients\.json can be used\n/,
    )
    expect(out).to.include('store.db is created at the first start')
    expect(readdirSync(folder)).to.deep.equal([])
  })

  it('names every fault at once, by the name that was typed', async () => {
    const clients = join(folder, 'clients.json')
    writeFileSync(clients, JSON.stringify({ apis: [], clients: [{ client_id: 'x' }], nonsense: 1 }))
    writeFileSync(join(folder, 'cert.pem'), 'no certificate')
    writeFileSync(join(folder, 'places.mmdb'), 'no places')
    const [port] = await freePorts(1)
    const { code, out } = await run({
      ...{ LATCHKEY_WORKERS: 'many', LATCHKEY_STORY: 'x', LATCHKEY_CLIENTS: clients },
      ...{ LATCHKEY_TLS_CERT: join(folder, 'cert.pem'), LATCHKEY_TLS_KEY: join(folder, 'nowhere.pem') },
      ...{
        LATCHKEY_GEOIP: join(folder, 'places.mmdb'),
        LATCHKEY_LOG: join(folder, 'log-level'),
        LATCHKEY_STORE: `postgres://latchkey@127.0.0.1:${port}/latchkey`,
      },
    })
    expect(code).to.equal(1)
    for (const told of [
      'settings: LATCHKEY_STORY is not a setting',
      'settings: LATCHKEY_WORKERS must be a whole number',
      `apps: ${clients}: nonsense is not known`,
      `apps: ${clients}: clients[0] (x) `,
      'files: LATCHKEY_TLS_CERT and LATCHKEY_TLS_KEY cannot be used: ENOENT',
      'files: LATCHKEY_GEOIP is no MaxMind DB file',
      'files: LATCHKEY_LOG cannot be read: ENOENT',
      'store: LATCHKEY_STORE cannot be opened: connect ECONNREFUSED',
    ])
      expect(out).to.include(`fault   ${told}`)
  })

  it('passes apps that may call the admin API of this issuer', async () => {
    const clients = join(folder, 'clients.json')
    const desk = {
      ...{ client_id: 'desk', client_name: 'Desk', grant_types: ['client_credentials'] },
      ...{
        token_endpoint_auth_method: 'client_secret_basic',
        client_secret: 'a-secret-of-the-desk-that-is-long-enough',
      },
      apis: { 'http://localhost:3000/admin/api': ['admin:people.read'] },
    }
    writeFileSync(clients, JSON.stringify({ apis: [], clients: [desk] }))
    const { code, out } = await run({ LATCHKEY_STORE: 'sqlite::memory:', LATCHKEY_CLIENTS: clients })
    expect(out).to.include(`apps: ${clients} can be used`)
    expect(code).to.equal(0)
  })

  it('looks into the folder of a brand', async () => {
    writeFileSync(join(folder, 'brand.json'), JSON.stringify({ name: 'x', radius: 99 }))
    const environment = { LATCHKEY_STORE: 'sqlite::memory:', LATCHKEY_BRAND: folder }
    const { code, out } = await run(environment)
    expect(code).to.equal(1)
    expect(out).to.include('brand: LATCHKEY_BRAND brand.json: radius: ')
    writeFileSync(join(folder, 'brand.json'), JSON.stringify({ name: 'x' }))
    expect((await run(environment)).out).to.include(`brand: ${folder} can be used`)
  })

  it('speaks JSON', async () => {
    const { code, out } = await run({ LATCHKEY_STORE: `sqlite:${folder}/store.db`, LATCHKEY_WORKERS: '0' }, '--json')
    expect(code).to.equal(1)
    expect(JSON.parse(out)[0]).to.deep.include({ what: 'settings', state: 'fault' })
  })

  // Root may write everywhere.
  if (process.getuid?.() !== 0)
    it('finds a folder that this user may not write to', async () => {
      mkdirSync(join(folder, 'shut'))
      chmodSync(join(folder, 'shut'), 0o500)
      expect((await run({ LATCHKEY_STORE: `sqlite:${folder}/shut/store.db` })).out).to.include('cannot be created')
    })

  it('finds a path that cannot be a folder, and a store in memory fine', async () => {
    const { code, out } = await run({ LATCHKEY_STORE: 'sqlite:/dev/null/store.db' })
    expect([code, out.includes('/dev/null/store.db cannot be created')]).to.deep.equal([1, true])
    expect((await run({ LATCHKEY_STORE: 'sqlite::memory:' })).code).to.equal(0)
  })

  describe('of a store that is there', () => {
    let database: ReturnType<typeof testDatabase>
    let store: Store
    const environment = () => ({ LATCHKEY_STORE: database.url, LATCHKEY_SECRETS: secret })
    beforeEach(async () => {
      database = testDatabase(folder)
      store = await openStore(database.url, { now: Date.now, sweep: false })
    })
    afterEach(async () => {
      await store.close()
      await database.drop()
    })
    const version = (of: number) => store.collection(versions).put({ id: 'version', version: of })

    it('says its schema version, beside the program that serves', async () => {
      const { code, out } = await run(environment())
      expect(out).to.include(`ok      store: it has schema version ${migrations.length}\n`)
      expect(out).to.include('the secrets open all 0 signing keys')
      expect(code).to.equal(0)
    })

    it('changes nothing: an older store is not migrated, a newer one is refused', async () => {
      await version(1)
      const older = await run(environment())
      expect(older.out).to.include(`it has schema version 1; the next start migrates it to ${migrations.length}`)
      expect(older.code).to.equal(0)
      expect(await store.collection(versions).get('version')).to.include({ version: 1 })
      await version(999)
      const newer = await run(environment())
      expect(newer.out).to.match(/fault {3}store: LATCHKEY_STORE: The store has schema version 999/)
      expect(newer.code).to.equal(1)
    })

    it('tells whether the secrets open the signing keys', async () => {
      const services = { store, sealer: sealer(keyring([secret])), emit: async () => {}, now: Date.now }
      const ring = await signingRing({ ...services, age: 0, onFault: fault => expect.fail(String(fault)) })
      await ring.need(['ES256'])
      const fine = await run(environment())
      expect(fine.out).to.include('the secrets open all 1 signing key')
      const other = await run({ ...environment(), LATCHKEY_SECRETS: 'another secret that is long enough too' })
      expect(other.out).to.include('fault   keys: LATCHKEY_SECRETS opens 0 of 1 signing keys')
      expect(other.out).to.not.include(secret)
      expect(other.code).to.equal(1)
    })
  })

  it('refuses a file that is no store, and leaves it as it was', async () => {
    const path = join(folder, 'store.db')
    writeFileSync(
      path,
      'this is a letter, and longer than the head of a database would be, to be sure of it'.repeat(20),
    )
    const before = readFileSync(path)
    const { code, out } = await run({ LATCHKEY_STORE: `sqlite:${path}` })
    expect(code).to.equal(1)
    expect(out).to.include('LATCHKEY_STORE cannot be opened: file is not a database')
    expect(readFileSync(path)).to.deep.equal(before)
  })
})
