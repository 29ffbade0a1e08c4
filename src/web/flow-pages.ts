import type { Context } from 'koa'
import { Problem } from '../errors.ts'
import { ownNumber } from '../factors/contacts.ts'
import { type Factor, numberIn } from '../factors/factor.ts'
import { pause } from '../flows/challenge.ts'
import type { Run } from '../flows/flow.ts'
import type { Flow } from '../flows/flow-store.ts'
import { callingCodes } from './calling-codes.ts'
import { baseOf, cancelOf, closedSince, folders, progress, secondsOf, switchOf, told } from './flow-start.ts'
import { field, fields, submit } from './forms.ts'
import { chosenLocale } from './language.ts'
import { notify, sayNotice } from './notices.ts'
import type { Services } from './services.ts'
import { type Show, seeOther } from './show.ts'
import { forgetTyped, rememberTyped, typed, typedAddress } from './typed-address.ts'

/** What stands around each page of a flow. */
type Framed = NonNullable<Parameters<Show['page']>[3]>

/** How many characters of a password its strength meter reads. */
const longest = 200

/** Serves the pages of every flow, whatever it is for and whichever factors it asks for. */
export function flowPages(services: Services): void {
  const { router, accounts, actions, credentials, factors, flows, sessions, devices, places, resume } = services
  const { show, finish, sealed, now } = services
  /** Writes with the flow which language was chosen since it began: its emails and texts follow. */
  const spoken = async (ctx: Context, flow: Flow): Promise<Flow> => {
    const locale = chosenLocale(ctx)
    return locale === undefined || locale === flow.locale ? flow : flows.save({ ...flow, locale })
  }

  /** Resumes the flow that a path names. One that belongs to a session ends with it. */
  const named = async (ctx: Context): Promise<Run> => {
    const flow = await flows.get(ctx.params.flow ?? '', ctx.state.visitor.device).catch(fault => {
      rememberTyped(ctx, sealed, typed(fields(ctx)).email ?? typedAddress(ctx, sealed))
      throw fault
    })
    if (flow.session !== undefined && (await sessions.current(ctx))?.uid !== flow.session)
      throw new Problem('attempt_expired')
    // A browser that is here for the first time says it once a page of ours was there.
    return resume({ ...(await spoken(ctx, flow)), passkeys: passkeysOf(ctx) }, ctx.state.visitor)
  }

  /**
   * Goes on with the session that another tab signed in to while this page waited, without a question: back to the app's request, which is
   * judged anew, or to where it was to lead. Not where this page is about another account, or where the app wants a sign-in of its own.
   */
  const signedInElsewhere = async (ctx: Context, flow: Flow): Promise<boolean> => {
    const { purpose, within, anew, done, interaction, next = '/account' } = flow
    if (purpose !== 'sign-in' || within !== undefined || anew || done) return false
    const session = await sessions.current(ctx)
    const person = session && (await accounts.get(session.accountId))
    const named = flow.account ?? flow.email
    if (!person || (named !== undefined && named !== person.id && named !== person.email)) return false
    // This page may be what followed a post, and no app's host is in its policy (CSP 3, 6.4.1).
    if (interaction) show.page(ctx, 'sign-in/onward', { onward: `/interaction/${interaction}`, device: false })
    else seeOther(ctx, next)
    return true
  }

  /** Shows what a flow waits for, with what went wrong if anything did. */
  const page = async (ctx: Context, run: Run, problem?: Problem): Promise<void> => {
    const flow = run.now()
    if (flow.done) return finish(ctx, flow)
    ctx.state.locale = flow.locale
    const frame: Framed = { towards: flow.client, reason: flow.reason, problem }
    const { step, factor, shown, until } = await run.view()
    if (step.now === 'confirm') return held(ctx, flow, frame)
    // On an account that staff locked nothing is set up: people who have proved enough for that are told why.
    const owner = step.now === 'enrol' && flow.real ? await accounts.get(flow.account ?? '') : undefined
    if (owner?.lock) return finish(ctx, flow)
    if (step.now === 'refuse' && step.why) {
      show.page(ctx, 'sign-in/refused', { why: step.why }, frame)
      ctx.status = 403
      return
    }
    if (step.now === 'refuse' && step.until !== undefined) {
      const leave = flow.interaction && `/interaction/${flow.interaction}/unmet`
      show.page(ctx, 'sign-in/later', { until: step.until, leave, back: flow.next ?? '/account' }, frame)
      ctx.status = 403
      return
    }
    if (step.now !== 'prove' && step.now !== 'enrol') throw new Problem('not_offered')
    const base = baseOf(flow)
    // The step that it was at is no longer offered: on to the next one.
    if (!factor && flow.real) {
      await run.advance()
      return page(ctx, run, problem)
    }
    if (await run.shut()) return mailbox(ctx, run, step.from, frame)
    if (!factor) {
      const passkey = await passkeyOf(run, step.from)
      const email = typed(fields(ctx)).email ?? flow.email ?? ''
      const locals = { base, email, passkey, signUp: `/sign-up?from=${flow.id}`, switches: switchOf(flow) }
      return show.page(ctx, 'sign-in/start', locals, frame)
    }
    const asked = shown ?? (await reopened(run, factor, step.now))
    const skippable = step.now === 'enrol' && step.optional
    const others: { id: string; dialled?: ReturnType<typeof callingCodes> }[] = []
    for (const other of step.from.filter(each => each !== factor)) {
      // What has only to be typed is asked for here, in place of a page of its own.
      const dialled = step.now === 'enrol' ? callingCodes(ctx, other, places) : undefined
      others.push({ id: other.id, ...(dialled && !(await run.asks(other.id)) && { dialled }) })
    }
    frame.problem = told(problem ?? closedSince(asked?.closed, now()), factor, others.length === 0)
    show.page(
      ctx,
      step.now === 'prove' ? 'sign-in/prove' : 'sign-in/enrol',
      {
        base,
        factor: { id: factor.id },
        shown: asked,
        typed: { ...typed(asked?.asked), ...typed(fields(ctx)) },
        others,
        optional: skippable,
        automatic: flow.passkeys === 'automatic' && flow.offered !== 'no' ? flow.offered : undefined,
        until,
        trust: devices.trustFor > 0 && step.now === 'prove' && trustable(flow, factor),
        progress: flow.purpose === 'sign-up' ? progress(flow, asked !== undefined, factors) : undefined,
        email: flow.email,
        current: await currentOf(flow, factor),
        dialled: step.now === 'enrol' ? callingCodes(ctx, factor, places) : undefined,
        cancel: cancelOf(flow),
        switches: switchOf(flow),
        seconds: skippable ? [] : secondsOf(flow, factor, factors, typed(fields(ctx)).second),
        lost: factors.some(({ id, positions }) => positions.includes('last') && flow.proved.includes(id)),
        signIn: flow.purpose === 'sign-up' && flow.enrolled.length === 0 ? `/sign-in?from=${flow.id}` : undefined,
      },
      frame,
    )
  }

  /** Resolves to what is asked for, where a session is asked to prove more: a number, or the name that its owner gave it, if they gave it one. */
  const currentOf = async ({ session, account }: Flow, factor: Factor): Promise<string | undefined> => {
    if (session === undefined || account === undefined) return undefined
    const held = (await credentials.of(account)).find(each => each.factor === factor.id)
    const phone = held && numberIn(factor, held.secret)
    return phone === undefined ? (held?.label ?? '') : ownNumber(phone)
  }

  /** Opens the factors that can be asked for before anybody is named; resolves to the options for a passkey. */
  const passkeyOf = async (run: Run, from: readonly Factor[]) => {
    const asking = from.filter(each => !each.channel)
    const opened = await Promise.all(asking.map(each => run.open(each.id)))
    return opened[asking.findIndex(each => each.multiFactor)]?.options as Record<string, unknown> | undefined
  }

  /** Asks for the mailbox first; a passkey, or another factor than the one that was guessed at, will do as well. */
  const mailbox = async (ctx: Context, run: Run, from: readonly Factor[], frame: Framed) => {
    const flow = run.now()
    const passkey = flow.real ? undefined : await passkeyOf(run, from)
    const others = flow.real ? from.filter(({ id }) => id !== flow.at?.factor).map(({ id }) => ({ id })) : []
    show.page(ctx, 'sign-in/mailbox', { base: baseOf(flow), email: flow.email, passkey, others }, frame)
  }

  const held = (ctx: Context, flow: Flow, frame: Framed): void => {
    const { email, verdict, askedAt = 0 } = flow
    const locals = { base: baseOf(flow), email, why: verdict?.why ?? [], resendAt: askedAt + pause.window }
    show.page(ctx, 'sign-in/held', locals, frame)
  }

  /** Asks a question that ran out again, unless that would send a message or something has to be typed first. */
  const reopened = async (run: Run, factor: Factor, mode: 'prove' | 'enrol') => {
    if (factor.channel || factor[mode].ask) return undefined
    try {
      return await run.open(factor.id)
    } catch (fault) {
      if (fault instanceof Problem) return undefined
      throw fault
    }
  }

  /** Takes one step, then shows what comes next; a wrong one shows the same page with its Problem. */
  const step = async (ctx: Context, take: (run: Run) => Promise<void>): Promise<void> => {
    const run = await named(ctx)
    const { enrolled: before, session } = run.now()
    const email = session === undefined ? typed(fields(ctx)).email : undefined
    rememberTyped(ctx, sealed, email, baseOf(run.now()))
    // A flow that another request changed first is shown as that request left it.
    const again = async (problem: Problem) => {
      rememberTyped(ctx, sealed, email)
      // What was asked before is over, for example because a proof counts for ten minutes: what is asked now speaks for itself.
      const over = problem.code === 'not_offered'
      await page(ctx, problem.code === 'conflict' ? await named(ctx) : run, over ? undefined : problem)
      if (over && ctx.status < 400) ctx.status = problem.status
    }
    const moved = await submit(() => take(run).then(run.now), again, [])
    if (!moved) return
    // A fault from here on has a page of its own: the flow is finished, and has no page to go back to.
    if (moved.done) {
      forgetTyped(ctx)
      return finish(ctx, moved, run.unsaved())
    }
    const [set] = moved.enrolled.slice(before.length)
    if (set !== undefined) notify(ctx, baseOf(moved), moved.id, { key: `factor.${set}.set` })
    seeOther(ctx, baseOf(moved))
  }

  for (const folder of new Set(Object.values(folders))) {
    const base = `${folder}/:flow`
    router.get(base, async ctx => {
      const run = await named(ctx)
      sayNotice(ctx, run.now().id)
      if (!(await signedInElsewhere(ctx, run.now()))) await page(ctx, run)
    })
    router.get(`${base}/held`, async ctx => {
      const { confirmed = false } = (await named(ctx)).now()
      ctx.body = { confirmed }
    })
    router.post(`${base}/held`, ctx => step(ctx, run => run.confirmed()))
    router.post(`${base}/held/begin`, ctx => step(ctx, run => run.askOwner()))
    // A refused post leaves the browser at this address: a request for it means the page.
    router.get([`${base}/:factor`, `${base}/:factor/begin`], ctx => seeOther(ctx, `${folder}/${ctx.params.flow}`))
    router.post(`${base}/cancel`, async ctx => {
      const flow = (await named(ctx)).now()
      if (cancelOf(flow) === undefined) throw new Problem('not_offered')
      const { typedAt } = flow.action ? actions.carried(flow) : {}
      if (typedAt === undefined) await flows.take(flow)
      seeOther(ctx, typedAt === undefined ? (flow.next ?? '/account') : `${typedAt}?typed=${flow.id}`)
    })
    router.post(`${base}/mailbox`, ctx => step(ctx, run => run.opened(field(ctx, 'code', 100))))
    router.post(`${base}/use`, ctx => step(ctx, run => run.use(field(ctx, 'factor', 40))))
    router.post(`${base}/skip`, ctx => step(ctx, run => run.skip()))
    router.post(`${base}/:factor/judge`, async ctx => {
      const run = await named(ctx)
      const { score, fault } = await run.strength(ctx.params.factor ?? '', field(ctx, 'password', longest))
      const [phrase, values] = fault ? [`problem.${fault.code}`, fault.values] : [`meter.${score}`]
      ctx.body = { score, text: show.say(run.now().locale, phrase, values) }
    })
    router.post(`${base}/:factor/begin`, ctx => step(ctx, run => run.begin(ctx.params.factor ?? '', fields(ctx))))
    router.post(`${base}/:factor`, ctx => step(ctx, run => run.answer(ctx.params.factor ?? '', fields(ctx), true)))
  }
}

/** Says whether this proof is strong enough to trust the device. */
function trustable({ purpose, proved }: Flow, { strength, positions }: Factor): boolean {
  return purpose === 'sign-in' && proved.length > 0 && strength !== 'mfa' && !positions.includes('last')
}

/** Returns what a browser's script said of its passkeys, in a cookie (views/assets/once.js): it decides nothing but whether one is offered. */
function passkeysOf(ctx: Context): Flow['passkeys'] {
  const said = ctx.cookies.get('latchkey_passkeys')
  return said === 'yes' || said === 'automatic' ? said : undefined
}
