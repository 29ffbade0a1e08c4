import Router from '@koa/router'
import type { Context } from 'koa'
import { type Account, type Accounts, active } from '../accounts/account.ts'
import type { Devices } from '../accounts/device.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import { reaches } from '../flows/assurance.ts'
import type { Resume } from '../flows/flow.ts'
import type { Flow, Flows, NewFlow } from '../flows/flow-store.ts'
import type { Sessions } from '../oidc/browser-sessions.ts'
import type { Interactions } from '../oidc/interactions.ts'
import type { Approvals } from '../oidc/remote-approvals.ts'
import { type Changes, changed } from './changing.ts'
import { baseOf, beginFlow } from './flow-start.ts'
import { queryField } from './forms.ts'
import { type Show, seeOther } from './show.ts'
import type { Finish } from './stepping.ts'
import type { Visit } from './visit.ts'

declare module './pages.ts' {
  interface Pages {
    /** What was proved is enough, and the account closes: posts to `<base>/keep` and `<base>/leave`. */
    'sign-in/closing': { base: string; email: string; until: number }
  }
}

interface Services {
  accounts: Accounts
  flows: Flows
  devices: Devices
  resume: Resume
  sessions: Sessions
  interactions: Interactions
  emit: Emit
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
export function finishing(
  services: Omit<Services, 'interactions' | 'resume'> & Changes & { show: Show; approvals: Approvals },
): Finish {
  const { accounts, show } = services
  return async (ctx, flow) => {
    const owner = flow.account === undefined ? undefined : await accounts.get(flow.account)
    if (owner?.status === 'closing') {
      if (ctx.method !== 'GET') return seeOther(ctx, baseOf(flow))
      const locals = { base: baseOf(flow), email: owner.email, until: owner.closesAt ?? 0 }
      return show.page(ctx, 'sign-in/closing', locals, { towards: flow.client })
    }
    if (flow.change?.does === 'export') return seeOther(ctx, `/account/data?attempt=${flow.id}`)
    if (flow.interaction) return seeOther(ctx, `/interaction/${flow.interaction}?attempt=${flow.id}`)
    const { account, acr, amr } = await concluded(ctx, services, flow)
    if (flow.change) await changed(ctx, services, account, flow.change, flow.session)
    if (flow.change?.does === 'close') return seeOther(ctx, '/closing')
    const { securityStamp } = flow.change ? ((await accounts.get(account.id)) ?? account) : account
    // Before anything is opened: a request that has expired meanwhile leaves the session as it was.
    if (flow.approves && acr) {
      const by = { account: account.id, session: flow.session ?? '', proved: { acr, amr } }
      await services.approvals.approve(flow.approves, by, ctx.state.visitor)
    }
    if (acr) await services.sessions.start(ctx, { accountId: account.id, acr, amr, securityStamp })
    seeOther(ctx, flow.next ?? '/account')
  }
}

/** Takes a finished flow: what it proved, for exactly one use. What it enrolled ends the account's other sessions. Throws `attempt_expired`. */
export async function concluded(
  ctx: Context,
  services: Pick<Services, 'accounts' | 'flows' | 'devices' | 'sessions' | 'emit'>,
  flow: Flow,
): Promise<{ account: Account; acr: NonNullable<Flow['done']>['acr']; amr: string[] }> {
  const { accounts, flows, devices, sessions, emit } = services
  const { visitor } = ctx.state
  const { done, account, securityStamp, purpose, enrolled, trust } = await flows.take(flow)
  const person = account === undefined ? undefined : await accounts.get(account)
  if (!done || !active(person)) throw new Problem('attempt_expired')
  // What was proved before the account's protection changed may be what the change was made against.
  if (person.securityStamp !== securityStamp) throw new Problem('attempt_expired')
  await devices.saw(visitor, person.id)
  // What was proved by less than two factors is not enough to ask for less from now on.
  if (trust && devices.trustFor > 0 && reaches(done.acr, 'aal2')) {
    await devices.trust(visitor.device, person)
    await emit('device.trusted', { account: person.id }, visitor)
  }
  if (enrolled.length > 0 && purpose !== 'sign-up') {
    // The library changes the cookie of who signs in on the way to an app.
    await sessions.endOthers(ctx, 'protection-changed', person.id, flow.interaction === undefined ? undefined : 'soon')
  }
  return { account: person, acr: done.acr, amr: done.amr }
}
