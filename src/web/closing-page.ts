import type { Context } from 'koa'
import { Problem } from '../errors.ts'
import type { Services } from './services.ts'
import { seeOther } from './show.ts'

declare module './pages.ts' {
  interface Pages {
    /** Says what is removed and what stays; posts to itself. `days`: how long people may change their mind. */
    'account/close': { email: string; days: number }
    /** The account closes after so many days. */
    'recovery/closing': { days: number }
    /** The page of a mailed link that keeps a closing account; its one button posts to `action`. */
    'recovery/keep': { action: string; until: number }
    'recovery/kept': Record<never, never>
  }
}

const day = 24 * 3_600_000

/** Serves the pages where people close their account, and keep it after all: by a mailed link, or after signing in. */
export function closing({ router, accounts, actions, flows, closing, finish, show, page, post }: Services): void {
  const days = Math.round(closing.patience / day)

  page('/account/close', (ctx, { account: { email } }) =>
    show.page(ctx, 'account/close', { email, days }, { person: { email } }),
  )
  post('/account/close', actions.data.close, () => ({}))
  router.get('/closing', ctx => show.page(ctx, 'recovery/closing', { days }))

  router.get('/keep/:bearer', async ctx => {
    const account = await closing.whose(ctx.params.bearer ?? '')
    if (!account) throw new Problem('link_expired')
    show.page(ctx, 'recovery/keep', { action: ctx.path, until: account.closesAt ?? 0 })
  })
  router.post('/keep/:bearer', async ctx => {
    await closing.keepBy(ctx.params.bearer ?? '', ctx.state.visitor)
    show.page(ctx, 'recovery/kept', {})
  })

  /** Resolves to a finished flow and the owner of the closing account who proved it. Throws `attempt_expired`. */
  const proved = async (ctx: Context) => {
    const flow = await flows.get(ctx.params.flow ?? '', ctx.state.visitor.device)
    const owner = flow.account === undefined ? undefined : await accounts.get(flow.account)
    if (!flow.done || !owner || owner.securityStamp !== flow.securityStamp) throw new Problem('attempt_expired')
    return { flow, owner }
  }
  for (const folder of ['/sign-in', '/forgot-password']) {
    router.post(`${folder}/:flow/keep`, async ctx => {
      const { flow, owner } = await proved(ctx)
      if (!(await closing.keep(owner.id, ctx.state.visitor))) throw new Problem('attempt_expired')
      // From here on to where they were going: no page of ours may stand between a form and the app that it leads to.
      await finish(ctx, flow)
    })
    router.post(`${folder}/:flow/leave`, async ctx => {
      await flows.take((await proved(ctx)).flow)
      seeOther(ctx, '/signed-out')
    })
  }
}
