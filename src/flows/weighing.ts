import type { Devices } from '../accounts/device.ts'
import type { Factor } from '../factors/factor.ts'
import type { Risk } from '../risk/weigh.ts'
import type { Attempt } from './attempts.ts'
import type { Step } from './policy.ts'
import type { Visitor } from './visitor.ts'

export interface Weights {
  risk: Pick<Risk, 'weigh'>
  devices: Pick<Devices, 'trusted'>
}

/** Weighs where an attempt comes from, when policy comes to need it; resolves to the attempt with what was made of it, which its next change keeps. */
export type Weighing = (
  attempt: Attempt,
  stepOf: (attempt: Attempt) => Step<Factor>,
  visitor: Visitor,
) => Promise<Attempt>

/** Makes what weighs attempts. */
export function weighing({ risk, devices }: Weights): Weighing {
  const signsIn = ({ purpose }: Attempt): boolean => purpose === 'sign-in' || purpose === 'step-up'

  /** Looks, once the first factor is proved, whether the device may stand in for the second: nowhere out of the ordinary. */
  const remembered = async (attempt: Attempt, step: Step<Factor>, visitor: Visitor): Promise<Attempt> => {
    const { account, guard } = attempt
    const asks = step.now === 'prove' && attempt.proved.length > 0 && (attempt.acr ?? 'mfa') === 'mfa'
    if (!asks || account === undefined || !signsIn(attempt)) return attempt
    if (!(await devices.trusted(attempt.device, { id: account, guard }))) return attempt
    const verdict = await risk.weigh(account, visitor)
    return verdict.ruling === 'allow' ? { ...attempt, trusted: true, verdict } : attempt
  }

  /** Weighs, once what was proved is enough: once, so that waiting makes nothing milder. */
  const weighed = async (attempt: Attempt, step: Step<Factor>, visitor: Visitor): Promise<Attempt> => {
    const { purpose, account, verdict } = attempt
    const short = step.now === 'refuse' && step.until !== undefined
    const ended = attempt.proved.length > 0 || purpose === 'recover'
    const enough = step.now === 'done' || ((step.now === 'enrol' || short) && ended)
    if (!enough || verdict || account === undefined || purpose === 'sign-up') return attempt
    // A reset began by the mailbox: it cannot speak for the place, too.
    const found = await risk.weigh(account, visitor, { rules: purpose !== 'recover', mailbox: purpose !== 'reset' })
    // Who is signed in already is kept out by rules of the owner's own, and by nothing else.
    const inside = (purpose === 'add' || purpose === 'change') && found.ruling !== 'bar'
    return { ...attempt, verdict: inside ? { ruling: 'allow', why: [] } : found }
  }

  return async (attempt, stepOf, visitor) => {
    const known = await remembered(attempt, stepOf(attempt), visitor)
    return weighed(known, stepOf(known), visitor)
  }
}
