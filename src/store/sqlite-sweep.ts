import { setTimeout as wait } from 'node:timers/promises'
import type { Engine } from './sqlite-collection.ts'
import { patiently } from './sqlite-commit.ts'

/** Milliseconds between two rounds, give or take a quarter: processes that share a file do not sweep in step. */
const EVERY = 30_000
/** Milliseconds that a step of a round aims at. */
const AIM = 4
const MOST = 500
/** For each millisecond of sweeping, so many for everybody else. */
const REST = 2

/** Removes what has expired, a few rows at a time, so that nobody waits for it. It keeps no process alive. */
export function sweeper({ db, now, statement }: Omit<Engine, 'committer'>, names: () => string[]): Sweeper {
  const stop = new AbortController()
  let rows = 8

  /** Changes the file without waiting for the disk: what a power cut brings back has expired all the same. */
  const unsynced = <R>(change: () => R): R => {
    db.exec('PRAGMA synchronous = NORMAL')
    try {
      return change()
    } finally {
      db.exec('PRAGMA synchronous = FULL')
    }
  }

  /** Removes some rows of a table; resolves to whether it may hold more. */
  const step = async (name: string): Promise<boolean> => {
    const few = `SELECT rowid FROM "${name}" WHERE expires <= ? LIMIT ?`
    const asked = rows
    let since = 0
    const removed = await patiently(() => {
      since = performance.now()
      return unsynced(() => statement(`DELETE FROM "${name}" WHERE rowid IN (${few})`).run(now(), asked).changes)
    })
    const took = performance.now() - since
    if (took > AIM) rows = Math.max(1, Math.floor(rows / 2))
    else if (took < AIM / 2) rows = Math.min(MOST, rows * 2)
    await wait(took * REST, undefined, { ref: false, signal: stop.signal })
    return Number(removed) === asked
  }

  const round = async (): Promise<void> => {
    for (const name of names()) while (!stop.signal.aborted && (await step(name)));
  }

  const rounds = async (): Promise<void> => {
    for (;;) {
      await wait(EVERY * (0.75 + Math.random() / 2), undefined, { ref: false, signal: stop.signal })
      // A failed round is no fault of anybody's request: the next one tries again.
      await round().catch(() => undefined)
    }
  }
  rounds().catch(() => undefined)

  return { round, stop: () => stop.abort() }
}

export interface Sweeper {
  /** Removes all that has expired by now. */
  round(): Promise<void>
  stop(): void
}
