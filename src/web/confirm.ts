import Router from '@koa/router'
import type { Context } from 'koa'
import { agentOf } from '../accounts/agent.ts'
import { Problem } from '../errors.ts'
import type { Mailbox } from '../flows/mailbox.ts'
import type { Show } from './show.ts'
import type { Visit } from './visiting.ts'
import type { Words } from './words.ts'

interface Services {
  mailbox: Mailbox
  words: Words
  show: Show
}

/**
 * Where the link leads that an owner is mailed when a sign-in is held. Looking changes nothing, because mail scanners
 * look; and whoever presses is signed in nowhere by it.
 */
export function confirm({ mailbox, words, show }: Services): Router<Visit> {
  const router = new Router<Visit>()

  router.get('/confirm/:bearer', async ctx => {
    const { bearer = '' } = ctx.params
    const onHold = await mailbox.onHold(bearer)
    if (!onHold) throw new Problem('link_expired')
    const { address, agent, at } = onHold
    const whence = words.whence(ctx.state.locale, { address, agent: agentOf(agent) })
    show.page(ctx, 'sign-in/confirm', { action: `/confirm/${bearer}`, ...whence, address, at })
  })

  const settle = async (ctx: Context, theirs: boolean): Promise<void> => {
    const settled = await mailbox.settle(ctx.params.bearer ?? '', theirs, ctx.state.visitor)
    if (!settled) throw new Problem('link_expired')
    show.page(ctx, theirs ? 'sign-in/confirmed' : 'sign-in/denied', {})
  }
  router.post('/confirm/:bearer', ctx => settle(ctx, true))
  router.post('/confirm/:bearer/deny', ctx => settle(ctx, false))

  return router
}
