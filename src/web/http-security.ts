import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import ipaddr from 'ipaddr.js'
import type { Context, Middleware, Next } from 'koa'
import { Problem } from '../errors.ts'
import { type ForwardedHeader, hopAddress, hopsIn } from './forwarded.ts'

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

interface Settling {
  issuer: string
  /** Addresses and blocks of proxies that are ours. */
  trusted: readonly string[]
  /** The header in which they say whom a request is from; without one `X-Forwarded-For`, or `Forwarded` where that is not there. */
  forwarded?: ForwardedHeader | undefined
  /** The host that asks for client certificates, and the header in which a proxy passes them on; none where they come by the connection. */
  certificates?: { header: string | undefined; host: string } | undefined
  /** Hears of a hop that names no address. */
  unknown?: ((hop: string) => void) | undefined
}

/**
 * Settles who a request is from and what it is for. Its sender is the peer, or whom a proxy that the settings name
 * says it is: `unknown` where it names no address, and never the proxy's own, which everybody would share. Its host is that which
 * asks for certificates, if it was sent there, and the issuer's if not, as its scheme is: no other Host header reaches a link. What clients proved by certificate counts where
 * such a proxy passes it on, at the host that asks for certificates: at any other the client may have typed it.
 */
export function settled(settling: Settling): (req: IncomingMessage) => void {
  const { issuer, trusted, forwarded, certificates, unknown } = settling
  const { host, protocol } = new URL(issuer)
  const blocks = trusted.map(block)
  const look = remembering((hop: string): Address => {
    const plain = hopAddress(hop)
    if (plain === undefined) return { plain, believed: false }
    const parsed = ipaddr.parse(plain)
    const believed = blocks.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits))
    return { plain, believed }
  })

  /** The address that our proxies name; undefined where it is unknown. */
  const named = (hops: readonly string[]): string | undefined => {
    // From the right: the first that is no proxy of ours is the true sender; what stands left of it anyone may have typed.
    const sender = hops.findLast(hop => !look(hop).believed) ?? hops[0] ?? ''
    const { plain } = look(sender)
    if (plain === undefined) unknown?.(sender)
    return plain
  }

  return req => {
    const peer = look(req.socket.remoteAddress ?? '')
    const certified = certificates && sameHost(req.headers.host, certificates.host) ? certificates.host : undefined
    if (certificates?.header !== undefined && !(peer.believed && certified)) delete req.headers[certificates.header]
    const header = forwarded ?? (req.headers['x-forwarded-for'] === undefined ? 'forwarded' : 'x-forwarded-for')
    const told = peer.believed ? req.headers[header] : undefined
    const sender = told === undefined ? peer.plain : named(hopsIn(header, String(told)))
    delete req.headers['x-forwarded-host']
    delete req.headers.forwarded
    req.headers['x-forwarded-for'] = sender ?? 'unknown'
    req.headers['x-forwarded-proto'] = protocol.slice(0, -1)
    req.headers.host = certified ?? host
  }
}

/** Is a Host header this host, which a URL tells without the port that https has anyway? */
function sameHost(typed: string | undefined, host: string): boolean {
  return typed?.toLowerCase().replace(/:443$/, '') === host
}

/** Lets through what is for one of these paths, and answers 404 to the rest; `name` names a request. */
export function only(paths: readonly string[], listener: RequestListener, name: () => string): RequestListener {
  const known = new Set(paths)
  return (req, res) => {
    if (known.has((req.url ?? '').split('?', 1)[0] ?? '')) listener(req, res)
    else {
      const body = '{"error":"not_found"}'
      const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length }
      res.writeHead(404, { ...headers, 'x-request-id': name() }).end(body)
    }
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
    if (text.length <= 100) known.set(text, made)
    return made
  }
}

function block(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  if (text.includes('/')) return ipaddr.parseCIDR(text)
  const address = ipaddr.parse(text)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

/** Milliseconds that a body may take: the pages' and the protocol's are small. */
const patience = 30_000

/**
 * Ends requests whose bodies take too long to come, with 408, so that nobody keeps connections busy by sending a byte now and then.
 * Uploads have as long as the server gives them.
 */
export function bodiesWithin(
  listener: RequestListener,
  {
    within = patience,
    uploads,
    onLate,
  }: { within?: number; uploads: RegExp; onLate: (req: IncomingMessage, res: ServerResponse) => void },
): RequestListener {
  const late = (req: IncomingMessage, res: ServerResponse): void => {
    if (req.complete || req.socket.destroyed) return
    const { socket } = req
    if (res.headersSent) return void socket.destroy()
    res.once('finish', () => socket.destroy())
    const body = JSON.stringify({ error: 'too_slow', error_description: 'the body took too long to come' })
    const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length }
    res.writeHead(408, { ...headers, connection: 'close' }).end(body)
    onLate(req, res)
  }
  return (req, res) => {
    const { 'content-length': length = '0', 'transfer-encoding': encoding } = req.headers
    if ((length !== '0' || encoding !== undefined) && !uploads.test(req.url ?? '')) {
      const timer = setTimeout(late, within, req, res)
      timer.unref()
      req.once('end', () => clearTimeout(timer))
    }
    listener(req, res)
  }
}
