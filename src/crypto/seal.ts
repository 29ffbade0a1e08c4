import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import type { Keyring } from './keyring.ts'

/** A sealed value that does not open: tampered with, of another context, or of a key that is gone. It never says which. */
export class SealError extends Error {
  constructor() {
    super('cannot be opened')
    this.name = 'SealError'
  }
}

/** Seals what the store keeps. A context says what is sealed and whose (`credential:<id>`); only the same one opens it. */
export interface Sealer {
  /** Seals text or bytes under the newest key, as base64url (AES-256-GCM, NIST SP 800-38D). */
  seal(content: string | Uint8Array, context: string): string
  /** Opens sealed text; throws SealError. */
  open(sealed: string, context: string): string
  /** Opens sealed bytes; throws SealError. */
  openBytes(sealed: string, context: string): Uint8Array
  /** Is it a value that `seal` could have made? It need not open. */
  isSealed(text: string): boolean
  /** Is it sealed under an older key, so that it should be sealed anew? Throws SealError if it is no sealed value. */
  stale(sealed: string): boolean
  /** Blind indexes: keyed digests that find a sealed value by its content. One for each key, newest first; store the first, look for any. */
  blind(content: string, context: string): readonly [string, ...string[]]
}

const purpose = 'seal'
const idBytes = 6
const saltBytes = 16
const nonceBytes = 12
const tagBytes = 16
const byKeyring = 1
const byBearer = 2

/** Makes a sealer over these keys: it seals with the newest and opens with any. */
export function sealer(keyring: Keyring): Sealer {
  const openBytes = (sealed: string, context: string): Uint8Array => {
    const { header, body } = parse(sealed, byKeyring, idBytes)
    const key = keyring.find(purpose, keyId(header))
    if (!key) throw new SealError()
    return decrypt(key.bytes, header, body, context)
  }
  return {
    seal: (content, context) => {
      const { id, bytes } = keyring.newest(purpose)
      return encrypt(bytes, Buffer.concat([Buffer.of(byKeyring), Buffer.from(id, 'base64url')]), content, context)
    },
    open: (sealed, context) => text(openBytes(sealed, context)),
    openBytes,
    isSealed: sealed => {
      try {
        return parse(sealed, byKeyring, idBytes) !== undefined
      } catch {
        return false
      }
    },
    stale: sealed => keyId(parse(sealed, byKeyring, idBytes).header) !== keyring.newest(purpose).id,
    blind: (content, context) => {
      const digests = keyring.all('blind').map(({ bytes }) => blindly(bytes, content, context))
      return digests as [string, ...string[]]
    },
  }
}

/** Seals text under a bearer value of 128 bits or more: whoever holds only the store, or only the secrets, cannot open it. */
export function sealUnder(bearer: string, content: string, context: string): string {
  return encrypt(bearer, Buffer.of(byBearer), content, context)
}

/** Opens what `sealUnder` sealed under the same bearer value; throws SealError. */
export function openUnder(bearer: string, sealed: string, context: string): string {
  const { header, body } = parse(sealed, byBearer, 0)
  return text(decrypt(bearer, header, body, context))
}

// A key of its own for each seal: random nonces under one key would be safe for only 2^32 seals (SP 800-38D, 8.3).
function once(material: string | Uint8Array, salt: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', material, salt, 'latchkey seal', 32))
}

function encrypt(material: string | Uint8Array, header: Buffer, content: string | Uint8Array, context: string): string {
  const salt = randomBytes(saltBytes)
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', once(material, salt), nonce)
  cipher.setAAD(Buffer.concat([header, Buffer.from(context)]))
  const plain = typeof content === 'string' ? Buffer.from(content) : content
  const sealed = Buffer.concat([header, salt, nonce, cipher.update(plain), cipher.final()])
  return Buffer.concat([sealed, cipher.getAuthTag()]).toString('base64url')
}

function decrypt(material: string | Uint8Array, header: Buffer, body: Buffer, context: string): Uint8Array {
  const salt = body.subarray(0, saltBytes)
  const nonce = body.subarray(saltBytes, saltBytes + nonceBytes)
  try {
    const decipher = createDecipheriv('aes-256-gcm', once(material, salt), nonce, { authTagLength: tagBytes })
    decipher.setAAD(Buffer.concat([header, Buffer.from(context)]))
    decipher.setAuthTag(body.subarray(-tagBytes))
    return Buffer.concat([decipher.update(body.subarray(saltBytes + nonceBytes, -tagBytes)), decipher.final()])
  } catch {
    throw new SealError()
  }
}

function parse(sealed: string, kind: number, rest: number): { header: Buffer; body: Buffer } {
  const bytes = Buffer.from(sealed, 'base64url')
  const header = bytes.subarray(0, 1 + rest)
  const body = bytes.subarray(1 + rest)
  // Node decodes leniently; one value must have one spelling, or a tampered one could pass.
  const canonical = bytes.toString('base64url') === sealed
  if (!canonical || header[0] !== kind || body.length < saltBytes + nonceBytes + tagBytes) throw new SealError()
  return { header, body }
}

function keyId(header: Buffer): string {
  return header.subarray(1).toString('base64url')
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
}

function blindly(key: Uint8Array, content: string, context: string): string {
  return createHmac('sha256', key)
    .update(`${Buffer.byteLength(context)}:${context}`)
    .update(content)
    .digest('base64url')
}
