import type { Acr, Factor } from '../factors/factor.ts'
import type { Reason, Verdict } from '../risk/verdict.ts'

/** What policy looks at of a factor. */
export type Rule = Pick<
  Factor,
  'id' | 'kind' | 'amr' | 'stands' | 'strength' | 'whole' | 'mandatory' | 'identifies' | 'channel'
>

/** `add` enrols one more factor, or another in the place of one; `change` is any other change of what protects an account; `reset` follows a mailed link, `recover` an identity check. */
export type Purpose = 'sign-in' | 'sign-up' | 'step-up' | 'add' | 'change' | 'reset' | 'recover'

/** What somebody is here for. */
export interface Demand {
  purpose: Purpose
  /** The least assurance that will do; `mfa` unless told. */
  acr?: Acr | undefined
  /** The factor to add, when that is the purpose. */
  add?: string | undefined
  /** The strongest factor held was proved a moment ago. */
  vouched?: boolean | undefined
  /** After an identity check: the address that the account is known by is lost, too. */
  moves?: boolean | undefined
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
  /** What to make of where it comes from; undefined while that was not weighed. */
  verdict?: Verdict | undefined
  /** Its owner trusts the device that it comes from, and nothing about it is out of the ordinary. */
  trusted?: boolean | undefined
}

export type Step<F extends Rule> =
  | { now: 'prove'; from: readonly F[] }
  | { now: 'enrol'; from: readonly F[]; optional: boolean }
  /** What was proved is enough; the owner has yet to say that it was they. */
  | { now: 'confirm'; by: 'email' }
  /** `why`: what is out of the ordinary, where that is the reason. */
  | { now: 'refuse'; why?: readonly Reason[] }
  /** Nothing is left to ask. No acr: what was proved on this way is worth none by itself. */
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
  return barring(standing, asked(standing))
}

/** Rules of the owner's own come before anything is let in or left behind, whatever was proved and whatever it is for. */
function barring<F extends Rule>({ verdict, demand }: Standing<F>, step: Step<F>): Step<F> {
  // An identity check takes them away: who has lost everything may have lost what they ask for.
  const asks = demand.purpose !== 'sign-up' && demand.purpose !== 'recover'
  const keeps = verdict?.ruling === 'bar' && asks && step.now !== 'prove'
  return keeps ? { now: 'refuse', why: verdict.why } : step
}

