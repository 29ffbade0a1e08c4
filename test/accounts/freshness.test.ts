import { expect } from 'chai'
import { recent, stillGranted } from '../../src/accounts/freshness.ts'

describe('freshness', () => {
  const minute = 60_000
  const now = 1_800_000_000_000

  it('lasts as long as it is said to', () => {
    expect(recent(now, minute, now)).to.equal(true)
    expect(recent(now - minute + 1, minute, now)).to.equal(true)
    expect(recent(now - minute, minute, now)).to.equal(false)
    expect(stillGranted(now + 1, minute, now)).to.equal(true)
    expect(stillGranted(now, minute, now)).to.equal(false)
  })

  it('forgives clocks of two machines that are some seconds apart', () => {
    expect(recent(now + 5_000, minute, now)).to.equal(true)
    expect(stillGranted(now + minute + 5_000, minute, now)).to.equal(true)
  })

  it('is not given by a clock that was set back', () => {
    expect(recent(now + 5_001, minute, now)).to.equal(false)
    expect(recent(now + 24 * 3_600_000, minute, now)).to.equal(false)
    expect(stillGranted(now + minute + 5_001, minute, now)).to.equal(false)
  })
})
