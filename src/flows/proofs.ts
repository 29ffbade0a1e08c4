import type { Credential, Credentials } from '../accounts/credential.ts'
import type { Devices } from '../accounts/device.ts'
import type { By, Throttle } from '../accounts/throttle.ts'
import { Problem } from '../errors.ts'
import type { Record as RecordEvent } from '../events.ts'
import type { Named, Proved, Subject } from '../factors/factor.ts'
import type { Ceremonies, Which } from './ceremonies.ts'
import type { Visitor } from './visitor.ts'

interface Services {
  ceremonies: Ceremonies
  credentials: Credentials
  devices: Devices
  throttle: Throttle
  record: RecordEvent
}

/** Judges an answer to an open question; throws a Problem. `held` is all that whoever it is about holds, `name` whom the answer names. */
export type Proof = (
  asked: { which: Which; who: Subject<unknown>; held: readonly Credential[]; name?: Named | undefined },
  answer: unknown,
  visitor: Visitor,
) => Promise<Proved<unknown>>

/** Makes the one way in which proofs are judged: counted before they are judged, and saved so that none counts twice. */
export function proofs({ ceremonies, credentials, devices, throttle, record }: Services): Proof {
  return async ({ which, who, held, name }, answer, visitor) => {
    const { account, email } = who
    const { factor } = which
    const known = account !== undefined && (await devices.known(visitor.device, account))
    const { address } = visitor
    const trier = { what: factor.id, account: account ?? email, address, device: known ? visitor.device : undefined }
    try {
      await throttle.spend(trier)
      const proved = await ceremonies.finish<Proved<unknown>>(which, who, answer)
      const credential = held.find(each => each.id === proved.credential)
      if (!credential || account === undefined) throw new Problem('wrong_credentials')
      if (!(await credentials.prove(credential, proved.secret))) throw new Problem('code_spent')
      const told = record('factor.proved', { account, factor: factor.id, credential: credential.id }, visitor)
      await Promise.all([throttle.forgive(trier), told])
      return proved
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
  }
}
