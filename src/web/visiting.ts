import type { Middleware } from 'koa'
import { deviceCookie, deviceId, isDevice } from '../accounts/device.ts'
import type { Visitor } from '../flows/visitor.ts'
import { type Locale, preferredLocale } from './phrases.ts'

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
  const name = deviceCookie(https)
  return async (ctx, next) => {
    const shown = ctx.cookies.get(name)
    const cookie = isDevice(shown) ? shown : token()
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
      request: ctx.state.request,
    }
    ctx.state.locale = preferredLocale(ctx)
    await next()
  }
}
