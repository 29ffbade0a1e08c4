import type { Context } from 'koa'
import { agentOf } from '../accounts/device.ts'
import { Problem } from '../errors.ts'
import type { Services } from './services.ts'

declare module './pages.ts' {
  interface Pages {
    /** The page of the link that proves a mailbox; posts to `action`. */
    'sign-in/open': { action: string }
    'sign-in/opened': Record<never, never>
    /** Shows the owner a sign-in that is on hold; posts to `<action>` and `<action>/deny`. */
    'sign-in/confirm': { action: string; device: string; place: string; address: string; at: number }
    'sign-in/confirmed': Record<never, never>
    'sign-in/denied': Record<never, never>
  }
}

/**
 * Serves the link that an owner is mailed when a sign-in is on hold. Opening it changes nothing, because mail scanners open links; and
 * pressing its button signs nobody in on that device.
 */
export function confirm({ router, mailbox, words, show }: Services): void {
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
}

/** Serves the link that proves a mailbox: the device on which its button is pressed may go on with signing in. */
export function openingPages({ router, mailbox, show }: Services): void {
  router.get('/open/:code', async ctx => {
    const { code = '' } = ctx.params
    if (!(await mailbox.good(code))) throw new Problem('link_expired')
    show.page(ctx, 'sign-in/open', { action: `/open/${code}` })
  })

  router.post('/open/:code', async ctx => {
    await mailbox.openByLink(ctx.params.code ?? '', ctx.state.visitor)
    show.page(ctx, 'sign-in/opened', {})
  })
}
