import type { Credential, Credentials } from '../accounts/credential.ts'
import type { Failures } from '../accounts/failures.ts'
import { stillGranted } from '../accounts/freshness.ts'
import type { Throttle } from '../accounts/throttle.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import type { Factor } from '../factors/factor.ts'
import type { Ask } from './asking.ts'
import { counted, limitedUntil, reaches } from './assurance.ts'
import type { Ceremonies } from './ceremonies.ts'
import type { Confirming } from './confirming.ts'
import { authorityOf, type Flow, type Flows, type Mode, provedIn, reauthentication } from './flow-store.ts'
import { about, heldIn, type Judge } from './judging.ts'
import { next, type Step } from './policy.ts'
import type { Visitor } from './visitor.ts'
import { type Weights, weighing as weighingOf } from './weighing.ts'

/** What a flow waits for. */
interface View {
  step: Step<Factor>
  /** The factor in question; undefined where several may be answered at once, and when nothing is left to ask. */
  factor: Factor | undefined
  /** What its open question shows; undefined when it has still to be asked. */
  shown: Record<string, unknown> | undefined
  /** Until when what is enrolled now counts for no more than what was proved for it, in milliseconds. */
  until?: number | undefined
}

/** One person's way through policy's steps. Each verb takes one step, throws a Problem, and resolves to the flow as it is then. */
export interface Steps {
  view(flow: Flow): Promise<View>
  /** What the open question of one factor shows; asks it if none is open. */
  open(flow: Flow, factor: string, visitor: Visitor): Promise<Record<string, unknown> | undefined>
  /** Begins with whatever policy asks first. */
  advance(flow: Flow, visitor: Visitor): Promise<Flow>
  /** Takes up another of the factors that would do; its question is asked unless one is open. */
  use(flow: Flow, factor: string, visitor: Visitor): Promise<Flow>
  /** Asks a factor's question, or asks it again. */
  begin(flow: Flow, factor: string, asked: Record<string, unknown>, visitor: Visitor): Promise<Flow>
  answer(flow: Flow, factor: string, answer: unknown, visitor: Visitor): Promise<Flow>
  /** Goes on once the owner has confirmed; throws `not_confirmed` until then. */
  confirmed(flow: Flow, visitor: Visitor): Promise<Flow>
  /** Asks the owner again. */
  askOwner(flow: Flow, visitor: Visitor): Promise<Flow>
  /** Passes over an optional step. */
  skip(flow: Flow, visitor: Visitor): Promise<Flow>
  /** How good a secret would be that is being typed, from 0 to 4. */
  judge(flow: Flow, factor: string, typed: string): Promise<number>
}

interface Services extends Weights {
  factors: readonly Factor[]
  flows: Flows
  ceremonies: Ceremonies
  ask: Ask
  prove: Judge
  enrol: Judge
  confirming: Confirming
  credentials: Credentials
  throttle: Throttle
  failures: Pick<Failures, 'closed' | 'forget'>
  emit: Emit
  /** How long what was added counts for no more than the proof that authorised it, in milliseconds. */
  hold: number
  now: () => number
}

/** How often a meter may look at what is being typed: judging costs the main thread some milliseconds. */
const judgements = { tries: 60, window: 60_000 }

