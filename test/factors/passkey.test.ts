import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server'
import { expect } from 'chai'
import type { Subject } from '../../src/factors/factor.ts'
import { passkey } from '../../src/factors/passkey.ts'
import { type Authenticator, authenticator, type Misbehaviour } from '../support/authenticator.ts'
import { issuer, name, problem, subject } from '../support/factors.ts'
import { verifyEvidence } from '../support/receipts.ts'

const factor = passkey({ name, issuer })
type Secret = ReturnType<typeof factor.secret.parse>
type Who = Subject<Secret>

const base64url = (text: string) => Buffer.from(text).toString('base64url')
const holding = (secret: Secret, changes: Partial<Who> = {}) =>
  subject<Secret>({ credentials: [{ id: 'credential', secret }], ...changes })
const nameless = () => subject<Secret>({ account: undefined })

const creation = async (who: Who = subject()) => {
  const { state, page } = (await factor.enrol.begin?.(who, {})) ?? {}
  if (!state) throw new Error('nothing was begun')
  return { state, options: page?.options as PublicKeyCredentialCreationOptionsJSON }
}
const request = async (who: Who) => {
  const { state, page } = (await factor.prove.begin?.(who, {})) ?? {}
  if (!state) throw new Error('nothing was begun')
  return { state, options: page?.options as PublicKeyCredentialRequestOptionsJSON }
}
const enrol = async (device: Authenticator, wrong: Misbehaviour = {}, origin = issuer, who: Who = subject()) => {
  const { state, options } = await creation(who)
  const response = JSON.stringify(await device.create(options, origin, wrong))
  return factor.enrol.finish({ response }, state, who)
}
const prove = async (device: Authenticator, who: Who, wrong: Misbehaviour = {}, origin = issuer, asking: Who = who) => {
  const { state, options } = await request(asking)
  const response = JSON.stringify(await device.get(options, origin, wrong))
  return factor.prove.finish({ response }, state, who)
}

