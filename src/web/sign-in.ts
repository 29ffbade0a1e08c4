import type { Context } from 'koa'
import type { NewFlow } from '../flows/flow-store.ts'
import { localPath, queryField } from './forms.ts'
import type { Services } from './services.ts'
import { seeOther } from './show.ts'
import { typedAddress } from './typed-address.ts'

/** Begins sign-ins and sign-ups, for an app's authorization request or from our own pages. */
export function signIn({ router, flows, sealed, sessions, beginFlow }: Services): void {
  /** Returns what a former flow on this device was for: people who go from sign-in to sign-up, or back, keep the app and the address that they typed. */
  const former = async (ctx: Context): Promise<Partial<NewFlow>> => {
    const from = queryField(ctx, 'from', 100)
    const wants = queryField(ctx, 'way', 40)
    if (from === undefined) return { next: localPath(queryField(ctx, 'next', 2_000)), wants }
    const { interaction, within, anew, client, next, acr, email, locale } = await flows.get(
      from,
      ctx.state.visitor.device,
    )
    const typed = typedAddress(ctx, sealed) ?? email
    return { interaction, within, anew, client, next, acr, email: typed, locale, wants }
  }

  router.get('/sign-in', async ctx => {
    const before = await former(ctx)
    const session = await sessions.current(ctx)
    if (session && !before.interaction) return seeOther(ctx, before.next ?? '/account')
    await beginFlow(ctx, { ...before, purpose: 'sign-in' })
  })

  router.get('/sign-up', async ctx => {
    const { acr: _, ...before } = await former(ctx)
    await beginFlow(ctx, { ...before, purpose: 'sign-up' })
  })
}
