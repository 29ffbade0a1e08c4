import type { Credential, Credentials } from '../accounts/credential.ts'
import type { Throttle } from '../accounts/throttle.ts'
import { Problem } from '../errors.ts'
import type { Factor } from '../factors/factor.ts'
import type { Ask } from './asking.ts'
import type { Attempt, Attempts, Mode } from './attempts.ts'
import type { Ceremonies } from './ceremonies.ts'
import { about, heldIn, type Judge } from './judging.ts'
import { next, type Step } from './policy.ts'
import type { Visitor } from './visitor.ts'

/** What an attempt waits for. */
export interface View {
  step: Step<Factor>
  /** The factor in question; undefined where several may be answered at once, and when nothing is left to ask. */
  factor: Factor | undefined
  /** What its open question shows; undefined when it has still to be asked. */
  shown: Record<string, unknown> | undefined
}

/** One person's way through policy's steps. Each verb takes one step, throws a Problem, and resolves to the attempt as it is then. */
export interface Steps {
  view(attempt: Attempt): Promise<View>
  /** What the open question of one factor shows; asks it if none is open. */
  open(attempt: Attempt, factor: string, visitor: Visitor): Promise<Record<string, unknown> | undefined>
  /** Begins with whatever policy asks first. */
  advance(attempt: Attempt, visitor: Visitor): Promise<Attempt>
  /** Takes up another of the factors that would do; its question is asked unless one is open. */
  use(attempt: Attempt, factor: string, visitor: Visitor): Promise<Attempt>
  /** Asks a factor's question, or asks it again. */
  begin(attempt: Attempt, factor: string, asked: Record<string, unknown>, visitor: Visitor): Promise<Attempt>
  answer(attempt: Attempt, factor: string, answer: unknown, visitor: Visitor): Promise<Attempt>
  /** Passes over an optional step. */
  skip(attempt: Attempt, visitor: Visitor): Promise<Attempt>
  /** How good a secret would be that is being typed, from 0 to 4. */
  judge(attempt: Attempt, factor: string, typed: string): Promise<number>
}

interface Services {
  factors: readonly Factor[]
  attempts: Attempts
  ceremonies: Ceremonies
  ask: Ask
  prove: Judge
  enrol: Judge
  credentials: Credentials
  throttle: Throttle
  now: () => number
}

/** How often a meter may look at what is being typed: judging costs the main thread some milliseconds. */
const judgements = { tries: 60, window: 60_000 }

