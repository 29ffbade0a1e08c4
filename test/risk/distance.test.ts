import { expect } from 'chai'
import { apart } from '../../src/risk/distance.ts'

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
