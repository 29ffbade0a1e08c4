import { readFileSync, statSync } from 'node:fs'
import { expect } from 'chai'
import type { Account } from '../../src/accounts/account.ts'
import { hasher } from '../../src/crypto/hash.ts'
import type { Store } from '../../src/store/collection.ts'
import { openStore } from '../../src/store/open.ts'
import { password, secret } from '../support/exports.ts'
import { bcrypt, peopleRoom, ring, someone } from '../support/people-store.ts'

describe('latchkey people export, list and show', () => {
  const { store, inFolder, lines, people, accounts, heldBy, recorded } = peopleRoom()

  it('exports no secrets unless it is told where to', async () => {
    await people(['import', lines(someone('ada', { totp: [{ secret }] }))])
    const ran = await people(['export'])
    expect(ran.code).to.equal(0)
    expect(JSON.parse(ran.out)).to.include({ id: 'ada', email: 'ada@example.com', email_verified: true })
    expect(ran.out).to.not.include(bcrypt).and.not.include(secret)
    const path = inFolder('secrets.jsonl')
    const told = await people(['export', '--with-secrets', path])
    expect(told).to.include({ code: 0, out: '' })
    expect(told.err).to.include('holds secrets')
    expect(statSync(path).mode & 0o777).to.equal(0o600)
    expect(readFileSync(path, 'utf8')).to.include(bcrypt).and.include(secret)
    expect(await people(['export', '--with-secrets', path])).to.include({ code: 2 })
    expect(await recorded()).to.include('people.exported')
  })

  it('takes people to another store and back', async () => {
    const own = await hasher({ keyring: ring, queue: 1, cost: { memory: 8, passes: 1 } }).hash(password)
    const key = Buffer.alloc(77, 7).toString('base64url')
    const passkeys = [{ id: 'a2V5', public_key: key, rp_id: 'localhost', user_handle: 'b3RoZXI', counter: 3 }]
    const recovery_codes = { key: 'k', left: ['x', 'y'] }
    const all = {
      passkeys,
      recovery_codes,
      totp: [{ secret, label: 'Phone' }],
      phone: '+447700900123',
      phone_verified: true,
    }
    await people([
      'import',
      lines(someone('ada', { ...all, password_hash: own }), someone('bob', { email_verified: false, locked: true })),
    ])
    const path = inFolder('moved.jsonl')
    await people(['export', '--with-secrets', path])
    const other = `sqlite:${inFolder('other.db')}`
    const there = await openStore(other, { now: Date.now, sweep: false })
    try {
      const ran = await people(['import', path], other)
      expect(ran.code, ran.err).to.equal(0)
      const told = ({ holds, updatedAt, lock, profile, ...rest }: Account) => ({ ...rest, locked: lock !== undefined })
      expect((await accounts(there)).map(told)).to.deep.equal((await accounts()).map(told))
      const kept = async (from: Store) =>
        (await heldBy('ada', from)).map(({ factor, label, lookup, secret }) => ({ factor, label, lookup, secret }))
      expect(await kept(there)).to.have.deep.members(await kept(store()))
      const back = inFolder('back.jsonl')
      await people(['export', '--with-secrets', back], other)
      expect(readFileSync(back, 'utf8')).to.equal(readFileSync(path, 'utf8'))
      const strange = await people(['import', path, '--dry-run'], other, {
        LATCHKEY_SECRETS: 'another secret of thirty-two characters',
      })
      expect(strange.err).to.include('was made with a secret that is not in LATCHKEY_SECRETS')
    } finally {
      await there.close()
    }
  })

  it('lists and shows people, without secrets', async () => {
    await people(['import', lines(someone('ada', { totp: [{ secret, label: 'Phone' }] }), someone('bob'))])
    const listed = await people(['list', '--json'])
    const ids = listed.out
      .trim()
      .split('\n')
      .map(each => JSON.parse(each).id)
    expect(ids).to.deep.equal(['ada', 'bob'])
    expect((await people(['list'])).out).to.match(/^ada\tada@example\.com\tactive\t/)
    const shown = JSON.parse((await people(['show', 'Ada@example.com', '--json'])).out)
    expect(shown).to.include({ id: 'ada', status: 'active', emailVerified: true })
    expect(shown.factors.map((each: { factor: string }) => each.factor)).to.have.members(['password', 'totp', 'email'])
    const text = await people(['show', 'ada'])
    expect(text.out).to.include('factor: totp (Phone)').and.not.include(secret)
    expect(await people(['show', 'nobody'])).to.include({ code: 1 })
    expect(await people(['show'])).to.include({ code: 2 })
  })
})
