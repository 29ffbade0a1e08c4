import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** The widest block that still says anything, in bits of its network. */
const widest = { ipv4: 8, ipv6: 16 }

/** An address in its one spelling, an IPv4 one that is mapped into IPv6 as IPv4; undefined when it is none. */
export function plainAddress(text: string): string | undefined {
  return parse(text)?.toString()
}

/** An address or CIDR block (RFC 4632, RFC 4291) in its one spelling; undefined when it is none, or so wide that it says nothing. */
export function plainBlock(text: string): string | undefined {
  const block = blockOf(text)
  if (!block) return undefined
  const [network, bits] = block
  const kind = network.kind()
  if (bits < widest[kind]) return undefined
  if (bits === (kind === 'ipv4' ? 32 : 128)) return network.toString()
  const { IPv4, IPv6 } = ipaddr
  const start =
    kind === 'ipv4'
      ? IPv4.networkAddressFromCIDR(`${network}/${bits}`)
      : IPv6.networkAddressFromCIDR(`${network}/${bits}`)
  return `${start}/${bits}`
}

/** Does an address stand in one of these blocks? */
export function within(blocks: readonly string[], address: string | undefined): boolean {
  const parsed = address === undefined ? undefined : parse(address)
  if (!parsed) return false
  return blocks.some(text => {
    const [network, bits] = blockOf(text) ?? []
    return network !== undefined && network.kind() === parsed.kind() && parsed.match(network, bits as number)
  })
}

function parse(text: string): Address | undefined {
  // ipaddr.js also reads what only inet_aton knows: octal, hexadecimal, fewer than four parts.
  return isIP(text) > 0 && !text.includes('%') ? ipaddr.process(text) : undefined
}

function blockOf(text: string): [network: Address, bits: number] | undefined {
  const [address = '', length, more] = text.split('/')
  const network = parse(address)
  if (!network || more !== undefined) return undefined
  const all = network.kind() === 'ipv4' ? 32 : 128
  if (length === undefined) return [network, all]
  if (!/^(0|[1-9]\d{0,2})$/.test(length)) return undefined
  // The block of a mapped address counts the bits of IPv6.
  const bits = Number(length) - (network.kind() === 'ipv4' && address.includes(':') ? 96 : 0)
  return bits >= 0 && bits <= all ? [network, bits] : undefined
}
