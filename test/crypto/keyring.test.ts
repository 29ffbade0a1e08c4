import { expect } from 'chai'
import { cookieKeys, keyring } from '../../src/crypto/keyring.ts'

const older = 'o'.repeat(32)
const newer = 'n'.repeat(32)

describe('keyring', () => {
  it('derives the same 32 bytes from the same secret, and others for every purpose and secret', () => {
    const ring = keyring([newer])
    const seal = ring.newest('seal').bytes
    expect(seal).to.have.length(32)
    expect(seal).to.deep.equal(keyring([newer]).newest('seal').bytes)
    expect(seal).to.not.deep.equal(ring.newest('pepper').bytes)
    expect(seal).to.not.deep.equal(keyring([older]).newest('seal').bytes)
  })

  it('makes with the first secret and finds the keys of all', () => {
    const before = keyring([older]).newest('seal')
    const ring = keyring([newer, older])
    expect(ring.newest('seal').id).to.equal(keyring([newer]).newest('seal').id)
    expect(ring.find('seal', before.id)).to.deep.equal(before)
    expect(ring.all('seal').map(key => key.id)).to.deep.equal([ring.newest('seal').id, before.id])
  })

  it('finds no key by the id of a secret that was removed', () => {
    expect(keyring([newer]).find('seal', keyring([older]).newest('seal').id)).to.equal(undefined)
  })

  it('has ids that reveal nothing about the keys', () => {
    const { id, bytes } = keyring([newer]).newest('')
    expect(id).to.match(/^[\w-]{8}$/)
    expect(Buffer.from(bytes).toString('base64url')).to.not.include(id)
  })

  it('refuses no secret, and one under 32 characters', () => {
    expect(() => keyring([])).to.throw(RangeError, 'needs a secret')
    expect(() => keyring([newer, 's'.repeat(31)])).to.throw(RangeError, '32 characters')
  })
})

const old = 'an old secret of thirty-two characters'
const fresh = 'a fresh secret of thirty-two characters'

describe('cookie keys', () => {
  it('sign with the newest secret and verify with all', () => {
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
