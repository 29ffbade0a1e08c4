import { createRequire } from 'node:module'
import { domainToASCII } from 'node:url'
import type { MetadataJson } from 'libphonenumber-js/core'
import { asciiDigits, legible, typedCode } from './typed.ts'

const load = createRequire(import.meta.url)

// A dot-atom (RFC 5322, 3.2.3) whose words may have letters, marks and numbers of other scripts (RFC 6531, 3.3); quoted local
// parts are left out on purpose, and so are symbols, which nobody can tell apart at every size.
const local = /^(?!\.)(?:(?:^|\.)(?!\p{M})(?:[a-z0-9!#$%&'*+/=?^_`{|}~-]|(?![\p{ASCII}])[\p{L}\p{M}\p{N}])+)+$/u
const domain = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/

// What people write one language with: scripts that go together (UTS 39, 5.2, "Highly Restrictive"), or one alone (UAX 31, table 5).
const together = ['Latn Hani Hira Kana', 'Latn Hani Bopo', 'Latn Hani Hang']
const alone =
  'Cyrl Grek Armn Geor Hebr Arab Thaa Ethi Deva Beng Guru Gujr Orya Taml Telu Knda Mlym Sinh Thai Laoo Tibt Mymr Khmr'
const alphabets = [...together, ...alone.split(' ')].map(scripts => {
  const each = scripts.split(' ').map(script => `\\p{Script_Extensions=${script}}`)
  return new RegExp(`^[${each.join('')}\\p{Script=Zyyy}\\p{Script=Zinh}]*$`, 'u')
})

/**
 * An address as it is kept and looked up: legible, in lower case, its domain in ASCII (RFC 5890); undefined for what is none. Its
 * local part may be of any one script (RFC 6531), and not of two that look alike: `аda` with a Cyrillic а is no name.
 */
export function emailAddress(typed: string): string | undefined {
  // Composing may make it shorter, and nothing that long gets any better.
  if (typed.length > 1_000) return undefined
  const text = legible(typed).replace(/^mailto: ?/i, '')
  const at = text.lastIndexOf('@')
  if (at < 1) return undefined
  // Lower case may have to be composed anew.
  const name = usualDigits(text.slice(0, at).toLowerCase().normalize('NFKC'))
  const written = text
    .slice(at + 1)
    .replaceAll('。', '.')
    .split('.')
    .map(usualDigits)
    .join('.')
  // It reads a URL's host, so what a URL would cut off or decode must not be there.
  const host = /^[\p{L}\p{M}\p{N}.-]+$/u.test(written) ? domainToASCII(written).toLowerCase() : ''
  // RFC 5321, 4.5.3.1: 64 octets before the @, and 254 in all.
  const octets = Buffer.byteLength(name)
  const fits = octets <= 64 && host.length <= 253 && octets + 1 + host.length <= 254
  if (!fits || !local.test(name) || !domain.test(host)) return undefined
  const readable = name.split('+').every(part => alphabets.some(alphabet => alphabet.test(part)))
  return readable ? `${name}@${host}` : undefined
}

/** Where all letters are ASCII, digits of another script are those of a keyboard; among letters of that script they are part of the name. */
function usualDigits(text: string): string {
  return /^[\p{ASCII}\p{Nd}]*$/u.test(text) ? asciiDigits(text) : text
}

// Mobile numbers, and those of countries that do not tell them from others. All other kinds cannot be texted, or
// somebody earns by each text that is sent to them: premium rate, shared cost, satellites.
const textable = new Set(['MOBILE', 'FIXED_LINE_OR_MOBILE'])

/**
 * A mobile number as E.164, typed or copied from a `tel:` link (RFC 3966): with + or 00, or as it is dialled within a country (ISO 3166-1
 * alpha-2). Undefined for what is none.
 */
export function phoneNumber(typed: string, country?: string): string | undefined {
  return mobile(typed, country)?.number
}

export type Dialled = ReturnType<typeof dialledCountries>[number]

/** Returns every country that has numbers (ISO 3166-1 alpha-2), with its calling code; `shares`: most numbers of that code are another country's. */
export function dialledCountries() {
  const { getCountries, getCountryCallingCode }: typeof import('libphonenumber-js/max') = load('libphonenumber-js/max')
  // Read by the library already. It lists the country that most numbers of a code belong to first.
  const { country_calling_codes: codes }: MetadataJson = load('libphonenumber-js/metadata.max.json')
  return getCountries().map(code => {
    const calling = getCountryCallingCode(code)
    return { code: String(code), calling: String(calling), ...(codes[calling]?.[0] !== code && { shares: true }) }
  })
}

/** The country of a mobile number (ISO 3166-1 alpha-2). */
export function phoneCountry(number: string): string | undefined {
  return mobile(number)?.country
}

function mobile(typed: string, from?: string): { number: string; country: string } | undefined {
  if (typed.length > 1_000) return undefined
  const text = typedCode(typed)
    .replace(/^tel: ?/i, '')
    .replace(/^00/, '+')
  if (text.length > 40 || !/^\+?[0-9 ()./-]+$/.test(text)) return undefined
  // Loaded when first asked for: 2 MB that an idle process does without.
  const phones: typeof import('libphonenumber-js/max') = load('libphonenumber-js/max')
  const { parsePhoneNumberFromString, isSupportedCountry } = phones
  const number = parsePhoneNumberFromString(text, from !== undefined && isSupportedCountry(from) ? from : undefined)
  if (!number?.isPossible()) return undefined
  // Number plans grow faster than tables of them: a range that tables do not know counts as what its neighbours are.
  const known =
    number.getType() === undefined ? neighbours(number.number).map(each => parsePhoneNumberFromString(each)) : [number]
  const typedOnes = known.filter(each => each?.getType() !== undefined)
  const country = typedOnes[0]?.country
  // No country: a satellite, or a service of many.
  if (country === undefined || !typedOnes.every(each => textable.has(each?.getType() ?? ''))) return undefined
  return { number: number.number, country }
}

/** Ten numbers of the same length that begin like this one, up to the last six digits. */
function neighbours(number: string): string[] {
  return Array.from('0123456789', digit => number.slice(0, -6) + digit.repeat(6))
}

/** What of an address may be shown: "a•••@example.com". */
export function maskedEmail(address: string): string {
  const at = address.lastIndexOf('@')
  return at < 1 ? '•••' : `${[...address][0]}•••${address.slice(at)}`
}

/** What its own owner is shown of a number, once they are signed in: "+44 ••• 123". */
export function ownNumber(number: string): string {
  const { parsePhoneNumberFromString }: typeof import('libphonenumber-js/max') = load('libphonenumber-js/max')
  const code = parsePhoneNumberFromString(number)?.countryCallingCode
  return `${code === undefined ? '' : `+${code} `}••• ${number.slice(-3)}`
}

/** What of a number may be shown: "••• 42". */
export function maskedPhone(number: string): string {
  return number === '' ? '•••' : `••• ${number.slice(-2)}`
}
