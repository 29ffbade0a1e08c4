import type { Context, Middleware } from 'koa'
import { errors } from 'oidc-provider'
import type { Accounts } from '../accounts/account.ts'
import { Problem } from '../errors.ts'
import { routes } from '../oidc/configuration.ts'
import type { Renderers } from '../oidc/options.ts'
import { asProblem, cookieless } from './faults.ts'
import { wayBack } from './flow-start.ts'
import { localeOf } from './language.ts'
import { refusalOf, refused, type Show } from './show.ts'

declare module './pages.ts' {
  interface Pages {
    /** Asks whether to sign out everywhere, or to stay. `xsrf` goes along as a hidden field; `logout=yes` signs out. */
    'sign-in/sign-out': { action: string; xsrf: string; email: string | undefined }
    /** Goes on to `onward` by itself, or by its link: to an app on the `device`, which leaves the page where it is, or elsewhere. */
    'sign-in/onward': { onward: string; device: boolean }
    /** Asks before the browser goes to an app that nobody vouches for: by `link`, or by `form`. */
    'sign-in/leaving': {
      place: string
      link: string | undefined
      form: { action: string; fields: readonly (readonly [name: string, value: string])[] } | undefined
    }
    /** Takes an answer on to the app: a script posts the form at once, and without scripts the button does. */
    'sign-in/go-on': { action: string; fields: readonly (readonly [name: string, value: string])[] }
  }
}

/** Returns what people are told of a fault: a request that cannot be answered is the app's fault, never theirs. */
function told(fault: unknown): Problem {
  if (fault instanceof errors.SessionNotFound) return new Problem('attempt_expired', { cause: fault })
  const problem = asProblem(fault)
  return problem.code === 'malformed' ? new Problem('app_at_fault', { cause: fault }) : problem
}

/** Returns the pages that oidc-provider's endpoints answer with. They run before the middleware that knows visitors and their language. */
export function protocolPages({ accounts, show }: { accounts: Accounts; show: Show }): Renderers {
  const prepare = (ctx: Context): void => {
    ctx.state.locale = localeOf(ctx)
  }
  return {
    error: (ctx, _, fault) => {
      prepare(ctx)
      const problem = cookieless(ctx, told(fault))
      refused(ctx, problem)
      const { status, code, retryAfter } = problem
      ctx.state.refusal ??= refusalOf(problem)
      const more = { refusal: show.refusal(ctx), app: wayBack(ctx) }
      show.page(ctx, 'error', { status, code, retryAfter, request: ctx.state.request, ...more })
    },
    logout: async (ctx, { action, xsrf, client, accountId }) => {
      prepare(ctx)
      const towards = client && { name: client.name, tile: client.tile }
      const email = (await accounts.get(accountId))?.email
      show.page(ctx, 'sign-in/sign-out', { action, xsrf, email }, { towards })
    },
    formPost: (ctx, { client, ...form }) => {
      prepare(ctx)
      show.page(ctx, 'sign-in/go-on', form, { towards: client && { name: client.name, tile: client.tile } })
    },
    leaving: (ctx, { client, place, onward, form }) => {
      prepare(ctx)
      const towards = client && { name: client.name, tile: client.tile }
      show.page(ctx, 'sign-in/leaving', { place, link: onward, form }, { towards })
    },
    loggedOut: (ctx, { client }) => {
      prepare(ctx)
      show.page(ctx, 'sign-in/signed-out', { app: client?.name, everywhere: false })
    },
  }
}

/** Where apps' own pages post to: their content policy decides what may follow. */
const posted: readonly string[] = [routes.authorization, routes.end_session]

/**
 * Answers a form post that leads away from our pages with a page that goes on by itself. Browsers apply form-action to every redirect
 * that follows a post (CSP 3, 6.4.1), an app's own included; a navigation that no form started is free of it, so that our policy needs to
 * name no app's host. Programs, which do not ask for HTML, get the redirect.
 *
 * A redirect to an app on the device (RFC 8252, 7.1) ends on such a page, too, whatever the method: the browser stays where it is, and
 * some browsers open an app only when somebody presses a link to it.
 */
export function onward({ issuer, show }: { issuer: string; show: Show }): Middleware {
  const leadOn: Middleware = async (ctx, next) => {
    await next()
    const location = ctx.response.get('Location') as unknown
    // The protocol's endpoints for programs have taken the header for another by now.
    if (ctx.status < 300 || typeof location !== 'string' || location === '' || !wantsPage(ctx)) return
    const to = new URL(location, issuer)
    const device = to.protocol !== 'https:' && to.protocol !== 'http:'
    const byForm = ctx.method === 'POST' && !posted.includes(ctx.path) && leaves(to, issuer)
    if (!device && !byForm) return
    ctx.remove('Location')
    ctx.status = 200
    ctx.state.locale ??= localeOf(ctx)
    const title = device ? show.say(ctx.state.locale, 'title.sign-in/go-on') : undefined
    show.page(ctx, 'sign-in/onward', { onward: location, device }, { title })
  }
  return (ctx, next) => (wantsPage(ctx) ? leadOn(ctx, next) : next())
}

/** Says whether a redirect leaves our pages, at once or by an authorization request that ends at its app. */
function leaves({ origin, pathname }: URL, issuer: string): boolean {
  return (
    origin !== new URL(issuer).origin ||
    [routes.authorization, routes.end_session, '/interaction'].some(
      each => pathname === each || pathname.startsWith(`${each}/`),
    )
  )
}

/** Says whether a browser navigates: it asks for HTML by name; a client that takes anything (fetch, curl) is a program. */
function wantsPage(ctx: Context): boolean {
  return /\btext\/html\b/i.test(ctx.get('Accept'))
}
