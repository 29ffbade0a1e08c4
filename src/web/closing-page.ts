import Router from '@koa/router'
import type { Context } from 'koa'
import { Problem } from '../errors.ts'
import type { Attempts } from '../flows/attempts.ts'
import { changing } from './changing.ts'
import { doorkeeper } from './require-session.ts'
import { seeOther } from './show.ts'
import type { Finish } from './stepping.ts'
import type { Visit } from './visiting.ts'

type Services = Parameters<typeof changing>[0] & { attempts: Attempts; finish: Finish }

const day = 24 * 3_600_000

/** Where somebody closes their account, and changes their mind: by a mailed link's button, or after signing in. */
export function closing(services: Services): Router<Visit> {
  const { accounts, attempts, closing, finish, show } = services
  const router = new Router<Visit>()
  const { page } = doorkeeper(services)
  const { change } = changing(services)
  const days = Math.round(closing.patience / day)

  page(router, '/account/close', (ctx, { account: { email } }) =>
    show.page(ctx, 'account/close', { email, days }, { person: { email } }),
  )
  router.post('/account/close', ctx => change(ctx, { does: 'close' }))
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

  /** Whose account closes, at the end of what they proved. */
  const proved = async (ctx: Context) => {
    const attempt = await attempts.get(ctx.params.attempt ?? '', ctx.state.visitor.device)
    const owner = attempt.account === undefined ? undefined : await accounts.get(attempt.account)
    if (!attempt.done || !owner || owner.guard !== attempt.guard) throw new Problem('attempt_expired')
    return { attempt, owner }
  }
  for (const folder of ['/sign-in', '/forgot-password']) {
    router.post(`${folder}/:attempt/keep`, async ctx => {
      const { attempt, owner } = await proved(ctx)
      if (!(await closing.keep(owner.id, ctx.state.visitor))) throw new Problem('attempt_expired')
      // On to where they were going, from here: no page of ours may stand between a form and the app that it leads to.
      await finish(ctx, attempt)
    })
    router.post(`${folder}/:attempt/leave`, async ctx => {
      await attempts.take((await proved(ctx)).attempt)
      seeOther(ctx, '/signed-out')
    })
  }
  return router
}
