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

/** The decimal digits of every script as 0 to 9. */
export function asciiDigits(text: string): string {
  return text.replace(/\p{Decimal_Number}/gu, digit => String(digitAt(digit.codePointAt(0) ?? 0)))
}

// Unicode keeps digits in runs of ten that begin with a zero (Unicode Standard, 4.6).
function digitAt(digit: number): number {
  let before = 0
  while (/\p{Decimal_Number}/u.test(String.fromCodePoint(digit - before - 1))) before += 1
  return before % 10
}

/** A code that somebody reads off a screen or paper: legible, in ASCII digits. Where Japanese keyboards have the dash is a long vowel. */
export function typedCode(typed: string): string {
  return asciiDigits(legible(typed)).replaceAll('ー', '-')
}
