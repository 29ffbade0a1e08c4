import Router from '@koa/router'
import type { Context } from 'koa'
import { Problem } from '../errors.ts'
import type { Resume } from '../flows/flow.ts'
import type { Flows, NewFlow } from '../flows/flow-store.ts'
import type { Sessions } from '../oidc/browser-sessions.ts'
import { baseOf, beginFlow } from './flow-start.ts'
import { queryField } from './forms.ts'
import { type Show, seeOther } from './show.ts'
import { carriedOut } from './step-up.ts'
import type { Finish } from './stepping.ts'
import type { Visit } from './visit.ts'

declare module './pages.ts' {
  interface Pages {
    /** What was proved is enough, and the account closes: posts to `<base>/keep` and `<base>/leave`. */
    'sign-in/closing': { base: string; email: string; until: number }
  }
}

interface Services {
  flows: Flows
  resume: Resume
  sessions: Sessions
}

/** Characters of the longest path of ours that somebody may go on to. */
const longest = 2_000

/** A path of ours to go on to, never another site's. */
function localPath(typed = ''): string | undefined {
  return /^\/(?![/\\])[\w\-./~%?=&]*$/.test(typed) ? typed : undefined
}

/** How sign-ins and sign-ups begin, from an app's authorization request or from our own pages. */
export function signIn(services: Services): Router<Visit> {
  const { flows, sessions } = services
  const router = new Router<Visit>()

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
    await beginFlow(ctx, services, { ...before, purpose: 'sign-in' })
  })

  router.get('/sign-up', async ctx => {
    const { acr: _, ...before } = await former(ctx)
    await beginFlow(ctx, services, { ...before, purpose: 'sign-up' })
  })
  return router
}

/**
 * Ends flows: an app's goes back to its authorization request, our own starts a session, an added factor shows itself. Whose
 * account closes is asked whether to keep it, and gets in nowhere until they do.
 */
export function finishing(services: Parameters<typeof carriedOut>[1] & { show: Show }): Finish {
  const { accounts, show } = services
  return async (ctx, flow) => {
    const owner = flow.account === undefined ? undefined : await accounts.get(flow.account)
    if (owner?.status === 'closing') {
      if (ctx.method !== 'GET') return seeOther(ctx, baseOf(flow))
      const locals = { base: baseOf(flow), email: owner.email, until: owner.closesAt ?? 0 }
      return show.page(ctx, 'sign-in/closing', locals, { towards: flow.client })
    }
    // Begun by a version of this program that kept them differently.
    if (flow.change !== undefined || flow.approves !== undefined) throw new Problem('attempt_expired')
    const shownAt = flow.action && services.actions.carried(flow).shownAt?.(flow.id)
    if (shownAt) return seeOther(ctx, shownAt)
    if (flow.interaction) return seeOther(ctx, `/interaction/${flow.interaction}?attempt=${flow.id}`)
    await carriedOut(ctx, services, flow)
    seeOther(ctx, flow.next ?? '/account')
  }
}
