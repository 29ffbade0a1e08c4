import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server'
import { expect } from 'chai'
import { passkey } from '../../src/factors/passkey.ts'
import { authenticatorName } from '../../src/factors/webauthn.ts'
import { type Authenticator, authenticator } from '../support/authenticator.ts'
import { issuer, name, problem, subject } from '../support/factors.ts'

const factor = passkey({ name, issuer })
type Secret = ReturnType<typeof factor.secret.parse>

const enrol = async (device: Authenticator) => {
  const { state, page } = (await factor.enrol.begin?.(subject(), {})) ?? {}
  const made = await device.create(page?.options as PublicKeyCredentialCreationOptionsJSON, issuer)
  return factor.enrol.finish({ response: JSON.stringify(made) }, state ?? { challenge: '' }, subject())
}
const holding = (secret: Secret) => subject<Secret>({ credentials: [{ id: 'credential', secret }] })

describe('factors/webauthn, answers of browsers', () => {
  const rubbish = ['', 'null', '[]', '{}', '7', '{', '{"id":"AA"}', '{"__proto__":{"id":"AA"}}', `${'['.repeat(9000)}`]

  for (const response of rubbish) {
    it(`refuses ${JSON.stringify(response.slice(0, 30))}`, async () => {
      const device = authenticator()
      const { secret } = await enrol(device)
      const state = { challenge: 'AAAA', named: true }
      expect((await problem(factor.prove.finish({ response }, state, holding(secret)))).code).to.equal('wrong_passkey')
      expect((await problem(factor.enrol.finish({ response }, state, subject()))).code).to.equal('wrong_passkey')
      expect(factor.prove.names?.({ response })).to.deep.equal({ lookup: '' })
    })
  }

  it('takes no more than 32 KiB', () => {
    expect(factor.prove.answer.safeParse({ response: 'x'.repeat(32_769) }).success).to.equal(false)
    expect(factor.enrol.answer.safeParse({ response: 'x'.repeat(32_768) }).success).to.equal(true)
  })

  it('ignores members that nobody asked for', async () => {
    const device = authenticator()
    const { secret } = await enrol(device)
    const { state, page } = (await factor.prove.begin?.(holding(secret), {})) ?? {}
    const sent = await device.get(page?.options as PublicKeyCredentialRequestOptionsJSON, issuer)
    const { clientExtensionResults: _, authenticatorAttachment: __, ...rest } = sent
    const response = `{"__proto__":{"id":"AA"},"constructor":1,${JSON.stringify(rest).slice(1)}`
    expect(
      (await factor.prove.finish({ response }, state ?? { challenge: '', named: false }, holding(secret))).credential,
    ).to.equal('credential')
  })
})

describe('factors/webauthn, names of authenticators', () => {
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
