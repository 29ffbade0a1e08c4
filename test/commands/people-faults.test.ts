import { expect } from 'chai'
import { bcrypt, peopleRoom, someone } from '../support/people-store.ts'

describe('latchkey people import, of faulty files', () => {
  const { file, inFolder, lines, people, accounts, recorded } = peopleRoom()

  const faults: [what: string, records: object[], said: string][] = [
    ['no address', [{ id: 'a' }], 'line 1: email is missing'],
    ['an address that is none', [someone('ada', { email: 'ada@' })], 'line 1: email is no email address'],
    [
      'a field that nobody knows',
      [someone('ada', { favourite: 1 })],
      'line 1: favourite is a field that accounts do not have (--ignore leaves it out)',
    ],
    [
      'attributes that nobody declared',
      [someone('ada', { attributes: { kyc: 2 } })],
      'line 1: attributes has kyc, which clients.json does not declare so (--ignore leaves them out)',
    ],
    [
      'two people of one address',
      [someone('ada'), someone('bob', { email: 'ADA@example.com' })],
      'line 2: email is that of line 1, too',
    ],
    [
      'two people of one id',
      [someone('ada'), someone('ada', { email: 'b@example.com' })],
      'line 2: id is that of line 1, too',
    ],
    [
      'a hash of an unknown form',
      [someone('ada', { password_hash: 'md5:00' })],
      'line 1: password_hash is a password hash of an unknown form',
    ],
    [
      'a hash that costs too much',
      [someone('ada', { password_hash: bcrypt.replace('$04$', '$31$') })],
      'line 1: password_hash is refused: bcrypt takes 31 as its cost, and at most 14 are verified here',
    ],
    [
      'a hash of another Latchkey',
      [someone('ada', { password_hash: `abcdefgh$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo` })],
      'line 1: password_hash was made with a secret that is not in LATCHKEY_SECRETS',
    ],
    [
      'a short TOTP secret',
      [someone('ada', { totp: [{ secret: 'JBSWY3DPEHPK3PXP' }] })],
      'line 1: totp has a secret that is no base32 of 16 to 64 bytes',
    ],
    [
      'a passkey of another domain',
      [someone('ada', { passkeys: [{ id: 'a', public_key: 'a', rp_id: 'example.com' }] })],
      'line 1: passkeys were made for example.com, and work at localhost only if it were the same',
    ],
    [
      'an unproved address, and nothing besides',
      [{ email: 'ada@example.com' }],
      'line 1: email is not verified, and there is no password or passkey to sign in with',
    ],
    [
      'a verified number that cannot be texted',
      [someone('ada', { phone: '12', phone_verified: true })],
      'line 1: phone is no mobile number with its country code',
    ],
    ['a time to come', [someone('ada', { created_at: '2999-01-01' })], 'line 1: created_at is no time in the past'],
    ['a zone that is none', [someone('ada', { zoneinfo: 'Mars/Base' })], 'line 1: zoneinfo is no time zone'],
  ]
  for (const [what, records, said] of faults) {
    it(`names the line and field of ${what}, and imports nobody`, async () => {
      const path = lines(...records)
      for (const words of [
        ['import', path, '--dry-run'],
        ['import', path],
      ]) {
        const ran = await people(words)
        expect(ran).to.include({ code: 1, err: `${said}\n` })
      }
      expect(await accounts()).to.deep.equal([])
      expect(await recorded()).to.deep.equal([])
    })
  }

  it('names every faulty line in a dry run, and changes nothing', async () => {
    const path = file(
      'people.jsonl',
      `\uFEFF${JSON.stringify(someone('ada'))}\r\n{\r\n${JSON.stringify({ email: 7 })}\r\n`,
    )
    const ran = await people(['import', path, '--dry-run', '--json'])
    expect(ran.code).to.equal(1)
    expect(ran.err.split('\n').map(each => each.split(' ').slice(0, 3).join(' '))).to.deep.equal([
      'line 2: record',
      'line 3: email',
      '',
    ])
    const told = JSON.parse(ran.out)
    expect(told).to.include({ records: 3, people: 1, faulty: 2, imported: 0 })
    expect(told.faults).to.have.length(2)
    expect(await accounts()).to.deep.equal([])
  })

  it('imports the others where it is told to skip what is faulty, and says so in its exit code', async () => {
    const path = lines(someone('ada'), { email: 'nobody' }, someone('bob'))
    const ran = await people(['import', path, '--skip-faulty', '--json'])
    expect(ran.code).to.equal(1)
    expect(ran.err).to.equal(
      'line 2: email is no email address\nline 2: email is not verified, and there is no password or passkey to sign in with\n',
    )
    expect(JSON.parse(ran.out)).to.include({ imported: 2, faulty: 1 })
    expect((await accounts()).map(({ id }) => id)).to.deep.equal(['ada', 'bob'])
  })

  it('leaves out the fields that it is told to ignore', async () => {
    const path = lines(someone('ada', { attributes: { kyc: 2 }, favourite: 'tea' }))
    expect((await people(['import', path, '--ignore', 'attributes,favourite'])).code).to.equal(0)
  })

  it('never says what a secret is', async () => {
    const wrong = [{ password_hash: 'sesame' }, { totp: [{ secret: 'sesame' }] }, { recovery_codes: 'sesame' }]
    const path = lines(...wrong.map((each, n) => someone(`ada${n}`, each)))
    const user = (password: string, pk: number) => ({
      ...{ model: 'auth.user', pk },
      fields: { username: `ada${pk}`, email: `ada${pk}@example.com`, password },
    })
    // Django's unsalted MD5 is a digest and nothing else.
    const django = ['md5$sesame$sesame', 'sesame'].map(user).map(each => `${JSON.stringify(each)}\n`)
    const ran = [
      await people(['import', path, '--json']),
      await people(['import', file('django.jsonl', django.join('')), '--format', 'django', '--json']),
    ]
    expect(ran.map(({ out }) => JSON.parse(out).faults.map((each: { field: string }) => each.field))).to.deep.equal([
      ['password_hash', 'totp', 'recovery_codes'],
      ['password_hash', 'password_hash'],
    ])
    for (const { out, err } of ran) expect(out + err).to.not.include('sesame')
  })

  const misuse: [words: string[], said: string][] = [
    [[], 'Give one file.'],
    [['none.jsonl'], 'cannot be read (ENOENT)'],
    [['people.jsonl', '--format', 'excel'], '--format is one of latchkey, keycloak'],
    [['people.jsonl', '--ids', 'both'], '--ids is sub or legacy_sub.'],
    [['people.jsonl', '--firebase', 'people.jsonl'], 'is no JSON with base64_signer_key'],
    [['people.jsonl', '--format', 'keycloak'], 'The file has no list "users".'],
    [['people.csv', '--format', 'keycloak'], 'The format keycloak is read from JSON.'],
  ]
  for (const [words, said] of misuse) {
    it(`refuses: people import ${words.join(' ')}`, async () => {
      file('people.jsonl', '{"a":1,\n"b":2}\n')
      file('people.csv', 'email\n')
      const given = words.map(each => (each.startsWith('people.') || each === 'none.jsonl' ? inFolder(each) : each))
      const ran = await people(['import', ...given])
      expect(ran.code).to.equal(2)
      expect(ran.err).to.include(said)
    })
  }
})
