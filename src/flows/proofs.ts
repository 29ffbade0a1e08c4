import type { Admissions } from '../accounts/admitted-devices.ts'
import type { Credential, Credentials } from '../accounts/credential.ts'
import type { Devices } from '../accounts/device.ts'
import type { Failures } from '../accounts/failures.ts'
import type { By, Throttle } from '../accounts/throttle.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import type { Factor, Named, Proved, Subject } from '../factors/factor.ts'
import type { Ceremonies, Which } from './ceremonies.ts'
import type { Visitor } from './visitor.ts'

interface Services {
  ceremonies: Ceremonies
  credentials: Credentials
  devices: Devices
  admissions: Admissions
  throttle: Throttle
  failures: Failures
  emit: Emit
}

/** Judges an answer to an open question; throws a Problem. `held` is all that whoever it is about holds, `name` whom the answer names. */
export type Proof = (
  asked: { which: Which; who: Subject<unknown>; held: readonly Credential[]; name?: Named | undefined },
  answer: unknown,
  visitor: Visitor,
) => Promise<Proved<unknown>>

/** Makes the one way in which proofs are judged: counted before they are judged, and saved so that none counts twice. */
export function proofs({ ceremonies, credentials, devices, admissions, throttle, failures, emit }: Services): Proof {
  /** Has the device tries of its own for this account? */
  const own = async (device: string, account: string): Promise<boolean> =>
    (await devices.known(device, account)) || admissions.admitted(device, account)

  /** Judges the answer, and counts a wrong one where a guesser could come to be right. */
  const judge = async (
    factor: Factor,
    account: string | undefined,
    visitor: Visitor,
    answered: () => Promise<Proved<unknown>>,
  ) => {
    if (account === undefined || !guessable(factor)) {
      const proved = await answered()
      if (factor.whole && account !== undefined) await failures.forget(account)
      return proved
    }
    const judged = await failures.judge(account, factor.id)
    try {
      const proved = await answered()
      await judged.right(reopens(factor))
      return proved
    } catch (fault) {
      if (fault instanceof Problem && fault.status === 401) await judged.wrong(visitor)
      else await judged.dropped()
      throw fault
    }
  }

  return async ({ which, who, held, name }, answer, visitor) => {
    const { account, email } = who
    const { factor } = which
    const { address } = visitor
    const known = account !== undefined && (await own(visitor.device, account))
    const trier = { what: factor.id, account: account ?? email, address, device: known ? visitor.device : undefined }
    try {
      await throttle.spend(trier)
      return await judge(factor, account, visitor, async () => {
        const proved = await ceremonies.finish<Proved<unknown>>(which, who, answer)
        const credential = held.find(each => each.id === proved.credential)
        if (!credential || account === undefined) throw new Problem('wrong_credentials')
        if (!(await credentials.prove(credential, proved.secret))) throw new Problem('code_spent')
        const told = emit('factor.proved', { account, factor: factor.id, credential: credential.id }, visitor)
        await Promise.all([throttle.forgive(trier), told])
        return proved
      })
    } catch (fault) {
      if (!(fault instanceof Problem)) throw fault
      const by = fault.values.by as By | undefined
      // Once: somebody who is refused can go on for ever, and nothing is ever removed from the audit log.
      if (fault.code === 'slow_down' && by && fault.values.first)
        await emit('factor.throttled', { account, factor: factor.id, by }, visitor)
      else if (fault.code === 'slow_down' && by)
        await emit('factor.turned-away', { account, factor: factor.id, code: by }, visitor)
      else await emit('factor.refused', { account, factor: factor.id, code: fault.code }, visitor)
      // Whoever shows a credential that nobody can guess may learn that no account takes it any more, so as to forget it.
      const { status, field } = fault
      if (status === 401 && name && 'lookup' in name && name.lookup !== '' && account === undefined)
        throw new Problem('unknown_credential', { field, values: { credential: name.lookup } })
      throw fault
    }
  }
}

/** Tells whether wrong answers to it are counted in a row. Not to passwords: strangers guess them, and closing them would lock the owner out. Passkeys cannot be guessed. */
function guessable({ stands }: Factor): boolean {
  return !stands.includes('first')
}

/** Tells whether a proof of it reopens factors that wrong answers have closed. A mailbox does not: it is also the way to a new password. */
function reopens({ kind, strength }: Factor): boolean {
  return kind !== 'known' && strength !== 'mfa'
}
