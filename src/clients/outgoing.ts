import type { LookupAddress } from 'node:dns'
import { Resolver } from 'node:dns/promises'
import { type IncomingMessage, request as plainly, type RequestOptions } from 'node:http'
import { request as securely } from 'node:https'
import { isIP } from 'node:net'
import { text } from 'node:stream/consumers'
import ipaddr from 'ipaddr.js'

/** How far requests of ours may go. */
export interface Reach {
  /** Loopback too, and there by plain http: the apps of a developer's machine. */
  loopback: boolean
  /** Finds every address of a name. */
  resolve?: (host: string) => Promise<LookupAddress[]>
}

/** The step at which a request failed. */
type Progress = 'name' | 'address' | 'connection' | 'answer'

/** Thrown when nothing was sent or no answer accepted: nobody answers there, or the address or the answer cannot be trusted. */
export class Unreachable extends Error {
  /** What the system calls it, where it knows. */
  readonly code: string | undefined
  constructor(why: string, cause?: unknown) {
    super(why, { cause })
    this.name = 'Unreachable'
    this.code = (cause as { code?: string } | undefined)?.code
  }

  /** Adds where it would have gone and how far it came, for the log. */
  at(host: string, progress: Progress): this {
    return Object.assign(this, { error_description: `${host} (${progress})` })
  }
}

/** Milliseconds for all of it: names, connection, answer. */
const longest = 3_000
/** Bytes of an answer. */
const largest = 128 * 1024

/**
 * `fetch` for addresses that others choose: keys of clients, their documents, where they hear of logouts. Every address of a name
 * must be a public one, and the connection goes to one of those that were looked at, so that a name that changes meanwhile gains
 * nothing. It follows no redirect, decodes nothing, and ends after three seconds or 128 KB. Throws Unreachable.
 */
export function outgoing({ loopback, resolve = everyAddress }: Reach) {
  const send = async (url: URL, init: RequestInit, came: (to: Progress) => void): Promise<Response> => {
    const signal = AbortSignal.any([AbortSignal.timeout(longest), ...(init.signal ? [init.signal] : [])])
    signal.throwIfAborted()
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const found = isIP(host) ? [{ address: host, family: isIP(host) }] : await before(signal, resolve(host))
    if (found.length > 0) came('address')
    const kinds = found.map(({ address }) => kindOf(address))
    if (!kinds.every(kind => kind === 'public' || (loopback && kind === 'loopback')) || found.length === 0)
      throw new Unreachable('the host is at no public address')
    const near = kinds.every(kind => kind === 'loopback')
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && near)) throw new Unreachable('only https is spoken')
    came('connection')
    const headers = Object.fromEntries(new Headers(init.headers))
    const body = init.body === undefined || init.body === null ? undefined : String(init.body)
    const answer = await sent(url, { method: init.method ?? 'GET', headers, signal, lookup: pinned(found) }, body)
    came('answer')
    return taken(answer, headers.accept ?? '')
  }

  return async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input)
    let progress: Progress = 'name'
    try {
      return await send(url, init, to => {
        progress = to
      })
    } catch (fault) {
      const why = fault instanceof Unreachable ? fault : new Unreachable((fault as Error).message, fault)
      throw why.at(url.host, progress)
    }
  }
}

/** Asks name servers alone: the machine's own way holds a thread for as long as a name server likes, and hashes wait for those too. */
async function everyAddress(host: string): Promise<LookupAddress[]> {
  // RFC 6761, 6.3.
  const own = /(^|\.)localhost\.?$/.test(host)
  const resolver = new Resolver({ timeout: 1_000, tries: 2 })
  const asked = own ? [['127.0.0.1'], ['::1']] : [resolver.resolve4(host), resolver.resolve6(host)]
  const told = await Promise.allSettled(asked)
  const found = told.flatMap(each => (each.status === 'fulfilled' ? each.value : []))
  return found.map(address => ({ address, family: isIP(address) }))
}

function kindOf(address: string): 'public' | 'loopback' | 'inside' {
  const parsed = ipaddr.process(address)
  const range = parsed.range()
  if (range === 'loopback') return 'loopback'
  // Of IPv6 only 2000::/3 is given out (RFC 4291, 2.4); what else seems to be common may lead anywhere, such as ::127.0.0.1.
  const given = parsed.kind() === 'ipv4' || parsed.match(ipaddr.parseCIDR('2000::/3'))
  return range === 'unicast' && given ? 'public' : 'inside'
}

/** What a promise comes to, unless time is up before. */
function before<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((done, failed) => {
    signal.addEventListener('abort', () => failed(signal.reason), { once: true })
    promise.then(done, failed)
  })
}

/** Resolves whatever is asked to what was found before. */
function pinned(found: LookupAddress[]): NonNullable<RequestOptions['lookup']> {
  return (_, { all }, tell) => {
    const [{ address, family }] = found as [LookupAddress]
    if (all) tell(null, found)
    else tell(null, address, family)
  }
}

function sent(url: URL, options: RequestOptions, body: string | undefined): Promise<IncomingMessage> {
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
  const headers = { ...options.headers, 'accept-encoding': 'identity', ...length }
  return new Promise((done, failed) => {
    const send = url.protocol === 'https:' ? securely : plainly
    send(url, { ...options, headers, agent: false }, done)
      .on('error', failed)
      .end(body)
  })
}

async function taken(answer: IncomingMessage, accept: string): Promise<Response> {
  const { statusCode: status = 0, headers } = answer
  const refuse = (why: string): never => {
    answer.destroy()
    throw new Unreachable(why)
  }
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') refuse('the answer is encoded')
  const json = /^application\/([\w.-]+\+)?json\b/.test(headers['content-type'] ?? '')
  if (status === 200 && accept.includes('json') && !json) refuse('the answer is no JSON')
  let length = 0
  const counted = answer.on('data', chunk => {
    length += chunk.length
    if (length > largest) answer.destroy(new Unreachable('the answer is too long'))
  })
  const body = await text(counted)
  const pairs = Object.entries(headers).map(([name, value]) => [name, String(value)] as [string, string])
  return new Response([204, 205, 304].includes(status) ? null : body, { status, headers: pairs })
}
