import type { Middleware } from 'koa'
import { Trouble } from './trouble.ts'

/** The headers of every answer. Nothing is inline, nothing is framed, nothing personal is kept. */
export function headers(issuer: string): Middleware {
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self'",
    // Logging out posts here, and is sent on to Latchkey.
    `form-action 'self' ${issuer}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
  return async (context, next) => {
    context.set({
      'Content-Security-Policy': policy,
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'same-origin',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=()',
      'Cache-Control': 'no-store',
    })
    await next()
  }
}

/** Refuses what another origin makes a browser ask for (Fetch Metadata; `Origin` where a browser knows no better). Programs send neither, and hold no cookie of anybody's. */
export function sameOrigin(origin: string): Middleware {
  return async (context, next) => {
    const site = context.get('Sec-Fetch-Site')
    const from = context.get('Origin')
    const own = site === '' ? from === '' || from === origin : site === 'same-origin' || site === 'none'
    if (!own) throw new Trouble('cross_origin')
    await next()
  }
}
