import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Context, Middleware, Next } from 'koa'
import { Problem } from '../errors.ts'
import { within } from '../network.ts'
import { type ForwardedHeader, hopAddress, hopsIn } from './forwarded.ts'

const year = 31_536_000

/** Sets the headers of every page: no other site's code runs in it, no other site frames it or learns its address (OWASP ASVS 5.0, 3.4). */
export function headers({ https }: { https: boolean }): Middleware {
  const all = Object.entries({
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
  return ({ res }, next) => {
    for (const [name, value] of all) res.setHeader(name, value)
    return next()
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
 * Refuses requests that another site's page makes a browser send: by Sec-Fetch-Site where it is there, else by Origin. A request with
 * neither comes from no browser that sends cookies across sites.
 */
export function sameOrigin(issuer: string): Middleware {
  return async (ctx: Context, next: Next) => {
    if (foreign(ctx, issuer)) throw new Problem('cross_origin')
    await next()
  }
}

/** Tells whether another site's page made a browser send a request that may change something. */
export function foreign(ctx: Pick<Context, 'method' | 'get'>, issuer: string): boolean {
  if (safe.has(ctx.method)) return false
  const site = ctx.get('Sec-Fetch-Site')
  const origin = ctx.get('Origin')
  return site ? site !== 'same-origin' && site !== 'none' : origin !== '' && origin !== issuer
}

export interface Proxies {
  /** Addresses and blocks of our own proxies. */
  trusted: readonly string[]
  /** The header in which they name the sender; if unset, `X-Forwarded-For`, or `Forwarded` where the request has none. */
  forwarded?: ForwardedHeader | undefined
  /** The host that asks for client certificates, and the header in which a proxy passes them on, unless they come by the connection. */
  certificates?: { header: string | undefined; host: string } | undefined
  /** Called with a hop that names no address. */
  unknown?: ((hop: string) => void) | undefined
}

/**
 * Settles the sender, host and scheme of a request, and rewrites its headers accordingly. The sender is the peer, or the address that a
 * proxy of the settings names: `unknown` where it names none, and never the proxy's own address, which everybody would share. The host is
 * the one that asks for certificates if the request was sent there, and the issuer's otherwise: no other Host header reaches a link. A
 * certificate in a header counts only from such a proxy, at the host that asks for certificates: anywhere else the client may have typed it.
 */
export function settled({ issuer, trusted, forwarded, certificates, unknown }: Proxies & { issuer: string }) {
  const { host, protocol } = new URL(issuer)
  const ours = within(trusted)
  const look = remembering((hop: string): Address => {
    const plain = hopAddress(hop)
    return { plain, believed: ours(plain) }
  })

  /** Returns the address that our proxies name; undefined where it is unknown. */
  const named = (hops: readonly string[]): string | undefined => {
    // From the right: the first that is no proxy of ours is the true sender; anyone may have typed what stands left of it.
    const sender = hops.findLast(hop => !look(hop).believed) ?? hops[0] ?? ''
    const { plain } = look(sender)
    if (plain === undefined) unknown?.(sender)
    return plain
  }

  return (req: IncomingMessage): void => {
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

/** Says whether a Host header names this host; a URL leaves out the standard port of https. */
function sameHost(typed: string | undefined, host: string): boolean {
  return typed?.toLowerCase().replace(/:443$/, '') === host
}

/** Passes on requests for these paths, and what is below those that end in a slash, and answers the rest with 404; `name` makes the id of a request. */
export function only(paths: readonly string[], listener: RequestListener, name: () => string): RequestListener {
  const known = new Set(paths)
  const folders = paths.filter(each => each.endsWith('/'))
  return (req, res) => {
    const [path = ''] = (req.url ?? '').split('?', 1)
    if (known.has(path) || folders.some(each => path.startsWith(each))) listener(req, res)
    else {
      const body = '{"error":"not_found"}'
      const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length }
      res.writeHead(404, { ...headers, 'x-request-id': name() }).end(body)
    }
  }
}

interface Address {
  /** The address in its one spelling, IPv4 mapped into IPv6 as IPv4; undefined where there is none. */
  plain: string | undefined
  /** Whether it is one of our proxies. */
  believed: boolean
}

const most = 10_000

/** Remembers what was made of each text, for up to so many texts: the same few addresses come again and again. */
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

/** Milliseconds that a body may take: those of pages and of the protocol are small. */
const patience = 30_000

/**
 * Ends requests whose bodies take too long to arrive with 408, so that nobody keeps connections busy by sending a byte now and then.
 * Uploads may take as long as the server allows.
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
