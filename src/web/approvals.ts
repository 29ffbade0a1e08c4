import Router from '@koa/router'
import type { Context } from 'koa'
import type { Account, Accounts } from '../accounts/account.ts'
import { agentOf } from '../accounts/agent.ts'
import { Problem } from '../errors.ts'
import type { Sessions } from '../oidc/browser-sessions.ts'
import { field } from './forms.ts'
import { approving } from './remote-approval.ts'
import { doorkeeper, type SignedIn } from './require-session.ts'
import { seeOther } from './show.ts'
import type { Visit } from './visiting.ts'
import type { Words } from './words.ts'

type Services = Parameters<typeof approving>[1] & { accounts: Accounts; sessions: Sessions; words: Words }

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
