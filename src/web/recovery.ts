import { originOf } from '../accounts/device.ts'
import { Problem } from '../errors.ts'
import { maskedEmail } from '../factors/contacts.ts'
import { field, submit } from './forms.ts'
import type { Services } from './services.ts'
import { seeOther } from './show.ts'

declare module './pages.ts' {
  interface Pages {
    /** Asks people who forgot their password for their address; posts `email`. */
    'recovery/forgot': { email: string }
    /** Shows the address as typed; the same for every address. */
    'recovery/sent': { email: string }
    /** The page of a mailed link; its one button posts to `action`. */
    'recovery/reset': { action: string }
    'recovery/not-me': { action: string }
    /** `email` is masked. */
    'recovery/disowned': { email: string }
    'recovery/ways': Record<never, never>
  }
}

/**
 * Serves the pages for people who forgot or lost something, or did not do what a mail tells them. Mailed links lead to pages with a
 * button: mail scanners follow links, and press nothing.
 */
export function recovery({ router, mailbox, resetting, disowning, sessions, owner, show, beginFlow }: Services): void {
  router.get('/forgot-password', ctx => show.page(ctx, 'recovery/forgot', { email: '' }))

  router.post('/forgot-password', async ctx => {
    const email = field(ctx, 'email', 320)
    await submit(
      async () => {
        await resetting.ask(email, ctx.state.locale, ctx.state.visitor)
        show.page(ctx, 'recovery/sent', { email })
      },
      problem => show.page(ctx, 'recovery/forgot', { email }, { problem }),
    )
  })

  router.get('/reset/:bearer', async ctx => {
    if (!(await resetting.good(ctx.params.bearer ?? ''))) throw new Problem('link_expired')
    show.page(ctx, 'recovery/reset', { action: ctx.path })
  })

  router.post('/reset/:bearer', async ctx => {
    const { id, email, securityStamp, unguarded } = await resetting.open(ctx.params.bearer ?? '')
    // The link came by mail: the second factor can be proved here, however much strangers guess.
    await mailbox.admit(id, ctx.state.visitor)
    try {
      await beginFlow(ctx, { purpose: 'reset', account: id, email, securityStamp, unguarded })
    } catch (fault) {
      // They have nothing besides the mailbox to prove who they are.
      if (fault instanceof Problem && fault.code === 'not_offered') return seeOther(ctx, '/recover')
      throw fault
    }
  })

  router.get('/recover', ctx => show.page(ctx, 'recovery/ways', {}))

  router.get('/not-me/:bearer', async ctx => {
    if (!(await disowning.whose(ctx.params.bearer ?? ''))) throw new Problem('link_expired')
    show.page(ctx, 'recovery/not-me', { action: ctx.path })
  })

  router.post('/not-me/:bearer', async ctx => {
    const { bearer = '' } = ctx.params
    const account = await disowning.whose(bearer)
    if (account === undefined) throw new Problem('link_expired')
    try {
      const email = await disowning.disown(bearer, ctx.state.visitor)
      show.page(ctx, 'recovery/disowned', { email: maskedEmail(email) })
    } finally {
      await sessions.endAllOf(account, 'disowned', originOf(ctx))
      // An intruder may have made one.
      await owner.revokeAll(account, originOf(ctx))
    }
  })
}