describe('factors/passkey', () => {
  describe('enrolling', () => {
    it('asks for a discoverable passkey of a verified holder, and for no attestation', async () => {
      const { state, options } = await creation()
      expect(options.challenge).to.equal(state.challenge)
      expect(Buffer.from(options.challenge, 'base64url')).to.have.lengthOf(32)
      expect((await creation()).options.challenge).to.not.equal(options.challenge)
      expect(options.rp).to.deep.equal({ name: 'Latchkey', id: 'id.example.com' })
      expect(options.user).to.include({ id: base64url('account-of-ada'), name: 'ada@example.com' })
      const asked = { residentKey: 'required', userVerification: 'required', requireResidentKey: true }
      expect(options.authenticatorSelection).to.include(asked)
      expect(options.attestation).to.equal('none')
    })

    it('keeps the public key, and what finds it without a name', async () => {
      const device = authenticator({ aaguid: 'bada5566-a7aa-401f-bd96-45619a55120d', synced: true })
      const { lookup, label, secret } = await enrol(device)
      expect(lookup).to.equal(secret.id)
      expect(label).to.equal('1Password')
      expect(secret).to.include({
        counter: 0,
        backedUp: true,
        deviceType: 'multiDevice',
        aaguid: 'bada5566-a7aa-401f-bd96-45619a55120d',
      })
      expect(secret.transports).to.deep.equal(['internal'])
    })

    it('leaves a passkey of an authenticator nobody knows without a name', async () => {
      expect((await enrol(authenticator())).label).to.equal(undefined)
    })

    it('excludes the passkeys that are held', async () => {
      const device = authenticator()
      const { secret } = await enrol(device)
      const { options } = await creation(holding(secret))
      expect(options.excludeCredentials?.map(each => each.id)).to.deep.equal([secret.id])
      expect(await device.create(options, issuer).catch(error => error)).to.have.property('name', 'InvalidStateError')
    })

    it('refuses one that is held already', async () => {
      const { state, options } = await creation()
      const response = JSON.stringify(await authenticator().create(options, issuer))
      const { secret } = await factor.enrol.finish({ response }, state, subject())
      expect((await problem(factor.enrol.finish({ response }, state, holding(secret)))).code).to.equal(
        'already_enrolled',
      )
    })

    it('is for somebody', async () => {
      expect((await problem(creation(nameless()))).code).to.equal('sign_in_needed')
    })

    for (const [what, wrong] of [
      ['without user verification', { userVerified: false }],
      ['without user presence', { userPresent: false }],
      ['made for another relying party', { rpId: 'evil.example' }],
      ['of another challenge', { challenge: base64url('another challenge') }],
      ['of the wrong ceremony', { type: 'webauthn.get' }],
      ['backed up, though it cannot be', { backupEligible: false, backedUp: true }],
    ] satisfies [string, Misbehaviour][]) {
      it(`refuses a passkey ${what}`, async () => {
        expect(await problem(enrol(authenticator(), wrong))).to.include({
          code: 'wrong_passkey',
          status: 401,
          field: 'response',
        })
      })
    }

    for (const origin of [
      'https://evil.example',
      'http://id.example.com',
      'https://id.example.com:8443',
      'https://sub.id.example.com',
    ]) {
      it(`refuses a passkey made at ${origin}`, async () => {
        expect((await problem(enrol(authenticator(), {}, origin))).code).to.equal('wrong_passkey')
      })
    }
  })

  describe('proving', () => {
    it('works with no name typed', async () => {
      const device = authenticator()
      const { secret } = await enrol(device)
      const { state, options } = await request(nameless())
      expect(options.allowCredentials).to.deep.equal([])
      expect(options.userVerification).to.equal('required')
      expect(options.rpId).to.equal('id.example.com')
      const response = JSON.stringify(await device.get(options, issuer))
      expect(factor.prove.names?.({ response })).to.deep.equal({ lookup: secret.id })
      const proved = await factor.prove.finish({ response }, state, holding(secret))
      expect(proved).to.deep.include({ credential: 'credential', secret: { ...secret, counter: 1 } })
    })

    it('asks somebody who was named for what they hold', async () => {
      const { secret } = await enrol(authenticator())
      const { options } = await request(holding(secret))
      expect(options.allowCredentials).to.deep.equal([{ id: secret.id, transports: ['internal'], type: 'public-key' }])
    })

    for (const [what, wrong] of [
      ['without user verification', { userVerified: false }],
      ['without user presence', { userPresent: false }],
      ['for another relying party', { rpId: 'evil.example' }],
      ['of another challenge', { challenge: base64url('another challenge') }],
      ['of the wrong ceremony', { type: 'webauthn.create' }],
      ['with a forged signature', { forged: true }],
      ['of somebody else', { userHandle: base64url('account-of-eve') }],
    ] satisfies [string, Misbehaviour][]) {
      it(`refuses a proof ${what}`, async () => {
        const device = authenticator()
        const { secret } = await enrol(device)
        const fault = await problem(prove(device, holding(secret, { left: 1 }), wrong))
        expect(fault).to.include({ code: 'wrong_passkey', status: 401, field: 'response' })
        expect(fault.values).to.deep.equal({ left: 1 })
      })
    }

    // WebAuthn level 3, 6.1.3: whether a passkey may be copied is settled when it is made.
    for (const [what, synced, wrong] of [
      ['may suddenly be copied', false, { backupEligible: true }],
      ['was copied, though it cannot be', false, { backedUp: true }],
      ['may no longer be copied', true, { backupEligible: false, backedUp: false }],
      ['was copied, though it no longer can be', true, { backupEligible: false }],
    ] satisfies [string, boolean, Misbehaviour][]) {
      it(`says of a passkey that ${what} that it has changed, to who has its key`, async () => {
        const device = authenticator({ synced })
        const { secret } = await enrol(device)
        const fault = await problem(prove(device, holding(secret, { left: 1 }), wrong))
        expect(fault).to.deep.include({ code: 'passkey_changed', field: 'response', values: { left: 1 } })
        const forged = prove(device, holding(secret), { backupEligible: !synced, backedUp: false, forged: true })
        expect((await problem(forged)).code).to.equal('wrong_passkey')
      })
    }

    it('refuses a proof made at another origin', async () => {
      const device = authenticator()
      const { secret } = await enrol(device)
      expect((await problem(prove(device, holding(secret), {}, 'https://id.example.com.evil.example'))).code).to.equal(
        'wrong_passkey',
      )
    })

    it('needs to hear whose it is from the authenticator, unless somebody was named', async () => {
      const device = authenticator()
      const { secret } = await enrol(device)
      const silent = { userHandle: null }
      expect((await problem(prove(device, holding(secret), silent, issuer, nameless()))).code).to.equal('wrong_passkey')
      expect((await prove(device, holding(secret), silent)).credential).to.equal('credential')
    })

    it('refuses a passkey that the account does not hold', async () => {
      const device = authenticator()
      await enrol(device)
      const { secret } = await enrol(authenticator())
      expect((await problem(prove(device, holding(secret), {}, issuer, nameless()))).code).to.equal('wrong_passkey')
    })

    it('refuses a counter that stands still or goes back, once there is one', async () => {
      const device = authenticator()
      const { secret } = await enrol(device)
      const used = { ...secret, counter: 7 }
      for (const counter of [7, 6, 0]) {
        expect((await problem(prove(device, holding(used), { counter }))).code).to.equal('wrong_passkey')
      }
      expect((await prove(device, holding(used), { counter: 8 })).secret?.counter).to.equal(8)
    })

    it('takes a counter that stays at zero, and changes nothing then', async () => {
      const device = authenticator({ synced: true })
      const { secret } = await enrol(device)
      expect(await prove(device, holding(secret))).to.have.all.keys('credential', 'evidence')
    })

    it('keeps whether it is backed up', async () => {
      const device = authenticator({ synced: true })
      const { secret } = await enrol(device, { backedUp: false })
      expect(secret.backedUp).to.equal(false)
      expect((await prove(device, holding(secret))).secret).to.deep.equal({ ...secret, backedUp: true })
    })

    it('is for the one thing that is wanted, and can be shown to others', async () => {
      const device = authenticator()
      const { secret } = await enrol(device)
      const bound = Buffer.alloc(32, 7).toString('base64url')
      const { options } = await request(holding(secret, { bound }))
      expect(options.challenge).to.equal(bound)
      const { evidence } = await prove(device, holding(secret, { bound }))
      const wanted = { challenge: bound, origin: issuer }
      expect(evidence).to.include({ id: secret.id, publicKey: secret.publicKey })
      expect(evidence).not.to.have.property('userHandle')
      expect(evidence && (await verifyEvidence(evidence, wanted))).to.equal(true)
      expect(evidence && (await verifyEvidence(evidence, { ...wanted, origin: 'https://other.example.com' }))).to.equal(
        false,
      )
    })

    it('picks the right one of several', async () => {
      const [first, second] = [authenticator(), authenticator()]
      const secrets = [(await enrol(first)).secret, (await enrol(second)).secret]
      const who = subject<Secret>({ credentials: secrets.map((secret, at) => ({ id: `credential-${at}`, secret })) })
      expect((await prove(second, who)).credential).to.equal('credential-1')
      expect((await prove(first, who)).credential).to.equal('credential-0')
    })
  })
})
