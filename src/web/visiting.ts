import type { Context, Middleware } from 'koa'
import { deviceId } from '../accounts/device.ts'
import type { Visitor } from '../flows/visitor.ts'
import { type Locale, negotiate } from './phrases.ts'

const year = 365 * 24 * 3_600_000

/** What every request to a page brings along. */
export interface Visit {
  visitor: Visitor
  locale: Locale
  /** Names this request in logs and on error pages. */
  request: string
}

/** Gives each browser a device cookie, and each request its visitor, language and id. */
export function visiting({ https, token }: { https: boolean; token: () => string }): Middleware<Visit> {
  // With the prefix no other host, and no plain http, can plant it (RFC 6265bis, 4.1.3.2).
  const name = https ? '__Host-latchkey_device' : 'latchkey_device'
  return async (ctx, next) => {
    const cookie = readDevice(ctx, name) ?? token()
    ctx.cookies.set(name, cookie, {
      httpOnly: true,
      sameSite: 'lax',
      secure: https,
      signed: false,
      maxAge: year,
      path: '/',
    })
    ctx.state.visitor = {
      device: deviceId(cookie),
      address: ctx.ip,
      agent: ctx.get('User-Agent').slice(0, 300) || undefined,
    }
    ctx.state.locale = negotiate(ctx.get('Accept-Language'))
    ctx.state.request = token().slice(0, 12)
    await next()
  }
}

function readDevice(ctx: Context, name: string): string | undefined {
  const cookie = ctx.cookies.get(name)
  return cookie && /^[\w-]{43}$/.test(cookie) ? cookie : undefined
}
