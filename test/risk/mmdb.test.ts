import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { type Database, DatabaseError, openDatabase } from '../../src/risk/mmdb.ts'
import { Double, mmdb } from '../support/mmdb.ts'

describe('an address database', () => {
  let folder: string
  const open: Database[] = []
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-mmdb-'))
  })
  afterEach(() => {
    for (const each of open.splice(0)) each.close()
  })
  after(() => rmSync(folder, { recursive: true }))

  const opened = (content: Buffer): Database => {
    const path = join(folder, 'test.mmdb')
    writeFileSync(path, content)
    const database = openDatabase(path)
    open.push(database)
    return database
  }

  for (const bits of [24, 28, 32] as const) {
    it(`finds addresses of both kinds, in records of ${bits} bits`, () => {
      const blocks = { '192.0.2.0/25': 'a', '192.0.2.128/25': 'b', '198.51.100.7/32': 'c', '2001:db8::/32': 'd' }
      const { lookup } = opened(mmdb(blocks, { bits }))
      expect(['192.0.2.1', '192.0.2.200', '198.51.100.7', '2001:db8::1', '::ffff:192.0.2.1'].map(lookup)).to.deep.equal(
        ['a', 'b', 'c', 'd', 'a'],
      )
      expect(['198.51.100.8', '2001:db9::1', '10.0.0.1'].map(lookup)).to.deep.equal(Array(3).fill(undefined))
    })
  }

  it('of IPv4 alone knows no IPv6', () => {
    const { lookup } = opened(mmdb({ '192.0.2.0/24': 'a' }, { version: 4 }))
    expect(lookup('192.0.2.1')).to.equal('a')
    expect(lookup('::ffff:192.0.2.1')).to.equal('a')
    expect(lookup('2001:db8::1')).to.equal(undefined)
  })

  it('says nothing of what is no address', () => {
    const { lookup } = opened(mmdb({ '0.0.0.0/1': 'a' }))
    for (const each of ['', 'unknown', '1.2.3.4.5', 'example.com', '::g']) expect(lookup(each)).to.equal(undefined)
  })

  it('reads every kind of value', () => {
    const long = 'x'.repeat(400)
    const value = {
      country: { iso_code: 'AT', names: { en: 'Austria' } },
      location: { latitude: new Double(48.2), accuracy_radius: 20 },
      list: [true, false, 'y'.repeat(29), long],
    }
    const { lookup } = opened(mmdb({ '192.0.2.0/24': value }))
    expect(lookup('192.0.2.1')).to.deep.equal({ ...value, location: { latitude: 48.2, accuracy_radius: 20 } })
  })

  it('follows pointers', () => {
    // A map with one entry, whose value points back to the key.
    const value = Buffer.concat([Buffer.of(0xe1, 0x42), Buffer.from('AT'), Buffer.of(0x20, 0x01)])
    expect(opened(mmdb({ '192.0.2.0/24': value })).lookup('192.0.2.1')).to.deep.equal({ AT: 'AT' })
  })

  it('is refused when it is something else', () => {
    for (const content of [Buffer.alloc(0), Buffer.from('hello'), Buffer.alloc(300_000)])
      expect(() => opened(content)).to.throw(DatabaseError, 'is no MaxMind DB file')
    expect(() => openDatabase(join(folder, 'nothing'))).to.throw(DatabaseError, 'cannot be read (ENOENT)')
  })

  it('throws of its own kind whatever is broken in it, and never goes in circles', () => {
    const whole = mmdb({ '192.0.2.0/24': { a: ['b', { c: 'd' }] }, '2001:db8::/32': 'e' })
    const circle = mmdb({ '192.0.2.0/24': Buffer.of(0x20, 0x00) })
    expect(() => opened(circle).lookup('192.0.2.1')).to.throw(DatabaseError, 'is damaged')
    const broken = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }), fc.boolean())
    fc.assert(
      fc.property(broken, ([at, byte, cut]) => {
        const content = Buffer.from(cut ? whole.subarray(at) : whole)
        if (!cut) content[at] = byte
        try {
          const { lookup } = opened(content)
          for (const each of ['192.0.2.1', '2001:db8::1', '8.8.8.8']) lookup(each)
        } catch (fault) {
          expect(fault).to.be.instanceOf(DatabaseError)
        } finally {
          for (const each of open.splice(0)) each.close()
        }
      }),
      { numRuns: 500 },
    )
  })
})
