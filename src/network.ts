import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

export type Address = ipaddr.IPv4 | ipaddr.IPv6

/** An address, IPv4 mapped into IPv6 as IPv4; undefined for what is none. */
export function addressOf(text: string): Address | undefined {
  // ipaddr.js also reads what only inet_aton knows: octal, hexadecimal, fewer than four parts. A zone means something on one machine alone.
  return isIP(text) > 0 && !text.includes('%') ? ipaddr.process(text) : undefined
}

/** An address in its one spelling; undefined when it is none. */
export function plainAddress(text: string): string | undefined {
  return addressOf(text)?.toString()
}

/** An address or CIDR block (RFC 4632, RFC 4291), and how many bits are the network's; undefined when it is neither. */
export function blockOf(text: string): { address: Address; bits: number; whole: boolean } | undefined {
  const [typed = '', length, more] = text.split('/')
  const address = addressOf(typed)
  if (!address || more !== undefined) return undefined
  const all = address.kind() === 'ipv4' ? 32 : 128
  if (length === undefined) return { address, bits: all, whole: true }
  if (!/^(0|[1-9]\d{0,2})$/.test(length)) return undefined
  // The block of a mapped address counts the bits of IPv6.
  const bits = Number(length) - (address.kind() === 'ipv4' && typed.includes(':') ? 96 : 0)
  return bits >= 0 && bits <= all ? { address, bits, whole: bits === all } : undefined
}

/** Returns what tells whether an address stands in one of these blocks. A text that is none holds nothing. */
export function within(blocks: readonly string[]): (address: string | undefined) => boolean {
  const read = blocks.flatMap(text => blockOf(text) ?? [])
  return text => {
    const parsed = text === undefined ? undefined : addressOf(text)
    return (
      parsed !== undefined &&
      read.some(each => each.address.kind() === parsed.kind() && parsed.match(each.address, each.bits))
    )
  }
}

/** The first address of a block, and its bits. */
export function blockStart(address: Address, bits: number): string {
  const { IPv4, IPv6 } = ipaddr
  const text = `${address}/${bits}`
  return `${address.kind() === 'ipv4' ? IPv4.networkAddressFromCIDR(text) : IPv6.networkAddressFromCIDR(text)}/${bits}`
}

/** The network an address is in, as providers hand them out: 24 bits of IPv4, 48 of IPv6 (RFC 6177, 2). What is no address stands for itself. */
export function network(text: string): string {
  const parsed = addressOf(text)
  return parsed ? `${parsed.kind()} ${parsed.toByteArray().slice(0, parsed.kind() === 'ipv4' ? 3 : 6)}` : text
}

/** Tells whether two addresses are of one network. An unknown address is of none. */
export function oneNetwork(one: string, other: string): boolean {
  return addressOf(one) !== undefined && network(one) === network(other)
}

/**
 * The networks that an address counts for, narrowest first, and how many times one address's allowance each has. An IPv6
 * customer has all of a /64, and often of a /56 or a /48 (RFC 6177, 2): more addresses are not more tries. IPv4, mapped
 * into IPv6 or not, and whatever is no address, count for themselves.
 */
export function networksOf(text: string): { network: string; times: number }[] {
  const parsed = addressOf(text)
  if (parsed?.kind() !== 'ipv6') return [{ network: parsed?.toString() ?? text, times: 1 }]
  return [
    { network: blockStart(parsed, 64).replace('/64', ''), times: 1 },
    { network: blockStart(parsed, 56), times: 2 },
    { network: blockStart(parsed, 48), times: 4 },
  ]
}

/** Where an address leads: to the world, to this machine, or into a network that is not for everybody. */
export function reachOf(text: string): 'public' | 'loopback' | 'inside' {
  const address = addressOf(text)
  const range = address?.range()
  if (range === 'loopback') return 'loopback'
  // Of IPv6 only 2000::/3 is given out (RFC 4291, 2.4); what else seems to be common may lead anywhere, such as ::127.0.0.1.
  const given = address?.kind() === 'ipv4' || address?.match(ipaddr.parseCIDR('2000::/3'))
  return range === 'unicast' && given ? 'public' : 'inside'
}

/** Tells whether a host, as a URL or a setting names it, is the machine's own name or address (RFC 8252, 7.3). */
export function loopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}
