import { expect } from 'chai'
import fc from 'fast-check'
import { canonical } from '../../src/crypto/canonical.ts'

describe('canonical JSON', () => {
  it('is that of RFC 8785, 3.2', () => {
    const typed = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`
    expect(canonical(JSON.parse(typed))).to.equal(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    )
  })

  it('orders names by UTF-16 code units (RFC 8785, 3.2.3)', () => {
    const names = ['\u20ac', '\r', '\ufb33', '1', '\u{1f600}', '\u0080', '\u00f6']
    const ordered = Object.keys(JSON.parse(canonical(Object.fromEntries(names.map(name => [name, 0])))))
    // Names that look like numbers come first in any object of JavaScript.
    expect(ordered).to.deep.equal(['1', '\r', '\u0080', '\u00f6', '\u20ac', '\u{1f600}', '\ufb33'])
  })

  it('says the same thing, however its names were ordered', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), value => {
        const text = canonical(value)
        expect(canonical(JSON.parse(text))).to.equal(text)
        expect(canonical(Object.fromEntries(Object.entries(value).reverse()))).to.equal(text)
      }),
    )
  })

  it('refuses what has no spelling of its own', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, undefined, { a: undefined }, [() => 1], 1n]) {
      expect(() => canonical(value)).to.throw(TypeError)
    }
    for (const value of ['\ud800', { '\udc00': 1 }]) expect(() => canonical(value)).to.throw(TypeError, 'surrogate')
  })
})
