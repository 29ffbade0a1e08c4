import Router from '@koa/router'
import { Problem } from '../errors.ts'
import type { Mailbox } from '../flows/mailbox.ts'
import type { Show } from './show.ts'
import type { Visit } from './visiting.ts'

interface Services {
  mailbox: Mailbox
  show: Show
}

/** Where the link leads that proves a mailbox: the device on which its button is pressed may go on with signing in. */
export function openingPages({ mailbox, show }: Services): Router<Visit> {
  const router = new Router<Visit>()

  router.get('/open/:code', async ctx => {
    const { code = '' } = ctx.params
    if (!(await mailbox.good(code))) throw new Problem('link_expired')
    show.page(ctx, 'sign-in/open', { action: `/open/${code}` })
  })

  router.post('/open/:code', async ctx => {
    await mailbox.openByLink(ctx.params.code ?? '', ctx.state.visitor)
    show.page(ctx, 'sign-in/opened', {})
  })

  return router
}
