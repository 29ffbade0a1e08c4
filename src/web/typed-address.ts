import type { Context } from 'koa'

/** Makes texts unreadable for browsers, and reads them again; undefined for one that nobody here made. */
export interface Sealed {
  seal(text: string): string
  open(sealed: string): string | undefined
}

const day = 24 * 3_600_000
const typedFor = (ctx: Context): string => `${ctx.secure ? '__Secure-' : ''}latchkey_typed`
const typedCookie = (ctx: Context, path: string) =>
  ({ httpOnly: true, sameSite: 'lax', secure: ctx.secure, signed: true, path, overwrite: false }) as const

/**
 * Remembers the address that was typed, sealed in a cookie: for a day at the pages of a flow, which may be over when somebody comes back, or for ten
 * minutes at the page that comes next, whichever it is.
 */
export function rememberTyped(ctx: Context, { seal }: Sealed, email: string | undefined, path = '/'): void {
  if (email === undefined || email === '') return
  const maxAge = path === '/' ? 10 * 60_000 : day
  ctx.cookies.set(typedFor(ctx), seal(email.slice(0, 320)), { ...typedCookie(ctx, path), maxAge })
}

/** Returns the address that was typed in this browser before, if any. */
export function typedAddress(ctx: Context, { open }: Sealed): string | undefined {
  const kept = ctx.cookies.get(typedFor(ctx), { signed: true })
  return kept === undefined ? undefined : open(kept)
}

/** Forgets the address that was typed, once somebody is signed in. */
export function forgetTyped(ctx: Context): void {
  ctx.cookies.set(typedFor(ctx), null, typedCookie(ctx, '/'))
}

/** Returns what was typed that a page may show again: never a password or a code. */
export function typed(posted: unknown): Record<string, string> {
  const shown = ['email', 'phone', 'country', 'second']
  const entries = Object.entries(posted ?? {}).filter(
    ([name, value]) => shown.includes(name) && typeof value === 'string',
  )
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value).slice(0, 320)]))
}
