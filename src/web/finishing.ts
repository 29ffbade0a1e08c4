import type { Context } from 'koa'
import { type Account, type Accounts, active } from '../accounts/account.ts'
import type { Devices } from '../accounts/device.ts'
import { reaches } from '../acr.ts'
import type { Told } from '../actions/action.ts'
import type { Actions } from '../actions/index.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import type { Factor } from '../factors/factor.ts'
import { guards, spare } from '../flows/assurance.ts'
import type { Unsaved } from '../flows/ending.ts'
import type { Flow, Flows } from '../flows/flow-store.ts'
import type { Sessions } from '../oidc/browser-sessions.ts'
import { baseOf, rememberApp } from './flow-start.ts'
import { notify } from './notices.ts'
import { type Show, seeOther } from './show.ts'

declare module './pages.ts' {
  interface Pages {
    /** What was proved is enough, and staff locked the account: nobody gets in. */
    'sign-in/locked': { email: string; at: number }
    /** What was proved is enough, and the account closes: posts to `<base>/keep` and `<base>/leave`. */
    'sign-in/closing': { base: string; email: string; until: number }
  }
}

/** What becomes of a flow that has nothing left to ask. */
export type Finish = (ctx: Context, flow: Flow, unsaved?: Unsaved) => Promise<void>

interface Services {
  accounts: Accounts
  actions: Actions
  flows: Flows
  devices: Devices
  sessions: Sessions
  show: Show
  emit: Emit
  factors: readonly Factor[]
}

/**
 * Takes a finished flow: what it proved, for exactly one use. What it enrolled ends the account's other sessions. `noted` settles once the
 * device is on record; what follows goes on beside it, and waits for it before it answers. Throws `attempt_expired`.
 */
export async function concluded(
  ctx: Context,
  services: Pick<Services, 'accounts' | 'flows' | 'devices' | 'sessions' | 'emit'>,
  flow: Flow,
): Promise<{ account: Account; acr: NonNullable<Flow['done']>['acr']; amr: string[]; noted: Promise<void> }> {
  const { accounts, flows, devices, sessions, emit } = services
  const { visitor } = ctx.state
  const { done, account, securityStamp, purpose, enrolled, trust } = await flows.take(flow)
  const person = account === undefined ? undefined : await accounts.get(account)
  if (!done || !active(person)) throw new Problem('attempt_expired')
  // What was proved before the account's protection changed may be what the change was made against.
  if (person.securityStamp !== securityStamp) throw new Problem('attempt_expired')
  const noted = devices.saw(visitor, person.id)
  // A failure reaches those who await it; here it only must not count as unhandled.
  noted.catch(() => {})
  // What was proved by less than two factors is not enough to ask for less from now on.
  if (trust && devices.trustFor > 0 && reaches(done.acr, 'aal2')) {
    await noted
    await devices.trust(visitor.device, person)
    await emit('device.trusted', { account: person.id }, visitor)
  }
  if (enrolled.length > 0 && purpose !== 'sign-up') {
    // The library changes the cookie of somebody who signs in on the way to an app.
    await sessions.endOthers(ctx, 'protection-changed', person.id, flow.interaction === undefined ? undefined : 'soon')
  }
  return { account: person, acr: done.acr, amr: done.amr, noted }
}

/** Takes a finished flow, carries out its action, and raises the session by what was proved. Resolves to the action's outcome, and what is said of it. */
export async function carriedOut(ctx: Context, services: Services, flow: Flow) {
  const { accounts, actions, factors, sessions, show } = services
  const say = (key: string) => show.say(ctx.state.locale, key)
  const { account, acr, amr, noted } = await concluded(ctx, services, flow)
  // An action may be about this very device.
  if (flow.action) await noted
  const proved = acr && { acr, amr }
  // Before anything is opened: where it cannot be done any more, the session stays as it was.
  const { action, out, notice } = flow.action
    ? await actions.resume(ctx, flow, account, proved, say)
    : { action: undefined, out: undefined, notice: enrolled(flow, factors, say) }
  const { securityStamp } = action ? ((await accounts.get(account.id)) ?? account) : account
  if (proved && action?.endsSessions?.which !== 'all')
    await sessions.start(ctx, { ...proved, accountId: account.id, securityStamp })
  await noted
  return { out, notice, account }
}

