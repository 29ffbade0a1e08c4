import type { Accounts } from '../accounts/account.ts'
import type { Credential, Credentials } from '../accounts/credential.ts'
import type { Devices } from '../accounts/device.ts'
import type { By, Throttle } from '../accounts/throttle.ts'
import { Problem } from '../errors.ts'
import type { Record as RecordEvent } from '../events.ts'
import type { Enrolled, Factor, Named, Proved, Subject } from '../factors/factor.ts'
import type { Attempt, Attempts } from './attempts.ts'
import type { Ceremonies } from './ceremonies.ts'
import type { Protection } from './protection.ts'
import type { SignUp } from './sign-up.ts'
import type { Visitor } from './visitor.ts'

/** Judges one answer and keeps what a right one changes; throws a Problem. */
export type Judge = (attempt: Attempt, factor: Factor, answer: unknown, visitor: Visitor) => Promise<Attempt>

interface Services {
  factors: readonly Factor[]
  attempts: Attempts
  ceremonies: Ceremonies
  accounts: Accounts
  credentials: Credentials
  devices: Devices
  throttle: Throttle
  protection: Protection
  signUp: SignUp
  record: RecordEvent
  now: () => number
}

/** What an attempt's account holds: nothing, until it exists. */
export async function heldIn(credentials: Credentials, attempt: Attempt): Promise<Credential[]> {
  return attempt.real && attempt.account !== undefined ? credentials.of(attempt.account) : []
}

/** Whom a factor's ceremony is about. */
export function about(attempt: Attempt, factor: Factor, held: readonly Credential[], now: number): Subject<unknown> {
  const { account, email, locale, client } = attempt
  return { account, email, held: held.filter(each => each.factor === factor.id), locale, now, towards: client?.name }
}

/** Judges proofs: counted before they are judged, and saved so that none counts twice. */
export function proving({
  attempts,
  ceremonies,
  accounts,
  credentials,
  devices,
  throttle,
  record,
  now,
}: Services): Judge {
  /** The attempt with the account that an answer names. An unknown one stays nameless, and goes the same way. */
  const named = async (attempt: Attempt, name: Named | undefined): Promise<Attempt> => {
    if (!name || attempt.real) return attempt
    const found =
      'email' in name
        ? await accounts.byEmail(name.email)
        : await accounts.get((await credentials.byLookup(name.lookup))?.account ?? '')
    const email = 'email' in name ? name.email : found?.email
    if (found?.status !== 'active') return { ...attempt, email }
    return { ...attempt, account: found.id, guard: found.guard, real: true, email }
  }

  return async (attempt, factor, answer, visitor) => {
    const fits = factor.prove.answer.safeParse(answer)
    if (!fits.success) throw new Problem('malformed')
    const name = factor.prove.names?.(fits.data)
    const whose = await named(attempt, name)
    const { account, guard, real, email } = whose
    const held = await heldIn(credentials, whose)
    const known = account !== undefined && (await devices.known(visitor.device, account))
    const { address } = visitor
    const trier = { what: factor.id, account: account ?? email, address, device: known ? visitor.device : undefined }
    try {
      await throttle.spend(trier)
      const which = { attempt: attempt.id, mode: 'prove' as const, factor }
      const proved = await ceremonies.finish<Proved<unknown>>(which, about(whose, factor, held, now()), answer)
      const credential = held.find(each => each.id === proved.credential)
      if (!credential || account === undefined) throw new Problem('wrong_credentials')
      if (!(await credentials.prove(credential, proved.secret))) throw new Problem('code_spent')
      await throttle.forgive(trier)
      await record('factor.proved', { account, factor: factor.id, credential: credential.id }, visitor)
    } catch (fault) {
      if (!(fault instanceof Problem)) throw fault
      const by = fault.values.by as By | undefined
      if (fault.code === 'slow_down' && by)
        await record('factor.throttled', { account, factor: factor.id, by }, visitor)
      else await record('factor.refused', { account, factor: factor.id, code: fault.code }, visitor)
      // Whoever shows a credential that nobody can guess may learn that no account takes it any more, so as to forget it.
      const { status, field } = fault
      if (status === 401 && name && 'lookup' in name && name.lookup !== '' && account === undefined)
        throw new Problem('unknown_credential', { field, values: { credential: name.lookup } })
      throw fault
    }
    return attempts.change(attempt, { account, guard, real, email, proved: [...attempt.proved, factor.id] })
  }
}

/** Judges enrolments: kept with the sign-up until there is an account, and with the account from then on. */
export function enrolling({ factors, attempts, ceremonies, credentials, protection, signUp, now }: Services): Judge {
  return async (attempt, factor, answer, visitor) => {
    const held = await heldIn(credentials, attempt)
    const own = held.filter(each => each.factor === factor.id)
    const full = own.length >= factor.limit
    // Of what there is one of, the new takes the place of the old; who adds one more of others removes one first.
    if (full && factor.limit > 1 && attempt.purpose === 'add') throw new Problem('limit_reached')
    const which = { attempt: attempt.id, mode: 'enrol' as const, factor }
    const enrolled = await ceremonies.finish<Enrolled<unknown>>(which, about(attempt, factor, held, now()), answer)
    const fresh = [...attempt.fresh, factor.id]
    if (!attempt.real) {
      const pending = signUp.add(attempt, factor, enrolled)
      if (!factor.mandatory) return attempts.change(attempt, { fresh, pending })
      await signUp.commit(attempt, pending, factors)
      return attempts.change(attempt, { fresh, pending: undefined, real: true })
    }
    const guard = await protection.enrol(attempt, factor, enrolled, full ? own[0]?.id : undefined, visitor)
    return attempts.change(attempt, { fresh, guard })
  }
}
