import type { Context } from 'koa'
import type { z } from 'zod'
import type { Account } from '../accounts/account.ts'
import { recent } from '../accounts/clock.ts'
import type { Credentials } from '../accounts/credential.ts'
import { type Acr, reaches } from '../acr.ts'
import { Problem } from '../errors.ts'
import type { Factor } from '../factors/factor.ts'
import { counted, strongestOf } from '../flows/assurance.ts'
import type { Flow, NewFlow } from '../flows/flow-store.ts'
import { reauthentication } from '../flows/standing.ts'
import type { CurrentSession, Sessions } from '../oidc/browser-sessions.ts'
import type { Action, Actor, SayTo, Told } from './action.ts'

interface Services {
  credentials: Pick<Credentials, 'of'>
  factors: readonly Factor[]
  sessions: Pick<Sessions, 'endAllOf' | 'endOthers' | 'end'>
  /** How long what was added counts for no more than the proof that authorised it, in milliseconds. */
  hold: number
  now: () => number
}

/** Somebody who is signed in at their own browser. */
interface SignedIn {
  account: Account
  session: Pick<CurrentSession, 'uid' | 'acr' | 'since'>
}

/** What an action needs proved first: the flow that asks for it, and then carries the action out. */
type Asked = Pick<NewFlow, 'purpose' | 'acr' | 'action' | 'add' | 'reauthenticatedUntil' | 'reauthenticatedBy'>

/** Arguments as pages give them. */
type Given<A extends Action> = z.input<A['args']>
type Result<A extends Action> = A extends { run?(args: never, actor: never): Promise<infer Out> } ? Out : undefined

/** Performs the actions of this list: at once where what the session proved is strong and recent enough, else by a flow that asks for a proof. */
export function performing({ credentials, factors, sessions, hold, now }: Services, list: readonly Action[]) {
  const strongest = async (account: string): Promise<Acr> =>
    strongestOf(counted(factors, await credentials.of(account), { hold, now: now() }).available)

  const actorOf = (ctx: Context, { account, session }: { account: Account; session: { uid: string } }): Actor => {
    const { uid } = session
    return { account, session: uid, visitor: { ...ctx.state.visitor, session: uid }, ctx }
  }

  const demanded = async <A extends Action>({ assurance }: A, args: z.output<A['args']>, actor: Actor) => {
    if (assurance === 'session') return undefined
    if (assurance !== 'strongest' && typeof assurance !== 'function') return assurance
    const most = await strongest(actor.account.id)
    return assurance === 'strongest' ? most : assurance(args, most, actor)
  }

  const proves = ({ acr, since }: SignedIn['session'], wanted: Acr | undefined, within: number): boolean =>
    wanted === undefined || (reaches(acr, wanted) && recent(since, within, now()))

  const run = async <A extends Action>(action: A, args: z.output<A['args']>, actor: Actor): Promise<Result<A>> => {
    if (!action.run) throw new Problem('not_offered')
    const loosens = (await action.loosens?.(args, actor.account)) ?? false
    const out = await action.run(args, { ...actor, loosens })
    const { which, why } = action.endsSessions ?? {}
    const { account, visitor, ctx } = actor
    if (which === 'others') await sessions.endOthers(ctx, why ?? 'ended', account.id)
    if (which === 'all') {
      await sessions.endAllOf(account.id, why ?? 'ended', visitor)
      await sessions.end(ctx, why ?? 'ended')
    }
    return out as Result<A>
  }

  const checked = async <A extends Action>(
    { args, check }: A,
    given: unknown,
    actor: Actor,
  ): Promise<z.output<A['args']>> => {
    const { data, error } = args.safeParse(given)
    if (error) throw new Problem('malformed')
    await check?.(data, actor)
    return data as z.output<A['args']>
  }

  /** Returns the action that a flow carries out. Throws `attempt_expired` for one that this version of the program does not have. */
  const carried = ({ action }: Pick<Flow, 'action'>): Action => {
    const declared = list.find(({ id }) => id === action?.id)
    if (!declared) throw new Problem('attempt_expired')
    return declared
  }

  /** Returns what is said of an action once it is done on the pages of an account, or where it has words of its own. Asked before it runs. */
  const told = async <A extends Action>(action: A, args: z.output<A['args']>, actor: Actor, say: SayTo) => {
    if (action.shownAt || !(action.done || action.leadsTo.startsWith('/account'))) return undefined
    return { key: `done.${action.id}`, ...(await action.done?.(args, actor, say)) } satisfies Told
  }

  return {
    told,
    /**
     * Parses and checks arguments. `asked` is the flow that has to be begun where the session does not prove enough, or where the
     * action enrols a factor. Throws `malformed`, and what the action's `check` throws.
     */
    prepare: async <A extends Action>(ctx: Context, person: SignedIn, action: A, given: Given<A>) => {
      const actor = actorOf(ctx, person)
      const args = await checked(action, given, actor)
      const wanted = await demanded(action, args, actor)
      const proved = proves(person.session, wanted, action.freshFor)
      const add = action.enrols?.(args)
      const asked: Asked = {
        purpose: add !== undefined ? 'add' : action.assurance === 'strongest' ? 'change' : 'step-up',
        ...(add !== undefined && { add }),
        ...(add === undefined && !action.decidedAnew && { action: { id: action.id, args } }),
        ...(action.assurance !== 'strongest' && { acr: wanted }),
        ...(proved && { reauthenticatedUntil: now() + reauthentication, reauthenticatedBy: person.session.acr }),
      }
      return { args, actor, asked: proved && add === undefined ? undefined : asked }
    },
    /** Runs an action that was prepared, and ends the sessions that end with it. */
    run,
    carried,
    /** Carries out the action of a flow that was taken, for the person who proved it. */
    resume: async (ctx: Context, flow: Flow, account: Account, proved: Actor['proved'], say: SayTo) => {
      const action = carried(flow)
      const actor = { ...actorOf(ctx, { account, session: { uid: flow.session ?? '' } }), proved }
      const args = await checked(action, flow.action?.args, actor)
      const notice = await told(action, args, actor, say)
      return { action, notice, out: await run(action, args, actor) }
    },
  }
}
