import type { Context } from 'koa'
import { originOf } from '../accounts/device.ts'
import { Problem } from '../errors.ts'
import { emailAddress, maskedEmail } from '../factors/contacts.ts'
import type { Flow } from '../flows/flow-store.ts'
import { field, queryField, submit } from './forms.ts'
import type { Services } from './services.ts'
import { seeOther } from './show.ts'
import { rememberTyped, typedAddress } from './typed-address.ts'

declare module './pages.ts' {
  interface Pages {
    /** Asks people who forgot their password for their address; posts `email`. */
    'recovery/forgot': { email: string; from: string }
    /** Shows the address as typed; the same for every address. `from`: the sign-in that it was forgotten at, or empty. */
    'recovery/sent': { email: string; from: string }
    /** The page of a mailed link; its one button posts to `action`. */
    'recovery/reset': { action: string }
    'recovery/not-me': { action: string }
    /** `email` is masked. */
    'recovery/disowned': { email: string }
    'recovery/ways': Record<never, never>
  }
}

/** Where a sign-in is remembered whose password was forgotten, for the page of the mailed link alone. */
const nameFor = (ctx: Context): string => `${ctx.secure ? '__Secure-' : ''}latchkey_forgot`
const cookie = { httpOnly: true, sameSite: 'lax', signed: true, path: '/reset', maxAge: 3_600_000 } as const

/**
 * Serves the pages for people who forgot or lost something, or did not do what a mail tells them. Mailed links lead to pages with a
 * button: mail scanners follow links, and press nothing.
 */
export function recovery({
  router,
  flows,
  mailbox,
  resetting,
  disowning,
  sessions,
  owner,
  suite,
  sealed,
  show,
  beginFlow,
}: Services): void {
  /** Resolves to the sign-in on this device that somebody came from; undefined for none, and for one of another device. */
  const signInOf = async (ctx: Context, id: string | undefined): Promise<Flow | undefined> => {
    const found = id ? await flows.get(id, ctx.state.visitor.device).catch(() => undefined) : undefined
    return found?.purpose === 'sign-in' ? found : undefined
  }

  /**
   * Resolves to the sign-in at which a link was asked for in this browser; undefined in any other, and where it was asked for another address
   * than this: somebody else used the browser before, and what they were on the way to is nobody else's.
   */
  const askedAt = async (ctx: Context, email?: string): Promise<Flow | undefined> => {
    const typed = emailAddress(typedAddress(ctx, sealed) ?? '')
    if (email !== undefined && email !== typed) return undefined
    return signInOf(ctx, ctx.cookies.get(nameFor(ctx), { signed: true }))
  }

  /** Makes the page of an expired link lead back to the sign-in where the link was asked for, in the browser that asked for it. */
  const over = async (ctx: Context, fault: unknown): Promise<never> => {
    const before = await askedAt(ctx)
    const expired = fault instanceof Problem && fault.code === 'link_expired'
    throw expired && before ? new Problem('link_expired', { values: { from: before.id } }) : fault
  }

  /**
   * Finds the name and home of an app of the operator's own; undefined for any other. The person who asks for a link decides which app its reader is
   * led to, and anybody may register one.
   */
  const ownApp = (id: string | undefined) => {
    const { firstParty, name, home } = suite().find(each => each.id === id) ?? {}
    return firstParty && name !== undefined && home !== undefined ? { name, home } : undefined
  }

  router.get('/forgot-password', async ctx => {
    const found = await signInOf(ctx, queryField(ctx, 'from', 100))
    const locals = { email: typedAddress(ctx, sealed) ?? found?.email ?? '', from: found?.id ?? '' }
    show.page(ctx, 'recovery/forgot', locals, { towards: found?.client })
  })

  router.post('/forgot-password', async ctx => {
    const email = field(ctx, 'email', 320)
    const found = await signInOf(ctx, field(ctx, 'from', 100))
    await submit(
      async () => {
        await resetting.ask(email, ctx.state.locale, ctx.state.visitor, found?.client?.id)
        // Whoever used this browser before was on the way elsewhere.
        ctx.cookies.set(nameFor(ctx), found?.id ?? null, { ...cookie, secure: ctx.secure })
        for (const path of ['/', cookie.path]) rememberTyped(ctx, sealed, email, path)
        show.page(ctx, 'recovery/sent', { email, from: found?.id ?? '' }, { towards: found?.client })
      },
      problem =>
        show.page(ctx, 'recovery/forgot', { email, from: found?.id ?? '' }, { problem, towards: found?.client }),
    )
  })

  router.get('/reset/:bearer', async ctx => {
    const account = await resetting.whose(ctx.params.bearer ?? '')
    if (!account) return over(ctx, new Problem('link_expired'))
    const before = await askedAt(ctx, account.email)
    show.page(ctx, 'recovery/reset', { action: ctx.path }, { towards: before?.client })
  })

  router.post('/reset/:bearer', async ctx => {
    const { account, app } = await resetting.open(ctx.params.bearer ?? '').catch(fault => over(ctx, fault))
    const { id, email, securityStamp, unguarded } = account
    // The link came by mail: the second factor can be proved here, however much strangers guess.
    await mailbox.admit(id, ctx.state.visitor)
    try {
      // Where the link is opened in the browser that asked for it, the way goes on to the app. In any other it leads to no app's request: a
      // link that an attacker had mailed would sign its reader in to what the attacker began.
      const before = await askedAt(ctx, email)
      const { interaction, client, next } = before ?? {}
      await beginFlow(ctx, {
        purpose: 'reset',
        account: id,
        email,
        securityStamp,
        unguarded,
        interaction,
        client,
        next,
        app: before ? undefined : ownApp(app),
      })
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
