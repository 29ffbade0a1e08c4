import Router from '@koa/router'
import type { Context } from 'koa'
import type { Account, Accounts } from '../accounts/account.ts'
import { agentOf } from '../accounts/agent.ts'
import { recent } from '../accounts/freshness.ts'
import { Problem } from '../errors.ts'
import { reaches } from '../flows/assurance.ts'
import type { Resume } from '../flows/flow.ts'
import type { Flows } from '../flows/flow-store.ts'
import type { Sessions } from '../oidc/browser-sessions.ts'
import type { Approvals, Waiting } from '../oidc/remote-approvals.ts'
import { beginFlow } from './flow-start.ts'
import { field } from './forms.ts'
import type { Words } from './phrases.ts'
import { type Show, seeOther } from './show.ts'
import { doorkeeper, type SignedIn, type Visit } from './visit.ts'

declare module './pages.ts' {
  interface Pages {
    /** What apps ask for; posts `request` to `/account/approvals/approve`, `refuse` and `report`. `done` is what became of one a moment ago. */
    'account/approvals': {
      waiting: readonly {
        id: string
        app: { name: string; tile: string }
        message: string | undefined
        scopes: readonly string[]
        resources: readonly { name: string; scopes: readonly string[] }[]
        place: string
        address: string
        at: number
      }[]
      done: string | undefined
    }
  }
}

interface Services {
  accounts: Accounts
  sessions: Sessions
  approvals: Approvals
  flows: Flows
  resume: Resume
  words: Words
  show: Show
  now: () => number
}

const home = '/account/approvals'

/** What apps ask for while their person is elsewhere (CIBA Core 1.0, 8): a mail or a text leads here, and looking changes nothing. */
export function approvalPages(services: Services): Router<Visit> {
  const { approvals, words, show } = services
  const router = new Router<Visit>()
  const { page, who } = doorkeeper(services)

  const listed = async (ctx: Context, account: Account, done?: string): Promise<void> => {
    const waiting = (await approvals.of(account.id)).map(({ app, agent, address, acr: _, ...each }) => ({
      ...each,
      app: { name: app.name, tile: app.tile },
      address,
      place: words.whence(ctx.state.locale, { address, agent: agentOf(agent) }).place,
    }))
    show.page(ctx, 'account/approvals', { waiting, done }, { person: { email: account.email } })
  }

  page(router, home, (ctx, { account }) => listed(ctx, account))
  page(router, `${home}/done`, (ctx, { account }) => listed(ctx, account, 'approved'))
  page(router, `${home}/refused`, (ctx, { account }) => listed(ctx, account, 'refused'))
  page(router, `${home}/reported`, (ctx, { account }) => listed(ctx, account, 'reported'))

  /** The request that a post is about, of those that wait for whoever is signed in. */
  const named = async (ctx: Context, { account }: SignedIn) => {
    const asked = field(ctx, 'request', 100)
    const found = (await approvals.of(account.id)).find(({ id }) => id === asked)
    if (!found) throw new Problem('approval_over')
    return found
  }
  router.post(`${home}/approve`, async ctx => {
    const person = await who(ctx)
    await approving(ctx, services, person, await named(ctx, person), `${home}/done`)
  })
  const refuse = (path: string, reported: boolean) => async (ctx: Context) => {
    const person = await who(ctx)
    const { id } = await named(ctx, person)
    const by = { account: person.account.id, session: person.session.uid }
    await approvals.refuse(id, by, reported, ctx.state.visitor)
    seeOther(ctx, path)
  }
  router.post(`${home}/refuse`, refuse(`${home}/refused`, false))
  router.post(`${home}/report`, refuse(`${home}/reported`, true))

  return router
}

/** How long one proof does for approving, in milliseconds. */
const fresh = 5 * 60_000

/** Approves a request from elsewhere: at once where enough was proved a moment ago, and else as soon as it is. Goes on to `next`, a path of ours. */
export async function approving(
  ctx: Context,
  { approvals, flows, resume, show, now }: Pick<Services, 'approvals' | 'flows' | 'resume' | 'show' | 'now'>,
  { account, session }: SignedIn,
  { id, acr, app }: Waiting,
  next: string,
): Promise<void> {
  if (reaches(session.acr, acr) && recent(session.since, fresh, now())) {
    await approvals.approve(id, { account: account.id, session: session.uid }, ctx.state.visitor)
    return seeOther(ctx, next)
  }
  const { id: owner, email, securityStamp } = account
  const reason = show.say(ctx.state.locale, 'reason.approve', { app: app.name })
  const begun = { account: owner, email, securityStamp, session: session.uid, acr, approves: id, next, reason }
  await beginFlow(ctx, { flows, resume }, { purpose: 'step-up', ...begun })
}
