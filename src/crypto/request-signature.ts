import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto'
import { type KeyMaterial, readySecret } from './digest.ts'

/** The algorithms that sign requests, by the names of RFC 9421, 6.2.2. */
export type Algorithm = 'hmac-sha256' | 'ed25519'

const macBytes = 32
const publicBytes = 32

/** Returns whether `mac` is the HMAC-SHA256 of the text, in the same time wherever they differ. */
export function macMatches(secret: KeyMaterial, signed: string | Uint8Array, mac: Uint8Array): boolean {
  const expected = createHmac('sha256', readySecret(secret)).update(signed).digest()
  // The length is no secret; a value that is too short is compared nevertheless, to take as long.
  const given = Buffer.alloc(macBytes)
  given.set(mac.subarray(0, macBytes))
  return timingSafeEqual(expected, given) && mac.length === macBytes
}

/** A parsed public key, ready to verify with. */
export type PublicKey = KeyObject

/** Parses an Ed25519 public key, 32 bytes as base64url, which costs a third of what verifying does. */
export function readyKey(publicKey: string): PublicKey {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey }, format: 'jwk' })
}

/** Returns whether this is the Ed25519 signature (RFC 8032) of the text by the owner of the public key, parsed or as base64url. */
export function signatureMatches(key: PublicKey | string, signed: string | Uint8Array, signature: Uint8Array): boolean {
  const ready = typeof key === 'string' ? readyKey(key) : key
  return verify(null, typeof signed === 'string' ? Buffer.from(signed) : signed, ready, signature)
}

/** Returns an Ed25519 public key that people enter (PEM, or its 32 bytes as base64 or base64url) as base64url; undefined for anything else. */
export function publicKeyOf(text: string): string | undefined {
  const typed = text.trim()
  if (/^[\w+/-]{43}=?$/.test(typed)) return sound(Buffer.from(typed, 'base64'))
  // A private key contains the public one, but must not be sent to anybody.
  if (!typed.startsWith('-----BEGIN PUBLIC KEY-----')) return undefined
  try {
    const key = createPublicKey(typed)
    if (key.asymmetricKeyType !== 'ed25519') return undefined
    return sound(Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url'))
  } catch {
    return undefined
  }
}

/** Signs text with an Ed25519 private key in PEM. Throws TypeError for another key. */
export function signWith(privateKey: string, text: string | Uint8Array): Buffer {
  const key = createPrivateKey(privateKey)
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('the private key must be an Ed25519 one')
  return sign(null, typeof text === 'string' ? Buffer.from(text) : text, key)
}

/** Returns a public key whose private half nobody has, to verify a signature with when there is no key. */
export function nobodysPublicKey(): string {
  return generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x as string
}

// Points of small order, with which one signature is valid for many texts (RFC 8032, 5.1): their y, without the sign bit.
const weak = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
])

function sound(bytes: Buffer): string | undefined {
  if (bytes.length !== publicBytes) return undefined
  const plain = Buffer.from(bytes)
  plain.writeUInt8(plain.readUInt8(publicBytes - 1) & 0x7f, publicBytes - 1)
  return weak.has(plain.toString('hex')) ? undefined : bytes.toString('base64url')
}
