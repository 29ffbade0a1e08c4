import { mailbox } from '../accounts/postage.ts'
import type { Ration, Throttle } from '../accounts/throttle.ts'
import { Problem } from '../errors.ts'
import type { Ceremonies, Which } from './ceremonies.ts'
import type { Visitor } from './visitor.ts'

const hour = 3_600_000
const day = 24 * hour

/** Judges an answer by `finish`, counted before it is judged. */
export type Counted = <Outcome>(which: Which, visitor: Visitor, finish: () => Promise<Outcome>) => Promise<Outcome>

/**
 * Limits wrong answers to codes that were sent to addresses and numbers which nobody has proved yet: five to a question are
 * few, but questions are many. By source, by destination, and all together; a right answer is given back.
 */
export function enrolments({ ceremonies, throttle }: { ceremonies: Ceremonies; throttle: Throttle }): Counted {
  const limits = (source: string, to: string): Ration[] => [
    { what: 'enrol.source', whose: source, allowance: { tries: 20, window: hour } },
    { what: 'enrol.source.day', whose: source, allowance: { tries: 100, window: day } },
    { what: 'enrol.to', whose: to, allowance: { tries: 10, window: hour } },
    { what: 'enrol.to.day', whose: to, allowance: { tries: 30, window: day } },
  ]
  const altogether: Ration = { what: 'enrol.all', whose: '', allowance: { tries: 600, window: hour } }

  /** Pays for one answer. While guessers use up what all have together, each source has one try: who answers right at once still signs up. */
  const pay = async (source: string, to: string) => {
    const own = limits(source, to)
    try {
      return await throttle.rations([...own, altogether])
    } catch (fault) {
      if (!(fault instanceof Problem) || fault.values.by !== altogether.what) throw fault
      return throttle.rations([...own, { what: 'enrol.first', whose: source, allowance: { tries: 1, window: hour } }])
    }
  }

  return async (which, visitor, finish) => {
    if (!which.factor.channel) return finish()
    const { asked = {} } = (await ceremonies.shown(which)) ?? {}
    const [to] = Object.values(asked as Record<string, unknown>)
    const back = await pay(visitor.address, typeof to === 'string' ? mailbox(to) : '')
    try {
      const outcome = await finish()
      await back()
      return outcome
    } catch (fault) {
      if (!(fault instanceof Problem) || fault.status !== 401) await back()
      throw fault
    }
  }
}
