import { expect } from 'chai'
import type { Account } from '../../src/accounts/account.ts'
import { claimsDeclaration } from '../../src/accounts/address.ts'
import { credentialsDeclaration } from '../../src/accounts/credential.ts'
import { peopleImport } from '../../src/admin/people-import.ts'
import { sha256 } from '../../src/crypto/digest.ts'
import { sealer } from '../../src/crypto/seal.ts'
import type { Store } from '../../src/store/collection.ts'
import { exports, firebaseProject, secret } from '../support/exports.ts'
import { bcrypt, peopleRoom, ring, someone } from '../support/people-store.ts'

describe('latchkey people import', () => {
  const { store, file, lines, people, accounts, heldBy, recorded } = peopleRoom()

  it('imports people with all that they hold', async () => {
    const key = Buffer.alloc(77, 7).toString('base64url')
    const path = lines(
      someone('ada', {
        name: 'Ada',
        phone: '+44 7700 900123',
        phone_verified: true,
        created_at: '2020-09-13T12:26:40Z',
      }),
      someone('bob', { email_verified: false, totp: [{ secret, label: 'Phone' }], locked: true }),
      someone('cyd', { passkeys: [{ id: 'a2V5', public_key: key, rp_id: 'localhost' }], phone: '+447700900124' }),
      { email: 'dan@example.com', email_verified: true },
    )
    const ran = await people(['import', path])
    expect(ran.code, ran.err).to.equal(0)
    expect(ran.out).to.equal(
      [
        '4 records read, 4 people imported',
        '1 without a second factor: they set one up at their next sign-in',
        '1 without a password or passkey: they choose a password by “Forgot password?”',
        '1 with a number that nobody proved, which was left out',
        '',
      ].join('\n'),
    )
    const [ada, bob, cyd, dan] = (await accounts()) as [Account, Account, Account, Account]
    expect(ada).to.deep.include({ id: 'ada', phone: '+447700900123', status: 'active', createdAt: 1_600_000_000_000 })
    expect(ada.profile).to.include({ name: 'Ada' })
    expect([ada, bob, cyd, dan].map(each => each.unguarded)).to.deep.equal([undefined, undefined, undefined, true])
    expect(bob).to.include({ emailUnproved: true })
    expect(bob.lock).to.have.property('at')
    expect(dan.id).to.match(/^[\w-]{22}$/)
    const held = await Promise.all(
      [ada, bob, cyd, dan].map(async ({ id }) => (await heldBy(id)).map(each => each.factor).sort()),
    )
    expect(held).to.deep.equal([
      ['email', 'password', 'sms'],
      ['email', 'password', 'totp'],
      ['email', 'passkey', 'password'],
      ['email'],
    ])
    const passkey = (await heldBy('cyd')).find(each => each.factor === 'passkey')
    expect(passkey).to.include({ lookup: 'a2V5' })
    const all = ['account.imported', 'account.imported', 'account.imported', 'account.imported', 'people.imported']
    expect(await recorded()).to.deep.equal(all)
  })

  it('keeps former ids beside the accounts where they are not to be their sub', async () => {
    const path = lines(someone('an id, with blanks'.replaceAll(' ', '_'), { email: 'ada@example.com', id: 'an id' }))
    expect((await people(['import', path])).code).to.equal(1)
    const ran = await people(['import', path, '--ids', 'legacy_sub'])
    expect(ran.code, ran.err).to.equal(0)
    const [ada] = await accounts()
    expect(ada).to.include({ legacySub: 'an id' })
    expect(ada?.id).to.match(/^[\w-]{22}$/)
    expect((await people(['import', path, '--ids', 'legacy_sub'])).out).to.include('1 there already')
  })

  it('takes nobody’s account: an address that is in use is a fault, and whoever is there stays as they are', async () => {
    await people(['import', lines(someone('ada'))])
    const before = await accounts()
    const taken = await people(['import', lines(someone('eve', { email: 'ada@example.com' }))])
    expect(taken).to.include({ code: 1, err: 'line 1: email has an account, whose former id is another\n' })
    const again = await people(['import', lines(someone('ada', { email: 'other@example.com', totp: [{ secret }] }))])
    expect(again).to.include({ code: 0 })
    expect(again.out).to.include('1 there already, and left as they are')
    expect(await accounts()).to.deep.equal(before)
  })

  it('takes no address that is reserved for another account', async () => {
    const reserved = { id: sha256('ada@example.com'), account: 'somebody', expiresAt: Date.now() + 60_000 }
    await store().collection(claimsDeclaration).insert(reserved)
    const { code, err } = await people(['import', lines(someone('ada'))])
    expect([code, err]).to.deep.equal([1, 'line 1: email is reserved for another account\n'])
    expect(await accounts()).to.deep.equal([])
  })

  it('goes on where it was interrupted, and makes nobody twice', async () => {
    const path = lines(
      ...Array.from({ length: 600 }, (_, n) => someone(`p${String(n).padStart(3, '0')}`, { totp: [{ secret }] })),
    )
    let left = 700
    const breaking: Store = {
      ...store(),
      collection: declared => {
        const kept = store().collection(declared)
        if (declared.name !== 'credentials') return kept
        return { ...kept, put: doc => (left-- > 0 ? kept.put(doc) : Promise.reject(new Error('the disk is full'))) }
      },
    }
    const reading = {
      ...{ rpId: 'localhost', keepIds: false, now: Date.now() },
      ...{ pepper: () => true, language: () => 'en', zone: () => true },
      ...{ attribute: () => undefined, role: () => false },
    }
    const importing = (from: Store) =>
      peopleImport({ store: from, sealer: sealer(ring), reading, emit: async () => {}, now: Date.now })
    const source = { path, layout: { kind: 'lines' }, format: 'latchkey', told: {}, ignore: new Set<string>() } as const
    const hearing = { fault: () => {} }
    const stopped = await importing(breaking)
      .write(source, 'run', hearing)
      .catch(fault => fault.message)
    expect(stopped).to.equal('the disk is full')
    const between = await accounts()
    expect(between.length).to.be.within(1, 599)
    const counts = await importing(store()).write(source, 'run', hearing)
    expect(counts).to.include({ records: 600, faulty: 0 })
    const all = await accounts()
    expect(all).to.have.length(600)
    expect(all.filter(each => between.some(({ id }) => id === each.id))).to.have.length(between.length)
    // No credential is left over from the first run.
    for (const { id } of all.slice(0, 20)) expect(await heldBy(id)).to.have.length(3)
    const kept = await store().collection(credentialsDeclaration).find({}, { limit: 5_000 })
    expect(kept).to.have.length(1_800)
  })

  it('imports columns', async () => {
    const path = file(
      'people.csv',
      `email,email_verified,name,password_hash,totp\r\nada@example.com,true,"Lovelace, Ada",${bcrypt},${secret}\r\n`,
    )
    const ran = await people(['import', path])
    expect(ran.code, ran.err).to.equal(0)
    expect((await accounts())[0]?.profile).to.include({ name: 'Lovelace, Ada' })
    const unknown = await people(['import', file('more.csv', 'email,colour\nbob@example.com,red\n')])
    expect(unknown.err).to.include('line 2: colour is a field that accounts do not have')
  })

  for (const [format, { name, text }] of Object.entries(exports)) {
    it(`imports an export of ${format}`, async () => {
      const more = format === 'firebase' ? ['--firebase', file('project.json', JSON.stringify(firebaseProject))] : []
      const ran = await people(['import', file(name, text), '--format', format, '--json', ...more])
      expect(ran.code, ran.err).to.equal(0)
      const { imported } = JSON.parse(ran.out)
      expect(await accounts()).to.have.length(imported)
      expect(imported).to.be.above(0)
    })
  }
})
