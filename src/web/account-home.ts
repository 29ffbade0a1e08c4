import { limitedUntil } from '../flows/assurance.ts'
import type { Services } from './services.ts'
import { seeOther } from './show.ts'

declare module './pages.ts' {
  interface Pages {
    /** `holdUntil`: until then apps are told to wait with anything that cannot be undone. */
    'account/overview': {
      email: string
      factors: readonly CredentialLine[]
      apps: readonly string[]
      since: number
      holdUntil: number | undefined
      /** How many apps wait for an answer. */
      waiting: number
    }
    'sign-in/signed-out': { app: string | undefined; everywhere: boolean }
  }
}

/** Serves a person's own front page, and signs them out. */
export function account(services: Services): void {
  const { router, actions, approvals, sessions, show, now, page, post } = services

  page('/account', async (ctx, { account, session }) => {
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

  post('/sign-out/everywhere', actions.sessions.signOutEverywhere, () => ({}))

  for (const [path, everywhere] of [
    ['/signed-out', false],
    ['/signed-out/everywhere', true],
  ] as const)
    router.get(path, ctx => show.page(ctx, 'sign-in/signed-out', { app: undefined, everywhere }))
}

/** A credential as account pages list it. Times in milliseconds since the epoch. */
export type CredentialLine = Awaited<ReturnType<typeof listed>>[number]

/** Returns the credentials of an account as its pages list them: in order of preference, then of age. */
export async function listed(services: Pick<Services, 'credentials' | 'factors' | 'hold' | 'now'>, account: string) {
  const { credentials, factors, hold, now } = services
  const rank = (factor: string) => factors.findIndex(({ id }) => id === factor)
  const clock = { hold, now: now() }
  return (await credentials.of(account))
    .sort((a, b) => rank(a.factor) - rank(b.factor))
    .map(each => {
      const factor = factors.find(({ id }) => id === each.factor)
      const { id, label, createdAt, usedAt } = each
      const until = factor && limitedUntil(each, factor, clock)
      const line = { id, factor: { id: each.factor }, label, hint: factor?.hint?.(each.secret), createdAt, usedAt }
      /** `until`: when it begins to count for more than the proof that authorised it. */
      return { ...line, ...(until !== undefined && { until }) }
    })
}
