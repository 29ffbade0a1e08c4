import { randomBytes, randomInt } from 'node:crypto'

/** A bearer value nobody guesses, as base64url: 256 bits unless told. */
export function token(bytes = 32): string {
  return randomBytes(bytes).toString('base64url')
}

/** A decimal code of `length` digits (1 to 14), each code as likely as any other. */
export function digits(length: number): string {
  return String(randomInt(10 ** length)).padStart(length, '0')
}

/** A new document's id: 128 random bits, 22 characters of base64url. */
export function id(): string {
  return token(16)
}

/** A delay, in the unit of its bounds, anywhere from `low` up to but not including `high`: spreads retries, guards nothing. */
export function between(low: number, high: number): number {
  return low + (high - low) * (randomInt(2 ** 32) / 2 ** 32)
}