/** Returns the notice of a flow that carries out no action: what it set up. That of a sign-up names a passkey, too. */
function enrolled(
  { purpose, enrolled }: Flow,
  factors: Services['factors'],
  say: (key: string) => string,
): Told | undefined {
  const [last] = enrolled.slice(-1)
  if (last === undefined) return undefined
  if (purpose !== 'sign-up' && purpose !== 'recover') return { key: `factor.${last}.set` }
  const passkey = purpose === 'sign-up' && factors.find(({ id, multiFactor }) => multiFactor && enrolled.includes(id))
  return passkey
    ? { key: 'done.sign-up.with', values: { more: say(`factor.${passkey.id}.set`) } }
    : { key: `done.${purpose}` }
}

/**
 * Takes a sign-in that is done and not saved, as it was read, and begins its session by the same write. Of several requests only one gets it: the
 * session of any other is ended before anybody has its cookie. Throws `attempt_expired`.
 */
async function signedIn(ctx: Context, services: Services, flow: Flow, { take }: Unsaved): Promise<void> {
  const { accounts, devices, sessions } = services
  const { account = '', securityStamp, done } = flow
  const taken = take()
  // A failure reaches those who await it; here it only must not count as unhandled.
  taken.catch(() => {})
  const person = await accounts.get(account)
  // What was proved before the account's protection changed may be what the change was made against.
  if (!done?.acr || !active(person) || person.securityStamp !== securityStamp) {
    await taken
    throw new Problem('attempt_expired')
  }
  const entitled = Promise.all([taken, devices.saw(ctx.state.visitor, account)])
  entitled.catch(() => {})
  await sessions.start(ctx, { accountId: account, acr: done.acr, amr: done.amr, securityStamp }, entitled)
}

/** Where people see what a phone that they no longer have is still good for. */
export const lostPhonePath = '/account/lost-phone'

/**
 * Returns that page, with where to go on from it, for a sign-in that used a recovery code and set up something new; undefined for every other flow.
 * An app's request goes on from there with the session, as after a sign-in in another tab. Where the app wants a sign-in of its own, that would
 * ask again, so its own page is the next one.
 */
function lostPhone({ purpose, session, within, anew, ...flow }: Flow, factors: readonly Factor[]): string | undefined {
  const some = (ids: readonly string[], rule: (factor: Factor) => boolean) =>
    factors.some(each => ids.includes(each.id) && rule(each))
  if (!['sign-in', 'reset'].includes(purpose) || session !== undefined) return undefined
  if (!some(flow.proved, spare) || !some(flow.enrolled, guards)) return undefined
  if (flow.interaction === undefined) return `${lostPhonePath}?next=${encodeURIComponent(flow.next ?? '/account')}`
  if (within !== undefined || anew) return undefined
  return `${lostPhonePath}?next=${encodeURIComponent(`/interaction/${flow.interaction}?as=here`)}`
}

/**
 * Ends flows: an app's goes back to its authorization request, our own starts a session, an added factor shows itself. Whose
 * account closes is asked whether to keep it, and gets in nowhere until they do.
 */
export function finishing(services: Services): Finish {
  const { accounts, factors, show } = services
  return async (ctx, flow, unsaved) => {
    const owner = flow.account === undefined ? undefined : await accounts.get(flow.account)
    if (owner?.lock || owner?.status === 'closing') {
      await unsaved?.save()
      if (ctx.method !== 'GET') return seeOther(ctx, baseOf(flow))
      const { email, lock, closesAt: until = 0 } = owner
      if (lock) return show.page(ctx, 'sign-in/locked', { email, at: lock.at }, { towards: flow.client })
      return show.page(ctx, 'sign-in/closing', { base: baseOf(flow), email, until }, { towards: flow.client })
    }
    // Begun by a version of this program that kept them differently.
    if (flow.change !== undefined || flow.approves !== undefined) throw new Problem('attempt_expired')
    const shownAt = flow.action && services.actions.carried(flow).shownAt?.(flow.id)
    if (shownAt) return seeOther(ctx, shownAt)
    if (unsaved) {
      await signedIn(ctx, services, flow, unsaved)
      if (flow.app) notify(ctx, flow.next ?? '/account', flow.account ?? '', { key: 'done.late', app: flow.app })
      return seeOther(ctx, flow.next ?? '/account')
    }
    const lost = lostPhone(flow, factors)
    if (flow.interaction && !lost) return seeOther(ctx, `/interaction/${flow.interaction}?attempt=${flow.id}`)
    const { notice, account } = await carriedOut(ctx, services, lost ? { ...flow, interaction: undefined } : flow)
    const next = lost ?? flow.next ?? '/account'
    if (lost) rememberApp(ctx, flow.client?.home, [lostPhonePath])
    const said = notice ?? (flow.app && { key: 'done.late' })
    if (said) notify(ctx, next, account.id, { ...said, app: flow.app })
    seeOther(ctx, next)
  }
}
