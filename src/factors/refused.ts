import { type Code, Problem } from '../errors.ts'
import type { Subject } from './factor.ts'

/** The Problem of a wrong answer: it stands beside its field, and says how many tries are left where that is known. */
export function refused(code: Code, field: string, who: Subject<unknown>, cause?: unknown): Problem {
  return new Problem(code, { field, values: who.left === undefined ? {} : { left: who.left }, cause })
}
