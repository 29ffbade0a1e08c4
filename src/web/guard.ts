import type { IncomingMessage } from 'node:http'
import ipaddr from 'ipaddr.js'
import type { Context, Middleware, Next } from 'koa'
import { Problem } from '../errors.ts'

const year = 31_536_000

/** Headers of every page: nothing of others runs in it, frames it, or learns where it was (OWASP ASVS 5.0, 3.4). */
export function headers({ https }: { https: boolean }): Middleware {
  return async (ctx, next) => {
    decorate(ctx, { https })
    await next()
  }
}

/** Puts every page's headers on one answer. */
export function decorate(ctx: Context, { https }: { https: boolean }): void {
  ctx.set({
    'Content-Security-Policy': contentPolicy(),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy':
      'camera=(), geolocation=(), microphone=(), payment=(), usb=(), publickey-credentials-get=(self), publickey-credentials-create=(self)',
    'Cache-Control': 'no-store',
    ...(https && { 'Strict-Transport-Security': `max-age=${year}; includeSubDomains` }),
  })
}

/** Lets this page's forms end at an app too: browsers apply form-action to the redirects that follow a post. */
export function formsMayEndAt(ctx: Context, origin: string | undefined): void {
  ctx.set('Content-Security-Policy', contentPolicy(origin))
}

function contentPolicy(formTarget?: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    `form-action 'self'${formTarget ? ` ${formTarget}` : ''}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ')
}

const safe = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses what another site's page makes a browser send: by Sec-Fetch-Site where there is one, else by Origin.
 * A request with neither comes from no browser that keeps cookies across sites.
 */
export function sameOrigin(issuer: string): Middleware {
  return async (ctx: Context, next: Next) => {
    if (!safe.has(ctx.method)) {
      const site = ctx.get('Sec-Fetch-Site')
      const origin = ctx.get('Origin')
      if (site ? site !== 'same-origin' && site !== 'none' : origin !== '' && origin !== issuer) {
        throw new Problem('cross_origin')
      }
    }
    await next()
  }
}

/**
 * Settles who a request is from and what it is for. Its sender is the peer, or whom a proxy that the settings name
 * says it is; its host and scheme are the issuer's, so that nobody's Host header reaches a link.
 */
export function settled(issuer: string, trusted: readonly string[]): (req: IncomingMessage) => void {
  const { host, protocol } = new URL(issuer)
  const blocks = trusted.map(block)
  const believed = (address: string): boolean => {
    if (!ipaddr.isValid(address)) return false
    const parsed = ipaddr.process(address)
    return blocks.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits))
  }
  return req => {
    const peer = req.socket.remoteAddress ?? ''
    const hops = believed(peer) ? String(req.headers['x-forwarded-for'] ?? '').split(',') : []
    // From the right: the first that is no proxy of ours is the true sender; what stands left of it anyone may have typed.
    const sender = hops.map(hop => hop.trim()).findLast(hop => !believed(hop))
    delete req.headers['x-forwarded-host']
    req.headers['x-forwarded-for'] = plain(sender && ipaddr.isValid(sender) ? sender : peer)
    req.headers['x-forwarded-proto'] = protocol.slice(0, -1)
    req.headers.host = host
  }
}

function block(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  if (text.includes('/')) return ipaddr.parseCIDR(text)
  const address = ipaddr.parse(text)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

/** One spelling for each address: an IPv4 one mapped into IPv6 is written as IPv4. */
function plain(address: string): string {
  return ipaddr.isValid(address) ? ipaddr.process(address).toString() : 'unknown'
}
