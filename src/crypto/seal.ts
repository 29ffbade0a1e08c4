import { createCipheriv, createDecipheriv, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import { hmac, type KeyMaterial, readySecret } from './digest.ts'
import type { Keyring } from './keyring.ts'

/** Thrown for a sealed value that cannot be opened: altered, of another context, or of a key that is gone. It never says which. */
export class SealError extends Error {
  constructor() {
    super('cannot be opened')
    this.name = 'SealError'
  }
}

export type Sealer = ReturnType<typeof sealer>

const purpose = 'seal'
const idBytes = 6
const saltBytes = 16
const nonceBytes = 12
const tagBytes = 16
const byKeyring = 1
const byBearer = 2

/**
 * Seals what the store keeps, with the newest key, and opens it with any. A context says what is sealed and whose (`credential:<id>`);
 * only the same one opens it.
 */
export function sealer(keyring: Keyring) {
  const openBytes = (sealed: string, context: string): Uint8Array => {
    const { header, body } = parse(sealed, byKeyring, idBytes)
    const key = keyring.find(purpose, keyId(header))
    if (!key) throw new SealError()
    return decrypt(key.ready, header, body, context)
  }
  return {
    /** Seals text or bytes, as base64url (AES-256-GCM, NIST SP 800-38D). */
    seal: (content: string | Uint8Array, context: string): string => {
      const { id, ready } = keyring.newest(purpose)
      return encrypt(ready, Buffer.concat([Buffer.of(byKeyring), Buffer.from(id, 'base64url')]), content, context)
    },
    /** Opens sealed text. Throws SealError. */
    open: (sealed: string, context: string): string => text(openBytes(sealed, context)),
    /** Opens sealed bytes. Throws SealError. */
    openBytes,
    /** Returns whether `seal` could have returned this text; it need not open. */
    isSealed: (sealed: string): boolean => {
      try {
        return parse(sealed, byKeyring, idBytes) !== undefined
      } catch {
        return false
      }
    },
    /** Returns whether a value is sealed with an older key and should be sealed again. Throws SealError if it is not sealed. */
    stale: (sealed: string): boolean => keyId(parse(sealed, byKeyring, idBytes).header) !== keyring.newest(purpose).id,
    /** Returns blind indexes: keyed digests that find a sealed value by its content. One per key, newest first; store the first, look for any. */
    blind: (content: string, context: string): readonly [string, ...string[]] => {
      const digests = keyring
        .all('blind')
        .map(({ ready }) => hmac(ready, `${Buffer.byteLength(context)}:${context}${content}`))
      return digests as [string, ...string[]]
    },
  }
}

/** Seals text with a bearer value of 128 bits or more: neither the store nor the secrets are enough to open it. */
export function sealUnder(bearer: string, content: string, context: string): string {
  return encrypt(bearer, Buffer.of(byBearer), content, context)
}

/** Opens what `sealUnder` sealed with the same bearer value. Throws SealError. */
export function openUnder(bearer: string, sealed: string, context: string): string {
  const { header, body } = parse(sealed, byBearer, 0)
  return text(decrypt(bearer, header, body, context))
}

// Each seal has its own key: random nonces with one key would be safe for only 2^32 seals (SP 800-38D, 8.3).
function keyFor(material: KeyMaterial, salt: Uint8Array): KeyObject {
  return readySecret(new Uint8Array(hkdfSync('sha256', readySecret(material), salt, 'latchkey seal', 32)))
}

function encrypt(material: KeyMaterial, header: Buffer, content: string | Uint8Array, context: string): string {
  // One draw for both: it costs as much as the cipher.
  const drawn = randomBytes(saltBytes + nonceBytes)
  const nonce = drawn.subarray(saltBytes)
  const cipher = createCipheriv('aes-256-gcm', keyFor(material, drawn.subarray(0, saltBytes)), nonce)
  cipher.setAAD(Buffer.concat([header, Buffer.from(context)]))
  const sealed = typeof content === 'string' ? cipher.update(content, 'utf8') : cipher.update(content)
  return Buffer.concat([header, drawn, sealed, cipher.final(), cipher.getAuthTag()]).toString('base64url')
}

function decrypt(material: KeyMaterial, header: Buffer, body: Buffer, context: string): Uint8Array {
  const salt = body.subarray(0, saltBytes)
  const nonce = body.subarray(saltBytes, saltBytes + nonceBytes)
  try {
    const decipher = createDecipheriv('aes-256-gcm', keyFor(material, salt), nonce, { authTagLength: tagBytes })
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
  // Node decodes leniently; a value must have one encoding, or an altered one could pass.
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
