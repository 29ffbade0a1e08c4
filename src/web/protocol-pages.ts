import type { Context } from 'koa'
import type { Accounts } from '../accounts/account.ts'
import type { Renderers } from '../oidc/configuration.ts'
import { asProblem } from './faults.ts'
import { decorate, formsMayEndAt } from './guard.ts'
import { negotiate } from './phrases.ts'
import type { Show } from './show.ts'

interface Services {
  accounts: Accounts
  show: Show
  https: boolean
}

/** The pages that OpenID Connect's own endpoints answer with: they come before any middleware of ours. */
export function protocolPages({ accounts, show, https }: Services): Renderers {
  const prepare = (ctx: Context): void => {
    const policy = ctx.response.get('Content-Security-Policy')
    decorate(ctx, { https })
    if (policy) ctx.set('Content-Security-Policy', policy)
    ctx.state.locale = negotiate(ctx.get('Accept-Language'))
  }
  return {
    error: (ctx, _, fault) => {
      prepare(ctx)
      const problem = asProblem(fault)
      ctx.status = problem.status
      const { status, code, retryAfter } = problem
      show.page(ctx, 'error', { status, code, retryAfter, request: '' })
    },
    logout: async (ctx, { action, xsrf, client, accountId }) => {
      prepare(ctx)
      formsMayEndAt(ctx, undefined)
      const towards = client && { name: client.name, tile: client.tile }
      const email = (await accounts.get(accountId))?.email
      show.page(ctx, 'sign-in/sign-out', { action, xsrf, email }, { towards })
    },
    loggedOut: (ctx, { client }) => {
      prepare(ctx)
      show.page(ctx, 'sign-in/signed-out', { app: client?.name })
    },
  }
}
