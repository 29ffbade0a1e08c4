import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server'
import { isoCBOR } from '@simplewebauthn/server/helpers'

type Cbor = Parameters<typeof isoCBOR.encode>[0]

/** What a dishonest or broken authenticator, browser or page does differently. */
export interface Misbehaviour {
  userVerified?: boolean
  userPresent?: boolean
  /** The relying party whose hash is signed. */
  rpId?: string
  challenge?: string
  type?: string
  /** The counter it sends, instead of the next. */
  counter?: number
  /** The user handle it sends, as base64url; null sends none. */
  userHandle?: string | null
  backupEligible?: boolean
  backedUp?: boolean
  /** Signs with a key of its own. */
  forged?: boolean
}

interface Passkey {
  id: string
  rpId: string
  userHandle: string
  privateKey: KeyObject
  counter: number
}

/** A passkey authenticator in software: one person's, who always says yes. */
export interface Authenticator {
  /** Makes a passkey as a browser at `origin` would. Throws InvalidStateError when it holds an excluded one. */
  create(
    options: PublicKeyCredentialCreationOptionsJSON,
    origin: string,
    misbehaviour?: Misbehaviour,
  ): Promise<RegistrationResponseJSON>
  /** Uses the newest passkey that fits. Throws NotAllowedError when it has none. */
  get(
    options: PublicKeyCredentialRequestOptionsJSON,
    origin: string,
    misbehaviour?: Misbehaviour,
  ): Promise<AuthenticationResponseJSON>
}

interface Make {
  aaguid?: string
  /** A synced one: eligible for backup, backed up, and with a counter that stays at zero. */
  synced?: boolean
}

/** Makes an authenticator that signs with ES256 and holds nothing yet. */
export function authenticator({
  aaguid = '00000000-0000-0000-0000-000000000000',
  synced = false,
}: Make = {}): Authenticator {
  const passkeys: Passkey[] = []

  const authData = (rpId: string, counter: number, wrong: Misbehaviour, attested: Uint8Array = Buffer.alloc(0)) => {
    const flags =
      (wrong.userPresent === false ? 0 : 0x01) |
      (wrong.userVerified === false ? 0 : 0x04) |
      ((wrong.backupEligible ?? synced) ? 0x08 : 0) |
      ((wrong.backedUp ?? synced) ? 0x10 : 0) |
      (attested.length > 0 ? 0x40 : 0)
    const head = Buffer.alloc(5)
    head.writeUInt8(flags, 0)
    head.writeUInt32BE(wrong.counter ?? counter, 1)
    return Buffer.concat([sha256(wrong.rpId ?? rpId), head, attested])
  }

  return {
    create: async (options, origin, wrong = {}) => {
      const excluded = options.excludeCredentials ?? []
      if (excluded.some(({ id }) => passkeys.some(each => each.id === id))) {
        throw new DOMException('already registered', 'InvalidStateError')
      }
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const rawId = randomBytes(16)
      const id = rawId.toString('base64url')
      const rpId = options.rp.id ?? new URL(origin).hostname
      const passkey = { id, rpId, userHandle: options.user.id, privateKey, counter: 0 }
      passkeys.push(passkey)
      const size = Buffer.alloc(2)
      size.writeUInt16BE(rawId.length)
      const attested = Buffer.concat([Buffer.from(aaguid.replaceAll('-', ''), 'hex'), size, rawId, cose(publicKey)])
      const attestationObject = isoCBOR.encode(
        new Map<string, Cbor>([
          ['fmt', 'none'],
          ['attStmt', new Map()],
          ['authData', new Uint8Array(authData(rpId, passkey.counter, wrong, attested))],
        ]),
      )
      return {
        id,
        rawId: id,
        type: 'public-key',
        clientExtensionResults: { credProps: { rk: true } },
        authenticatorAttachment: 'platform',
        response: {
          clientDataJSON: clientData('webauthn.create', options.challenge, origin, wrong).toString('base64url'),
          attestationObject: Buffer.from(attestationObject).toString('base64url'),
          transports: ['internal'],
        },
      }
    },
    get: async (options, origin, wrong = {}) => {
      const rpId = options.rpId ?? new URL(origin).hostname
      const allowed = options.allowCredentials ?? []
      const passkey = passkeys.findLast(
        each => each.rpId === rpId && (allowed.length === 0 || allowed.some(({ id }) => id === each.id)),
      )
      if (!passkey) throw new DOMException('no passkey', 'NotAllowedError')
      if (!synced) passkey.counter += 1
      const data = authData(rpId, passkey.counter, wrong)
      const client = clientData('webauthn.get', options.challenge, origin, wrong)
      const key = wrong.forged ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey : passkey.privateKey
      const userHandle = wrong.userHandle === undefined ? passkey.userHandle : (wrong.userHandle ?? undefined)
      return {
        id: passkey.id,
        rawId: passkey.id,
        type: 'public-key',
        clientExtensionResults: {},
        authenticatorAttachment: 'platform',
        response: {
          clientDataJSON: client.toString('base64url'),
          authenticatorData: data.toString('base64url'),
          signature: sign('sha256', Buffer.concat([data, sha256(client)]), key).toString('base64url'),
          ...(userHandle !== undefined && { userHandle }),
        },
      }
    },
  }
}

function clientData(type: string, challenge: string, origin: string, wrong: Misbehaviour): Buffer {
  return Buffer.from(
    JSON.stringify({
      type: wrong.type ?? type,
      challenge: wrong.challenge ?? challenge,
      origin,
      crossOrigin: false,
    }),
  )
}

/** An ES256 public key as COSE has it (RFC 9053, 7.1). */
function cose(key: KeyObject): Uint8Array {
  const { x = '', y = '' } = key.export({ format: 'jwk' })
  return isoCBOR.encode(
    new Map<number, Cbor>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, new Uint8Array(Buffer.from(x, 'base64url'))],
      [-3, new Uint8Array(Buffer.from(y, 'base64url'))],
    ]),
  )
}

function sha256(content: string | Uint8Array): Buffer {
  return createHash('sha256').update(content).digest()
}
