import ipaddr from 'ipaddr.js'
import type { Context } from 'koa'
import type { Origin } from '../events.ts'
import { deviceCookie, deviceId, isDevice } from './device.ts'

/** Where a request came from. */
export function originOf(ctx: Pick<Context, 'ip' | 'get' | 'cookies' | 'secure' | 'state'>): Origin {
  const device = ctx.cookies.get(deviceCookie(ctx.secure))
  return {
    address: ctx.ip,
    agent: ctx.get('User-Agent').slice(0, 300) || undefined,
    ...(typeof ctx.state.request === 'string' && { request: ctx.state.request }),
    ...(isDevice(device) && { device: deviceId(device) }),
  }
}

/** Are two addresses of one network? Of one that is unknown nobody can say so. */
export function oneNetwork(one: string, other: string): boolean {
  return ipaddr.isValid(one) && network(one) === network(other)
}

/** The network an address is in, as providers hand them out: 24 bits of IPv4, 48 of IPv6 (RFC 6177, 2). */
export function network(address: string): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  return `${parsed.kind()} ${parsed.toByteArray().slice(0, parsed.kind() === 'ipv4' ? 3 : 6)}`
}
