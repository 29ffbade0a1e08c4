import { expect } from 'chai'
import { keyring } from '../../src/crypto/keyring.ts'
import { cookieKeys } from '../../src/keys/cookies.ts'

const old = 'an old secret of thirty-two characters'
const fresh = 'a fresh secret of thirty-two characters'

describe('cookie keys', () => {
  it('sign with the newest secret and believe the others', () => {
    const before = cookieKeys(keyring([old]))
    const after = cookieKeys(keyring([fresh, old]))
    const signature = before.sign('session=1')
    expect(after.index('session=1', signature)).to.equal(1)
    expect(after.index('session=1', after.sign('session=1'))).to.equal(0)
    expect(after.verify('session=1', signature)).to.equal(true)
    expect(before.verify('session=1', after.sign('session=1'))).to.equal(false)
    expect(after.verify('session=2', signature)).to.equal(false)
  })
})
