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

/** How requests are signed, by the names of RFC 9421, 6.2.2. */
export type Algorithm = 'hmac-sha256' | 'ed25519'

const macBytes = 32
const publicBytes = 32
// SubjectPublicKeyInfo before the 32 bytes of an Ed25519 key (RFC 8410, 4).
const wrapping = Buffer.from('302a300506032b6570032100', 'hex')

/** Is this the HMAC-SHA256 of the text under the secret's characters or bytes? Takes the same time wherever they differ. */
export function macMatches(secret: string | Uint8Array, signed: string | Uint8Array, mac: Uint8Array): boolean {
  const expected = createHmac('sha256', secret).update(signed).digest()
  // A length is no secret; what is too short is compared all the same, so that it takes as long.
  const given = Buffer.alloc(macBytes)
  given.set(mac.subarray(0, macBytes))
  return timingSafeEqual(expected, given) && mac.length === macBytes
}

/** A public key that is ready to verify with. */
export type PublicKey = KeyObject

/** Makes an Ed25519 public key, 32 bytes as base64url, ready: that costs a third of what verifying does. */
export function readyKey(publicKey: string): PublicKey {
  const der = Buffer.concat([wrapping, Buffer.from(publicKey, 'base64url')])
  return createPublicKey({ key: der, format: 'der', type: 'spki' })
}

/** Is this the Ed25519 signature (RFC 8032) of the text by the owner of the public key, ready or as base64url? */
export function signatureMatches(key: PublicKey | string, signed: string | Uint8Array, signature: Uint8Array): boolean {
  const ready = typeof key === 'string' ? readyKey(key) : key
  return verify(null, typeof signed === 'string' ? Buffer.from(signed) : signed, ready, signature)
}

/** An Ed25519 public key as people have it (PEM, or its 32 bytes as base64 or base64url), as base64url; undefined when it is none. */
export function publicKeyOf(text: string): string | undefined {
  const typed = text.trim()
  if (/^[\w+/-]{43}=?$/.test(typed)) return sound(Buffer.from(typed, 'base64'))
  // A private key has a public one in it, and must not be sent to anybody.
  if (!typed.startsWith('-----BEGIN PUBLIC KEY-----')) return undefined
  try {
    const key = createPublicKey(typed)
    if (key.asymmetricKeyType !== 'ed25519') return undefined
    return sound(key.export({ format: 'der', type: 'spki' }).subarray(wrapping.length))
  } catch {
    return undefined
  }
}

/** Signs text with an Ed25519 private key in PEM; throws TypeError when it is none. */
export function signWith(privateKey: string, text: string | Uint8Array): Buffer {
  const key = createPrivateKey(privateKey)
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('the private key must be an Ed25519 one')
  return sign(null, typeof text === 'string' ? Buffer.from(text) : text, key)
}

/** A public key whose private half nobody has: what a signature is held against when there is no key. */
export function nobodysPublicKey(): string {
  const { publicKey } = generateKeyPairSync('ed25519')
  return publicKey.export({ format: 'der', type: 'spki' }).subarray(wrapping.length).toString('base64url')
}

// Points of small order, under which one signature passes for many texts (RFC 8032, 5.1; their y, the sign bit aside).
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
