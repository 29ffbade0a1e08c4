import type { Context } from 'koa'
import { recent } from '../accounts/freshness.ts'
import { reaches } from '../flows/assurance.ts'
import type { Resume } from '../flows/flow.ts'
import type { Flows } from '../flows/flow-store.ts'
import type { Approvals, Waiting } from '../oidc/remote-approvals.ts'
import { beginFlow } from './beginning.ts'
import type { SignedIn } from './require-session.ts'
import { type Show, seeOther } from './show.ts'

/** How long one proof does for approving, in milliseconds. */
const fresh = 5 * 60_000

interface Services {
  approvals: Approvals
  flows: Flows
  resume: Resume
  show: Show
  now: () => number
}

/** Approves a request from elsewhere: at once where enough was proved a moment ago, and else as soon as it is. Goes on to `next`, a path of ours. */
export async function approving(
  ctx: Context,
  { approvals, flows, resume, show, now }: Services,
  { account, session }: SignedIn,
  { id, acr, app }: Waiting,
  next: string,
): Promise<void> {
  if (reaches(session.acr, acr) && recent(session.since, fresh, now())) {
    await approvals.approve(id, { account: account.id, session: session.uid }, ctx.state.visitor)
    return seeOther(ctx, next)
  }
  const { id: owner, email, guard } = account
  const reason = show.say(ctx.state.locale, 'reason.approve', { app: app.name })
  const begun = { account: owner, email, guard, session: session.uid, acr, approves: id, next, reason }
  await beginFlow(ctx, { flows, resume }, { purpose: 'step-up', ...begun })
}
