import Router from '@koa/router'
import type { Context } from 'koa'
import type { Accounts } from '../accounts/account.ts'
import type { Devices } from '../accounts/device.ts'
import { Problem } from '../errors.ts'
import type { Factor } from '../factors/factor.ts'
import { pause } from '../flows/asking.ts'
import type { Attempt, Attempts } from '../flows/attempts.ts'
import type { Opening } from '../flows/opening.ts'
import type { Sessions } from '../oidc/browser-sessions.ts'
import { asProblem } from './faults.ts'
import type { Frame } from './pages.ts'
import { type Show, seeOther } from './show.ts'
import type { Visit } from './visiting.ts'

/** What becomes of an attempt that has nothing left to ask. */
export type Finish = (ctx: Context, attempt: Attempt) => Promise<void>

interface Services {
  accounts: Pick<Accounts, 'get'>
  attempts: Attempts
  sessions: Sessions
  devices: Pick<Devices, 'trustFor'>
  steps: Opening
  show: Show
  finish: Finish
}

/** Pages of a sign-up; a phone number's page and its code's count as one. */
const signUpPages = 6

/** The folder of an attempt's pages. */
const folders: Record<Attempt['purpose'], string> = {
  'sign-in': '/sign-in',
  'sign-up': '/sign-up',
  'step-up': '/sign-in',
  add: '/account/add',
  change: '/account/change',
  reset: '/forgot-password',
  recover: '/recover/set-up',
}

/** What a meter looks at of a password, in characters. */
const longest = 200

/** Where an attempt's pages are. */
export function baseOf({ purpose, id }: Pick<Attempt, 'purpose' | 'id'>): string {
  return `${folders[purpose]}/${id}`
}

