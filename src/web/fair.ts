import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { networksOf } from '../network.ts'

/**
 * A source is slowed for the rest of `window` (milliseconds) when so many of its requests were refused in it, and more than were answered
 * well: an app with a wrong secret does not slow the other apps on its network.
 */
const patience = { refusals: 100, window: 60_000 }
/** Requests of a slowed source that run at a time, the milliseconds between two of them, and how many may wait; how many refusals of all sources may be delayed. */
const lanes = { open: 2, pause: 25, waiting: 100, delayed: 1_000 }
/** Milliseconds that a refusal is delayed: a sender that waits for an answer sends nothing else. */
const delay = 500
/** Milliseconds after which a slow request, an upload for example, lets the next one begin. */
const slowly = 1_000
/** How many sources are remembered. */
const most = 10_000

/** The statuses that count as refused. Those of a form that somebody filled in wrongly (409, 410, 422) do not. */
const refusals = new Set([400, 401, 403, 404, 405, 413, 429])

const loopback = /^(127\.|::1$|unknown$)/

interface Source {
  refused: number
  well: number
  /** When the next may begin. */
  next: number
  until: number
  open: number
  waiting: (() => void)[]
}

/**
 * Keeps a flood from taking all the time of a process: a source whose requests are refused again and again gets only a few turns. Only a
 * request that would wait too long is answered with 429, so people behind the same address are slowed and not shut out.
 */
export function fairly(listener: RequestListener, time = (): number => performance.now()): RequestListener {
  const sources = new Map<string, Source>()
  let delayed = 0

  const sourceOf = (address: string): Source | undefined => {
    const name = networksOf(address)[0]?.network ?? address
    const found = sources.get(name)
    if (found && found.until <= time() && found.open + found.waiting.length === 0) {
      sources.delete(name)
      return undefined
    }
    return found
  }
  const note = (address: string, status: number): void => {
    const refused = refusals.has(status)
    if (sources.size === 0 && !refused) return
    const found = sourceOf(address)
    if (!found && !refused) return
    // A 429 asked its receiver to wait: going on counts for more.
    const weight = status === 429 ? 5 : 1
    if (found) found[refused ? 'refused' : 'well'] += weight
    else {
      if (sources.size >= most) sources.delete(sources.keys().next().value ?? '')
      const name = networksOf(address)[0]?.network ?? address
      sources.set(name, {
        refused: weight,
        well: 0,
        next: 0,
        until: time() + patience.window,
        open: 0,
        waiting: [],
      })
    }
  }

  const turn = (source: Source, req: IncomingMessage, res: ServerResponse): void => {
    // A client that has closed the connection needs no answer.
    if (res.destroyed) {
      next(source)
      return
    }
    source.open += 1
    source.next = time() + lanes.pause
    let over = false
    const done = (): void => {
      if (over) return
      over = true
      clearTimeout(timer)
      source.open -= 1
      next(source)
    }
    const timer = setTimeout(done, slowly)
    res.once('close', done)
    listener(req, res)
  }
  const next = (source: Source): void => {
    if (source.open >= lanes.open || source.waiting.length === 0) return
    const early = source.next - time()
    if (early > 0) setTimeout(next, Math.ceil(early), source)
    else source.waiting.shift()?.()
  }

  return (req, res) => {
    const address = String(req.headers['x-forwarded-for'] ?? '')
    // This machine, or a proxy on it that no setting names: it stands for everybody, and one of them must not slow down all.
    if (loopback.test(address)) return listener(req, res)
    res.on('finish', () => note(address, res.statusCode))
    // Mostly nobody is slowed, and an address takes time to be read.
    const source = sources.size === 0 ? undefined : sourceOf(address)
    if (!source || source.refused < Math.max(patience.refusals, source.well)) return listener(req, res)
    if (source.waiting.length < lanes.waiting) {
      source.waiting.push(() => turn(source, req, res))
      next(source)
      return
    }
    if (delayed >= lanes.delayed) return refuse(res)
    delayed += 1
    setTimeout(() => {
      delayed -= 1
      refuse(res)
    }, delay)
  }
}

function refuse(res: ServerResponse): void {
  res.writeHead(429, {
    'content-type': 'application/json; charset=utf-8',
    'retry-after': '1',
    'cache-control': 'no-store',
  })
  res.end('{"error":"slow_down","error_description":"too many requests from this address were refused: wait"}')
}