/** Walks flows through policy. */
export function steps(services: Services): Steps {
  const { factors, flows, ceremonies, ask, prove, enrol, credentials, throttle, failures, hold, now } = services
  const { confirming, emit } = services
  const weighing = weighingOf(services)

  const byIds = (ids: readonly string[]) => factors.filter(each => ids.includes(each.id))

  const heldBy = (flow: Flow) => heldIn(credentials, flow)

  const stepOf = (flow: Flow, held: readonly Credential[]): Step<Factor> => {
    const { purpose, acr, add, vouched: until = 0, moves, skipped, verdict, confirmed, trusted } = flow
    return next({
      offered: factors,
      ...(flow.account === undefined ? { held: undefined } : counted(factors, held, { hold, now: now() })),
      proved: provedIn(flow, factors),
      fresh: byIds(flow.fresh),
      demand: { purpose, acr, add, vouched: stillGranted(until, reauthentication, now()), moves, skipped },
      verdict: confirmed && verdict ? { ...verdict, ruling: 'tell' } : verdict,
      trusted,
    })
  }

  const choose = (step: Step<Factor>, id: string): { factor: Factor; mode: Mode } => {
    const factor = step.now === 'prove' || step.now === 'enrol' ? step.from.find(each => each.id === id) : undefined
    if (!factor || (step.now !== 'prove' && step.now !== 'enrol')) throw new Problem('not_offered')
    return { factor, mode: step.now }
  }

  /** Changes a flow, and keeps with it what proofs and weighing have made of it on the way: one write for all of a step. */
  const move = (flow: Flow, changes: Partial<Flow>): Promise<Flow> => flows.change(flow, { ...flow, ...changes })

  /** Takes up a step: asks its question, unless one is open or it needs something from the person first. */
  const takeUp = async (flow: Flow, mode: Mode, factor: Factor, held: Credential[], visitor: Visitor) => {
    const moved = await move(flow, { at: { mode, factor: factor.id } })
    const open = await ceremonies.shown({ flow: flow.id, mode, factor })
    if (!open && !factor[mode].ask) {
      await ask({ flow: moved, mode, factor, subject: about(moved, factor, held, now()), asked: {}, visitor })
    }
    return moved
  }

  const finish = async (flow: Flow, { acr, amr }: { acr: Flow['acr']; amr: string[] }, visitor: Visitor) => {
    const { account, verdict, purpose } = flow
    const done = await move(flow, { at: undefined, done: { acr, amr } })
    // A right answer, confirmed by the owner in another way: whatever was guessed before, this is the owner.
    if (account !== undefined && flow.confirmed && reaches(acr, 'aal2')) await failures.forget(account)
    // The end of an identity check is announced separately, to every address.
    if (account !== undefined && verdict && verdict.ruling !== 'allow' && purpose !== 'recover')
      await emit('sign-in.noticed', { account, why: verdict.why }, visitor)
    return done
  }

  const advance = async (begun: Flow, visitor: Visitor): Promise<Flow> => {
    const held = await heldBy(begun)
    const flow = await weighing(begun, each => stepOf(each, held), visitor)
    const step = stepOf(flow, held)
    if (step.now === 'done') return finish(flow, step, visitor)
    if (step.now === 'refuse' && step.until !== undefined) return move(flow, { at: undefined })
    if (step.now === 'refuse' || step.now === 'confirm') return kept(flow, step, visitor)
    const closed = flow.real && flow.account !== undefined ? await failures.closed(flow.account) : []
    const open = step.from.filter(each => step.now !== 'prove' || !closed.includes(each.id))
    const factor = firstOf(open.length > 0 ? open : step.from, held, flow.wants)
    if (flow.account === undefined && step.now === 'prove') return flow.at ? move(flow, { at: undefined }) : flow
    return takeUp(flow, step.now, factor, held, visitor)
  }

  /** Keeps somebody out, for now or for good. */
  const kept = async (flow: Flow, step: Step<Factor>, visitor: Visitor): Promise<Flow> => {
    const { account, verdict } = flow
    if (account === undefined || !verdict) throw new Problem('not_offered')
    const waits = step.now === 'confirm'
    await emit(waits ? 'sign-in.held' : 'sign-in.refused', { account, why: verdict.why }, visitor)
    const moved = await move(flow, { at: undefined })
    return waits ? confirming.ask(moved, visitor) : moved
  }

  const limitOf = (flow: Flow, factor: Factor): number | undefined => {
    const added = { createdAt: now(), addedUnder: authorityOf(flow, factors, now()) }
    return limitedUntil(added, factor, { hold, now: now() })
  }

  const waiting = async (flow: Flow): Promise<boolean> => stepOf(flow, await heldBy(flow)).now === 'confirm'

  return {
    advance,
    view: async flow => {
      const step = stepOf(flow, await heldBy(flow))
      const { at } = flow
      if ((step.now !== 'prove' && step.now !== 'enrol') || !at) return { step, factor: undefined, shown: undefined }
      const factor = step.now === at.mode ? step.from.find(each => each.id === at.factor) : undefined
      const shown = factor && (await ceremonies.shown({ flow: flow.id, mode: at.mode, factor }))
      return { step, factor, shown, until: factor && step.now === 'enrol' ? limitOf(flow, factor) : undefined }
    },
    open: async (flow, id, visitor) => {
      const held = await heldBy(flow)
      const { factor, mode } = choose(stepOf(flow, held), id)
      const which = { flow: flow.id, mode, factor }
      const shown = await ceremonies.shown(which)
      if (shown) return shown
      await ask({ flow, mode, factor, subject: about(flow, factor, held, now()), asked: {}, visitor })
      return ceremonies.shown(which)
    },
    use: async (flow, id, visitor) => {
      const held = await heldBy(flow)
      const { factor, mode } = choose(stepOf(flow, held), id)
      return takeUp(flow, mode, factor, held, visitor)
    },
    begin: async (flow, id, asked, visitor) => {
      const held = await heldBy(flow)
      const { factor, mode } = choose(stepOf(flow, held), id)
      const { email } = await ask({
        flow,
        mode,
        factor,
        subject: about(flow, factor, held, now()),
        asked,
        visitor,
      })
      return flows.change(flow, { at: { mode, factor: factor.id }, ...(email !== undefined && { email }) })
    },
    answer: async (flow, id, answer, visitor) => {
      const { factor, mode } = choose(stepOf(flow, await heldBy(flow)), id)
      const judge = mode === 'prove' ? prove : enrol
      const judged = await judge(flow, factor, answer, visitor)
      return advance(wantsTrust(answer) ? { ...judged, trust: true } : judged, visitor)
    },
    confirmed: async (flow, visitor) => {
      if (await waiting(flow)) throw new Problem('not_confirmed')
      return flow.done ? flow : advance(flow, visitor)
    },
    askOwner: async (flow, visitor) => {
      if (!(await waiting(flow))) throw new Problem('not_offered')
      return confirming.ask(flow, visitor)
    },
    skip: async (flow, visitor) => {
      const step = stepOf(flow, await heldBy(flow))
      if (step.now !== 'enrol' || !step.optional) throw new Problem('not_offered')
      const skipped = [...flow.skipped, ...step.from.map(each => each.id)]
      return advance(await flows.change(flow, { skipped }), visitor)
    },
    judge: async (flow, id, typed) => {
      const { factor, mode } = choose(stepOf(flow, await heldBy(flow)), id)
      if (mode !== 'enrol' || !factor.judge) throw new Problem('not_offered')
      await throttle.ration('judge', flow.id, judgements)
      return factor.judge(typed, flow)
    },
  }
}

/** Was "trust this device" ticked beside the answer? */
function wantsTrust(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && 'trust' in answer && answer.trust === 'yes'
}

/**
 * The factor to ask for first: the one that somebody came to use, the one that they prefer, the one that was used last, or
 * the first in order of preference. Weak ones and last resorts never come of themselves.
 */
function firstOf(from: readonly Factor[], held: readonly Credential[], wants: string | undefined): Factor {
  const good = from.filter(each => each.strength !== 'mfa' && !each.stands.includes('last'))
  const latest = (at: (credential: Credential) => number | undefined): Factor | undefined => {
    const dated = held.filter(each => at(each) !== undefined && good.some(({ id }) => id === each.factor))
    const [newest] = dated.sort((a, b) => (at(b) ?? 0) - (at(a) ?? 0))
    return good.find(each => each.id === newest?.factor)
  }
  const wanted = from.find(each => each.id === wants)
  const factor = wanted ?? latest(each => each.preferredAt) ?? latest(each => each.usedAt) ?? good[0] ?? from[0]
  if (!factor) throw new Problem('not_offered')
  return factor
}
