import { token } from '../crypto/random.ts'
import { Problem } from '../errors.ts'

// Format characters, variation selectors, fillers: copied along from messages, contacts and right-to-left text.
const unseen = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu
// The minus sign is no dash to Unicode, though it is to everybody else.
const dashes = /[\p{Dash_Punctuation}\u2212]/gu

/**
 * What somebody typed, as they see it: nothing invisible, wide letters and digits as usual ones (NFKC), every dash a hyphen, and
 * one blank for several. For addresses, numbers and codes; never for a password, which is what its owner says it is.
 */
export function legible(typed: string): string {
  return typed.replace(unseen, '').normalize('NFKC').replace(dashes, '-').replace(/\s+/g, ' ').trim()
}

/** Returns the decimal digits of every script as 0 to 9. */
export function asciiDigits(text: string): string {
  return text.replace(/\p{Decimal_Number}/gu, digit => String(digitAt(digit.codePointAt(0) ?? 0)))
}

// Unicode keeps digits in runs of ten that begin with a zero (Unicode Standard, 4.6).
function digitAt(digit: number): number {
  let before = 0
  while (/\p{Decimal_Number}/u.test(String.fromCodePoint(digit - before - 1))) before += 1
  return before % 10
}

/** Returns a code that somebody reads off a screen or paper: legible, in ASCII digits. Where Japanese keyboards have the dash is a long vowel. */
export function typedCode(typed: string): string {
  return asciiDigits(legible(typed)).replaceAll('ー', '-')
}

/** Reads a code of six digits as people type or paste it, in whatever digits and with whatever between them. Throws `invalid_code`. */
export function sixDigits(typed: string): string {
  const code = typedCode(typed).replace(/[ -]/g, '')
  if (!/^[0-9]{6}$/.test(code)) throw new Problem('invalid_code', { field: 'code' })
  return code
}

/** Crockford's base32: no I, L, O or U. Ten of them are 50 bits. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const length = 10

/** Returns a new code of ten letters and digits that look like no others. */
export function letterCode(): string {
  const bytes = Buffer.from(token(length), 'base64url')
  return Array.from(bytes, byte => alphabet[byte & 31]).join('')
}

/** Returns a letter code as people read it: in two halves. */
export function halved(code: string): string {
  return `${code.slice(0, length / 2)}-${code.slice(length / 2)}`
}

/** Reads a letter code as it was typed. Crockford reads I and L as 1, and O as 0. */
export function readLetterCode(typed: string): string {
  return typedCode(typed)
    .toLowerCase()
    .replace(/[^0-9a-z]/g, '')
    .replace(/[il]/g, '1')
    .replaceAll('o', '0')
}
