import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { pointsOf } from '../../src/risk/countries.ts'
import { apart, DatabaseError, type Places, places } from '../../src/risk/places.ts'
import { Double, mmdb, writeMmdb } from '../support/mmdb.ts'

describe('places', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-places-'))
  const file = join(folder, 'finer.mmdb')
  const faults: unknown[] = []
  beforeEach(() => {
    faults.length = 0
  })
  after(() => rmSync(folder, { recursive: true }))
  const opened = (finer?: string): Promise<Places> => places({ finer, onFault: fault => void faults.push(fault) })
  const refusal = (content: Buffer | string): Promise<unknown> => {
    writeFileSync(file, content)
    return opened(file).then(
      () => undefined,
      fault => fault,
    )
  }

  it('know countries out of the box, of both kinds of addresses', async () => {
    const { of } = await opened()
    const countries = ['193.171.23.1', '81.2.69.142', '8.8.8.8', '2a02:8388::1', '::ffff:8.8.8.8'].map(
      at => of(at).country,
    )
    expect(countries).to.deep.equal(['AT', 'GB', 'US', 'AT', 'US'])
    expect(of('193.171.23.1').points).to.deep.equal(pointsOf('AT'))
  })

  it('know nothing of addresses that are nowhere', async () => {
    const { of } = await opened()
    for (const at of ['127.0.0.1', '10.0.0.1', '192.168.1.1', '::1', 'fe80::1', '192.0.2.7', 'unknown', ''])
      expect(of(at), at).to.deep.equal({ points: [] })
  })

  it('ask an operator’s file first, and go on to the table of countries', async () => {
    const location = { latitude: new Double(48.2), longitude: new Double(16.4) }
    writeMmdb(file, {
      '193.171.23.0/24': {
        country: { iso_code: 'AT' },
        city: { names: { en: 'Vienna' } },
        location: { ...location, accuracy_radius: 20 },
      },
      '81.2.69.0/24': { country_code: 'GB', city: 'London', latitude: new Double(51.5), longitude: new Double(0) },
      '8.8.4.0/24': { country: { names: { en: 'nowhere' } } },
    })
    const { of } = await opened(file)
    const point = { latitude: 48.2, longitude: 16.4, radius: 20 }
    expect(of('193.171.23.1')).to.deep.equal({ country: 'AT', city: 'Vienna', points: [point] })
    expect(of('81.2.69.142')).to.deep.equal({
      country: 'GB',
      city: 'London',
      points: [{ latitude: 51.5, longitude: 0, radius: 100 }],
    })
    expect(of('8.8.4.4').country).to.equal('US')
    expect(of('133.1.1.1').country).to.equal('JP')
  })

  it('ask a file of IPv4 alone nothing of IPv6', async () => {
    // The first 32 bits of the IPv6 address are those of 42.2.131.136.
    writeMmdb(file, { '42.2.131.0/24': { country_code: 'JP' } }, 4)
    const { of } = await opened(file)
    expect(['42.2.131.136', '::ffff:42.2.131.136', '2a02:8388::1'].map(at => of(at).country)).to.deep.equal([
      'JP',
      'JP',
      'AT',
    ])
  })

  it('go on with the table of countries, and say so, when the file turns out damaged', async () => {
    // A value that is a pointer to itself.
    writeFileSync(file, mmdb({ '193.171.23.0/24': Buffer.of(0x20, 0x00) }))
    expect((await opened(file)).of('193.171.23.1').country).to.equal('AT')
    expect(faults).to.have.length(1)
    expect(faults[0]).to.be.instanceOf(DatabaseError).with.property('message', 'LATCHKEY_GEOIP is damaged')
  })

  it('never throw, whatever is broken in the file', async () => {
    const whole = mmdb({ '193.171.23.0/24': { country: { iso_code: 'AT' }, city: 'x' }, '2a02:8388::/32': ['b'] })
    const broken = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }), fc.boolean())
    await fc.assert(
      fc.asyncProperty(broken, async ([at, byte, cut]) => {
        const content = Buffer.from(cut ? whole.subarray(at) : whole)
        if (!cut) content[at] = byte
        writeFileSync(file, content)
        const found = await opened(file).catch(fault => {
          expect(fault).to.be.instanceOf(DatabaseError)
          return undefined
        })
        for (const each of ['193.171.23.1', '2a02:8388::1', '8.8.8.8']) found?.of(each)
      }),
      { numRuns: 100 },
    )
    for (const each of faults) expect(each).to.be.instanceOf(DatabaseError)
  })

  it('are not opened on a file that is none, and say its setting', async () => {
    for (const content of ['', 'hello', Buffer.alloc(300_000)])
      expect(await refusal(content))
        .to.be.instanceOf(DatabaseError)
        .with.property('message', 'LATCHKEY_GEOIP is no MaxMind DB file')
    const other = mmdb({ '193.171.23.0/24': 'x' }, 6, 3)
    expect(await refusal(other)).to.have.property('message', 'LATCHKEY_GEOIP has a format that is not known')
    rmSync(file)
    const missing = await opened(file).catch(fault => fault)
    expect(missing).to.have.property('message', 'LATCHKEY_GEOIP cannot be read (ENOENT)')
  })

  it('read a finer file anew when they are told, and keep what they had where it cannot be used', async () => {
    writeFileSync(file, mmdb({ '193.171.23.0/24': { country_code: 'DE' } }, 6))
    const { of, reload } = await opened(file)
    const { country } = of('193.171.23.1')
    writeFileSync(file, mmdb({ '193.171.23.0/24': { country_code: 'CH' } }, 6))
    await reload()
    expect([country, of('193.171.23.1').country]).to.deep.equal(['DE', 'CH'])
    writeFileSync(file, 'hello')
    await reload()
    expect(of('193.171.23.1').country).to.equal('CH')
    expect(faults.map(each => (each as Error).message)).to.deep.equal(['LATCHKEY_GEOIP is no MaxMind DB file'])
  })

  it('know a point of every country of the suite’s customers', () => {
    for (const country of ['AT', 'DE', 'GB', 'US', 'JP', 'BR', 'AU', 'IN', 'ZA', 'SG'])
      for (const { latitude, longitude } of pointsOf(country)) {
        expect(latitude).to.be.within(-90, 90)
        expect(longitude).to.be.within(-180, 180)
      }
    expect(pointsOf('AT')).to.deep.equal([{ latitude: 48, longitude: 16, radius: 1_000 }])
    expect(pointsOf('XX')).to.deep.equal([])
  })
})

