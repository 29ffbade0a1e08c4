import { expect } from 'chai'
import fc from 'fast-check'
import { canonical, hmac, same, sha256 } from '../../src/crypto/digest.ts'

describe('digest', () => {
  it('hashes by SHA-256 (FIPS 180-4)', () => {
    expect(sha256('abc', 'hex')).to.equal('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(sha256(Buffer.from('abc'))).to.equal('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0')
  })

  it('authenticates by HMAC-SHA256 (RFC 4231, case 2)', () => {
    const mac = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'
    expect(hmac('Jefe', 'what do ya want for nothing?', 'hex')).to.equal(mac)
    expect(hmac('Jefe', Buffer.from('what do ya want for nothing?'))).to.equal(
      Buffer.from(mac, 'hex').toString('base64url'),
    )
  })
})

describe('same', () => {
  it('compares any two strings as === does', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '\u00e4', '\ud800', '\ufffd', '\0') })
    fc.assert(fc.property(text, text, (a, b) => same(a, b) === (a === b)))
    fc.assert(fc.property(text, a => same(a, a)))
  })

  it('takes strings of any lengths', () => {
    expect(same('', '')).to.equal(true)
    expect(same('', 'a')).to.equal(false)
    expect(same('a'.repeat(100_000), 'a'.repeat(100_001))).to.equal(false)
  })
})

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

  it('is the same for every order of names', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), value => {
        const text = canonical(value)
        expect(canonical(JSON.parse(text))).to.equal(text)
        expect(canonical(Object.fromEntries(Object.entries(value).reverse()))).to.equal(text)
      }),
    )
  })

  it('refuses values that JSON does not have', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, undefined, { a: undefined }, [() => 1], 1n]) {
      expect(() => canonical(value)).to.throw(TypeError)
    }
    for (const value of ['\ud800', { '\udc00': 1 }]) expect(() => canonical(value)).to.throw(TypeError, 'surrogate')
  })
})
