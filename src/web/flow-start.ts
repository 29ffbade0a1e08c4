import type { Context } from 'koa'
import { Problem, said } from '../errors.ts'
import type { Factor } from '../factors/factor.ts'
import type { Resume } from '../flows/flow.ts'
import type { Flow, Flows, NewFlow } from '../flows/flow-store.ts'
import { mostPages } from '../flows/standing.ts'
import { seeOther } from './show.ts'
import { type Sealed, typedAddress } from './typed-address.ts'

/** The folder of a flow's pages. */
export const folders: Record<Flow['purpose'], string> = {
  'sign-in': '/sign-in',
  'sign-up': '/sign-up',
  'step-up': '/sign-in',
  add: '/account/add',
  change: '/account/change',
  reset: '/forgot-password',
  recover: '/recover/set-up',
}

/** Where a flow's pages are. */
export function baseOf({ purpose, id }: Pick<Flow, 'purpose' | 'id'>): string {
  return `${folders[purpose]}/${id}`
}

/** Returns where a proof that a session is asked for is cancelled by a post; undefined where there is nothing to go back to. */
export function cancelOf(flow: Flow): string | undefined {
  if (flow.session !== undefined) return `${baseOf(flow)}/cancel`
  return flow.purpose === 'step-up' && flow.interaction ? `/interaction/${flow.interaction}/abort` : undefined
}

/** Returns the app's request that somebody else than who is signed in may go on with; undefined where nobody is, or it is no app's. */
export function switchOf({ purpose, interaction }: Flow): string | undefined {
  return purpose === 'step-up' && interaction ? `/interaction/${interaction}` : undefined
}

/**
 * Returns the second steps of which a sign-up sets up one next, on the page that sets up its first one; none where there is no choice. `chosen` is
 * marked, or what was chosen before.
 */
export function secondsOf(
  { purpose, wants }: Flow,
  { positions }: Factor,
  factors: readonly Factor[],
  chosen = wants,
): { id: string; chosen: boolean }[] {
  const from = factors.filter(each => each.mandatory)
  if (purpose !== 'sign-up' || !positions.includes('first') || from.length < 2) return []
  const marked = from.find(({ id }) => id === chosen) ?? from[0]
  return from.map(each => ({ id: each.id, chosen: each === marked }))
}

/**
 * How many steps a sign-up has; the page of a phone number and that of its code count as one. No passkey is offered at the end where one took the
 * place of a password, or where changes of mind used up the pages.
 */
const steps = { usual: 6, withoutOffer: 5 }

/** Returns how far a sign-up is: step `at` of `of`. `asked`: the question of its page is open. */
export function progress(flow: Flow, asked: boolean, factors: readonly Factor[]): { at: number; of: number } {
  const { enrolled, at, pages = 1 } = flow
  const past = enrolled.length
  const first = enrolled[1] ?? (past === 1 ? at?.factor : undefined)
  const passkey = factors.some(({ id, multiFactor }) => id === first && multiFactor)
  const of = passkey || pages >= mostPages ? steps.withoutOffer : steps.usual
  return { at: Math.min(of, past + 1 + (past > 0 || asked ? 1 : 0)), of }
}

/** Returns the Problem of a question that took its last answer, until it can be asked anew; undefined for any other. */
export function closedSince(until: unknown, now: number): Problem | undefined {
  return typeof until === 'number'
    ? new Problem('way_closed', { retryAfter: Math.ceil((until - now) / 1000) })
    : undefined
}

/** Returns a Problem that also knows what there is in its place where there is no other way: a new code, or one more try. */
export function told(problem: Problem | undefined, { channel }: Factor, alone: boolean): Problem | undefined {
  if (!problem || !alone) return problem
  const { values, ...rest } = { values: {}, ...said(problem) }
  return new Problem(problem.code, { ...rest, values: { ...values, ways: channel ? 'code' : 'none' } })
}

/** Begins a flow and sends the browser to its page. */
export async function beginFlow(
  ctx: Context,
  { flows, resume, sealed }: { flows: Flows; resume: Resume; sealed: Sealed },
  begun: Omit<NewFlow, 'device' | 'locale'> & { locale?: string },
): Promise<void> {
  const { visitor, locale, zone } = ctx.state
  const asksForEmail = begun.purpose === 'sign-in' || begun.purpose === 'sign-up'
  const email = begun.email ?? (asksForEmail ? typedAddress(ctx, sealed) : undefined)
  const flow = await flows.draft({ locale, zone, ...begun, email, device: visitor.device }, visitor.address)
  rememberApp(ctx, flow.client?.home ?? flow.app, [baseOf(flow)])
  await resume(flow, visitor).advance()
  seeOther(ctx, baseOf(flow))
}

/** The app that a page was for, and where to start again. */
export interface WayBack {
  name: string
  home: string
}

const day = 24 * 3_600_000
const nameFor = (ctx: Context): string => `${ctx.secure ? '__Secure-' : ''}latchkey_app`

/**
 * Remembers for a day which app these pages are for, in signed cookies that are sent to these pages alone: by the time that somebody has to
 * start again, the store has forgotten the flow.
 */
export function rememberApp(ctx: Context, app: WayBack | undefined, paths: readonly string[]): void {
  if (!app) return
  const value = Buffer.from(JSON.stringify([app.name, app.home])).toString('base64url')
  const options = { httpOnly: true, sameSite: 'lax', secure: ctx.secure, signed: true, maxAge: day } as const
  for (const path of paths) ctx.cookies.set(nameFor(ctx), value, { ...options, path, overwrite: false })
}

/** Returns the app that a page was for, where somebody who came too late can start again. */
export function wayBack(ctx: Context): WayBack | undefined {
  const value = ctx.cookies.get(nameFor(ctx), { signed: true })
  if (value === undefined) return undefined
  const [name, home] = JSON.parse(Buffer.from(value, 'base64url').toString()) as [string, string]
  return { name, home }
}
