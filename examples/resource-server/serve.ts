import { createServer, type IncomingMessage, type Server } from 'node:http'
import { Readable } from 'node:stream'
import Koa, { type Middleware } from 'koa'
import { describe as describeFetch, protect as protectFetch } from './fetch.ts'
import { type Guard, guard as guardOf, type Options, Refused } from './guard.ts'
import { describe as describeKoa, protect as protectKoa } from './koa.ts'
import type { Described } from './metadata.ts'
import { acts, nothing, type OrderBook, orderBook, sentIn } from './order-book.ts'

const routeOf = (method: string, target: string): string => `${method} ${target.split('?', 1)[0]}`

/** The order book behind Koa. */
export function koaApi(guard: Guard, book: OrderBook, described: Described): Koa {
  const api = new Koa()
  api.use(describeKoa(described))
  api.use(async (ctx, next) => {
    try {
      await next()
    } catch (fault) {
      if (!(fault instanceof Refused)) throw fault
      ctx.status = fault.status
      ctx.body = fault.body
    }
  })
  api.use(async (ctx, next) => {
    if (acts[routeOf(ctx.method, ctx.originalUrl)]) await next()
  })
  api.use(protectKoa(guard, ctx => acts[routeOf(ctx.method, ctx.originalUrl)]?.need ?? nothing) as Middleware)
  api.use(ctx => {
    const { act = '' } = acts[routeOf(ctx.method, ctx.originalUrl)] ?? {}
    ctx.body = book.answer(act, ctx.state.caller, sentIn(ctx.originalUrl, ctx.state.body))
  })
  return api
}

/** The order book as a fetch-style handler. */
export function fetchApi(guard: Guard, book: OrderBook, described: Described) {
  const metadata = describeFetch(described)
  const actOf = ({ method, url }: Request) => acts[routeOf(method, new URL(url).pathname)]
  const guarded = protectFetch(
    guard,
    request => actOf(request)?.need ?? nothing,
    (request, caller, body) => {
      const { pathname, search } = new URL(request.url)
      return Response.json(book.answer(actOf(request)?.act ?? '', caller, sentIn(pathname + search, body)))
    },
  )
  return async (request: Request, from: { peer: string }): Promise<Response> =>
    metadata(request) ??
    (actOf(request) ? guarded(request, from) : Response.json({ error: 'not_found' }, { status: 404 }))
}

/** Serves a fetch-style handler with node:http, where nothing else does. */
export function nodeServer(origin: string, handle: ReturnType<typeof fetchApi>): Server {
  return createServer(async (req, res) => {
    const answer = await handle(requestOf(origin, req), { peer: req.socket.remoteAddress ?? '' })
    res.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
  })
}

function requestOf(origin: string, req: IncomingMessage): Request {
  const headers = Object.entries(req.headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((each): [string, string] => [name, each]),
  )
  const body = req.method === 'GET' || req.method === 'HEAD' ? undefined : (Readable.toWeb(req) as ReadableStream)
  return new Request(origin + req.url, { method: req.method, headers, ...(body && { body, duplex: 'half' }) })
}

/** Both, over one book: Koa at `koa`, fetch-style at `fetch`. */
export function servers(
  options: Omit<Options, 'origin'>,
  at: { koa: string; fetch: string },
): { koa: Server; fetch: Server } {
  const book = orderBook(options.now ?? Date.now)
  const described = { ...options, name: 'Order book', scopes: ['read', 'trade', 'transfer'] }
  const guards = { koa: guardOf({ ...options, origin: at.koa }), fetch: guardOf({ ...options, origin: at.fetch }) }
  return {
    koa: createServer(koaApi(guards.koa, book, { ...described, origin: at.koa }).callback()),
    fetch: nodeServer(at.fetch, fetchApi(guards.fetch, book, { ...described, origin: at.fetch })),
  }
}
