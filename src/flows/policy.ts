import { type Acr, reaches } from '../acr.ts'
import type { Reason, Verdict } from '../risk/verdict.ts'
import {
  assurance,
  authority,
  bestWith,
  guards,
  lastResortsLast,
  opens,
  type Purpose,
  type Rule,
  spare,
  strongestOf,
  upgrade,
} from './assurance.ts'
import { keptOut } from './rulings.ts'
import { settling } from './settling.ts'

/** What somebody is here for. */
export interface Demand {
  purpose: Purpose
  /** The least assurance that will do; `mfa` unless told. */
  acr?: Acr | undefined
  /** The factor to add, when that is the purpose. */
  add?: string | undefined
  /** The strongest factor available was proved a moment ago. */
  reauthenticated?: boolean | undefined
  /** After an identity check: the address that the account is known by is lost, too. */
  moves?: boolean | undefined
  /** The account was imported without a second factor, and nobody set up one since. */
  unguarded?: boolean | undefined
  /** The account was imported with an address that nobody has proved. */
  unproved?: boolean | undefined
  /** A passkey is offered to people who signed in with a password and hold none. */
  offers?: boolean | undefined
  /** Optional steps passed over. */
  skipped: readonly string[]
}

export interface Standing<F extends Rule> {
  /** All there are, in order of preference. */
  offered: readonly F[]
  /** What the account holds, each factor as its best credential counts now; undefined while nobody is named. */
  available: readonly F[] | undefined
  /** What available factors will be worth, and from when (milliseconds), where that is more than now; soonest first. */
  later?: readonly { factor: F; at: number }[] | undefined
  /** What was proved so far, each factor as the credential counted that it was proved by. */
  proved: readonly F[]
  /** What was enrolled on this way. */
  enrolled: readonly F[]
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
  /** `why`: what is out of the ordinary, where that is the reason. `until`: when what is available will be enough, in milliseconds. */
  | { now: 'refuse'; why?: readonly Reason[]; until?: number | undefined }
  /** Nothing is left to ask. No acr: what was proved on this way is worth none by itself. */
  | { now: 'done'; acr: Acr | undefined; amr: string[] }

/** Every rule about who must prove or enrol what, next. Pure; a list of choices is never empty. */
export function next<F extends Rule>(standing: Standing<F>): Step<F> {
  const step = asked(standing)
  const proved = step.now === 'enrol' || step.now === 'done' || (step.now === 'refuse' && step.until !== undefined)
  // Only somebody who has proved enough learns the ruling on where they come from, and before anything is opened or stored.
  return (proved ? kept(standing) : undefined) ?? step
}

function kept<F extends Rule>({ offered, proved, demand, verdict }: Standing<F>): Step<F> | undefined {
  const { purpose, moves } = demand
  const out = verdict && keptOut(purpose, verdict.ruling, { acr: authority({ purpose }, proved, offered), moves })
  if (!out) return undefined
  return out === 'refuse' ? { now: 'refuse', why: verdict.why } : { now: 'confirm', by: 'email' }
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

function signUp<F extends Rule>({ offered, enrolled, demand }: Standing<F>): Step<F> {
  const rows: [choice: (factor: F) => boolean | undefined, optional: boolean][] = [
    [each => each.identifies, false],
    [opens, false],
    [each => each.mandatory, false],
    [spare, false],
    [each => each.multiFactor, true],
  ]
  for (const [choice, optional] of rows) {
    // A passkey does for a password, and not every browser has passkeys: the password comes first.
    const from = offered.filter(choice).sort((a, b) => Number(a.multiFactor ?? false) - Number(b.multiFactor ?? false))
    const settled = enrolled.some(choice) || (optional && from.every(each => demand.skipped.includes(each.id)))
    if (!settled && from.length > 0) return { now: 'enrol', from, optional }
  }
  // Enrolling proves a factor too, but for those that were not yet asked to answer.
  const proved = enrolled.filter(each => !each.multiFactor && !spare(each))
  return done(proved)
}

function add<F extends Rule>(standing: Standing<F>): Step<F> {
  const { offered, available = [], proved, enrolled, demand } = standing
  if (enrolled.some(each => each.id === demand.add)) return worth(proved)
  const from = offered.filter(each => each.id === demand.add)
  if (from.length === 0) return { now: 'refuse' }
  // A number or an address changes hands by proving both ends; a recovery code stands in for one that is lost.
  const old = available.filter(each => each.channel && each.id === demand.add)
  const ended = old.length === 0 || proved.some(each => spare(each) || each.id === demand.add)
  const both = (): Step<F> => ({ now: 'prove', from: [...old, ...available.filter(spare)] })
  return strongest(standing) ?? (ended ? { now: 'enrol', from, optional: false } : both())
}

/** What has still to be proved before the protection of an account is changed: its strongest factor, or a recovery code and a password in its stead. */
function strongest<F extends Rule>(standing: Standing<F>): Step<F> | undefined {
  const { available = [], proved, demand } = standing
  // One that was added too lately to count in full replaces none that was there before.
  const passkeys = strongestOf(available) === 'phr' ? available.filter(each => each.multiFactor) : []
  if (demand.reauthenticated || strongestOf(proved) === 'phr') return undefined
  if (passkeys.length > 0 && !proved.some(spare))
    return { now: 'prove', from: [...passkeys, ...available.filter(spare)] }
  if (reaches(assurance(proved), 'aal2')) return undefined
  const more =
    proved.length === 0
      ? available.filter(each => each.positions.includes('first') && reaches(bestWith(each, available), 'aal2'))
      : available.filter(each => !passkeys.includes(each) && reaches(assurance([...proved, each]), 'aal2'))
  const from = more.length > 0 ? more : passkeys
  return from.length > 0 ? { now: 'prove', from: lastResortsLast(from) } : short(standing, 'aal2')
}

/** What is available does not reach this. Where it will by waiting, that is said, to who proved two steps and to nobody before. */
function short<F extends Rule>(standing: Standing<F>, wanted: Acr): Step<F> {
  const { available = [], proved } = standing
  const until = enoughFrom(standing, wanted)
  const more = available.filter(
    each => !reaches(assurance(proved), 'mfa') && reaches(assurance([...proved, each]), 'mfa'),
  )
  if (until !== undefined && more.length > 0) return { now: 'prove', from: lastResortsLast(more) }
  return { now: 'refuse', until }
}

/** When what is available will reach this by waiting, in milliseconds; undefined where waiting does not help. */
function enoughFrom<F extends Rule>({ available = [], later = [] }: Standing<F>, wanted: Acr): number | undefined {
  const full = (at: number) => later.filter(each => each.at <= at).map(each => each.factor)
  return later.find(({ at }) => reaches(assurance([...available, ...full(at)]), wanted))?.at
}

function reset<F extends Rule>({ offered, available = [], proved, enrolled, demand }: Standing<F>): Step<F> {
  // The link proved the mailbox, which is one step: it cannot be the second one, too.
  const mailbox = offered.filter(each => each.identifies)
  const second = available.filter(each => each.kind !== 'knowledge' && !each.identifies)
  // An imported account that never had a second factor has none to ask for. What is set up counts for little until the hold is over.
  if (demand.unguarded && (enrolled.some(guards) || second.length === 0)) return afresh(offered, enrolled)
  if (!proved.some(each => each.kind !== 'knowledge' && !each.identifies))
    return second.length > 0 ? { now: 'prove', from: lastResortsLast(second) } : { now: 'refuse' }
  const first = offered.filter(each => each.positions.includes('first') && !each.multiFactor)
  if (!enrolled.some(each => first.includes(each))) return { now: 'enrol', from: first, optional: false }
  return replacing(offered, proved, enrolled) ?? done(proved, mailbox)
}

/** Two of the staff said who it is: all is set up afresh. */
function recover<F extends Rule>({ offered, enrolled, demand }: Standing<F>): Step<F> {
  return afresh(offered, enrolled, each => demand.moves && each.identifies)
}

/** All that an account has is set up. Nothing was proved by it that moves money; what was set up does that next. */
function afresh<F extends Rule>(
  offered: readonly F[],
  enrolled: readonly F[],
  mailbox: (factor: F) => boolean | undefined = () => false,
): Step<F> {
  const first = (each: F) => each.positions.includes('first') && !each.multiFactor
  for (const choice of [mailbox, first, (each: F) => each.mandatory, spare]) {
    const from = offered.filter(choice)
    if (!enrolled.some(choice) && from.length > 0) return { now: 'enrol', from, optional: false }
  }
  const set = enrolled.filter(each => !spare(each) && !each.identifies)
  return { now: 'done', acr: 'mfa', amr: [...new Set(set.flatMap(each => each.amr))] }
}

function signIn<F extends Rule>(standing: Standing<F>): Step<F> {
  const { offered, available, proved, enrolled, demand, trusted } = standing
  const wanted = demand.acr ?? 'mfa'
  const first = (available ?? offered).filter(each => each.positions.includes('first'))
  if (!available || proved.length === 0) {
    const enough = first.filter(each => reaches(bestWith(each, available ?? offered), wanted))
    const until = demand.purpose === 'step-up' && enough.length === 0 ? enoughFrom(standing, wanted) : undefined
    if (until !== undefined) return { now: 'refuse', until }
    const from = enough.length > 0 ? enough : first
    return from.length > 0 ? { now: 'prove', from } : { now: 'refuse' }
  }

  const lacking = settling(standing)
  if (lacking) return lacking.from.length > 0 ? lacking : { now: 'refuse' }

  // A trusted device is a second step, and no second factor: a cookie can be copied, and nobody proves that it was not.
  const least = trusted && proved.some(each => each.positions.includes('first')) ? 'mfa' : undefined
  const worth = assurance(proved) ?? least
  if (!reaches(worth, wanted)) {
    const more = (least: Acr) =>
      available.filter(each => !reaches(worth, least) && reaches(assurance([...proved, each]), least))
    const candidates = more(wanted)
    if (candidates.length > 0) return { now: 'prove', from: lastResortsLast(candidates) }
    // Only a passkey reaches phr: people who hold none may make one, but not on the strength of an emailed code.
    if (reaches(worth, 'aal2') && !available.some(each => each.multiFactor))
      return { now: 'enrol', from: offered.filter(each => each.multiFactor), optional: false }
    const second = more('aal2')
    return second.length > 0 ? { now: 'prove', from: lastResortsLast(second) } : short(standing, wanted)
  }

  return (
    replacing(offered, proved, enrolled) ??
    (demand.offers ? upgrade(standing, demand.skipped) : undefined) ??
    done(proved, [], least)
  )
}

/** People who had to use a recovery code have lost something: a factor is set up again before they go on. */
function replacing<F extends Rule>(
  offered: readonly F[],
  proved: readonly F[],
  enrolled: readonly F[],
): Step<F> | undefined {
  if (!proved.some(spare) || enrolled.some(guards)) return undefined
  return { now: 'enrol', from: offered.filter(each => each.mandatory), optional: false }
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
