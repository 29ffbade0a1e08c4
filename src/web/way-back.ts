import type { Context } from 'koa'

/** Where to start again: the app that a page was for. */
export interface WayBack {
  name: string
  home: string
}

const day = 24 * 3_600_000
const nameFor = (ctx: Context): string => `${ctx.secure ? '__Secure-' : ''}latchkey_app`

/**
 * Remembers for a day which app these pages are for, in signed cookies that are sent to them alone: what they wait for is gone from the store
 * by the time that somebody has to start again.
 */
export function rememberApp(ctx: Context, app: WayBack | undefined, paths: readonly string[]): void {
  if (!app) return
  const value = Buffer.from(JSON.stringify([app.name, app.home])).toString('base64url')
  const options = { httpOnly: true, sameSite: 'lax', secure: ctx.secure, signed: true, maxAge: day } as const
  for (const path of paths) ctx.cookies.set(nameFor(ctx), value, { ...options, path, overwrite: false })
}

/** Returns the app that the page of a request was for, where somebody who came too late can start again. */
export function wayBack(ctx: Context): WayBack | undefined {
  const value = ctx.cookies.get(nameFor(ctx), { signed: true })
  if (value === undefined) return undefined
  const [name, home] = JSON.parse(Buffer.from(value, 'base64url').toString()) as [string, string]
  return { name, home }
}
