import type { LookupAddress } from 'node:dns'
import { Resolver } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import type { Client, Dispatcher } from 'undici'
import { reachOf } from '../network.ts'

/** How far requests of ours may go. */
export interface Reach {
  /** Loopback too, and there by plain http: the apps of a developer's machine. */
  loopback: boolean
  /** Resolves a name to all of its addresses. */
  resolve?: (host: string) => Promise<LookupAddress[]>
}

/** The step at which a request failed. */
type Progress = 'name' | 'address' | 'connection' | 'answer'

/** Thrown when nothing is sent or the answer is not accepted: the host does not answer, or the address or the answer cannot be trusted. */
export class Unreachable extends Error {
  /** The system's code for the fault, where there is one. */
  readonly code: string | undefined
  constructor(why: string, cause?: unknown) {
    super(why, { cause })
    this.name = 'Unreachable'
    this.code = (cause as { code?: string } | undefined)?.code
  }

  /** Adds the host and the step that failed, for the log. */
  at(host: string, progress: Progress): this {
    return Object.assign(this, { error_description: `${host} (${progress})` })
  }
}

/** Loaded for the first request: it takes 5 MB, and many servers send none. */
const undici = () => import('undici')

/** Milliseconds for all of it: names, connection, answer. */
const longest = 3_000
/** Bytes of an answer. */
const largest = 128 * 1024

/**
 * Returns a `fetch` for addresses that others choose: keys of clients, their documents, where they hear of logouts. Every address of
 * a name must be a public one, and the connection goes to one of those that were checked, so that a name that changes meanwhile gains
 * nothing. It follows no redirect, decodes nothing, and ends after three seconds or 128 KB. Throws Unreachable.
 */
export function outgoing({ loopback, resolve = everyAddress }: Reach) {
  return async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input)
    const { Client } = await undici()
    const signal = AbortSignal.any([AbortSignal.timeout(longest), ...(init.signal ? [init.signal] : [])])
    let progress: Progress = 'name'
    const checked = (found: LookupAddress[]): LookupAddress[] => {
      if (found.length > 0) progress = 'address'
      const kinds = new Set(found.map(({ address }) => reachOf(address)))
      if (kinds.size === 0 || kinds.has('inside') || (kinds.has('loopback') && !loopback))
        throw new Unreachable('the host is at no public address')
      if (url.protocol !== 'https:' && kinds.has('public')) throw new Unreachable('only https is spoken')
      progress = 'connection'
      return found
    }
    let client: Client | undefined
    // The connection is ended as a whole, because the signal of a request does not end its lookup.
    const end = (): void => void client?.destroy(signal.reason)
    try {
      const host = url.hostname.replace(/^\[|\]$/g, '')
      // For an address there is no lookup.
      if (isIP(host)) checked([{ address: host, family: isIP(host) }])
      if (!/^https?:$/.test(url.protocol)) throw new Unreachable('only https is spoken')
      signal.throwIfAborted()
      signal.addEventListener('abort', end)
      client = connection(Client, url.origin, async name => checked(await resolve(name)))
      const headers = { ...Object.fromEntries(new Headers(init.headers)), 'accept-encoding': 'identity' }
      const answer = await client.request({
        path: url.pathname + url.search,
        method: (init.method ?? 'GET') as Dispatcher.HttpMethod,
        headers,
        body: init.body === undefined || init.body === null ? null : String(init.body),
      })
      progress = 'answer'
      return await accepted(answer, new Headers(init.headers).get('accept') ?? '')
    } catch (fault) {
      const why = fault instanceof Unreachable ? fault : new Unreachable((fault as Error).message, fault)
      throw why.at(url.host, progress)
    } finally {
      signal.removeEventListener('abort', end)
      await client?.destroy()
    }
  }
}

/** Returns a client for one request, whose connection goes to one of the addresses that `resolve` returns. */
function connection(Made: typeof Client, origin: string, resolve: (host: string) => Promise<LookupAddress[]>): Client {
  const lookup: LookupFunction = (host, _, tell) =>
    void resolve(host).then(
      found => tell(null, found),
      fault => tell(fault, []),
    )
  return new Made(origin, {
    allowH2: false,
    maxResponseSize: largest,
    // With this, each lookup asks for all addresses of a name.
    autoSelectFamily: true,
    connect: { timeout: longest, lookup },
  })
}

/** Reads an answer that is neither encoded nor too long, and JSON if that was asked for. Throws Unreachable. */
async function accepted({ statusCode, headers, body }: Dispatcher.ResponseData, accept: string): Promise<Response> {
  if (String(headers['content-encoding'] ?? 'identity') !== 'identity') throw new Unreachable('the answer is encoded')
  const json = /^application\/([\w.-]+\+)?json\b/.test(String(headers['content-type']))
  if (statusCode === 200 && accept.includes('json') && !json) throw new Unreachable('the answer is no JSON')
  const { errors } = await undici()
  const content = await body.text().catch(fault => {
    throw fault instanceof errors.ResponseExceededMaxSizeError ? new Unreachable('the answer is too long') : fault
  })
  const pairs = Object.entries(headers).map(([name, value]) => [name, String(value)] as [string, string])
  return new Response([204, 205, 304].includes(statusCode) ? null : content, { status: statusCode, headers: pairs })
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
