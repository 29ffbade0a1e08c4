import { expect } from 'chai'
import fc from 'fast-check'
import { same } from '../../src/crypto/compare.ts'

describe('same', () => {
  it('judges any two strings as === does', () => {
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