function asked<F extends Rule>(standing: Standing<F>): Step<F> {
  const { purpose } = standing.demand
  if (purpose === 'sign-up') return signUp(standing)
  if (purpose === 'add') return add(standing)
  if (purpose === 'change') return strongest(standing) ?? worth(standing.proved)
  if (purpose === 'reset') return reset(standing)
  if (purpose === 'recover') return recover(standing)
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

function add<F extends Rule>(standing: Standing<F>): Step<F> {
  const { offered, held = [], proved, fresh, demand } = standing
  if (fresh.some(each => each.id === demand.add)) return worth(proved)
  const from = offered.filter(each => each.id === demand.add)
  if (from.length === 0) return { now: 'refuse' }
  // A number or an address changes hands by proving both ends; a recovery code stands in for one that is lost.
  const old = held.filter(each => each.channel && from.includes(each))
  const ended = old.length === 0 || proved.some(each => spare(each) || old.includes(each))
  const both = (): Step<F> => ({ now: 'prove', from: [...old, ...held.filter(spare)] })
  return strongest(standing) ?? (ended ? { now: 'enrol', from, optional: false } : both())
}

/** What has still to be proved before the protection of an account is changed: its strongest factor, or a recovery code and a password in its stead. */
function strongest<F extends Rule>({ held = [], proved, demand }: Standing<F>): Step<F> | undefined {
  const whole = held.filter(each => each.whole)
  if (demand.vouched || proved.some(each => each.whole)) return undefined
  if (whole.length > 0 && !proved.some(spare)) return { now: 'prove', from: [...whole, ...held.filter(spare)] }
  if (reaches(assurance(proved), 'aal2')) return undefined
  const more =
    proved.length === 0
      ? held.filter(each => each.stands.includes('first') && reaches(bestWith(each, held), 'aal2'))
      : held.filter(each => !each.whole && reaches(assurance([...proved, each]), 'aal2'))
  return more.length > 0 ? { now: 'prove', from: lastResortsLast(more) } : { now: 'refuse' }
}

function reset<F extends Rule>({ offered, held = [], proved, fresh }: Standing<F>): Step<F> {
  // The link proved the mailbox, which is one step: it cannot be the second one, too.
  const mailbox = offered.filter(each => each.identifies)
  const second = held.filter(each => each.kind !== 'known' && !mailbox.includes(each))
  if (!proved.some(each => second.includes(each)))
    return second.length > 0 ? { now: 'prove', from: lastResortsLast(second) } : { now: 'refuse' }
  const first = offered.filter(each => each.stands.includes('first') && !each.whole)
  if (!fresh.some(each => first.includes(each))) return { now: 'enrol', from: first, optional: false }
  return replacing(offered, proved, fresh) ?? done(proved, mailbox)
}

/** Two of the staff said who it is: all is set up afresh. Nothing was proved by it that moves money; what was set up does that next. */
function recover<F extends Rule>({ offered, fresh, demand }: Standing<F>): Step<F> {
  const mailbox = (each: F) => demand.moves && each.identifies
  const first = (each: F) => each.stands.includes('first') && !each.whole
  for (const choice of [mailbox, first, (each: F) => each.mandatory, spare]) {
    const from = offered.filter(choice)
    if (!fresh.some(choice) && from.length > 0) return { now: 'enrol', from, optional: false }
  }
  const set = fresh.filter(each => !spare(each) && !each.identifies)
  return { now: 'done', acr: 'mfa', amr: [...new Set(set.flatMap(each => each.amr))] }
}

function signIn<F extends Rule>(standing: Standing<F>): Step<F> {
  const { offered, held, proved, fresh, demand, verdict, trusted } = standing
  const wanted = demand.acr ?? 'mfa'
  const first = (held ?? offered).filter(each => each.stands.includes('first'))
  if (!held || proved.length === 0) {
    const enough = first.filter(each => reaches(bestWith(each, held ?? offered), wanted))
    const from = enough.length > 0 ? enough : first
    return from.length > 0 ? { now: 'prove', from } : { now: 'refuse' }
  }

  // A trusted device is a second step, and no second factor: a cookie can be copied, and nobody proves that it was not.
  const least = trusted && proved.some(each => each.stands.includes('first')) ? 'mfa' : undefined
  const worth = assurance(proved) ?? least
  // Before anything is enrolled: a stranger must not leave a key behind.
  const kept = keeping<F>(verdict, worth)
  if (!reaches(worth, wanted)) {
    const candidates = held.filter(each => !proved.includes(each) && reaches(assurance([...proved, each]), wanted))
    if (candidates.length > 0) return { now: 'prove', from: lastResortsLast(candidates) }
    // Only a passkey reaches phr: who holds none may make one, but not on the strength of an emailed code.
    if (reaches(worth, 'aal2'))
      return kept ?? { now: 'enrol', from: offered.filter(each => each.whole), optional: false }
    const second = held.filter(each => !proved.includes(each) && reaches(assurance([...proved, each]), 'aal2'))
    return second.length > 0 ? { now: 'prove', from: lastResortsLast(second) } : { now: 'refuse' }
  }

  return kept ?? replacing(offered, proved, fresh) ?? done(proved, [], least)
}

/** What keeps somebody out who has proved enough. A passkey answers to no other site than ours: whoever shows one is not kept. */
function keeping<F extends Rule>(verdict: Verdict | undefined, worth: Acr | undefined): Step<F> | undefined {
  if (!verdict || reaches(worth, 'phr')) return undefined
  if (verdict.ruling === 'refuse') return { now: 'refuse', why: verdict.why }
  return verdict.ruling === 'hold' ? { now: 'confirm', by: 'email' } : undefined
}

/** Who had to use a recovery code has lost something: a factor is set up again before they go on. */
function replacing<F extends Rule>(
  offered: readonly F[],
  proved: readonly F[],
  fresh: readonly F[],
): Step<F> | undefined {
  if (!proved.some(spare) || fresh.some(guards)) return undefined
  return { now: 'enrol', from: offered.filter(each => each.mandatory), optional: false }
}

/** A factor that people add and remove as they like, so long as they keep one. */
export function guards(factor: Rule): boolean {
  return factor.mandatory === true || factor.whole === true
}

/** What may become of one of the credentials that an account holds, given the factor of each: `last` guards it alone, and what every account has is changed, not removed. */
export function removable(held: readonly Rule[], factor: Rule): 'yes' | 'last' | 'never' {
  if (!guards(factor)) return 'never'
  return held.filter(guards).length > 1 ? 'yes' : 'last'
}

/** Does a change let somebody in more easily? What is gone guards no more; a new number or address may be another's; who was let in by a last resort may be another. */
export function loosens(
  did: 'added' | 'replaced' | 'removed',
  factor: Rule,
  { purpose, proved }: { purpose: Purpose; proved: readonly Rule[] },
): boolean {
  return did === 'removed' || factor.channel !== undefined || purpose === 'reset' || proved.some(spare)
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

/** As `done`, where what was proved need not add up. */
function worth<F extends Rule>(proved: readonly F[]): Step<F> {
  return assurance(proved) ? done(proved) : { now: 'done', acr: undefined, amr: [] }
}

function done<F extends Rule>(proved: readonly F[], before: readonly F[] = [], least?: Acr): Step<F> {
  const acr = assurance([...before, ...proved]) ?? least
  if (!acr) return { now: 'refuse' }
  // An emailed code is a second step, and no second factor: RFC 8176's `mfa` would overstate it.
  const amr = [...proved.flatMap(each => each.amr), ...(reaches(acr, 'aal2') ? ['mfa'] : [])]
  return { now: 'done', acr, amr: [...new Set(amr)] }
}
