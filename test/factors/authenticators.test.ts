import { expect } from 'chai'
import { authenticatorName } from '../../src/factors/authenticators.ts'

describe('factors/authenticators', () => {
  it('names the well-known ones', () => {
    expect(authenticatorName('fbfc3007-154e-4ecc-8c0b-6e020557d7bd')).to.equal('iCloud Keychain')
    expect(authenticatorName('2fc0579f-8113-47ea-b116-bb5a8db9202a')).to.equal('YubiKey 5 NFC')
  })

  it('has no name for those that do not say, nor for what objects inherit', () => {
    for (const aaguid of ['00000000-0000-0000-0000-000000000000', 'constructor', '__proto__', '']) {
      expect(authenticatorName(aaguid), aaguid).to.equal(undefined)
    }
  })
})
