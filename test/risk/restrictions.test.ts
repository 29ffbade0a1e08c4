import { expect } from 'chai'
import type { Restrictions } from '../../src/accounts/account.ts'
import { type Bar, barred, keptBlock, loosened } from '../../src/risk/restrictions.ts'

const home = { address: '192.0.2.7', country: 'AT' }

describe('rules of an owner’s own', () => {
  const rows: [
    rules: Restrictions,
    from: { address: string; country: string | undefined },
    chosen: boolean,
    bars: Bar[],
  ][] = [
    [{}, home, false, []],
    [{ devices: true }, home, true, []],
    [{ devices: true }, home, false, ['only-devices']],
    [{ devices: false }, home, false, []],
    [{ addresses: ['192.0.2.0/24'] }, home, false, []],
    [{ addresses: ['192.0.2.7/32'] }, { ...home, address: '::ffff:192.0.2.7' }, false, []],
    [{ addresses: ['192.0.2.8/32', '2001:db8::/32'] }, home, false, ['only-addresses']],
    [{ addresses: ['2001:db8::/32'] }, { ...home, address: '2001:db8:1::2' }, false, []],
    [{ addresses: ['0.0.0.0/0'] }, { ...home, address: '2001:db8::1' }, false, ['only-addresses']],
    [{ addresses: ['0.0.0.0/0'] }, { ...home, address: 'unknown' }, false, ['only-addresses']],
    [{ addresses: [] }, home, false, ['only-addresses']],
    [{ countries: ['DE', 'AT'] }, home, false, []],
    [{ countries: ['DE'] }, home, false, ['only-countries']],
    [{ countries: ['AT'] }, { ...home, country: undefined }, false, ['only-countries']],
    [
      { devices: true, addresses: ['198.51.100.0/24'], countries: ['DE'] },
      home,
      false,
      ['only-devices', 'only-addresses', 'only-countries'],
    ],
  ]
  for (const [rules, from, chosen, bars] of rows) {
    const who = `${from.address} in ${from.country ?? 'nowhere'} on ${chosen ? 'a trusted' : 'another'} device`
    it(`${JSON.stringify(rules)} ${bars.length === 0 ? 'let in' : `keep out (${bars})`} ${who}`, () => {
      expect(barred(rules, from, chosen)).to.deep.equal(bars)
    })
  }

  const changes: [before: Restrictions, after: Restrictions, loosens: boolean][] = [
    [{}, {}, false],
    [{}, { devices: true, addresses: ['192.0.2.0/24'], countries: ['AT'] }, false],
    [{ devices: true }, {}, true],
    [{ devices: true }, { devices: true, countries: ['AT'] }, false],
    [{ countries: ['AT', 'DE'] }, { countries: ['AT'] }, false],
    [{ countries: ['AT'] }, { countries: ['AT', 'DE'] }, true],
    [{ countries: ['AT'] }, { addresses: ['192.0.2.0/24'] }, true],
    [{ addresses: ['192.0.2.0/24'] }, { addresses: ['192.0.2.0/24', '198.51.100.0/24'] }, true],
    [{ addresses: ['192.0.2.0/24'] }, { addresses: ['198.51.100.0/24'] }, true],
  ]
  for (const [before, after, loosens] of changes) {
    it(`${JSON.stringify(after)} after ${JSON.stringify(before)} ${loosens ? 'let more in' : 'let no more in'}`, () => {
      expect(loosened(before, after)).to.equal(loosens)
    })
  }

  it('name addresses and blocks in one spelling, and nothing else', () => {
    expect(['192.0.2.7', '192.0.2.0/24', '2001:DB8::/32', '::ffff:192.0.2.7', '::1'].map(keptBlock)).to.deep.equal([
      '192.0.2.7/32',
      '192.0.2.0/24',
      '2001:db8::/32',
      '192.0.2.7/32',
      '::1/128',
    ])
    const odd = [
      '',
      'home',
      '192.0.2',
      '192.0.2.0/33',
      '192.0.2.0/',
      '192.0.2.0/-1',
      '192.0.2.0/8/8',
      '2001:db8::/129',
      '1',
      '0x7f.1',
    ]
    for (const each of odd) expect(keptBlock(each), each).to.equal(undefined)
  })
})
