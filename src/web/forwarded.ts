import { isIPv4, isIPv6 } from 'node:net'
import { plainAddress } from '../network.ts'

/** Characters of the longest hop: an IPv6 address with its zone, brackets, port and quotes. */
const longest = 100

/** The headers in which proxies name the sender of a request. */
export type ForwardedHeader = 'x-forwarded-for' | 'forwarded'

/**
 * Returns the address of one hop in its one spelling (IPv4 mapped into IPv6 as IPv4), however a proxy writes it: with or without a port, in
 * brackets or quotes. Undefined where it names no address: `unknown`, a name that hides one (RFC 7239, 6.2, 6.3), or nonsense.
 */
export function hopAddress(hop: string): string | undefined {
  if (hop.length > longest) return undefined
  const text = unquoted(hop.trim())
  const [, inBrackets, bare] = /^(?:\[([^[\]]+)\]|([\d.]+))(?::(?:\d{1,5}|_[\w.-]+))?$/.exec(text) ?? []
  // A zone means something on one machine alone (RFC 4007, 11).
  const address = (inBrackets ?? bare ?? text).replace(/%.*/, '')
  const plain = bare === undefined ? isIPv6(address) || (text === address && isIPv4(address)) : isIPv4(address)
  return plain ? plainAddress(address) : undefined
}

/**
 * Returns the hops that a header names as they are written, the nearest one last; empty elements of a list do not count (RFC 9110, 5.6.1).
 * No quote reaches over a comma: what a client typed must not swallow what a proxy added behind it.
 */
export function hopsIn(header: ForwardedHeader, value: string): string[] {
  const elements = value.split(',').filter(each => each.trim() !== '')
  return header === 'forwarded' ? elements.map(forIn) : elements
}

/** Returns the sender in an element of `Forwarded` (RFC 7239, 4): empty where it is missing or given twice. */
function forIn(element: string): string {
  const named = element.split(';').flatMap(pair => /^\s*for=(.*)$/is.exec(pair)?.[1] ?? [])
  return named.length === 1 ? String(named[0]) : ''
}

function unquoted(text: string): string {
  return /^".*"$/s.test(text) ? text.slice(1, -1).replace(/\\(.)/gs, '$1') : text
}
