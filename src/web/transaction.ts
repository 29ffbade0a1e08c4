import type Router from '@koa/router'
import type { Context } from 'koa'
import type { Accounts } from '../accounts/account.ts'
import { Problem } from '../errors.ts'
import type { Approving, Request } from '../flows/approving.ts'
import type { Sessions } from '../oidc/browser-sessions.ts'
import type { InteractionDetails, Interactions } from '../oidc/interactions.ts'
import { fields, submit } from './forms.ts'
import { requestedLocale } from './phrases.ts'
import { type Show, seeOther } from './show.ts'
import type { Visit } from './visiting.ts'

interface Services {
  accounts: Accounts
  approving: Approving
  interactions: Interactions
  sessions: Sessions
  show: Show
}

/** Takes the proofs of what apps want approved; what it makes shows it, in words. */
export function approval(services: Services, router: Router<Visit>) {
  const { accounts, approving, interactions, sessions, show } = services

  const page = async (ctx: Context, details: InteractionDetails, request: Request, problem?: Problem) => {
    const person = await accounts.get(request.account)
    if (!person) throw new Problem('sign_in_needed')
    const { uid, client, params } = details
    if (params.ui_locales) ctx.state.locale = requestedLocale(params.ui_locales)
    const { factor, shown, known, young, ...facts } = await approving.ask(request)
    const base = `/interaction/${uid}/approve`
    show.page(
      ctx,
      'sign-in/approve',
      { base, refuse: `/interaction/${uid}/abort`, asks: client.name, email: person.email, facts, known, young, shown },
      {
        title: show.say(ctx.state.locale, 'approve.title', { type: facts.type }),
        towards: { name: client.name, tile: client.tile },
        problem,
      },
    )
  }

  router.post('/interaction/:uid/approve/:factor', async ctx => {
    const details = await interactions.details(ctx)
    const { approval: request } = details
    // Whoever has signed out meanwhile approves nothing more.
    if (!request || (await sessions.current(ctx))?.accountId !== request.account) throw new Problem('attempt_expired')
    await submit(
      async () => {
        const receipt = await approving.approve(request, ctx.params.factor ?? '', fields(ctx), ctx.state.visitor)
        await interactions.approve(ctx, receipt)
      },
      problem => page(ctx, details, request, problem),
    )
  })
  // Where a refused post leaves the browser: whoever asks for that address again means the page.
  router.get('/interaction/:uid/approve/:factor', ctx => seeOther(ctx, `/interaction/${ctx.params.uid}`))
  return page
}
