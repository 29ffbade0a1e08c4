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
