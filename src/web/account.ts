import Router from '@koa/router'
import type { Context } from 'koa'
import type { Account, Accounts } from '../accounts/account.ts'
import type { Credentials } from '../accounts/credential.ts'
import { Problem } from '../errors.ts'
import type { Factor } from '../factors/factor.ts'
import type { Attempts } from '../flows/attempts.ts'
import { reaches } from '../flows/policy.ts'
import type { Steps } from '../flows/steps.ts'
import type { CurrentSession, Sessions } from '../oidc/sessions.ts'
import type { Credential } from './pages.ts'
import { type Show, seeOther } from './show.ts'
import { beginAttempt } from './sign-in.ts'
import { body } from './stepping.ts'
import type { Visit } from './visiting.ts'

/** How long after signing in the protection of an account may be changed without proving it again, in milliseconds. */
const fresh = 10 * 60_000

interface Services {
  accounts: Accounts
  credentials: Credentials
  factors: readonly Factor[]
  attempts: Attempts
  steps: Steps
  sessions: Sessions
  show: Show
  now: () => number
}

interface SignedIn {
  account: Account
  session: CurrentSession
}

/** A person's own pages. */
export function account(services: Services): Router<Visit> {
  const { accounts, credentials, factors, sessions, show, now } = services
  const router = new Router<Visit>()

  const signedIn = async (ctx: Context): Promise<SignedIn | undefined> => {
    const session = await sessions.current(ctx)
    const found = session && (await accounts.get(session.accountId))
    return session && found?.status === 'active' ? { account: found, session } : undefined
  }

  /** A page for who is signed in; others sign in first and come back. */
  const page = (path: string, show: (ctx: Context, who: SignedIn) => Promise<void>) =>
    router.get(path, async ctx => {
      const who = await signedIn(ctx)
      if (!who) return seeOther(ctx, `/sign-in?next=${encodeURIComponent(ctx.path)}`)
      await show(ctx, who)
    })

  const listed = async ({ id }: Account): Promise<Credential[]> => {
    const held = await credentials.of(id)
    return held.map(each => ({
      id: each.id,
      factor: { id: each.factor },
      label: each.label,
      hint: factors.find(({ id }) => id === each.factor)?.hint?.(each.secret),
      createdAt: each.createdAt,
      usedAt: each.usedAt,
    }))
  }

  page('/account', async (ctx, { account, session }) => {
    const { email } = account
    const locals = { email, factors: await listed(account), apps: session.apps, since: session.since }
    show.page(ctx, 'account/overview', locals, { person: { email } })
  })

  page('/account/security', async (ctx, { account }) => {
    const list = await listed(account)
    const holds = (id: string) => list.filter(each => each.factor.id === id).length
    const addable = factors.filter(each => addableTo(each) && holds(each.id) < each.limit).map(({ id }) => ({ id }))
    show.page(ctx, 'account/security', { factors: list, addable }, { person: { email: account.email } })
  })

  router.post('/account/security/add', async ctx => {
    const who = await signedIn(ctx)
    if (!who) throw new Problem('sign_in_needed')
    const { account, session } = who
    const factor = factors.find(({ id }) => id === body(ctx).factor)
    if (!factor || !addableTo(factor)) throw new Problem('not_offered')
    const { id, email } = account
    const proved = reaches(session.acr, 'aal2') && now() - session.since < fresh
    if (!proved)
      return beginAttempt(ctx, services, {
        purpose: 'step-up',
        account: id,
        email,
        acr: 'aal2',
        next: '/account/security',
      })
    await beginAttempt(ctx, services, { purpose: 'add', account: id, email, add: factor.id, next: '/account/security' })
  })

  router.post('/sign-out', async ctx => {
    await sessions.end(ctx, 'signed-out')
    seeOther(ctx, '/signed-out')
  })

  router.post('/sign-out/everywhere', async ctx => {
    await sessions.endAll(ctx, 'signed-out')
    seeOther(ctx, '/signed-out')
  })

  router.get('/signed-out', ctx => show.page(ctx, 'sign-in/signed-out', { app: undefined }))

  return router
}

/** What people add of their own accord: not what every account has from the start. */
function addableTo(factor: Factor): boolean {
  return factor.mandatory === true || factor.whole === true
}
