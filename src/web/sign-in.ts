import type { Context } from 'koa'
import type { NewFlow } from '../flows/flow-store.ts'
import { queryField } from './forms.ts'
import type { Services } from './services.ts'
import { seeOther } from './show.ts'

/** Characters of the longest path of ours that somebody may go on to. */
const longest = 2_000

/** A path of ours to go on to, never another site's. */
function localPath(typed = ''): string | undefined {
  return /^\/(?![/\\])[\w\-./~%?=&]*$/.test(typed) ? typed : undefined
}

/** How sign-ins and sign-ups begin, from an app's authorization request or from our own pages. */
export function signIn({ router, flows, sessions, beginFlow }: Services): void {
  /** What a former flow on this device was for: whoever goes from sign-in to sign-up still goes back to the app. */
  const former = async (ctx: Context): Promise<Partial<NewFlow>> => {
    const from = queryField(ctx, 'from', 100)
    const wants = queryField(ctx, 'way', 40)
    if (from === undefined) return { next: localPath(queryField(ctx, 'next', longest)), wants }
    const { interaction, within, anew, client, next, acr, locale } = await flows.get(from, ctx.state.visitor.device)
    return { interaction, within, anew, client, next, acr, locale, wants }
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