describe('how far a request from elsewhere is', () => {
  const table: [string, [string, string?], [string, string?], string][] = [
    ['one address', ['193.171.23.1', 'AT'], ['193.171.23.1', 'AT'], 'near'],
    ['one network', ['193.171.23.1', 'AT'], ['193.171.23.250', 'AT'], 'near'],
    ['one household’s IPv6', ['2001:db8:1::1', 'AT'], ['2001:db8:1:7::9', 'AT'], 'near'],
    ['two networks', ['193.171.23.1', 'AT'], ['193.171.24.1', 'AT'], 'far'],
    ['IPv4 and IPv6', ['193.171.23.1', 'AT'], ['2001:db8:1::1', 'AT'], 'far'],
    ['two countries', ['193.171.23.1', 'AT'], ['200.160.2.3', 'BR'], 'abroad'],
    ['a place that nobody knows', ['193.171.23.1', 'AT'], ['10.0.0.1'], 'abroad'],
    ['two places that nobody knows', ['10.0.0.1'], ['10.9.0.1'], 'far'],
  ]
  for (const [what, one, other, how] of table) {
    it(`calls ${what} ${how}`, () => {
      const spot = ([address, country]: [string, string?]) => ({ address, country })
      expect(apart(spot(one), spot(other))).to.equal(how)
      expect(apart(spot(other), spot(one))).to.equal(how)
    })
  }
})
