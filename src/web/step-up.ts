import type Router from '@koa/router'
import type { Context } from 'koa'
import type { z } from 'zod'
import type { Action } from '../actions/action.ts'
import type { Actions } from '../actions/index.ts'
import { Problem } from '../errors.ts'
import type { Resume } from '../flows/flow.ts'
import type { FlowServices } from '../flows/flow-services.ts'
import type { Flow, Flows } from '../flows/flow-store.ts'
import type { Sessions } from '../oidc/browser-sessions.ts'
import { carriedOut, lostPhonePath } from './finishing.ts'
import { beginFlow } from './flow-start.ts'
import { asQuery, field, localPath, readFromAddress } from './forms.ts'
import { notify } from './notices.ts'
import { type Show, seeOther } from './show.ts'
import type { Sealed } from './typed-address.ts'
import type { SignedIn, Visit, visits } from './visit.ts'

declare module './pages.ts' {
  interface Pages {
    /** Asks before something is taken away: lists what follows, and posts `fields` and `confirmed` to `action`. */
    'account/confirm': {
      action: string
      fields: readonly (readonly [name: string, value: string])[]
      what: string
      act: string
      consequences: readonly string[]
      /** How long apps hold withdrawals back afterwards, in hours. */
      hours: number
      back: string
    }
  }
}

const hour = 3_600_000

type Services = Pick<FlowServices, 'accounts' | 'devices' | 'emit' | 'factors' | 'hold'> & {
  actions: Actions
  flows: Flows
  resume: Resume
  sealed: Sealed
  sessions: Sessions
  show: Show
}

interface More {
  /** Where the browser goes in place of the action's own page: a path of ours. */
  next?: string | undefined
  /** The factor to ask for first. */
  wants?: string | undefined
  /** The flow in which it was proved already, for an action whose outcome is shown by a post of its own. */
  proof?: string | undefined
}

/** Pages besides an action's own that post it, and that its outcome leads back to. */
const besides = [lostPhonePath]

/** Returns the page that a form asks to lead back to; undefined for the action's own. */
function backOf(ctx: Context): string | undefined {
  const back = localPath(field(ctx, 'back', 2_000))
  return besides.includes(back?.split('?', 1)[0] ?? '') ? back : undefined
}

/** Performs what people do to their account, and asks for a proof first where the session does not prove enough. */
export function stepUp(services: Services, { requireSession, page }: ReturnType<typeof visits>, router: Router<Visit>) {
  const { actions, flows, show } = services

  /** Begins the flow that asks for a proof and then carries an action out. */
  const beginProof = async <A extends Action>(
    ctx: Context,
    { account: { id, email, securityStamp }, session }: SignedIn,
    action: A,
    { args, actor, asked }: Prepared,
    { next = action.leadsTo, wants }: More,
  ): Promise<void> => {
    const say = (key: string) => show.say(ctx.state.locale, key)
    const reason = show.say(ctx.state.locale, `reason.${action.id}`, await action.reason?.(args, actor, say))
    const begun = { account: id, email, securityStamp, session: session.uid, next, wants, reason }
    if (asked) await beginFlow(ctx, services, { ...begun, ...asked })
  }

  /** Finds the finished flow in which somebody proved enough for an action, in this session of theirs. Throws `attempt_expired`. */
  const provedIn = async (ctx: Context, { account, session }: SignedIn, id: string): Promise<Flow> => {
    const flow = await flows.get(id, ctx.state.visitor.device)
    if (!flow.done || flow.account !== account.id || flow.session !== session.uid) throw new Problem('attempt_expired')
    return flow
  }

  /**
   * Performs an action and goes on; where a proof is needed first, begins the flow that asks for it and then carries the action out.
   * Resolves to the outcome of an action whose page shows it, and to undefined otherwise.
   */
  const perform = async <A extends Action>(
    ctx: Context,
    person: SignedIn,
    action: A,
    given: z.input<A['args']>,
    more: More = {},
  ): Promise<Outcome<A> | undefined> => {
    const prepared = await actions.prepare(ctx, person, action, given)
    const { args, actor, asked } = prepared
    if (action.confirm && field(ctx, 'confirmed', 10) !== 'yes') return void seeOther(ctx, `${ctx.path}${asQuery(ctx)}`)
    if (more.proof) {
      const flow = await provedIn(ctx, person, more.proof)
      if (flow.action?.id !== action.id) throw new Problem('attempt_expired')
      const { out } = await carriedOut(ctx, services, { ...flow, action: { id: action.id, args } })
      return out as Outcome<A>
    }
    if (asked) return void (await beginProof(ctx, person, action, prepared, more))
    const notice = await actions.told(action, args, actor, key => show.say(ctx.state.locale, key))
    const out = await actions.run(action, args, actor)
    if (action.shownAt) return out as Outcome<A>
    const next = more.next ?? action.leadsTo
    if (notice) notify(ctx, next, person.account.id, notice)
    seeOther(ctx, next)
  }

  /** Serves the page that asks before an action takes something away, at the path that the action is posted to. */
  const confirming = <A extends Action>(path: string, action: A, given: (ctx: Context) => z.input<A['args']>) =>
    page(path, async (ctx, person) => {
      readFromAddress(ctx)
      const { args, actor } = await actions.prepare(ctx, person, action, given(ctx))
      const say = (key: string) => show.say(ctx.state.locale, key)
      const asked = await action.confirm?.(args, actor, say)
      if (!asked) throw new Problem('not_found')
      const { what, back = backOf(ctx) ?? action.leadsTo } = asked
      const consequences = [
        ...asked.consequences,
        ...(action.endsSessions ? [`confirm.sessions.${action.endsSessions.which}`] : []),
        ...((await action.loosens?.(args, actor.account)) ? ['confirm.hold'] : []),
      ]
      const said = Object.entries(ctx.query).filter(([name]) => name !== 'confirmed')
      const fields = said.map(([name, value]) => [name, String(value)] as const)
      const locals = { ...asked, action: ctx.path, consequences, fields, hours: Math.ceil(services.hold / hour), back }
      const title = show.say(ctx.state.locale, `confirm.${action.id}.title`, { what })
      show.page(ctx, 'account/confirm', locals, { title, person: { email: person.account.email } })
    })

  // What a notice offers: an action like any other, so that it is checked and proved for as if it had been chosen on its page.
  router.post('/account/undo', async ctx => {
    const person = await requireSession(ctx)
    const action: Action | undefined = actions.list.find(({ id }) => id === field(ctx, 'action', 100))
    if (!action?.undoes) throw new Problem('not_offered')
    await perform(ctx, person, action, argumentsIn(field(ctx, 'args', 4_000)))
  })

  return {
    beginProof,
    confirming,
    perform,
    provedIn,
    /** Performs an action with what is posted to a path. */
    post: <A extends Action>(path: string, action: A, given: (ctx: Context) => z.input<A['args']>) => {
      if (action.confirm) confirming(path, action, given)
      router.post(path, async ctx => {
        await perform(ctx, await requireSession(ctx), action, given(ctx), { next: backOf(ctx) })
      })
    },
  }
}

/** Reads an action's arguments. Throws `malformed`; what they say is checked by the action. */
function argumentsIn(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch (cause) {
    throw new Problem('malformed', { cause })
  }
}

type Prepared = Awaited<ReturnType<Actions['prepare']>>
type Outcome<A extends Action> = A extends { run?(args: never, actor: never): Promise<infer Out> } ? Out : never
