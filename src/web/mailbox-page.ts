import Router from '@koa/router'
import { Problem } from '../errors.ts'
import type { Opening } from '../flows/opening.ts'
import type { Show } from './show.ts'
import type { Visit } from './visiting.ts'

interface Services {
  steps: Opening
  show: Show
}

/** Where the link leads that proves a mailbox: the device on which its button is pressed may go on with signing in. */
export function openingPages({ steps, show }: Services): Router<Visit> {
  const router = new Router<Visit>()

  router.get('/open/:code', async ctx => {
    const { code = '' } = ctx.params
    if (!(await steps.good(code))) throw new Problem('link_expired')
    show.page(ctx, 'sign-in/open', { action: `/open/${code}` })
  })

  router.post('/open/:code', async ctx => {
    await steps.openDevice(ctx.params.code ?? '', ctx.state.visitor)
    show.page(ctx, 'sign-in/opened', {})
  })

  return router
}
