import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, STATUS_CODES } from 'node:http'
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https'
import { type AddressInfo, Server as NetServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { createSecureContext } from 'node:tls'
import { ConfigError } from './config.ts'
import { tlsPolicy } from './crypto/certificate.ts'
import { requestName } from './crypto/random.ts'

/** Where to listen, and as whom. */
export interface Place {
  host: string
  port: number
  /** PEM files of a certificate chain and its key: https. */
  tls: Files | undefined
  /** Asks clients for a certificate, and lets in those without one. */
  certificates?: boolean
}

interface Files {
  cert: string
  key: string
}

interface Options {
  /** Milliseconds between two looks at the files. */
  poll?: number
  /** Milliseconds that requests on their way get to finish once it closes. */
  grace?: number
  /** Hears that files have changed and cannot be used; the former ones stay. */
  onFault(fault: unknown): void
  /** Hears of requests that nobody can read, so that no listener gets them. */
  onUnreadable?(request: Unreadable): void
}

/** What was sent in place of a request, and how it was answered. */
export interface Unreadable {
  /** Names it, as its answer does in X-Request-Id. */
  request: string
  status: number
  /** What Node calls it. */
  why: string
}

/** How Node's codes are answered; 400 otherwise. */
const statuses: { readonly [code: string]: number | undefined } = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

/** What listens. */
export interface Serving {
  port: number
  /** Looks at the files of the certificate now. */
  reload(): void
  /**
   * Takes no more connections, and resolves once requests on their way are through. Connections that clients keep are closed with
   * their next answer, or after `linger` milliseconds: a request that meets one that just closed is lost (RFC 9112, 9.3.1). Called
   * again, it may be sooner.
   */
  close(linger?: number): Promise<void>
}

/** Listens and answers. Throws ConfigError where the files cannot be used; files that change are taken up while it serves. */
export async function serving(
  listener: RequestListener,
  { host, port, tls, certificates = false }: Place,
  { poll = 5_000, grace = 5_000, onFault, onUnreadable }: Options,
): Promise<Serving> {
  const pair = tls && read(tls)
  // Who issued a certificate, and whether that is enough, is decided by what needs one.
  const asking = certificates ? { requestCert: true, rejectUnauthorized: false, ca: [] } : {}
  const refuseUnreadable = (why: string, socket: Duplex): void => {
    if (why === 'ECONNRESET' || !socket.writable) return void socket.destroy()
    const status = statuses[why] ?? 400
    const request = requestName()
    const body = JSON.stringify({ error: status === 431 ? 'too_large' : 'malformed' })
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      ...['Connection: close', 'Content-Type: application/json; charset=utf-8', `Content-Length: ${body.length}`],
      `X-Request-Id: ${request}`,
    ]
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
    onUnreadable?.({ request, status, why })
  }
  let closed: Promise<unknown> | undefined
  const answer: RequestListener = (req, res) => {
    // A header would be lost where an answer begins anew.
    if (closed) res.shouldKeepAlive = false
    // Node's own answer to a request without a host has no name (RFC 9112, 3.2: 400).
    if (req.headers.host !== undefined || req.httpVersion !== '1.1') listener(req, res)
    else refuseUnreadable('no host', req.socket)
  }
  const reading = { requireHostHeader: false }
  const server = pair
    ? createSecureServer({ ...reading, ...context(pair), ...asking }, answer)
    : createServer(reading, answer)
  server.on('clientError', ({ code, message }: NodeJS.ErrnoException, socket) =>
    refuseUnreadable(code ?? message, socket),
  )
  // Longer than proxies keep theirs, so that none sends a request on a connection that just ended.
  server.keepAliveTimeout = 65_000
  server.headersTimeout = 20_000
  // Three documents over a slow line; headers have less.
  server.requestTimeout = 300_000
  await new Promise<void>((resolve, reject) => {
    const refuse = (fault: NodeJS.ErrnoException) => reject(cannotListen(fault, host, port))
    server.once('error', refuse).listen(port, host, () => {
      server.off('error', refuse).on('error', onFault)
      resolve()
    })
  })

  let seen = pair
  /** One half may come before the other: until they go together, what was there before stays. */
  const look = (files: Files): void => {
    try {
      const now = read(files)
      if (now.cert === seen?.cert && now.key === seen.key) return
      seen = now
      ;(server as SecureServer).setSecureContext({ ...context(now), ...asking })
    } catch (fault) {
      onFault(fault)
    }
  }
  const timer = tls && setInterval(look, poll, tls).unref()
  return {
    port: (server.address() as AddressInfo).port,
    reload: () => tls && look(tls),
    close: async (linger = 0) => {
      clearInterval(timer)
      // Not Node's own `close` for HTTP, which ends every connection that is between two requests.
      closed ??= new Promise(resolve => NetServer.prototype.close.call(server, resolve))
      let idle: NodeJS.Timeout | undefined
      const lingering = setTimeout(() => {
        server.closeIdleConnections()
        idle = setInterval(() => server.closeIdleConnections(), 100)
      }, linger)
      const all = setTimeout(() => server.closeAllConnections(), linger + grace)
      await closed
      for (const each of [lingering, idle, all]) clearTimeout(each)
    },
  }
}

/** Reads both halves; throws ConfigError. */
function read({ cert, key }: Files): Files {
  return told(() => ({ cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }))
}

/** Reads a certificate and its key for TLS. Throws ConfigError where they cannot be read or do not go together. */
export const tlsContext = (files: Files) => context(read(files))

/** What TLS is spoken with; throws ConfigError where the halves do not go together. */
function context(pair: Files) {
  const options = { ...tlsPolicy, ...pair }
  return told(() => createSecureContext(options) && options)
}

const obstacles: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EACCES: 'this user may not listen there',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'there is no such host',
}

function cannotListen({ code = '', message }: NodeJS.ErrnoException, host: string, port: number): ConfigError {
  return new ConfigError([
    `cannot listen on ${host}:${port} (LATCHKEY_LISTEN): ${obstacles[code] ?? message} (${code})`,
  ])
}

function told<T>(act: () => T): T {
  try {
    return act()
  } catch (fault) {
    throw new ConfigError([`LATCHKEY_TLS_CERT and LATCHKEY_TLS_KEY cannot be used: ${(fault as Error).message}`])
  }
}
