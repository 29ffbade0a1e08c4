import { expect } from 'chai'
import { guesses } from '../../src/factors/password-guesses.ts'

describe('factors/password-guesses', () => {
  it('knows the lists', async () => {
    const estimate = await guesses()
    expect(estimate('123456')).to.be.below(1)
    // A password, a word, a first name, a last name, a sequence, a neighbourhood of keys, a substitution, a reversal.
    for (const known of [
      'trustno1',
      'breakfast',
      'abigail',
      'johnson',
      'mondaytuesdaywednesday',
      'zxcvbnm',
      'f00tball',
      'drowssap',
    ]) {
      expect(estimate(known), known).to.be.below(5)
    }
    expect(estimate('k#9Xp2!@')).to.be.within(8, 8.1)
  })

  it('is not fooled by the names that objects inherit', async () => {
    const estimate = await guesses()
    for (const inherited of ['constructor', '__proto__', 'toString', 'hasOwnProperty1']) {
      expect(estimate(inherited), inherited).to.be.within(5, inherited.length + 0.001)
    }
    expect(estimate('constructor')).to.be.below(7)
  })

  it('loads once', () => {
    expect(guesses()).to.equal(guesses())
  })

  it('answers long and devious ones in little time', async () => {
    const estimate = await guesses()
    const devious = Array.from({ length: 128 }, (_, at) => '4@1!|0$53'[(at * at * 7 + at * 13) % 9]).join('')
    const before = process.cpuUsage()
    for (let each = 0; each < 10; each += 1) estimate(devious)
    const { user } = process.cpuUsage(before)
    expect(user / 10_000).to.be.below(60)
  })
})
