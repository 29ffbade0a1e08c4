import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { auditExport, auditKeys } from '../../src/commands/audit-command.ts'
import { auditVerify } from '../../src/commands/audit-verify.ts'
import { leaves, ledger } from '../../src/observers/ledger.ts'
import type { Store } from '../../src/store/collection.ts'
import { openStore } from '../../src/store/open.ts'
import { happening } from '../support/audit.ts'
import { latchkeyCli, within } from '../support/cli.ts'
import { testDatabase } from '../support/store.ts'

const commands = { verify: auditVerify, export: auditExport, keys: auditKeys }
const secret = 'a secret of the audit log that is long enough'

describe('latchkey audit', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-audit-'))
  const database = testDatabase(folder)
  const { url } = database
  const environment = {
    ...{ LATCHKEY_STORE: url, LATCHKEY_SECRETS: secret, LATCHKEY_ISSUER: 'https://id.example.com' },
    ...{ LATCHKEY_MAIL_URL: 'smtps://mail.example.com', LATCHKEY_SMS_URL: 'https://sms.example.com' },
  }
  const run = (words: string, more = {}) => within(commands, words.split(' '), { ...environment, ...more })
  const file = (name: string, content?: string): string => {
    const path = join(folder, name)
    if (content !== undefined) writeFileSync(path, content)
    return path
  }
  let store: Store
  let lines: string[]

  before(async () => {
    store = await openStore(url, { now: Date.now, sweep: false })
    const { append } = ledger({ store })
    for (let turn = 1; turn < 8; turn++) await append(happening(`a${turn}`, { origin: { agent: 'one\u2028line' } }))
    const exported = await latchkeyCli(['audit', 'export'], environment)
    expect(exported.code, exported.err).to.equal(0)
    expect(exported.err).to.match(/^7 entries; head [0-9a-f]{64}, signed by [\w-]{43}\n$/)
    lines = exported.out.trimEnd().split('\n')
    file('export.jsonl', exported.out)
    const keys = await latchkeyCli(['audit', 'keys'], environment)
    expect(keys).to.include({ code: 0, err: '' })
    file('keys.json', keys.out)
  })
  after(async () => {
    await store.close()
    await database.drop()
    rmSync(folder, { recursive: true })
  })

  it('exports each entry on a line, and at last a head that says nothing else', () => {
    const names = lines.map(line => Object.keys(JSON.parse(line)).join())
    expect(names).to.deep.equal([...Array(7).fill('at,data,hash,level,name,origin,previous,sequence'), 'head'])
    expect(readFileSync(file('keys.json'), 'utf8')).not.to.include('"d"')
  })

  it('verifies the store, and says what that does not show', async () => {
    const { code, out } = await latchkeyCli(['audit', 'verify'], environment)
    expect(code).to.equal(0)
    expect(out).to.match(/^Entries 1 to 7: one unbroken chain, ending in [0-9a-f]{64}\.\n.*--head FILE/)
  })

  it('verifies an export with nothing but the export and the keys', async () => {
    const { code, out } = await latchkeyCli([
      ...['audit', 'verify', '--export', file('export.jsonl'), '--jwks', file('keys.json')],
    ])
    expect(code).to.equal(0)
    expect(out).to.match(/one unbroken chain.*\nIt leads to entry 7 as https:\/\/id\.example\.com signed it at 20/)
  })

  const tampered: [what: string, change: (lines: string[]) => string[], told: string][] = [
    ['tampered entry', ([first = '', ...more]) => [first.replace('"a1"', '"a9"'), ...more], 'Entry 1 was changed'],
    ['removed entry', all => all.toSpliced(2, 1), 'Entry 3 is missing.\nEntries 1 to 2 before it: sound.'],
    ['reordered entry', all => all.toSpliced(2, 2, all[3] ?? '', all[2] ?? ''), 'Entry 3 was moved'],
    ['truncated tail', all => all.toSpliced(4, 3), 'Entries 5 to 7 are missing: the end was cut off.'],
    ['entry spelled otherwise', all => all.toSpliced(1, 1, all[1]?.replace(':', ': ') ?? ''), 'Entry 2 was changed'],
    [
      'word that stands twice',
      all => all.toSpliced(1, 1, all[1]?.replace('{', '{"at":1,') ?? ''),
      'Entry 2 was changed',
    ],
    ['line that is no JSON', all => all.toSpliced(1, 0, 'x'), 'Entry 2 was changed'],
    ['head cut off', all => all.slice(0, -1), 'ends in no head that one of these keys signed'],
    ['forged head', all => [...all.slice(0, -1), `${all.at(-1)?.slice(0, -9)}AAAAAA"}`], 'ends in no head that'],
  ]
  for (const [what, change, told] of tampered) {
    it(`finds fault with an export: ${what}`, async () => {
      const bad = file('bad.jsonl', `${change(lines).join('\n')}\n`)
      const { code, out } = await run(`verify --export ${bad} --jwks ${file('keys.json')}`)
      expect(out).to.include(told)
      expect(code).to.equal(1)
    })
  }

  it('does not believe a head by somebody else’s keys', async () => {
    const strange = { LATCHKEY_SECRETS: 'a secret that the operator never had' }
    const keys = file('strange.json', (await run('keys', strange)).out)
    const { code, out } = await run(`verify --export ${file('export.jsonl')} --jwks ${keys}`)
    expect([code, out]).to.deep.equal([1, `${file('export.jsonl')} ends in no head that one of these keys signed.\n`])
    expect((await run(`verify --head ${file('export.jsonl')}`, strange)).code).to.equal(1)
  })

  it('holds the store to a head that was kept, whoever rewrote the store since', async () => {
    const head = file('head.json', lines.at(-1))
    const rotated = { LATCHKEY_SECRETS: `a newer secret in front of the older one,${secret}` }
    const kept = await run(`verify --head ${head}`, rotated)
    expect(kept.out).to.include('It leads to entry 7')

    const book = store.collection(leaves)
    const all = await book.find({})
    try {
      await book.remove({ id: all.at(-1)?.id ?? '' })
      expect((await run('verify')).out).to.match(
        /^An entry is missing that the index of accounts refers to, the first from \S+: the log was cut off there\.\n/,
      )
      const cut = await run(`verify --head ${head} --jwks ${file('keys.json')}`)
      expect([cut.code, cut.out.split('\n')[0]]).to.deep.equal([1, 'Entry 7 is missing: the end was cut off.'])

      await ledger({ store }).append(happening('somebody else'))
      const anew = await run(`verify --head ${head}`)
      expect([anew.code, anew.out.split('.')[0]]).to.deep.equal([
        1,
        'Entry 7 was rewritten: it is not the one that the next entry, or the signed head, follows',
      ])
    } finally {
      await book.put(all.at(-1) as (typeof all)[0])
    }
  })

  it('names an entry that was changed in the store', async () => {
    const book = store.collection(leaves)
    const [leaf] = await book.find({}, { limit: 1 })
    if (!leaf) expect.fail('there is no leaf')
    await book.patch(leaf.id, { entries: leaf.entries.map(each => ({ ...each, at: 1 })) })
    const { code, out } = await run('verify')
    await book.put(leaf)
    expect([code, out]).to.deep.equal([
      1,
      'Entry 1 was changed: it is not what its hash was made of.\nNo entry before it: sound.\n',
    ])
  })

  const refused: [words: string, told: string, more?: Record<string, string>][] = [
    ['verify --export e.jsonl', '--export goes with --jwks, and without --head.'],
    ['verify --export e.jsonl --jwks k --head h', '--export goes with --jwks, and without --head.'],
    ['verify --jwks k', '--jwks goes with --head or --export.'],
    ['verify --export README.md --jwks nowhere.json', 'nowhere.json cannot be read: ENOENT'],
    ['verify --export README.md --jwks package.json', 'package.json is no JSON Web Key Set.'],
    ['verify --head nowhere.jsonl', 'nowhere.jsonl cannot be read: ENOENT'],
    ['verify', 'There is no store at nowhere/store.db', { LATCHKEY_STORE: 'sqlite:nowhere/store.db' }],
    ['verify', 'Only the process that serves from a store', { LATCHKEY_STORE: 'sqlite::memory:' }],
  ]
  for (const [words, told, more] of refused) {
    it(`refuses ${words} ${Object.values(more ?? {}).join()}: ${told}`, async () => {
      const { code, out, err } = await run(words, more)
      expect([code, out]).to.deep.equal([2, ''])
      expect(err).to.include(told)
    })
  }
})
