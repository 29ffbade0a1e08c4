import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { accountsDeclaration } from '../../src/accounts/account.ts'
import { auditVerify } from '../../src/commands/audit-verify.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { auditHead, auditHeads, headOf, headSigner } from '../../src/observers/audit.ts'
import { leaves, ledger, places, strays } from '../../src/observers/ledger.ts'
import type { Store } from '../../src/store/collection.ts'
import { openStore } from '../../src/store/open.ts'
import { happening } from '../support/audit.ts'
import { within } from '../support/cli.ts'
import { type Database, testDatabase } from '../support/store.ts'

const secret = 'a secret of the audit log that is long enough'
const keys = keyring([secret]).all(auditHead)

describe('signed heads of the audit log', () => {
  let folder: string
  let url: string
  let database: Database
  let store: Store
  let logged: string[]
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-heads-'))
    database = testDatabase(folder)
    url = database.url
    store = await openStore(url, { now: Date.now, sweep: false })
    logged = []
  })
  afterEach(async () => {
    await store.close()
    await database.drop()
    rmSync(folder, { recursive: true })
  })

  const signing = (heads: 'log' | 'off' | { file: string }) =>
    auditHeads({
      store,
      keys,
      issuer: 'http://localhost:3000',
      heads,
      log: head => void logged.push(head),
      now: () => 7,
    })
  const append = async (...accounts: string[]) => {
    const { append } = ledger({ store })
    for (const account of accounts) await append(happening(account))
  }
  const verify = (more: Record<string, string> = {}, words = '') =>
    within({ verify: auditVerify }, `verify ${words}`.trim().split(' '), {
      ...{ LATCHKEY_STORE: url, LATCHKEY_SECRETS: secret },
      ...more,
    })
  /** Removes the last leaf, and what refers to it if told. */
  const cut = async (references: boolean) => {
    const [last] = await store.collection(leaves).find({}, { sort: { by: 'id', descending: true }, limit: 1 })
    await store.collection(leaves).remove({ id: last?.id ?? '' })
    if (!references) return
    const index = store.collection(places)
    for (const { id } of await index.find({})) if (id.startsWith(`${last?.key}.`)) await index.take(id)
  }

  it('are written to the log when something was added, and verify by the operator’s keys', async () => {
    const sign = await signing('log')
    await sign()
    expect(logged).to.be.empty
    await append('ada', 'ben')
    await sign()
    await sign()
    expect(logged).to.have.length(1)
    const { jwks } = await headSigner(keys)
    expect(await headOf(JSON.stringify({ head: logged[0] }), jwks)).to.include({ sequence: 2, at: 7 })
  })

  it('are not written at all when they are off', async () => {
    await append('ada')
    await (await signing('off'))()
    expect(logged).to.be.empty
  })

  it('are added to a file that only its owner reads, and hold the log to the last of them without being asked', async () => {
    const file = join(folder, 'heads')
    const sign = await signing({ file })
    await append('ada')
    await sign()
    await append('ben')
    await sign()
    expect(readFileSync(file, 'utf8').trimEnd().split('\n')).to.have.length(2)
    expect(statSync(file).mode & 0o777).to.equal(0o600)
    const heads = { LATCHKEY_AUDIT_HEADS: file }
    expect((await verify(heads)).out).to.include('It leads to entry 2 as http://localhost:3000 signed it')
    await cut(true)
    expect(await verify()).to.include({ code: 0 })
    expect(await verify(heads)).to.deep.include({ code: 1 })
    expect((await verify(heads)).out).to.include('Entry 2 is missing: the end was cut off.')
    await append('somebody else')
    expect((await verify(heads)).out).to.include('Entry 2 was rewritten')
  })

  it('are found in a log among other lines', async () => {
    await append('ada')
    await (await signing('log'))()
    const file = join(folder, 'log')
    writeFileSync(file, `{"text":"listening"}\n{"level":"info","head":"${logged[0]}"}\n{"text":"stopped"}\n`)
    expect((await verify({}, `--head ${file}`)).out).to.include('It leads to entry 1')
  })

  describe('without one', () => {
    it('a cut end is told by what refers to it', async () => {
      await append('ada', 'ben', 'cleo')
      expect(await verify()).to.include({ code: 0 })
      await cut(false)
      const { code, out } = await verify()
      expect(code).to.equal(1)
      expect(out).to.match(
        /^An entry is missing that the index of accounts refers to, the first from 2023-11-14T22:13:20/,
      )
      // What came since hides nothing.
      await append('dora')
      expect(await verify()).to.include({ code: 1 })
    })

    it('an emptied log is told by what refers to it, and by the accounts that there are', async () => {
      await append('ada', 'ben')
      await store.collection(leaves).remove({})
      expect((await verify()).out).to.match(/^2 entries are missing/)
      await store.collection(places).remove({})
      expect(await verify()).to.include({ code: 0 })
      await store.collection(accountsDeclaration).insert({
        ...{ id: 'ada', email: 'ada@example.com', locale: 'en', status: 'active' as const, createdAt: 1, updatedAt: 1 },
      })
      expect(await verify()).to.deep.include({
        code: 1,
        out: 'The log is empty though there are accounts: it was emptied.\n',
      })
    })

    it('finds each of many, and takes an entry that is on its way for none', async () => {
      for (let turn = 0; turn < 130; turn++) await append(`a${turn}`)
      const index = store.collection(places)
      await index.insert({ id: '000000000000000000000.00', account: 'x', at: 5_000, name: 'account.created' })
      await index.insert({ id: 'zzzzzzzzzzzzzzzzzzzzz.00', account: 'x', at: 90_000, name: 'account.created' })
      expect(await strays(store, 95_000)).to.deep.equal({ count: 1, first: 5_000 })
      expect(await strays(store, 200_000)).to.deep.equal({ count: 2, first: 5_000 })
    })
  })
})
