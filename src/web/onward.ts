import type { Context, Middleware } from 'koa'
import { routes } from '../oidc/configuration.ts'
import { preferredLocale } from './phrases.ts'
import type { Show } from './show.ts'

/** Where apps' own pages post to: what follows such a post is up to their content policy. */
const posted: readonly string[] = [routes.authorization, routes.end_session]

/**
 * Answers a form post that leads away from our pages with a page that goes on by itself. Browsers apply form-action to every
 * redirect that follows a post (CSP 3, 6.4.1), an app's own included: only a navigation that is no form's is free of it, and
 * then no app's host needs to be in our policy. Programs, which do not ask for HTML, get the redirect.
 *
 * What leads to an app on the device (RFC 8252, 7.1) ends on such a page, too, whatever the method: the browser stays where it
 * is, and some browsers open no app without a press, so that the link must lead to the app itself.
 */
export function onward({ issuer, show }: { issuer: string; show: Show }): Middleware {
  return async (ctx, next) => {
    await next()
    const location = ctx.response.get('Location') as unknown
    if (ctx.status < 300 || typeof location !== 'string' || location === '' || !wantsPage(ctx)) return
    const to = new URL(location, issuer)
    const device = to.protocol !== 'https:' && to.protocol !== 'http:'
    const byForm = ctx.method === 'POST' && !posted.includes(ctx.path) && leaves(to, issuer)
    if (!device && !byForm) return
    ctx.remove('Location')
    ctx.status = 200
    ctx.state.locale ??= preferredLocale(ctx)
    const title = device ? show.say(ctx.state.locale, 'title.sign-in/go-on') : undefined
    show.page(ctx, 'sign-in/onward', { onward: location, device }, { title })
  }
}

/** Does a redirect leave our pages, at once or by an authorization request that ends at its app? */
function leaves({ origin, pathname }: URL, issuer: string): boolean {
  return (
    origin !== new URL(issuer).origin ||
    [routes.authorization, routes.end_session, '/interaction'].some(
      each => pathname === each || pathname.startsWith(`${each}/`),
    )
  )
}

/** A browser that navigates names HTML; what takes anything (fetch, curl) is a program. */
function wantsPage(ctx: Context): boolean {
  return /\btext\/html\b/i.test(ctx.get('Accept'))
}
