import { createRequire } from 'node:module'
import { domainToASCII } from 'node:url'

const load = createRequire(import.meta.url)

// The HTML standard's idea of an address, with a dot in its domain; quoted local parts are left out on purpose.
const local = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const domain = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/

/** An address as it is kept and looked up: trimmed, in lower case, its domain in ASCII (RFC 5890); undefined for what is none. */
export function emailAddress(typed: string): string | undefined {
  const text = typed.trim()
  const at = text.lastIndexOf('@')
  if (at < 1 || text.length > 254) return undefined
  const name = text.slice(0, at).toLowerCase()
  const written = text.slice(at + 1)
  // It reads a URL's host, so what a URL would cut off or decode must not be there.
  const host = /^[\p{L}\p{M}\p{N}.-]+$/u.test(written) ? domainToASCII(written).toLowerCase() : ''
  const address = `${name}@${host}`
  // RFC 5321, 4.5.3.1: 64 octets before the @, and 254 in all.
  const fits = name.length <= 64 && host.length <= 253 && address.length <= 254
  return fits && local.test(name) && domain.test(host) ? address : undefined
}

// Those that cannot be written to, or that somebody earns by each message sent to them.
const refusedTypes = new Set([
  'PREMIUM_RATE',
  'SHARED_COST',
  'TOLL_FREE',
  'PERSONAL_NUMBER',
  'PAGER',
  'UAN',
  'VOICEMAIL',
])

/**
 * An international number, with + or 00, as E.164; undefined for what is none. Number plans grow faster than tables
 * of them, so only its length must fit its country: the code that is sent proves the rest.
 */
export function phoneNumber(typed: string): string | undefined {
  const text = typed.normalize('NFKC').trim().replace(/^00/, '+')
  if (text.length > 40 || !/^\+[0-9 ()./-]+$/.test(text)) return undefined
  // Loaded when first asked for: 2 MB that an idle process does without.
  const { parsePhoneNumberFromString }: typeof import('libphonenumber-js/max') = load('libphonenumber-js/max')
  const number = parsePhoneNumberFromString(text)
  if (!number?.isPossible() || refusedTypes.has(number.getType() ?? '')) return undefined
  return number.number
}

/** What of an address may be shown: "a•••@example.com". */
export function maskedEmail(address: string): string {
  const at = address.lastIndexOf('@')
  return at < 1 ? '•••' : `${address.slice(0, 1)}•••${address.slice(at)}`
}

/** What of a number may be shown: "••• 42". */
export function maskedPhone(number: string): string {
  return number === '' ? '•••' : `••• ${number.slice(-2)}`
}
