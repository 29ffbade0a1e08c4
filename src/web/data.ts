import { Readable } from 'node:stream'
import { field, queryField } from './forms.ts'
import type { Services } from './services.ts'

declare module './pages.ts' {
  interface Pages {
    /** Says what a copy contains; posts `attempt`, the flow in which it was proved, to itself. */
    'account/data': { attempt: string }
  }
}

const path = '/account/data'

/** Serves the page where people download everything that is kept about them (GDPR, articles 15 and 20). */
export function data({ router, actions, show, page, requireSession, perform }: Services): void {
  page(path, (ctx, { account: { email } }) => {
    const attempt = queryField(ctx, 'attempt', 100) ?? ''
    show.page(ctx, 'account/data', { attempt }, { person: { email } })
  })

  router.post(path, async ctx => {
    const copy = await perform(
      ctx,
      await requireSession(ctx),
      actions.data.export,
      {},
      { proof: field(ctx, 'attempt', 100) },
    )
    if (!copy) return
    ctx.attachment('latchkey-data.json')
    ctx.type = 'json'
    // Read as fast as it is taken, and no faster.
    ctx.body = Readable.from(copy)
  })
}
