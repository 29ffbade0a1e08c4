import { expect } from 'chai'
import { between, digits, id, requestName, token } from '../../src/crypto/random.ts'

describe('random', () => {
  it('makes bearer values of the wanted number of bytes, 32 by default', () => {
    expect(Buffer.from(token(), 'base64url')).to.have.length(32)
    expect(Buffer.from(token(20), 'base64url')).to.have.length(20)
    expect(new Set(Array.from({ length: 1000 }, () => token())).size).to.equal(1000)
  })

  it('makes ids of 128 bits', () => {
    expect(id()).to.match(/^[\w-]{22}$/)
    expect(id()).to.not.equal(id())
  })

  it('names requests, each by another name, however many bytes it draws at once', () => {
    const names = Array.from({ length: 2_000 }, () => requestName())
    for (const each of names) expect(each).to.match(/^[\w-]{12}$/)
    expect(new Set(names).size).to.equal(names.length)
  })

  it('makes codes of exactly so many digits, leading zeros included', () => {
    for (const length of [1, 6, 8, 14]) expect(digits(length)).to.match(new RegExp(`^\\d{${length}}$`))
    expect(Array.from({ length: 500 }, () => digits(2)).some(code => code.startsWith('0'))).to.equal(true)
  })

  it('uses all digits equally often', () => {
    const seen = new Map<string, number>()
    for (let round = 0; round < 5000; round++) {
      const digit = digits(1)
      seen.set(digit, (seen.get(digit) ?? 0) + 1)
    }
    expect(seen.size).to.equal(10)
    for (const times of seen.values()) expect(times).to.be.within(350, 650)
  })

  it('spreads delays within their bounds', () => {
    const delays = Array.from({ length: 200 }, () => between(10, 20))
    expect(delays.every(delay => delay >= 10 && delay < 20)).to.equal(true)
    expect(Math.max(...delays) - Math.min(...delays)).to.be.above(5)
  })
})
