import type {
  AuthenticationResponseJSON,
  AuthenticatorTransport,
  RegistrationResponseJSON,
} from '@simplewebauthn/server'
import { z } from 'zod'
import { same } from '../crypto/digest.ts'
import { Problem } from '../errors.ts'
import { type Factor, refused } from './factor.ts'
import { assertion, attestation, authenticatorName, readResponse } from './webauthn.ts'

/** How long browsers let people take, in milliseconds. */
const timeout = 300_000
/** EdDSA, ES256, RS256 (COSE). */
const algorithms = [-8, -7, -257]

const secret = z.object({
  id: z.string(),
  /** COSE, as base64url. */
  publicKey: z.string(),
  counter: z.number(),
  transports: z.array(z.string()),
  backedUp: z.boolean(),
  /** Absent for one that was imported, until it is first used. */
  deviceType: z.enum(['singleDevice', 'multiDevice']).optional(),
  /** What its authenticator calls its owner (base64url), where that is not the account's id, as for one that was imported. */
  handle: z.string().optional(),
  aaguid: z.string(),
})
const answer = z.object({ response: z.string().max(32_768) })

type Secret = z.output<typeof secret>
type Answer = z.output<typeof answer>

interface Services {
  /** What browsers show. */
  name: string
  /** The origin that passkeys are made at; its host name is the relying party's id. */
  issuer: string
}

/** A passkey (WebAuthn level 3): discoverable, and its holder verified by a finger, a face or a PIN each time. */
export function passkey({
  name,
  issuer,
}: Services): Factor<Secret, { challenge: string }, Answer, { challenge: string; named: boolean }, Answer> {
  const rpID = new URL(issuer).hostname
  const expected = { expectedOrigin: issuer, expectedRPID: rpID, requireUserVerification: true }
  return {
    id: 'passkey',
    kind: 'possession',
    // A key, and a person who was there. Not `hwk`: without attestation nobody knows whether the key is in hardware, and a synced one is not.
    amr: ['pop', 'user'],
    positions: ['first', 'second'],
    strength: 'phr',
    multiFactor: true,
    binds: true,
    limit: 20,
    secret,
    hint: ({ backedUp }) => (backedUp ? 'synced' : 'single'),
    enrol: {
      begin: async who => {
        if (who.account === undefined) throw new Problem('sign_in_needed')
        const { generateRegistrationOptions } = await webauthn()
        const options = await generateRegistrationOptions({
          rpName: name,
          rpID,
          userID: new TextEncoder().encode(who.account),
          userName: who.email ?? name,
          userDisplayName: who.email ?? name,
          timeout,
          attestationType: 'none',
          excludeCredentials: who.credentials.map(each => descriptor(each.secret)),
          authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
          supportedAlgorithmIDs: algorithms,
        })
        return { state: { challenge: options.challenge }, page: { options } }
      },
      answer,
      finish: async ({ response }, { challenge }, who) => {
        const wrong = (cause?: unknown) => refused('wrong_passkey', 'response', who, cause)
        const sent = readResponse(response, attestation)
        if (!sent) throw wrong()
        const { verifyRegistrationResponse } = await webauthn()
        const { verified, registrationInfo } = await verifyRegistrationResponse({
          ...expected,
          response: sent as RegistrationResponseJSON,
          expectedChallenge: challenge,
          supportedAlgorithmIDs: algorithms,
          // The person is verified when it is used: what was proved a moment ago authorises it now, and not its own creation.
          ...(who.unattended && { requireUserPresence: false, requireUserVerification: false }),
        }).catch(cause => {
          throw wrong(cause)
        })
        if (!verified) throw wrong()
        const { credential, aaguid, credentialBackedUp, credentialDeviceType } = registrationInfo
        if (who.credentials.some(each => each.secret.id === credential.id)) throw new Problem('already_enrolled')
        return {
          lookup: credential.id,
          label: authenticatorName(aaguid),
          secret: {
            id: credential.id,
            publicKey: Buffer.from(credential.publicKey).toString('base64url'),
            counter: credential.counter,
            transports: sent.response.transports,
            backedUp: credentialBackedUp,
            deviceType: credentialDeviceType,
            aaguid,
          },
        }
      },
    },
    prove: {
      begin: async who => {
        const { generateAuthenticationOptions } = await webauthn()
        const allowCredentials = who.credentials.map(each => descriptor(each.secret))
        const options = await generateAuthenticationOptions({
          rpID,
          timeout,
          userVerification: 'required',
          allowCredentials,
          ...(who.bound !== undefined && { challenge: new Uint8Array(Buffer.from(who.bound, 'base64url')) }),
        })
        return { state: { challenge: options.challenge, named: who.account !== undefined }, page: { options } }
      },
      answer,
      names: ({ response }) => ({ lookup: readResponse(response, assertion)?.id ?? '' }),
      finish: async ({ response }, { challenge, named }, who) => {
        const wrong = (cause?: unknown) => refused('wrong_passkey', 'response', who, cause)
        const changedFlags = (cause?: unknown) => refused('passkey_changed', 'response', who, cause)
        const sent = readResponse(response, assertion)
        const credential = who.credentials.find(each => each.secret.id === sent?.id)
        if (!sent || !credential || who.account === undefined) throw wrong()
        const handle = sent.response.userHandle
        // Who was not named before must be named by the authenticator (WebAuthn, 7.2, step 6).
        const owner = credential.secret.handle ?? Buffer.from(who.account).toString('base64url')
        if (handle === undefined ? !named : !same(handle, owner)) throw wrong()
        const { id, publicKey, counter, transports, deviceType } = credential.secret
        const { verifyAuthenticationResponse } = await webauthn()
        const { verified, authenticationInfo } = await verifyAuthenticationResponse({
          ...expected,
          response: sent as AuthenticationResponseJSON,
          expectedChallenge: challenge,
          credential: {
            id,
            publicKey: new Uint8Array(Buffer.from(publicKey, 'base64url')),
            counter,
            transports: known(transports),
          },
        }).catch(cause => {
          throw cause instanceof Error && cause.name === 'InvalidBackupFlags' ? changedFlags(cause) : wrong(cause)
        })
        const { newCounter, credentialBackedUp, credentialDeviceType } = authenticationInfo
        if (!verified) throw wrong()
        // Whether it may be copied is settled when a passkey is made (WebAuthn level 3, 6.1.3). Some password managers change it
        // all the same: its owner can do something about that, and nothing about "wrong".
        if (deviceType !== undefined && credentialDeviceType !== deviceType) throw changedFlags()
        const { backedUp } = credential.secret
        const changed = newCounter !== counter || credentialBackedUp !== backedUp || deviceType === undefined
        const seen = { counter: newCounter, backedUp: credentialBackedUp, deviceType: credentialDeviceType }
        const next = { ...credential.secret, ...seen }
        const { userHandle: _, ...signed } = sent.response
        return { credential: credential.id, ...(changed && { secret: next }), evidence: { id, publicKey, ...signed } }
      },
    },
  }
}

// Loaded when first asked for: 7 MB and 100 ms that a start does without.
function webauthn(): Promise<typeof import('@simplewebauthn/server')> {
  return import('@simplewebauthn/server')
}

function descriptor({ id, transports }: Secret): { id: string; transports: AuthenticatorTransport[] } {
  return { id, transports: known(transports) }
}

// Transports are hints that browsers hand back to browsers: those nobody knows yet are to be kept (WebAuthn, 5.8.4).
function known(transports: readonly string[]): AuthenticatorTransport[] {
  return [...transports] as AuthenticatorTransport[]
}
