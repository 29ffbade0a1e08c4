import type { Context } from 'koa'
import { isLocale, type Locale, lookup } from '../languages.ts'

const cookieName = (https: boolean): string => (https ? '__Host-latchkey_language' : 'latchkey_language')
const year = 365 * 24 * 3_600_000

/** Returns the language that was chosen in this browser, on the switcher of any page. */
export function chosenLocale(ctx: Pick<Context, 'cookies' | 'secure'>): Locale | undefined {
  const chosen = ctx.cookies.get(cookieName(ctx.secure), { signed: false })
  return isLocale(chosen) ? chosen : undefined
}

/** What else says which language somebody reads. */
interface Said {
  /** Their own setting, where they are signed in. */
  setting?: string | undefined
  /** What the app asks for (OpenID Connect Core, 3.1.2.1: tags separated by spaces, best first). */
  asked?: string | undefined
}

/**
 * Returns the language of a request's pages: the one chosen in this browser, else the person's own setting, else what the app asks for
 * (`ui_locales`), else what the browser prefers (Accept-Language; RFC 9110, 12.5.4), else English.
 */
export function localeOf(ctx: Pick<Context, 'acceptsLanguages' | 'cookies' | 'secure'>, said: Said = {}): Locale {
  const chosen = chosenLocale(ctx) ?? said.setting
  if (isLocale(chosen)) return chosen
  const asked = said.asked === undefined ? undefined : lookup(said.asked.split(' '))
  return asked ?? lookup(ctx.acceptsLanguages()) ?? 'en'
}

/** Remembers the language that was chosen in this browser, for a year. */
export function chooseLocale(ctx: Context, locale: Locale): void {
  const options = {
    httpOnly: true,
    sameSite: 'lax',
    secure: ctx.secure,
    signed: false,
    maxAge: year,
    path: '/',
  } as const
  ctx.cookies.set(cookieName(ctx.secure), locale, options)
}

/** Characters of an address that the switcher leads back to: a request to sign out with an ID token is that long. */
export const longestPath = 8_000

/** Returns the path of a page of ours, with its query; undefined for what a browser could take for another site's. */
export function ownPath(typed: string, issuer: string): string | undefined {
  if (!/^\/[\x21-\x7e]*$/.test(typed) || typed.length > longestPath) return undefined
  const { origin, pathname, search } = new URL(typed, issuer)
  // Dots are resolved: "/..//evil.example" would leave as "//evil.example".
  return origin === issuer && !pathname.startsWith('//') ? `${pathname}${search}` : undefined
}

/** Returns the page that a request's answer can be had from again: itself, or for the answer to a form the page of that form. */
export function stays(ctx: Context): string {
  if (ctx.method === 'GET' || ctx.method === 'HEAD') return ctx.url
  const { origin, href } = ctx.URL
  const form = URL.canParse(ctx.get('Referer')) ? new URL(ctx.get('Referer')) : undefined
  return form?.origin === origin ? `${form.pathname}${form.search}` : href.slice(origin.length)
}