/** The routes of every attempt, whatever it is for and whichever factors it meets. */
export function stepping({ accounts, attempts, sessions, devices, steps, show, finish }: Services): Router<Visit> {
  const router = new Router<Visit>()

  /** The attempt that a path names. One that belongs to a session ends with it. */
  const named = async (ctx: Context): Promise<Attempt> => {
    const attempt = await attempts.get(ctx.params.attempt ?? '', ctx.state.visitor.device)
    if (attempt.session !== undefined && (await sessions.current(ctx))?.uid !== attempt.session)
      throw new Problem('attempt_expired')
    return attempt
  }

  /**
   * Goes on with the session that another tab signed in to while this page waited, without a question: back to the app's request, which is
   * judged anew, or to where it was to lead. Not where this page is about another account, or where the app wants a sign-in of its own.
   */
  const signedInElsewhere = async (ctx: Context, attempt: Attempt): Promise<boolean> => {
    const { purpose, within, anew, done, approves, interaction, next = '/account' } = attempt
    if (purpose !== 'sign-in' || within !== undefined || anew || done || approves !== undefined) return false
    const session = await sessions.current(ctx)
    const person = session && (await accounts.get(session.accountId))
    const named = attempt.account ?? attempt.email
    if (!person || (named !== undefined && named !== person.id && named !== person.email)) return false
    // This page may be what followed a post, and no app's host is in its policy (CSP 3, 6.4.1).
    if (interaction) show.page(ctx, 'sign-in/onward', { onward: `/interaction/${interaction}`, device: false })
    else seeOther(ctx, next)
    return true
  }

  /** Shows what an attempt waits for, with what went wrong if anything did. */
  const page = async (ctx: Context, attempt: Attempt, problem?: Problem): Promise<void> => {
    if (attempt.done) return finish(ctx, attempt)
    ctx.state.locale = attempt.locale
    const frame: Partial<Frame> = {
      towards: attempt.client,
      reason: attempt.reason,
      problem: problem && show.problem(ctx, problem),
    }
    if (problem) {
      ctx.status = problem.status
      if (problem.retryAfter !== undefined) ctx.set('Retry-After', String(problem.retryAfter))
    }
    const { step, factor, shown, until } = await steps.view(attempt)
    if (step.now === 'confirm') return held(ctx, attempt, frame)
    if (step.now === 'refuse' && step.why) {
      ctx.status = 403
      return show.page(ctx, 'sign-in/refused', { why: step.why }, frame)
    }
    if (step.now === 'refuse' && step.until !== undefined) {
      ctx.status = 403
      const leave = attempt.interaction && `/interaction/${attempt.interaction}/unmet`
      return show.page(ctx, 'sign-in/later', { until: step.until, leave, back: attempt.next ?? '/account' }, frame)
    }
    if (step.now !== 'prove' && step.now !== 'enrol') throw new Problem('not_offered')
    const base = baseOf(attempt)
    // The step that it stood at is none any more: on with the one that is.
    if (!factor && attempt.real) return page(ctx, await steps.advance(attempt, ctx.state.visitor), problem)
    if (await steps.shut(attempt, ctx.state.visitor)) return mailbox(ctx, attempt, step.from, frame)
    if (!factor) {
      const passkey = await passkeyOf(ctx, attempt, step.from)
      const email = typed(body(ctx)).email ?? attempt.email ?? ''
      return show.page(ctx, 'sign-in/start', { base, email, passkey, signUp: `/sign-up?from=${attempt.id}` }, frame)
    }
    const asked = shown ?? (await reopened(ctx, attempt, factor, step.now))
    show.page(
      ctx,
      step.now === 'prove' ? 'sign-in/prove' : 'sign-in/enrol',
      {
        base,
        factor: { id: factor.id },
        shown: asked,
        typed: { ...typed(asked?.asked), ...typed(body(ctx)) },
        others: step.from.filter(each => each !== factor).map(({ id }) => ({ id })),
        optional: step.now === 'enrol' && step.optional,
        until,
        trust: devices.trustFor > 0 && step.now === 'prove' && trustable(attempt, factor),
        progress: attempt.purpose === 'sign-up' ? progress(attempt, asked !== undefined) : undefined,
        email: attempt.email,
        signIn: attempt.purpose === 'sign-up' && attempt.fresh.length === 0 ? `/sign-in?from=${attempt.id}` : undefined,
      },
      frame,
    )
  }

  /** Asks what can be asked before anybody is named; resolves to what a passkey is asked for with. */
  const passkeyOf = async (ctx: Context, attempt: Attempt, from: readonly Factor[]) => {
    const asking = from.filter(each => !each.channel)
    const opened = await Promise.all(asking.map(each => steps.open(attempt, each.id, ctx.state.visitor)))
    return opened[asking.findIndex(each => each.whole)]?.options as Record<string, unknown> | undefined
  }

  /** Asks for the mailbox first; a passkey, and another factor than the one that was guessed at, do without. */
  const mailbox = async (ctx: Context, attempt: Attempt, from: readonly Factor[], frame: Partial<Frame>) => {
    const passkey = attempt.real ? undefined : await passkeyOf(ctx, attempt, from)
    const others = attempt.real ? from.filter(({ id }) => id !== attempt.at?.factor).map(({ id }) => ({ id })) : []
    show.page(ctx, 'sign-in/mailbox', { base: baseOf(attempt), email: attempt.email, passkey, others }, frame)
  }

  const held = (ctx: Context, attempt: Attempt, frame: Partial<Frame>): void => {
    const { email, verdict, askedAt = 0 } = attempt
    const locals = { base: baseOf(attempt), email, why: verdict?.why ?? [], resendAt: askedAt + pause.window }
    show.page(ctx, 'sign-in/held', locals, frame)
  }

  /** A question that ran out is asked again with its page, unless that would send a message or needs something first. */
  const reopened = async (ctx: Context, attempt: Attempt, factor: Factor, mode: 'prove' | 'enrol') => {
    if (factor.channel || factor[mode].ask) return undefined
    try {
      return await steps.open(attempt, factor.id, ctx.state.visitor)
    } catch (fault) {
      if (fault instanceof Problem) return undefined
      throw fault
    }
  }

  /** Takes one step, then shows what comes next; a wrong one shows the same page with its Problem. */
  const step = async (ctx: Context, take: (attempt: Attempt) => Promise<Attempt>): Promise<void> => {
    const attempt = await named(ctx)
    let moved: Attempt
    try {
      moved = await take(attempt)
    } catch (fault) {
      const problem = asProblem(fault)
      if (problem.status >= 500) throw fault
      return page(ctx, await attempts.get(attempt.id, attempt.device), problem)
    }
    // What goes wrong from here on is told as what it is: the attempt has proved what it could, and has no page to go back to.
    if (moved.done) return finish(ctx, moved)
    seeOther(ctx, baseOf(moved))
  }

  const text = (ctx: Context, name: string): string => {
    const value = body(ctx)[name]
    return typeof value === 'string' ? value : ''
  }

  for (const folder of new Set(Object.values(folders))) {
    const base = `${folder}/:attempt`
    router.get(base, async ctx => {
      const attempt = await named(ctx)
      if (!(await signedInElsewhere(ctx, attempt))) await page(ctx, attempt)
    })
    router.get(`${base}/held`, async ctx => {
      const { confirmed = false } = await named(ctx)
      ctx.body = { confirmed }
    })
    router.post(`${base}/held`, ctx => step(ctx, attempt => steps.confirmed(attempt, ctx.state.visitor)))
    router.post(`${base}/held/begin`, ctx => step(ctx, attempt => steps.askOwner(attempt, ctx.state.visitor)))
    // Where a refused post leaves the browser: whoever asks for that address again means the page.
    router.get([`${base}/:factor`, `${base}/:factor/begin`], ctx => seeOther(ctx, `${folder}/${ctx.params.attempt}`))
    router.post(`${base}/mailbox`, ctx =>
      step(ctx, attempt => steps.opened(attempt, text(ctx, 'code'), ctx.state.visitor)),
    )
    router.post(`${base}/use`, ctx => step(ctx, attempt => steps.use(attempt, text(ctx, 'factor'), ctx.state.visitor)))
    router.post(`${base}/skip`, ctx => step(ctx, attempt => steps.skip(attempt, ctx.state.visitor)))
    router.post(`${base}/:factor/judge`, async ctx => {
      const attempt = await named(ctx)
      const score = await steps.judge(attempt, ctx.params.factor ?? '', text(ctx, 'password').slice(0, longest))
      ctx.body = { score, text: show.say(attempt.locale, `meter.${score}`) }
    })
    router.post(`${base}/:factor/begin`, ctx =>
      step(ctx, attempt => steps.begin(attempt, ctx.params.factor ?? '', body(ctx), ctx.state.visitor)),
    )
    router.post(`${base}/:factor`, ctx =>
      step(ctx, attempt => steps.answer(attempt, ctx.params.factor ?? '', body(ctx), ctx.state.visitor)),
    )
  }
  return router
}

/** The fields of a posted form: always an object of its own, and nothing else. */
export function body(ctx: Context): Record<string, unknown> {
  const posted = (ctx.request as { body?: unknown }).body
  return typeof posted === 'object' && posted !== null ? { ...posted } : {}
}

/** What was typed that a page may show again: never a password or a code. */
function typed(fields: unknown): Record<string, string> {
  const shown = ['email', 'phone']
  const entries = Object.entries(fields ?? {}).filter(
    ([name, value]) => shown.includes(name) && typeof value === 'string',
  )
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value).slice(0, 320)]))
}

/** May the device be trusted on the strength of this proof? */
function trustable({ purpose, proved }: Attempt, { strength, stands }: Factor): boolean {
  return purpose === 'sign-in' && proved.length > 0 && strength !== 'mfa' && !stands.includes('last')
}

function progress(attempt: Attempt, asked: boolean): { at: number; of: number } {
  const past = attempt.fresh.length
  return { at: Math.min(signUpPages, past + 1 + (past > 0 || asked ? 1 : 0)), of: signUpPages }
}
