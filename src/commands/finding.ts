import { answer, type Given } from './command.ts'

/** What one check found. */
export interface Finding {
  what: string
  /** `unset` and `untried` are no faults: it is not configured, or nobody asked for it. */
  state: 'ok' | 'fault' | 'unset' | 'untried'
  told: string
  /** What to do about it. */
  advice?: string | undefined
}

/** Prints what was found, and returns the exit code: 1 where something has to be fixed. */
export function report(given: Given, findings: readonly Finding[]): 0 | 1 {
  const lines = findings.flatMap(({ what, state, told, advice }) => [
    `${state.padEnd(8)}${what}: ${told}`,
    ...(advice === undefined ? [] : [`${' '.repeat(8)}${advice}`]),
  ])
  answer(given, findings, lines)
  return findings.some(({ state }) => state === 'fault') ? 1 : 0
}

/** Returns why something failed, in the words of what failed. */
export function causeOf(fault: unknown): string {
  const { cause = fault } = (fault ?? {}) as { cause?: unknown }
  // A host with several addresses fails once for each, in an error that says nothing itself.
  const [first] = cause instanceof AggregateError ? cause.errors : [cause]
  return first instanceof Error ? first.message : String(first)
}
