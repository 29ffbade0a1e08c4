import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { type Person, readEntry } from '../../src/admin/people-entry.ts'
import { type FormatName, formats, layoutOf } from '../../src/admin/people-formats.ts'
import { records } from '../../src/admin/people-lines.ts'
import { foreignHash } from '../../src/crypto/foreign-hash.ts'
import { exports, firebaseProject } from '../support/exports.ts'

const project = {
  signerKey: Buffer.from(firebaseProject.base64_signer_key, 'base64'),
  saltSeparator: Buffer.from(firebaseProject.base64_salt_separator, 'base64'),
  rounds: 8,
  memCost: 14,
}
const reading = {
  ...{ rpId: 'id.example.com', keepIds: true, now: 1_790_000_000_000 },
  pepper: () => false,
  language: (tag: string) => tag.slice(0, 2),
  zone: () => true,
  attribute: () => undefined,
  role: () => false,
}

describe('admin/people-formats', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-formats-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const peopleOf = async (format: FormatName): Promise<Person[]> => {
    const { name, text } = exports[format]
    const path = join(folder, name)
    writeFileSync(path, text)
    const people: Person[] = []
    for await (const { value = {}, line, fault } of records(path, layoutOf(format, path, text))) {
      expect(fault, `line ${line}`).to.equal(undefined)
      const fields = formats[format].read(value, { firebase: project })
      if (!fields) continue
      const said = Object.fromEntries(Object.entries(fields).filter(([, each]) => each !== undefined))
      const { person, faults } = readEntry(said, reading)
      expect(faults, `line ${line}`).to.deep.equal([])
      if (person) people.push(person)
    }
    return people
  }
  const brief = (people: readonly Person[]): string[] =>
    people.map(({ id, email, emailProved, locked, credentials }) =>
      [
        id,
        email,
        emailProved ? 'proved' : 'unproved',
        locked ? 'locked' : 'open',
        ...credentials.map(each => each.factor),
      ].join(' '),
    )

  const expected: Record<FormatName, string[]> = {
    latchkey: [
      'ada-1 ada.moves@example.com proved open password email',
      ' grace.moves@example.com unproved open password totp email',
    ],
    keycloak: [
      '11111111-2222-4333-8444-kcargon00000 kcargon@example.com proved open password email',
      '11111111-2222-4333-8444-kclong000000 kclong@example.com proved open password totp email',
      '11111111-2222-4333-8444-kcmiddle0000 kcmiddle@example.com unproved open password email',
      '11111111-2222-4333-8444-kcold0000000 kcold@example.com proved locked password email',
    ],
    auth0: [
      'auth0|60425dc43519d90068f82973 azero@example.com proved open password email',
      'auth0|60425dc43519d90068f82974 aone@example.com proved locked password totp email',
    ],
    firebase: ['UVBu4yrDmOUeMX4KjZbpy2hQdDd2 fire@example.com proved open password sms email'],
    cognito: ['8f2c5b1e-3a47-4b6d-9d0f-5f6a7b8c9d0e cog@example.com proved open email'],
    logto: [
      'k6a1f0x9y2zq logto@example.com proved open password totp email',
      'k6a1f0x9y2zr legacy@example.com proved open password email',
    ],
    django: [
      '1 djlong@example.com unproved open password email',
      '2 djsha1@example.com unproved open password email',
      '3 djargon@example.com unproved open password email',
      '4 djouter@example.com unproved open password email',
      '5 djbcrypt@example.com unproved open password email',
      '6 djscrypt@example.com unproved locked password email',
    ],
  }
  for (const format of Object.keys(formats) as FormatName[]) {
    it(`reads an export of ${format}, and verifies each of its hashes`, async () => {
      const people = await peopleOf(format)
      expect(brief(people)).to.deep.equal(expected[format])
      for (const { email, credentials } of people)
        for (const { secret } of credentials.filter(({ factor }) => factor === 'password')) {
          const verify = foreignHash((secret as { hash: string }).hash)
          expect(await verify(exports[format].password), email).to.equal(true)
          expect(await verify('another password'), email).to.equal(false)
        }
    }).timeout(60_000)
  }

  it('brings names, languages, zones and times along', async () => {
    const [keycloak, logto] = [(await peopleOf('keycloak'))[0], (await peopleOf('logto'))[0]]
    expect(keycloak).to.include({ locale: 'de', createdAt: 1_600_000_000_000 })
    expect(keycloak?.profile).to.include({ name: 'Ada Lovelace', username: 'kcargon' })
    expect(logto).to.include({ locale: 'de' })
    expect(logto?.profile).to.deep.include({ name: 'Log To', zone: 'Europe/Vienna' })
    expect((await peopleOf('cognito'))[0]).to.include({
      createdAt: 1_600_000_000_123,
      numberLeft: true,
      phone: undefined,
    })
  })

  it("spells Keycloak's one-time secrets in base32", async () => {
    const [, person] = await peopleOf('keycloak')
    const totp = person?.credentials.find(({ factor }) => factor === 'totp')
    // As Python's base64.b32encode(b'a secret of twenty b') does.
    expect(totp).to.deep.include({ label: 'Phone', secret: { secret: 'MEQHGZLDOJSXIIDPMYQHI53FNZ2HSIDC', step: 0 } })
  })

  const hash = (format: FormatName, record: object): unknown => {
    try {
      return formats[format].read(record as Record<string, unknown>, {})?.password_hash
    } catch (fault) {
      return (fault as { code?: string }).code
    }
  }
  const refused: [what: string, format: FormatName, record: object, code: string][] = [
    [
      "Logto's MD5",
      'logto',
      { passwordEncrypted: '5f4dcc3b5aa765d61d8327deb882cf99', passwordEncryptionMethod: 'MD5' },
      'weak',
    ],
    [
      "Logto's salted SHA-256",
      'logto',
      { passwordEncrypted: '["sha256", ["salt", "@"], "00"]', passwordEncryptionMethod: 'Legacy' },
      'weak',
    ],
    ["Logto's nonsense", 'logto', { passwordEncrypted: '{', passwordEncryptionMethod: 'Legacy' }, 'weak'],
    ["Django's MD5", 'django', { model: 'auth.user', fields: { password: 'md5$salt$00' } }, 'unknown'],
    [
      "Django's scrypt with an odd N",
      'django',
      { model: 'auth.user', fields: { password: 'scrypt$1000$s$8$1$00' } },
      'unknown',
    ],
    ['a Firebase hash without the project', 'firebase', { passwordHash: 'AAAA', salt: 'AAAA' }, 'unknown'],
    [
      "Keycloak's own additions",
      'keycloak',
      { credentials: [{ type: 'password', credentialData: '{"algorithm":"md5-crypt"}', secretData: '{}' }] },
      'unknown',
    ],
    [
      'a credential of Keycloak that is no JSON',
      'keycloak',
      { credentials: [{ type: 'password', credentialData: '{' }] },
      'unknown',
    ],
  ]
  for (const [what, format, record, code] of refused) {
    it(`refuses ${what}`, () => {
      expect(hash(format, record)).to.equal(code)
    })
  }

  it('takes a password of Django that nobody can use for none', () => {
    expect(hash('django', { model: 'auth.user', fields: { password: '!abc' } })).to.equal(undefined)
  })

  const layouts: [format: FormatName, path: string, beginning: string, kind: object][] = [
    ['latchkey', 'people.jsonl', '{"email":"a@example.com"}\n', { kind: 'lines' }],
    ['latchkey', 'people.CSV', 'email\n', { kind: 'columns' }],
    ['keycloak', 'realm.json', '{\n  "realm": "x",', { kind: 'list', within: 'users' }],
    ['keycloak', 'realm.json', '\uFEFF{"realm":"x","users":[]}', { kind: 'list', within: 'users' }],
    ['keycloak', 'users.jsonl', '{"email":"a@example.com"}\n{', { kind: 'lines' }],
    ['django', 'users.json', ' \n[\n', { kind: 'list' }],
    ['django', 'users.jsonl', '{"model":"auth.user"}\n', { kind: 'lines' }],
    ['cognito', 'users.csv', 'cognito:username\n', { kind: 'columns' }],
  ]
  for (const [format, path, beginning, layout] of layouts) {
    it(`sees how ${path} of ${format} is laid out that begins with ${JSON.stringify(beginning)}`, () => {
      const { within, ...rest } = layoutOf(format, path, beginning) as { kind: string; within?: string }
      expect({ ...rest, ...(within && { within }) }).to.deep.equal(layout)
    })
  }

  it('reads no columns where a product writes none', () => {
    expect(() => layoutOf('keycloak', 'users.csv', '')).to.throw(SyntaxError)
  })
})
