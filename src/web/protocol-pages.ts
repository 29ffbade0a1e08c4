import type { Context } from 'koa'
import { errors } from 'oidc-provider'
import type { Accounts } from '../accounts/account.ts'
import { Problem } from '../errors.ts'
import type { Renderers } from '../oidc/renderers.ts'
import { asProblem, cookieless } from './faults.ts'
import { preferredLocale } from './phrases.ts'
import { refusalOf, refused, type Show } from './show.ts'
import { wayBack } from './way-back.ts'

interface Services {
  accounts: Accounts
  show: Show
}

/** What people are told of it: a request that cannot be answered is the app's fault, never theirs. */
function told(fault: unknown): Problem {
  if (fault instanceof errors.SessionNotFound) return new Problem('attempt_expired', { cause: fault })
  const problem = asProblem(fault)
  return problem.code === 'malformed' ? new Problem('app_at_fault', { cause: fault }) : problem
}

/** The pages that OpenID Connect's own endpoints answer with: they come before our visitors’ middleware. */
export function protocolPages({ accounts, show }: Services): Renderers {
  const prepare = (ctx: Context): void => {
    ctx.state.locale = preferredLocale(ctx)
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
