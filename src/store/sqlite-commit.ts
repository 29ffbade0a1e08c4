import type { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import { Problem } from '../errors.ts'

const SQLITE_BUSY = 5
const SQLITE_CONSTRAINT = 19
/** How long to stand in line for the file, in milliseconds. */
const PATIENCE = 4_000
/** How long one transaction may hold up the event loop, in milliseconds. */
const TURN = 10

/** The engine's own result code, without its details (sqlite.org/rescode.html). */
const code = (fault: unknown): number => ((fault as { errcode?: number }).errcode ?? 0) & 0xff
const isEngines = (fault: unknown): boolean => (fault as { code?: string }).code === 'ERR_SQLITE_ERROR'

/** Is another process in the way? */
const isBusy = (fault: unknown): boolean => isEngines(fault) && code(fault) === SQLITE_BUSY
/** Did a statement hit a unique index? It has then changed nothing. */
export const isTaken = (fault: unknown): boolean => isEngines(fault) && code(fault) === SQLITE_CONSTRAINT

/** A failure of the engine as the rest of the house knows it. */
export const unavailable = (cause: unknown): Problem => new Problem('unavailable', { retryAfter: 1, cause })

/** Runs a step that other processes may hold up, and waits for them without blocking; throws Problem `unavailable` in the end. */
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

const isClosed = (fault: unknown): boolean => (fault as { code?: string }).code === 'ERR_INVALID_STATE'

interface Queued {
  work(): unknown
  resolve(result: unknown): void
  reject(fault: unknown): void
}

export interface Committer {
  /** Queues a step for this turn's transaction; settles once that is on disk. What the step throws of its own harms no other step. */
  write<R>(work: () => R): Promise<R>
  /** Commits what is queued, and refuses what comes later. */
  finish(): Promise<void>
}

/** Writes of one turn of the event loop share one transaction, so that durability costs one flush of the disk for all of them. */
export function committer(db: DatabaseSync, begun: () => void): Committer {
  const begin = db.prepare('BEGIN IMMEDIATE')
  const commit = db.prepare('COMMIT')
  let queue: Queued[] = []
  let flushing: Promise<void> | undefined
  let finished = false

  const flush = async (): Promise<void> => {
    try {
      await patiently(() => begin.run())
    } catch (fault) {
      for (const each of queue.splice(0)) each.reject(fault)
      return
    }
    const batch = queue
    queue = []
    const settle = transact(batch)
    for (const each of settle) each()
  }

  const transact = (batch: Queued[]): (() => void)[] => {
    const settle: (() => void)[] = []
    try {
      begun()
      const since = performance.now()
      for (const [index, each] of batch.entries()) {
        if (performance.now() - since > TURN) {
          queue = [...batch.splice(index), ...queue]
          break
        }
        settle.push(attempt(each))
      }
      commit.run()
      return settle
    } catch (fault) {
      if (db.isTransaction) db.exec('ROLLBACK')
      return batch.map(each => () => each.reject(unavailable(fault)))
    }
  }

  const attempt = ({ work, resolve, reject }: Queued): (() => void) => {
    try {
      const result = work()
      return () => resolve(result)
    } catch (fault) {
      if (isEngines(fault)) throw fault
      return () => reject(fault)
    }
  }

  const turns = async (): Promise<void> => {
    while (queue.length > 0) {
      await new Promise(resolve => setImmediate(resolve))
      await flush()
    }
    flushing = undefined
  }

  return {
    write: <R>(work: () => R) =>
      new Promise<R>((resolve, reject) => {
        if (finished) return reject(unavailable(new Error('the store is closed')))
        queue.push({ work, resolve: resolve as Queued['resolve'], reject })
        flushing ??= turns()
      }),
    async finish() {
      finished = true
      await flushing
    },
  }
}
