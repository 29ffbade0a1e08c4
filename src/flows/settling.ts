import { assurance, guards, lastResortsLast, type Rule, spare } from './assurance.ts'

interface Imported<F extends Rule> {
  offered: readonly F[]
  available?: readonly F[] | undefined
  proved: readonly F[]
  enrolled: readonly F[]
  demand: { unguarded?: boolean | undefined; unproved?: boolean | undefined }
}

/**
 * Returns the next step by which an imported account makes up for what a sign-up leaves behind: a proved address and, after two steps, of
 * which an emailed code may be one, a second factor and recovery codes. Undefined where nothing is lacking; without choices where it cannot.
 */
export function settling<F extends Rule>({
  offered,
  available = [],
  proved,
  enrolled,
  demand,
}: Imported<F>):
  | { now: 'prove'; from: readonly F[] }
  | { now: 'enrol'; from: readonly F[]; optional: false }
  | undefined {
  const mailbox = available.filter(each => each.identifies)
  if (demand.unproved && mailbox.length > 0 && !proved.some(each => each.identifies))
    return { now: 'prove', from: mailbox }
  if (!demand.unguarded) return undefined
  const begun = enrolled.some(guards)
  if (begun ? available.some(spare) || enrolled.some(spare) : available.some(guards)) return undefined
  const more = available.filter(each => assurance([...proved, each]))
  if (!assurance(proved)) return { now: 'prove', from: lastResortsLast(more) }
  return { now: 'enrol', from: offered.filter(begun ? spare : each => each.mandatory), optional: false }
}
