import { createHash, createHmac, createSecretKey, hash, type KeyObject, timingSafeEqual } from 'node:crypto'

type Encoding = 'base64url' | 'base64' | 'hex'

/** Returns the SHA-256 digest, by default as base64url. Meant for values of high entropy: who reads a token's digest in the store cannot use it. */
export function sha256(content: string | Uint8Array, encoding: Encoding = 'base64url'): string {
  return hash('sha256', content, encoding)
}

/** Returns a SHA-256 digest of what is added to it bit by bit; it can be read once. */
export function runningDigest() {
  const running = createHash('sha256')
  return {
    add: (content: string | Uint8Array): void => void running.update(content),
    hex: (): string => running.digest('hex'),
  }
}

/** What keyed functions take: text, bytes, or either of them ready for use. */
export type KeyMaterial = string | Uint8Array | KeyObject

/** Returns a key that is ready for use. Node 24 takes four times as long for an HMAC, or a cipher, whose key is plain bytes (20 and 5 µs); text is quick as it is. */
export function readySecret<Material extends KeyMaterial>(
  material: Material,
): Exclude<Material, Uint8Array> | KeyObject {
  return material instanceof Uint8Array ? createSecretKey(material) : (material as Exclude<Material, Uint8Array>)
}

/** Returns the HMAC-SHA256 (RFC 2104), by default as base64url. */
export function hmac(key: KeyMaterial, content: string | Uint8Array, encoding: Encoding = 'base64url'): string {
  return createHmac('sha256', readySecret(key)).update(content).digest(encoding)
}

/** Returns whether two strings are equal, in a time that does not depend on where they differ or how long they are. */
export function same(a: string, b: string): boolean {
  // UTF-16, because UTF-8 encodes every unpaired surrogate alike.
  const fixed = (text: string) => hash('sha256', Buffer.from(text, 'utf16le'), 'buffer')
  return timingSafeEqual(fixed(a), fixed(b))
}

/**
 * Returns JSON as the JSON Canonicalization Scheme writes it (RFC 8785): without spaces, the names of an object in the order of their
 * UTF-16 code units, numbers and strings as ECMAScript writes them. Throws TypeError for what I-JSON (RFC 7493) has no place for: NaN
 * and infinities, half a surrogate pair, undefined.
 */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    // Without a comparison function, sort() compares code units.
    const names = Object.keys(value).sort()
    return `{${names.map(name => `${text(name)}:${canonical((value as Record<string, unknown>)[name])}`).join(',')}}`
  }
  if (typeof value === 'string') return text(value)
  if (value === null || typeof value === 'boolean' || Number.isFinite(value)) return JSON.stringify(value)
  throw new TypeError('canonical JSON has no such value')
}

function text(value: string): string {
  if (!value.isWellFormed()) throw new TypeError('canonical JSON has no half of a surrogate pair')
  return JSON.stringify(value)
}
