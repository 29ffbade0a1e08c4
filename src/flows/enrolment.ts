import type { Credential } from '../accounts/credential.ts'
import { mailbox } from '../accounts/postage.ts'
import type { Ration, Throttle } from '../accounts/throttle.ts'
import { Problem } from '../errors.ts'
import type { Visitor } from '../events.ts'
import type { Enrolled, Factor } from '../factors/factor.ts'
import type { Challenges, Question } from './challenge.ts'
import type { FlowServices } from './flow-services.ts'
import type { Flow } from './flow-store.ts'
import type { Protection } from './protection.ts'
import type { Recover } from './recovering.ts'
import type { SignUp } from './sign-up.ts'
import { subjectOf } from './standing.ts'

const hour = 3_600_000
const day = 24 * hour

type Services = Pick<FlowServices, 'factors' | 'addresses' | 'throttle' | 'failures' | 'now'> & {
  challenges: Challenges
  protection: Protection
  signUp: SignUp
  recover: Recover
}

export type Enrol = ReturnType<typeof enrolling>

/**
 * Verifies what somebody enrols in a flow: kept with the flow until there is enough for an account, and with the account from then
 * on. Resolves to the flow with what became of it, which has still to be saved. Throws the factor's Problem, or `limit_reached`.
 */
export function enrolling(services: Services) {
  const { factors, challenges, addresses, protection, signUp, recover, throttle, failures, now } = services
  return async (
    flow: Flow,
    factor: Factor,
    answer: unknown,
    credentials: readonly Credential[],
    visitor: Visitor,
  ): Promise<Flow> => {
    const own = credentials.filter(each => each.factor === factor.id)
    const full = own.length >= factor.limit
    // Of what there is one of, the new takes the place of the old; who adds one more of others removes one first.
    if (full && factor.limit > 1 && flow.purpose === 'add') throw new Problem('limit_reached')
    const question = { flow: flow.id, mode: 'enrol' as const, factor }
    const made = await counted({ challenges, throttle }, question, visitor, () =>
      challenges.finish<Enrolled<unknown>>(question, subjectOf(flow, factor, credentials, now()), answer),
    )
    const { phone } = factor.verifiedContact?.(made.secret) ?? {}
    // Its account may have given it up while the code was on its way.
    if (phone !== undefined && (await addresses.numberReserved(phone, flow.account))) throw new Problem('conflict')
    const enrolled = [...flow.enrolled, factor.id]
    if (flow.real) {
      const securityStamp = await protection.enrol(flow, factor, made, full ? own[0]?.id : undefined, visitor)
      return { ...flow, enrolled, securityStamp }
    }
    const pending = signUp.add(flow, factor, made)
    if (!factor.mandatory) return { ...flow, enrolled, pending }
    const complete = { ...flow, enrolled, pending: undefined, real: true }
    if (flow.purpose !== 'recover') {
      await signUp.commit(flow, pending, factors)
      return complete
    }
    const securityStamp = await recover(flow, signUp.open(flow, pending), visitor)
    if (flow.account !== undefined) await failures.forget(flow.account)
    return { ...complete, securityStamp }
  }
}

/**
 * Limits wrong answers to codes that were sent to addresses and numbers which nobody has proved yet: five to a question are
 * few, but questions are many. By source, by destination, and all together; a right answer is given back.
 */
async function counted<Outcome>(
  { challenges, throttle }: Pick<Services, 'challenges' | 'throttle'>,
  question: Question,
  visitor: Visitor,
  verify: () => Promise<Outcome>,
): Promise<Outcome> {
  if (!question.factor.channel) return verify()
  const { asked = {} } = (await challenges.shown(question)) ?? {}
  const [to] = Object.values(asked as Record<string, unknown>)
  const back = await pay(throttle, visitor.address, typeof to === 'string' ? mailbox(to) : '')
  let outcome: Outcome
  try {
    outcome = await verify()
  } catch (fault) {
    if (!(fault instanceof Problem) || fault.status !== 401) await back()
    throw fault
  }
  // Once: what is given back twice would be a try for nothing.
  await back()
  return outcome
}

const altogether: Ration = { what: 'enrol.all', whose: '', allowance: { tries: 600, window: hour } }

const ofSource = (source: string): Ration[] => [
  { what: 'enrol.source', whose: source, allowance: { tries: 20, window: hour } },
  { what: 'enrol.source.day', whose: source, allowance: { tries: 100, window: day } },
]
const ofDestination = (to: string): Ration[] => [
  { what: 'enrol.to', whose: to, allowance: { tries: 10, window: hour } },
  { what: 'enrol.to.day', whose: to, allowance: { tries: 30, window: day } },
]
/** One try for each source, and as many to one destination as guessers with many sources may have. */
const first = (source: string, to: string): Ration[] => [
  { what: 'enrol.first', whose: source, allowance: { tries: 1, window: hour } },
  { what: 'enrol.first.to', whose: to, allowance: { tries: 100, window: hour } },
]

/**
 * Pays for one answer. While guessers use up what a destination has, or what all have together, each source has one try: who answers
 * right at once still signs up.
 */
async function pay(throttle: Throttle, source: string, to: string): Promise<() => Promise<void>> {
  const [own, shared] = [ofSource(source), [...ofDestination(to), altogether]]
  try {
    return await throttle.rations([...own, ...shared])
  } catch (fault) {
    if (!(fault instanceof Problem) || own.some(({ what }) => what === fault.values.by)) throw fault
    return throttle.rations([...own, ...first(source, to)])
  }
}