/** Walks attempts through policy. */
export function steps(services: Services): Steps {
  const { factors, attempts, ceremonies, ask, prove, enrol, credentials, throttle, now } = services

  const byIds = (ids: readonly string[]) => factors.filter(each => ids.includes(each.id))

  const heldBy = (attempt: Attempt) => heldIn(credentials, attempt)

  const stepOf = (attempt: Attempt, held: readonly Credential[]): Step<Factor> => {
    const { purpose, acr, add, skipped } = attempt
    return next({
      offered: factors,
      held: attempt.account === undefined ? undefined : byIds(held.map(each => each.factor)),
      proved: byIds(attempt.proved),
      fresh: byIds(attempt.fresh),
      demand: { purpose, acr, add, skipped },
    })
  }

  const choose = (step: Step<Factor>, id: string): { factor: Factor; mode: Mode } => {
    const factor = step.now === 'prove' || step.now === 'enrol' ? step.from.find(each => each.id === id) : undefined
    if (!factor || (step.now !== 'prove' && step.now !== 'enrol')) throw new Problem('not_offered')
    return { factor, mode: step.now }
  }

  /** Takes up a step: asks its question, unless one is open or it needs something from the person first. */
  const takeUp = async (attempt: Attempt, mode: Mode, factor: Factor, held: Credential[], visitor: Visitor) => {
    const moved = await attempts.change(attempt, { at: { mode, factor: factor.id } })
    const open = await ceremonies.shown({ attempt: attempt.id, mode, factor })
    if (!open && !factor[mode].ask) {
      await ask({ attempt: moved, mode, factor, subject: about(moved, factor, held, now()), asked: {}, visitor })
    }
    return moved
  }

  const advance = async (attempt: Attempt, visitor: Visitor): Promise<Attempt> => {
    const held = await heldBy(attempt)
    const step = stepOf(attempt, held)
    if (step.now === 'refuse') throw new Problem('not_offered')
    if (step.now === 'done') return attempts.change(attempt, { at: undefined, done: { acr: step.acr, amr: step.amr } })
    const factor = lastUsed(step.from, held)
    if (attempt.account === undefined && step.now === 'prove') return attempts.change(attempt, { at: undefined })
    return takeUp(attempt, step.now, factor, held, visitor)
  }

  return {
    advance,
    view: async attempt => {
      const step = stepOf(attempt, await heldBy(attempt))
      const { at } = attempt
      if ((step.now !== 'prove' && step.now !== 'enrol') || !at) return { step, factor: undefined, shown: undefined }
      const factor = step.now === at.mode ? step.from.find(each => each.id === at.factor) : undefined
      const shown = factor && (await ceremonies.shown({ attempt: attempt.id, mode: at.mode, factor }))
      return { step, factor, shown }
    },
    open: async (attempt, id, visitor) => {
      const held = await heldBy(attempt)
      const { factor, mode } = choose(stepOf(attempt, held), id)
      const which = { attempt: attempt.id, mode, factor }
      const shown = await ceremonies.shown(which)
      if (shown) return shown
      await ask({ attempt, mode, factor, subject: about(attempt, factor, held, now()), asked: {}, visitor })
      return ceremonies.shown(which)
    },
    use: async (attempt, id, visitor) => {
      const held = await heldBy(attempt)
      const { factor, mode } = choose(stepOf(attempt, held), id)
      return takeUp(attempt, mode, factor, held, visitor)
    },
    begin: async (attempt, id, asked, visitor) => {
      const held = await heldBy(attempt)
      const { factor, mode } = choose(stepOf(attempt, held), id)
      const { email } = await ask({
        attempt,
        mode,
        factor,
        subject: about(attempt, factor, held, now()),
        asked,
        visitor,
      })
      return attempts.change(attempt, { at: { mode, factor: factor.id }, ...(email !== undefined && { email }) })
    },
    answer: async (attempt, id, answer, visitor) => {
      const { factor, mode } = choose(stepOf(attempt, await heldBy(attempt)), id)
      const judge = mode === 'prove' ? prove : enrol
      return advance(await judge(attempt, factor, answer, visitor), visitor)
    },
    skip: async (attempt, visitor) => {
      const step = stepOf(attempt, await heldBy(attempt))
      if (step.now !== 'enrol' || !step.optional) throw new Problem('not_offered')
      const skipped = [...attempt.skipped, ...step.from.map(each => each.id)]
      return advance(await attempts.change(attempt, { skipped }), visitor)
    },
    judge: async (attempt, id, typed) => {
      const { factor, mode } = choose(stepOf(attempt, await heldBy(attempt)), id)
      if (mode !== 'enrol' || !factor.judge) throw new Problem('not_offered')
      await throttle.ration('judge', attempt.id, judgements)
      return factor.judge(typed, attempt)
    },
  }
}

/** The factor to ask for first: the one that was used last, or the first in order of preference. Weak ones and last resorts never come of themselves. */
function lastUsed(from: readonly Factor[], held: readonly Credential[]): Factor {
  const good = from.filter(each => each.strength !== 'mfa' && !each.stands.includes('last'))
  const used = held
    .filter(each => each.usedAt !== undefined && good.some(({ id }) => id === each.factor))
    .sort((a, b) => (b.usedAt ?? 0) - (a.usedAt ?? 0))
  const factor = good.find(each => each.id === used[0]?.factor) ?? good[0] ?? from[0]
  if (!factor) throw new Problem('not_offered')
  return factor
}
