import { createHmac, hash } from 'node:crypto'

type Encoding = 'base64url' | 'base64' | 'hex'

/** SHA-256, as base64url unless told. For values of high entropy: keep a token's digest and the store cannot use it. */
export function sha256(content: string | Uint8Array, encoding: Encoding = 'base64url'): string {
  return hash('sha256', content, encoding)
}

/** HMAC-SHA256 (RFC 2104), as base64url unless told. */
export function hmac(key: string | Uint8Array, content: string | Uint8Array, encoding: Encoding = 'base64url'): string {
  return createHmac('sha256', key).update(content).digest(encoding)
}
