import { type Acr, highest, reaches } from '../acr.ts'
import type { Factor } from '../factors/factor.ts'

/** What policy looks at of a factor. */
export type Rule = Pick<
  Factor,
  'id' | 'kind' | 'amr' | 'positions' | 'strength' | 'multiFactor' | 'mandatory' | 'identifies' | 'channel'
>

/** `add` enrols one more factor, or another in the place of one; `change` is any other change of what protects an account; `reset` follows a mailed link, `recover` an identity check. */
export type Purpose = 'sign-in' | 'sign-up' | 'step-up' | 'add' | 'change' | 'reset' | 'recover'

/** What these proofs are worth together: `phr` for a passkey, `aal2` for two different kinds of which neither is an emailed code, `mfa` for any other two. */
export function assurance(proved: readonly Rule[]): Acr | undefined {
  const alone = highest(proved.flatMap(each => (each.multiFactor ? each.strength : [])))
  const strong = proved.filter(each => each.strength !== 'mfa')
  const kinds = new Set(strong.map(each => each.kind)).size > 1 ? 'aal2' : undefined
  return highest([alone, kinds, new Set(proved.map(each => each.id)).size > 1 ? 'mfa' : undefined])
}

/** When a credential came to its account, and the proof that authorised it; none for what the account began with. */
export interface Added {
  createdAt: number
  addedUnder?: Acr | undefined
}

/** How long what was added counts for no more than the proof that authorised it, and what time it is; in milliseconds. */
export interface Clock {
  hold: number
  now: number
}

/**
 * The rule that assurance cannot be laundered: a credential added after sign-up is worth no more than the proof that
 * authorised it until the hold has passed, so that its owner has read of it by then. Returns the end of that time, in
 * milliseconds since the epoch; undefined for a credential that has its full value.
 */
export function limitedUntil({ createdAt, addedUnder }: Added, { strength }: Rule, { hold, now }: Clock) {
  const until = createdAt + hold
  return addedUnder !== undefined && !reaches(addedUnder, strength) && until > now ? until : undefined
}

/** What authorises that a factor is enrolled now: `reauthenticated` is what was proved of it a moment ago. Undefined for what an account begins with. */
export function authority(
  { purpose, reauthenticated }: { purpose: Purpose; reauthenticated?: Acr | undefined },
  proved: readonly Rule[],
  offered: readonly Rule[],
): Acr | undefined {
  if (purpose === 'sign-up') return undefined
  if (purpose === 'recover') return 'mfa'
  const mailbox = purpose === 'reset' ? offered.filter(each => each.identifies) : []
  return highest([reauthenticated, assurance([...mailbox, ...proved]), 'mfa'])
}

/** A factor that counts for no more than this. */
export function limited<F extends Rule>(factor: F, most: Acr | undefined): F {
  return most === undefined || reaches(most, factor.strength) ? factor : { ...factor, strength: most }
}

/** What an account's credentials are worth: each factor as the best of them counts now, and what is worth more later, soonest first. */
export function counted<F extends Rule>(
  factors: readonly F[],
  credentials: readonly (Added & { factor: string })[],
  clock: Clock,
) {
  const found = factors.flatMap(factor => {
    const own = credentials.filter(each => each.factor === factor.id)
    if (own.length === 0) return []
    const ends = own.map(each => limitedUntil(each, factor, clock) ?? 0)
    const best = highest(own.map((each, at) => (ends[at] ? each.addedUnder : factor.strength)))
    return [{ factor, now: limited(factor, best), at: Math.min(...ends) }]
  })
  return {
    available: found.map(each => each.now),
    later: found.filter(({ at }) => at > 0).sort((a, b) => a.at - b.at),
  }
}

/** What an account's strongest factor is worth: changes of its protection ask for that. */
export function strongestOf(available: readonly Rule[]): Acr {
  return available.some(each => each.multiFactor && each.strength === 'phr') ? 'phr' : 'aal2'
}

/** A factor that people add and remove as they like, so long as they keep one. */
export function guards(factor: Rule): boolean {
  return factor.mandatory === true || factor.multiFactor === true
}

/** A factor that a sign-in can begin with: every account keeps one. */
export function opens(factor: Rule): boolean {
  return factor.positions.includes('first')
}

/**
 * What may become of a credential of this factor, given the factor of each that its owner gets in by for certain: `last` guards the account, or
 * opens it, alone; and what every account has is changed, not removed.
 */
export function removable(available: readonly Rule[], factor: Rule): 'yes' | 'last' | 'never' {
  if (!guards(factor)) return 'never'
  const own = available.findIndex(({ id }) => id === factor.id)
  const rest = available.filter((_, at) => at !== own)
  return rest.some(guards) && rest.some(opens) ? 'yes' : 'last'
}

/** A factor that stands in for what was lost. */
export function spare(factor: Rule): boolean {
  return factor.positions.every(each => each === 'last')
}

/** The same factors, those that stand in for what was lost at the end. */
export function lastResortsLast<F extends Rule>(factors: readonly F[]): F[] {
  return [...factors.filter(each => !spare(each)), ...factors.filter(spare)]
}

/** Tells whether a change lets somebody in more easily. What is gone guards no more; a new number or address may be another's; who was let in by a last resort may be another. */
export function loosens(
  did: 'added' | 'replaced' | 'removed',
  factor: Rule,
  { purpose, proved }: { purpose: Purpose; proved: readonly Rule[] },
): boolean {
  return did === 'removed' || factor.channel !== undefined || purpose === 'reset' || proved.some(spare)
}

/** What a factor is worth at best beside another that is available. */
export function bestWith(first: Rule, available: readonly Rule[]): Acr | undefined {
  return highest(available.map(each => assurance([first, each])))
}

/** Offers a passkey to people who signed in with a password and hold none; not on the strength of an emailed code or a trusted device. */
export function upgrade<F extends Rule>(
  standing: {
    offered: readonly F[]
    available: readonly F[] | undefined
    proved: readonly F[]
    enrolled: readonly F[]
  },
  skipped: readonly string[],
) {
  const { offered, available = [], proved, enrolled } = standing
  const from = offered.filter(each => each.multiFactor && !skipped.includes(each.id))
  const has = [...available, ...enrolled].some(each => each.multiFactor)
  const password = proved.some(each => opens(each) && !each.multiFactor)
  const offers = password && !has && from.length > 0 && reaches(assurance(proved), 'aal2')
  return offers ? { now: 'enrol' as const, from, optional: true } : undefined
}
