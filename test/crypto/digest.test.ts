import { expect } from 'chai'
import { hmac, sha256 } from '../../src/crypto/digest.ts'

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
