import type { Context, Middleware } from 'koa'
import { interaction, interactionId } from './challenge.ts'
import { type Caller, type Guard, type Need, Refused } from './guard.ts'
import { type Described, metadataHeaders, metadataOf, metadataPath } from './metadata.ts'

/** What a handler finds in `ctx.state`. */
export interface Guarded {
  caller: Caller
  /** What was sent: read here, because a signature is over these very bytes. */
  body: Uint8Array
}

const longest = 128 * 1024

/** Koa middleware: lets pass what meets the need, and answers everything else. It comes before any parser of bodies. */
export function protect(guard: Guard, need: Need | ((ctx: Context) => Need)): Middleware<Guarded> {
  return async (ctx, next) => {
    ctx.set(interaction, interactionId(ctx.headers[interaction]))
    try {
      const body = await read(ctx)
      const received = {
        method: ctx.method,
        target: ctx.originalUrl,
        headers: ctx.headers,
        body,
        peer: ctx.req.socket.remoteAddress ?? '',
      }
      ctx.state.caller = await guard(received, typeof need === 'function' ? need(ctx) : need)
      ctx.state.body = body
    } catch (fault) {
      if (!(fault instanceof Refused)) throw fault
      ctx.status = fault.status
      ctx.set(fault.headers)
      ctx.body = fault.body
      return
    }
    await next()
  }
}

/** Koa middleware that answers the API's metadata (RFC 9728), beside what is protected. */
export function describe(described: Described): Middleware {
  const path = metadataPath(described.audience)
  const metadata = metadataOf(described)
  return async (ctx, next) => {
    if (ctx.path !== path || ctx.method !== 'GET') return next()
    ctx.set(metadataHeaders)
    ctx.body = metadata
  }
}

async function read(ctx: Context): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of ctx.req) {
    length += chunk.length
    if (length > longest) throw new Refused(413, { error: 'too_large' })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
