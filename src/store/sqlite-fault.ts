import { setTimeout as wait } from 'node:timers/promises'
import { Problem } from '../errors.ts'

const SQLITE_BUSY = 5
const SQLITE_CONSTRAINT = 19
/** Milliseconds to stand in line for the file. */
export const PATIENCE = 4_000

/** The engine's own result code, without its details (sqlite.org/rescode.html). */
const code = (fault: unknown): number => ((fault as { errcode?: number }).errcode ?? 0) & 0xff
/** Tells whether it is a failure of the engine, and not of the statement. */
export const isEngines = (fault: unknown): boolean => (fault as { code?: string }).code === 'ERR_SQLITE_ERROR'
const isClosed = (fault: unknown): boolean => (fault as { code?: string }).code === 'ERR_INVALID_STATE'

const isBusy = (fault: unknown): boolean => isEngines(fault) && code(fault) === SQLITE_BUSY
/** Tells whether a statement hit a unique index. It has then changed nothing. */
export const isTaken = (fault: unknown): boolean => isEngines(fault) && code(fault) === SQLITE_CONSTRAINT

/** A failure of the engine as the rest of the program knows it. */
export const unavailable = (cause: unknown): Problem => new Problem('unavailable', { retryAfter: 1, cause })

/** Runs a step that other processes may hold up, and waits for them without blocking. Throws Problem `unavailable` in the end. */
export async function patiently<R>(step: () => R, patience: number = PATIENCE): Promise<R> {
  for (const since = performance.now(); ; ) {
    try {
      return step()
    } catch (fault) {
      if (isBusy(fault) && performance.now() - since < patience) await wait(1 + Math.random() * 9)
      else throw isEngines(fault) || isClosed(fault) ? unavailable(fault) : fault
    }
  }
}
