import type { Devices } from '../accounts/device.ts'
import type { Factor } from '../factors/factor.ts'
import type { Risk } from '../risk/weigh.ts'
import type { Flow } from './flow-store.ts'
import type { Step } from './policy.ts'
import type { Visitor } from './visitor.ts'

export interface Weights {
  risk: Pick<Risk, 'weigh'>
  devices: Pick<Devices, 'trusted'>
}

/** Weighs where a flow comes from, when policy comes to need it; resolves to the flow with what was made of it, which its next change keeps. */
export type Weighing = (flow: Flow, stepOf: (flow: Flow) => Step<Factor>, visitor: Visitor) => Promise<Flow>

/** Makes what weighs flows. */
export function weighing({ risk, devices }: Weights): Weighing {
  const signsIn = ({ purpose }: Flow): boolean => purpose === 'sign-in' || purpose === 'step-up'

  /** Looks, once the first factor is proved, whether the device may stand in for the second: nowhere out of the ordinary. */
  const remembered = async (flow: Flow, step: Step<Factor>, visitor: Visitor): Promise<Flow> => {
    const { account, guard } = flow
    const asks = step.now === 'prove' && flow.proved.length > 0 && (flow.acr ?? 'mfa') === 'mfa'
    if (!asks || account === undefined || !signsIn(flow)) return flow
    if (!(await devices.trusted(flow.device, { id: account, guard }))) return flow
    const verdict = await risk.weigh(account, visitor)
    return verdict.ruling === 'allow' ? { ...flow, trusted: true, verdict } : flow
  }

  /** Weighs, once what was proved is enough: once, so that waiting makes nothing milder. */
  const weighed = async (flow: Flow, step: Step<Factor>, visitor: Visitor): Promise<Flow> => {
    const { purpose, account, verdict } = flow
    const short = step.now === 'refuse' && step.until !== undefined
    const ended = flow.proved.length > 0 || purpose === 'recover'
    const enough = step.now === 'done' || ((step.now === 'enrol' || short) && ended)
    if (!enough || verdict || account === undefined || purpose === 'sign-up') return flow
    // A reset began by the mailbox: it cannot speak for the place, too.
    const found = await risk.weigh(account, visitor, { rules: purpose !== 'recover', mailbox: purpose !== 'reset' })
    // Who is signed in already is kept out by rules of the owner's own, and by nothing else.
    const inside = (purpose === 'add' || purpose === 'change') && found.ruling !== 'bar'
    return { ...flow, verdict: inside ? { ruling: 'allow', why: [] } : found }
  }

  return async (flow, stepOf, visitor) => {
    const known = await remembered(flow, stepOf(flow), visitor)
    return weighed(known, stepOf(known), visitor)
  }
}
