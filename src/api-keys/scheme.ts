import { type Algorithm, macMatches, type PublicKey, signatureMatches } from '../crypto/request-signature.ts'

/** A request as the resource server received it. */
export interface SignedRequest {
  /** In capitals. */
  method: string
  /** Absolute, as its sender addressed it. */
  url: string
  /** By lower-case names. */
  headers: Readonly<Record<string, string>>
  body: string | undefined
  /** In place of a body that is long or no text: its Content-Digest (RFC 9530). */
  digest: string | undefined
}

/** What a request says of its own signature. Times are milliseconds since the epoch. */
export interface Claim {
  key: string
  algorithm: Algorithm
  /** When it was signed. */
  at: number
  /** How far that may lie in the future, and in the past. */
  ahead: number
  behind: number
  /** What no other request by this key may repeat while its time lasts. */
  nonce: string
  /** Is its body the one whose digest was signed? */
  intact: boolean
  signed: string | Uint8Array
  signature: Uint8Array
  /** What it must be allowed to do, where the request itself says. */
  scope?: string | undefined
}

/** What a signature is held against: a shared secret, or an Ed25519 public key, ready or as base64url. */
export type Material = { algorithm: 'hmac-sha256'; value: string } | { algorithm: 'ed25519'; value: PublicKey | string }

/** One way to sign requests. */
export interface Scheme {
  id: SchemeId
  /** Reads what a request says of its signature; throws Refusal when it is not of this scheme's shape. */
  parse(request: SignedRequest): Claim | Promise<Claim>
  /** Was it signed with this? Takes the same time for any signature that is wrong. */
  verify(claim: Claim, material: Material): boolean
}

export const schemeIds = ['rfc9421', 'exchange', 'query'] as const
export type SchemeId = (typeof schemeIds)[number]

/** Was the claim's text signed with this key? */
export function signedWith({ signed, signature }: Claim, material: Material): boolean {
  return material.algorithm === 'ed25519'
    ? signatureMatches(material.value, signed, signature)
    : macMatches(material.value, signed, signature)
}
