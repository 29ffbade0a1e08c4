import { BlockList, isIP } from 'node:net'

/** Whose request it is: the peer, or whom a proxy that we know says it is. */
export type Sender = (peer: string, forwardedFor: string | string[] | undefined) => string

/**
 * Makes what tells the true sender. From the right, the first address that is no proxy of ours is the one; what stands
 * left of it anybody may have typed.
 */
export function senderOf(proxies: readonly string[]): Sender {
  const ours = new BlockList()
  for (const each of proxies) {
    const [address = '', bits] = each.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) ours.addAddress(address, family)
    else ours.addSubnet(address, Number(bits), family)
  }
  const believed = (address: string): boolean => {
    const family = isIP(address)
    return family > 0 && ours.check(address, family === 6 ? 'ipv6' : 'ipv4')
  }
  return (peer, forwardedFor = '') => {
    const plain = unmapped(peer)
    if (!believed(plain)) return plain
    const hops = [forwardedFor].flat().join(',').split(',')
    const sender = hops.map(hop => unmapped(hop.trim())).findLast(hop => !believed(hop))
    return sender !== undefined && isIP(sender) > 0 ? sender : plain
  }
}

/** An IPv4 address that a socket of both families shows as IPv6. */
function unmapped(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}
