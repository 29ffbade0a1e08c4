import { randomBytes, randomFillSync, randomInt } from 'node:crypto'

/** Returns a bearer value that nobody can guess, as base64url: 256 bits by default. */
export function token(bytes = 32): string {
  return randomBytes(bytes).toString('base64url')
}

const pool = Buffer.alloc(9 * 512)
let used = pool.length

/**
 * Returns the name of a request, 12 characters of base64url: it is no secret, and no two are alike. Its bytes are drawn many at a time,
 * because a draw takes as long as all else that a short answer costs us.
 */
export function requestName(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += 9
  return pool.toString('base64url', used - 9, used)
}

/** Returns a decimal code of `length` digits (1 to 14); all codes are equally likely. */
export function digits(length: number): string {
  return String(randomInt(10 ** length)).padStart(length, '0')
}

/** Returns an id for a new document: 128 random bits, 22 characters of base64url. */
export function id(): string {
  return token(16)
}

/** Returns a random delay from `low` up to but not including `high`, in their unit. It spreads retries and is no secret. */
export function between(low: number, high: number): number {
  return low + (high - low) * (randomInt(2 ** 32) / 2 ** 32)
}
