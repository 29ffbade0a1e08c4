import { expect } from 'chai'
import { deviceId, devices } from '../../src/accounts/device.ts'
import { testStore } from '../support/store.ts'

describe('devices', () => {
  it('are known to those accounts only that signed in on them, for a year', async () => {
    let at = Date.UTC(2026, 0, 1)
    const now = () => at
    const store = await testStore(now)
    const seen = devices({ store, now })
    const laptop = deviceId('cookie')
    await seen.saw(laptop, 'ada')
    await seen.saw(laptop, 'ada')
    expect(await seen.known(laptop, 'ada')).to.equal(true)
    expect(await seen.known(laptop, 'bob')).to.equal(false)
    expect(await seen.known(deviceId('another'), 'ada')).to.equal(false)
    at += 366 * 24 * 3_600_000
    expect(await seen.known(laptop, 'ada')).to.equal(false)
    await store.close()
  })

  it('are kept as digests', () => {
    expect(deviceId('cookie')).to.not.contain('cookie')
  })
})
