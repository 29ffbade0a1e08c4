import Router from '@koa/router'
import type { Accounts } from '../accounts/account.ts'
import type { Credentials } from '../accounts/credential.ts'
import type { Factor } from '../factors/factor.ts'
import { limitedUntil } from '../flows/assurance.ts'
import type { Sessions } from '../oidc/browser-sessions.ts'
import type { Approvals } from '../oidc/remote-approvals.ts'
import type { FactorView } from './pages.ts'
import { type Show, seeOther } from './show.ts'
import { requireSession, type Visit } from './visit.ts'

declare module './pages.ts' {
  interface Pages {
    /** `holdUntil`: until then apps are told to wait with what cannot be undone. */
    'account/overview': {
      email: string
      factors: readonly Credential[]
      apps: readonly string[]
      since: number
      holdUntil: number | undefined
      /** How many apps ask for something. */
      waiting: number
    }
    'sign-in/signed-out': { app: string | undefined; everywhere: boolean }
  }
}

/** A held credential as account pages list it. Times in milliseconds since the epoch. */
export interface Credential {
  id: string
  factor: FactorView
  label: string | undefined
  hint: string | undefined
  createdAt: number
  usedAt: number | undefined
  /** Until when it counts for no more than the proof that authorised it. */
  until?: number | undefined
}

interface Services {
  accounts: Accounts
  approvals: Approvals
  credentials: Credentials
  factors: readonly Factor[]
  sessions: Sessions
  show: Show
  /** How long what was added counts for no more than the proof that authorised it, in milliseconds. */
  hold: number
  now: () => number
}

/** A person's own front page, and their ways out. */
export function account(services: Services): Router<Visit> {
  const { accounts, approvals, sessions, show, now } = services
  const router = new Router<Visit>()
  const { find, page } = requireSession(services)

  page(router, '/account', async (ctx, { account, session }) => {
    const { id, email, holdUntil = 0 } = account
    const locals = {
      email,
      factors: await listed(services, id),
      apps: session.apps,
      since: session.since,
      holdUntil: holdUntil > now() ? holdUntil : undefined,
      waiting: (await approvals.of(id)).length,
    }
    show.page(ctx, 'account/overview', locals, { person: { email } })
  })

  router.post('/sign-out', async ctx => {
    await sessions.end(ctx, 'signed-out')
    seeOther(ctx, '/signed-out')
  })

  router.post('/sign-out/everywhere', async ctx => {
    const here = await find(ctx)
    // From here on all sessions of the account are void, and so are sign-ins under way.
    if (here) await accounts.raiseStamp(here.account.id, here.account.securityStamp)
    await sessions.endAll(ctx, 'signed-out', here?.account.id)
    seeOther(ctx, '/signed-out/everywhere')
  })

  for (const [path, everywhere] of [
    ['/signed-out', false],
    ['/signed-out/everywhere', true],
  ] as const)
    router.get(path, ctx => show.page(ctx, 'sign-in/signed-out', { app: undefined, everywhere }))

  return router
}

/** What an account holds, as its pages list it: in order of preference, then of age. */
export async function listed(
  { credentials, factors, hold, now }: Pick<Services, 'credentials' | 'factors' | 'hold' | 'now'>,
  account: string,
): Promise<Credential[]> {
  const held = await credentials.of(account)
  const rank = (factor: string) => factors.findIndex(({ id }) => id === factor)
  const clock = { hold, now: now() }
  return held
    .sort((a, b) => rank(a.factor) - rank(b.factor))
    .map(each => {
      const factor = factors.find(({ id }) => id === each.factor)
      const { id, label, createdAt, usedAt } = each
      const until = factor && limitedUntil(each, factor, clock)
      return { id, factor: { id: each.factor }, label, hint: factor?.hint?.(each.secret), createdAt, usedAt, until }
    })
}
