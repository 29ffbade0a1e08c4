import type { Acr, Factor } from '../factors/factor.ts'

/** What policy looks at of a factor. */
export type Rule = Pick<Factor, 'id' | 'kind' | 'amr' | 'stands' | 'strength' | 'whole' | 'mandatory' | 'identifies'>

export type Purpose = 'sign-in' | 'sign-up' | 'step-up' | 'add'

/** What somebody is here for. */
export interface Demand {
  purpose: Purpose
  /** The least assurance that will do; `mfa` unless told. */
  acr?: Acr | undefined
  /** The factor to add, when that is the purpose. */
  add?: string | undefined
  /** Optional steps passed over. */
  skipped: readonly string[]
}

export interface Standing<F extends Rule> {
  /** All there are, in order of preference. */
  offered: readonly F[]
  /** What the account holds; undefined while nobody is named. */
  held: readonly F[] | undefined
  /** What was proved so far. */
  proved: readonly F[]
  /** What was enrolled on this way. */
  fresh: readonly F[]
  demand: Demand
}

export type Step<F extends Rule> =
  | { now: 'prove'; from: readonly F[] }
  | { now: 'enrol'; from: readonly F[]; optional: boolean }
  | { now: 'refuse' }
  /** Nothing is left to ask. What was proved on this way is worth no acr where the purpose was to add a factor. */
  | { now: 'done'; acr: Acr | undefined; amr: string[] }

const rising: readonly Acr[] = ['mfa', 'aal2', 'phr']

/** Does this assurance do where that one is asked for? */
export function reaches(acr: Acr | undefined, wanted: Acr): boolean {
  return acr !== undefined && rising.indexOf(acr) >= rising.indexOf(wanted)
}

/** What these proofs are worth together: `phr` for a passkey, `aal2` for two different kinds of which neither is an emailed code, `mfa` for any other two. */
export function assurance(proved: readonly Rule[]): Acr | undefined {
  if (proved.some(each => each.whole)) return 'phr'
  const strong = proved.filter(each => each.strength !== 'mfa')
  if (new Set(strong.map(each => each.kind)).size > 1) return 'aal2'
  return new Set(proved.map(each => each.id)).size > 1 ? 'mfa' : undefined
}

/** Every rule about who must prove or enrol what, next. Pure; a list of choices is never empty. */
export function next<F extends Rule>(standing: Standing<F>): Step<F> {
  const { purpose } = standing.demand
  if (purpose === 'sign-up') return signUp(standing)
  if (purpose === 'add') return add(standing)
  return signIn(standing)
}

function signUp<F extends Rule>({ offered, fresh, demand }: Standing<F>): Step<F> {
  const rows: [choice: (factor: F) => boolean | undefined, optional: boolean][] = [
    [each => each.identifies, false],
    [each => each.stands.includes('first') && !each.whole, false],
    [each => each.mandatory, false],
    [spare, false],
    [each => each.whole, true],
  ]
  for (const [choice, optional] of rows) {
    const from = offered.filter(choice)
    const settled = fresh.some(choice) || (optional && from.every(each => demand.skipped.includes(each.id)))
    if (!settled && from.length > 0) return { now: 'enrol', from, optional }
  }
  // Enrolling proves a factor too, but for those that were not yet asked to answer.
  const proved = fresh.filter(each => !each.whole && !spare(each))
  return done(proved)
}

function add<F extends Rule>({ offered, fresh, demand }: Standing<F>): Step<F> {
  if (fresh.some(each => each.id === demand.add)) return { now: 'done', acr: undefined, amr: [] }
  const from = offered.filter(each => each.id === demand.add)
  return from.length > 0 ? { now: 'enrol', from, optional: false } : { now: 'refuse' }
}

function signIn<F extends Rule>({ offered, held, proved, fresh, demand }: Standing<F>): Step<F> {
  const wanted = demand.acr ?? 'mfa'
  const first = (held ?? offered).filter(each => each.stands.includes('first'))
  if (!held || proved.length === 0) {
    const enough = first.filter(each => reaches(bestWith(each, held ?? offered), wanted))
    const from = enough.length > 0 ? enough : first
    return from.length > 0 ? { now: 'prove', from } : { now: 'refuse' }
  }

  const worth = assurance(proved)
  if (!reaches(worth, wanted)) {
    const candidates = held.filter(each => !proved.includes(each) && reaches(assurance([...proved, each]), wanted))
    if (candidates.length > 0) return { now: 'prove', from: lastResortsLast(candidates) }
    // Only a passkey reaches phr: who holds none may make one, but not on the strength of an emailed code.
    if (reaches(worth, 'aal2')) return { now: 'enrol', from: offered.filter(each => each.whole), optional: false }
    const second = held.filter(each => !proved.includes(each) && reaches(assurance([...proved, each]), 'aal2'))
    return second.length > 0 ? { now: 'prove', from: lastResortsLast(second) } : { now: 'refuse' }
  }

  // Who had to use a recovery code has lost something: set up a factor again before going on.
  const replaced = fresh.some(each => each.mandatory || each.whole)
  if (proved.some(spare) && !replaced)
    return { now: 'enrol', from: offered.filter(each => each.mandatory), optional: false }
  return done(proved)
}

function spare(factor: Rule): boolean {
  return factor.stands.every(each => each === 'last')
}

function bestWith(first: Rule, held: readonly Rule[]): Acr | undefined {
  const worths = held.map(each => assurance([first, each]))
  return rising.findLast(acr => worths.includes(acr))
}

function lastResortsLast<F extends Rule>(factors: readonly F[]): F[] {
  return [...factors.filter(each => !spare(each)), ...factors.filter(spare)]
}

function done<F extends Rule>(proved: readonly F[]): Step<F> {
  const acr = assurance(proved)
  if (!acr) return { now: 'refuse' }
  // An emailed code is a second step, and no second factor: RFC 8176's `mfa` would overstate it.
  const amr = [...proved.flatMap(each => each.amr), ...(reaches(acr, 'aal2') ? ['mfa'] : [])]
  return { now: 'done', acr, amr: [...new Set(amr)] }
}
