import { type Accounts, owned } from '../accounts/account.ts'
import type { Credential, Credentials } from '../accounts/credential.ts'
import type { Failures } from '../accounts/failures.ts'
import { Problem } from '../errors.ts'
import type { Enrolled, Factor, Named, Subject } from '../factors/factor.ts'
import { type Clock, limitedUntil } from './assurance.ts'
import type { Attempt, Attempts } from './attempts.ts'
import type { Ceremonies } from './ceremonies.ts'
import type { Counted } from './enrolments.ts'
import type { Proof } from './proofs.ts'
import type { Protection } from './protection.ts'
import type { Recovering } from './recovering.ts'
import type { SignUp } from './sign-up.ts'
import type { Visitor } from './visitor.ts'

/** Judges one answer; throws a Problem. Resolves to the attempt with what a right one made of it, which its next change keeps. */
export type Judge = (attempt: Attempt, factor: Factor, answer: unknown, visitor: Visitor) => Promise<Attempt>

interface Services {
  factors: readonly Factor[]
  attempts: Attempts
  ceremonies: Ceremonies
  accounts: Accounts
  credentials: Credentials
  proof: Proof
  counted: Counted
  protection: Protection
  signUp: SignUp
  recovering: Recovering
  failures: Pick<Failures, 'forget'>
  /** How long what was added counts for no more than the proof that authorised it, in milliseconds. */
  hold: number
  now: () => number
}

/** What an attempt's account holds: nothing, until it exists. */
export async function heldIn(credentials: Credentials, attempt: Attempt): Promise<Credential[]> {
  return attempt.real && attempt.account !== undefined ? credentials.of(attempt.account) : []
}

/** What an attempt's proofs count for at most, once one more was given by this credential. */
function limitsWith({ limits = {}, proved }: Attempt, factor: Factor, by: Credential | undefined, clock: Clock) {
  const { [factor.id]: before, ...others } = limits
  // A factor that was proved in full stays so, whatever else is shown.
  const full = proved.includes(factor.id) && before === undefined
  if (full || by?.addedUnder === undefined || limitedUntil(by, factor, clock) === undefined) return others
  return { ...others, [factor.id]: by.addedUnder }
}

/** Whom a factor's ceremony is about. */
export function about(attempt: Attempt, factor: Factor, held: readonly Credential[], now: number): Subject<unknown> {
  const { account, email, locale, client } = attempt
  return { account, email, held: held.filter(each => each.factor === factor.id), locale, now, towards: client?.name }
}

/** Judges proofs, of whoever the attempt or the answer names. */
export function proving({ accounts, credentials, proof, hold, now }: Services): Judge {
  /** The attempt with the account that an answer names. An unknown one stays nameless, and goes the same way. */
  const named = async (attempt: Attempt, name: Named | undefined): Promise<Attempt> => {
    if (!name || attempt.real) return attempt
    const found =
      'email' in name
        ? await accounts.byEmail(name.email)
        : await accounts.get((await credentials.byLookup(name.lookup))?.account ?? '')
    const email = 'email' in name ? name.email : found?.email
    if (!owned(found)) return { ...attempt, email }
    return { ...attempt, account: found.id, guard: found.guard, real: true, email }
  }

  return async (attempt, factor, answer, visitor) => {
    const fits = factor.prove.answer.safeParse(answer)
    if (!fits.success) throw new Problem('malformed')
    const name = factor.prove.names?.(fits.data)
    const whose = await named(attempt, name)
    const { account, guard, real, email } = whose
    const held = await heldIn(credentials, whose)
    const which = { attempt: attempt.id, mode: 'prove' as const, factor }
    const { credential } = await proof({ which, who: about(whose, factor, held, now()), held, name }, answer, visitor)
    const by = held.find(each => each.id === credential)
    const limits = limitsWith(attempt, factor, by, { hold, now: now() })
    return { ...attempt, account, guard, real, email, proved: [...attempt.proved, factor.id], limits }
  }
}

/** Judges enrolments: kept with the attempt until there is enough for an account, and with the account from then on. */
export function enrolling(services: Services): Judge {
  const { factors, attempts, ceremonies, credentials, protection, signUp, recovering, failures, counted, now } =
    services
  return async (attempt, factor, answer, visitor) => {
    const held = await heldIn(credentials, attempt)
    const own = held.filter(each => each.factor === factor.id)
    const full = own.length >= factor.limit
    // Of what there is one of, the new takes the place of the old; who adds one more of others removes one first.
    if (full && factor.limit > 1 && attempt.purpose === 'add') throw new Problem('limit_reached')
    const which = { attempt: attempt.id, mode: 'enrol' as const, factor }
    const enrolled = await counted(which, visitor, () =>
      ceremonies.finish<Enrolled<unknown>>(which, about(attempt, factor, held, now()), answer),
    )
    const fresh = [...attempt.fresh, factor.id]
    if (!attempt.real) {
      const pending = signUp.add(attempt, factor, enrolled)
      if (!factor.mandatory) return attempts.change(attempt, { fresh, pending })
      if (attempt.purpose === 'recover') {
        const guard = await recovering.commit(attempt, signUp.open(attempt, pending), visitor)
        if (attempt.account !== undefined) await failures.forget(attempt.account)
        return attempts.change(attempt, { fresh, pending: undefined, real: true, guard })
      }
      await signUp.commit(attempt, pending, factors)
      return attempts.change(attempt, { fresh, pending: undefined, real: true })
    }
    const guard = await protection.enrol(attempt, factor, enrolled, full ? own[0]?.id : undefined, visitor)
    return attempts.change(attempt, { fresh, guard })
  }
}
