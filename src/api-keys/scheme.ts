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
  /** Tells whether its body is the one whose digest was signed. */
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
  /** Tells whether it was signed with this. Takes the same time for any wrong signature. */
  verify(claim: Claim, material: Material): boolean
}

export const schemeIds = ['rfc9421', 'exchange', 'query'] as const
export type SchemeId = (typeof schemeIds)[number]

/** Tells whether the claim's text was signed with this key. */
export function signedWith({ signed, signature }: Claim, material: Material): boolean {
  return material.algorithm === 'ed25519'
    ? signatureMatches(material.value, signed, signature)
    : macMatches(material.value, signed, signature)
}

/** Every way in which a signed request fails, by its name: the stable code that programs go by. */
export const refusals = {
  /** The request, or what it says of its signature, is not of the scheme's shape. */
  BAD_REQUEST: 40001,
  /** No API declares this method. */
  METHOD_NOT_FOUND: 40002,
  /** The method declares other parameters, or other values for them. */
  INVALID_ARGUMENT: 40004,
  /** The body is not the one that was signed. */
  DIGEST_MISMATCH: 40005,
  DUPLICATE_REQUEST: 40006,
  UNKNOWN_KEY: 40101,
  /** It was signed too long ago, or in the future. */
  INVALID_NONCE: 40102,
  ADDRESS_NOT_ALLOWED: 40103,
  INVALID_SIGNATURE: 40104,
  KEY_EXPIRED: 40105,
  KEY_REVOKED: 40106,
  /** The key signs by another algorithm. */
  WRONG_ALGORITHM: 40107,
  INSUFFICIENT_SCOPE: 40301,
  /** This key failed too often from this address. */
  TOO_MANY_FAILURES: 42901,
} as const

export type Reason = keyof typeof refusals

/** A signed request that does not pass: thrown by what reads it, answered by what verifies it. */
export class Refusal extends Error {
  readonly reason: Reason
  constructor(reason: Reason) {
    super(reason)
    this.name = 'Refusal'
    this.reason = reason
  }
}
