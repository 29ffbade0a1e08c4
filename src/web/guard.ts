import type { IncomingMessage, RequestListener } from 'node:http'
import ipaddr from 'ipaddr.js'
import type { Context, Middleware, Next } from 'koa'
import { Problem } from '../errors.ts'

const year = 31_536_000

/** Headers of every page: nothing of others runs in it, frames it, or learns where it was (OWASP ASVS 5.0, 3.4). */
export function headers({ https }: { https: boolean }): Middleware {
  return async (ctx, next) => {
    ctx.set({
      'Content-Security-Policy': contentPolicy,
      'X-Content-Type-Options': 'nosniff',
      // Not no-referrer, which makes browsers say `Origin: null` of our own forms (Fetch, 3.2: serializing a request origin).
      'Referrer-Policy': 'same-origin',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Permissions-Policy':
        'camera=(), geolocation=(), microphone=(), payment=(), usb=(), publickey-credentials-get=(self), publickey-credentials-create=(self)',
      'Cache-Control': 'no-store',
      ...(https && { 'Strict-Transport-Security': `max-age=${year}; includeSubDomains` }),
    })
    await next()
  }
}

const contentPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ')

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
 * says it is; its host and scheme are the issuer's, so that nobody's Host header reaches a link. In the header named
 * `certificates` such a proxy passes on what clients proved to it, and nobody else does.
 */
export function settled(
  issuer: string,
  trusted: readonly string[],
  certificates?: string,
): (req: IncomingMessage) => void {
  const { host, protocol } = new URL(issuer)
  const blocks = trusted.map(block)
  const look = remembering((address: string): Address => {
    if (!ipaddr.isValid(address)) return { plain: undefined, believed: false }
    const parsed = ipaddr.process(address)
    const believed = blocks.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits))
    return { plain: parsed.toString(), believed }
  })
  return req => {
    const peer = look(req.socket.remoteAddress ?? '')
    if (certificates !== undefined && !peer.believed) delete req.headers[certificates]
    const hops = peer.believed ? String(req.headers['x-forwarded-for'] ?? '').split(',') : []
    // From the right: the first that is no proxy of ours is the true sender; what stands left of it anyone may have typed.
    const sender = hops.map(hop => look(hop.trim())).findLast(hop => !hop.believed)
    delete req.headers['x-forwarded-host']
    req.headers['x-forwarded-for'] = sender?.plain ?? peer.plain ?? 'unknown'
    req.headers['x-forwarded-proto'] = protocol.slice(0, -1)
    req.headers.host = host
  }
}

/** Lets through what is for one of these paths, and answers 404 to the rest; `name` names a request. */
export function only(paths: readonly string[], listener: RequestListener, name: () => string): RequestListener {
  const known = new Set(paths)
  return (req, res) => {
    if (known.has((req.url ?? '').split('?', 1)[0] ?? '')) listener(req, res)
    else res.writeHead(404, { 'content-length': 0, 'x-request-id': name() }).end()
  }
}

interface Address {
  /** In its one spelling: an IPv4 one that is mapped into IPv6 is written as IPv4; undefined for what is none. */
  plain: string | undefined
  /** It is a proxy of ours. */
  believed: boolean
}

const most = 10_000

/** Remembers what was made of each text, up to so many: the same few addresses come again and again. */
function remembering<T>(make: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>()
  return text => {
    const found = known.get(text)
    if (found) return found
    if (known.size >= most) known.clear()
    const made = make(text)
    known.set(text, made)
    return made
  }
}

function block(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  if (text.includes('/')) return ipaddr.parseCIDR(text)
  const address = ipaddr.parse(text)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}
