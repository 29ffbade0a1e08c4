import { token } from '../crypto/random.ts'
import { typedCode } from './typed.ts'

/** Crockford's base32: no I, L, O or U. Ten of them are 50 bits. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const length = 10

/** Makes a code of ten letters and digits that look like no others. */
export function letters(): string {
  const bytes = Buffer.from(token(length), 'base64url')
  return Array.from(bytes, byte => alphabet[byte & 31]).join('')
}

/** Writes such a code so that people can read it: in two halves. */
export function halved(code: string): string {
  return `${code.slice(0, length / 2)}-${code.slice(length / 2)}`
}

/** Reads such a code as it was typed. Crockford reads I and L as 1, and O as 0. */
export function readLetters(typed: string): string {
  return typedCode(typed)
    .toLowerCase()
    .replace(/[^0-9a-z]/g, '')
    .replace(/[il]/g, '1')
    .replaceAll('o', '0')
}
