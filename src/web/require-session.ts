import type Router from '@koa/router'
import type { Context } from 'koa'
import { type Account, type Accounts, active } from '../accounts/account.ts'
import { Problem } from '../errors.ts'
import type { CurrentSession, Sessions } from '../oidc/browser-sessions.ts'
import { seeOther } from './show.ts'
import type { Visit } from './visiting.ts'

/** Somebody at their own browser. */
export interface SignedIn {
  account: Account
  session: CurrentSession
}

/** Knows who is signed in, for pages of their own. */
export interface Doorkeeper {
  find(ctx: Context): Promise<SignedIn | undefined>
  /** Who is signed in; throws `sign_in_needed`. */
  who(ctx: Context): Promise<SignedIn>
  /** Serves a page to who is signed in; others sign in first and come back. */
  page(router: Router<Visit>, path: string, show: (ctx: Context, who: SignedIn) => void | Promise<void>): void
}

/** Makes what knows who is signed in. */
export function doorkeeper({ accounts, sessions }: { accounts: Accounts; sessions: Sessions }): Doorkeeper {
  const find = async (ctx: Context): Promise<SignedIn | undefined> => {
    const session = await sessions.current(ctx)
    const account = session && (await accounts.get(session.accountId))
    return session && active(account) ? { account, session } : undefined
  }
  return {
    find,
    who: async ctx => {
      const found = await find(ctx)
      if (!found) throw new Problem('sign_in_needed')
      return found
    },
    page: (router, path, show) => {
      router.get(path, async ctx => {
        const found = await find(ctx)
        if (!found) return seeOther(ctx, `/sign-in?next=${encodeURIComponent(ctx.path)}`)
        await show(ctx, found)
      })
    },
  }
}
