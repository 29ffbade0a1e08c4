import { stillGranted } from '../accounts/clock.ts'
import type { Credential } from '../accounts/credential.ts'
import type { Acr } from '../acr.ts'
import { Problem } from '../errors.ts'
import type { Factor, Subject } from '../factors/factor.ts'
import { authority, type Clock, counted, limited } from './assurance.ts'
import type { Flow } from './flow-store.ts'
import { next, type Step } from './policy.ts'

/** How long a proof of the strongest factor counts while something else is set up, in milliseconds. */
export const reauthentication = 10 * 60_000

/** The most pages that a sign-up takes. */
export const mostPages = 7

/** Counts the page that follows, of a sign-up. */
export function paged(flow: Flow): Flow {
  return flow.purpose === 'sign-up' ? { ...flow, pages: (flow.pages ?? 1) + 1 } : flow
}

/** Returns what policy asks for next in a flow, given the credentials of its account. */
export function stepOf(
  flow: Flow,
  credentials: readonly Credential[],
  { factors, ...clock }: Clock & { factors: readonly Factor[] },
): Step<Factor> {
  const { purpose, acr, add, reauthenticatedUntil: until = 0, moves, verdict, confirmed, trusted } = flow
  const { unguarded, unproved, skipped, pages = 1 } = flow
  const offers = flow.offered === 'shown' || flow.offered === 'quiet'
  // As many pages as a sign-up may take were shown: nothing optional is asked any more.
  const passed = pages > mostPages ? factors.map(({ id }) => id) : skipped
  const reauthenticated = stillGranted(until, reauthentication, clock.now)
  // A number that staff put in is proved by people who know their password, not by those who read their mailbox.
  const usable = purpose === 'reset' ? credentials.filter(sure(factors)) : credentials
  return next({
    offered: factors,
    ...(flow.account === undefined ? { available: undefined } : counted(factors, usable, clock)),
    proved: provedIn(flow, factors),
    enrolled: factors.filter(each => flow.enrolled.includes(each.id)),
    demand: { purpose, acr, add, reauthenticated, moves, unguarded, unproved, offers, skipped: passed },
    verdict: confirmed && verdict ? { ...verdict, ruling: 'tell' } : verdict,
    trusted,
  })
}

/** Returns what tells whether a credential is known to be its owner's: a number that staff put in may be a wrong one until a code there was right. */
const sure =
  (factors: readonly Factor[]) =>
  ({ factor, secret }: Pick<Credential, 'factor' | 'secret'>): boolean =>
    factors.find(({ id, unproved }) => id === factor && unproved)?.unproved?.(secret) === undefined

/** Returns the factor of each credential by which its owner gets in for certain: what they may not lose the last of. */
export function reliable(
  credentials: readonly Pick<Credential, 'factor' | 'secret'>[],
  factors: readonly Factor[],
): Factor[] {
  const certain = credentials.filter(sure(factors))
  return certain.flatMap(({ factor }) => factors.filter(({ id }) => id === factor))
}

/**
 * Returns the factor to ask for first: the one that somebody came to use, the one that they prefer, the one that was used last, or
 * the first in order of preference. Weak ones and last resorts never come of themselves.
 */
export function firstOf(
  from: readonly Factor[],
  credentials: readonly Credential[],
  wants: string | undefined,
): Factor {
  const good = from.filter(each => each.strength !== 'mfa' && !each.positions.includes('last'))
  const latest = (at: (credential: Credential) => number | undefined): Factor | undefined => {
    const dated = credentials.filter(each => at(each) !== undefined && good.some(({ id }) => id === each.factor))
    const [newest] = dated.sort((a, b) => (at(b) ?? 0) - (at(a) ?? 0))
    return good.find(each => each.id === newest?.factor)
  }
  const wanted = from.find(each => each.id === wants)
  const factor = wanted ?? latest(each => each.preferredAt) ?? latest(each => each.usedAt) ?? good[0] ?? from[0]
  if (!factor) throw new Problem('not_offered')
  return factor
}

/** Returns whom a factor's question is about in a flow. */
export function subjectOf(
  flow: Flow,
  factor: Factor,
  credentials: readonly Credential[],
  now: number,
): Subject<unknown> {
  const { account, email, locale, client } = flow
  const own = credentials.filter(each => each.factor === factor.id)
  const unattended = flow.offered !== undefined && flow.passkeys === 'automatic'
  return { account, email, credentials: own, locale, now, towards: client?.name, ...(unattended && { unattended }) }
}

/** What a flow has proved, each factor as the credential counted that it was proved by. */
export function provedIn({ proved, limits = {} }: Flow, factors: readonly Factor[]): Factor[] {
  return factors.filter(({ id }) => proved.includes(id)).map(each => limited(each, limits[each.id]))
}

/** The assurance of what authorises an enrolment in a flow now; undefined for what an account begins with. */
export function authorityOf(flow: Flow, factors: readonly Factor[], now: number): Acr | undefined {
  const reauthenticated = stillGranted(flow.reauthenticatedUntil ?? 0, reauthentication, now)
    ? flow.reauthenticatedBy
    : undefined
  return authority({ purpose: flow.purpose, reauthenticated }, provedIn(flow, factors), factors)
}
