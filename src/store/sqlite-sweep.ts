import { setTimeout as wait } from 'node:timers/promises'
import type { Writer } from './sqlite-writer.ts'

/** Milliseconds between two rounds, give or take a quarter: processes that share a file do not sweep in step. */
const EVERY = 30_000
/** Milliseconds that a step of a round aims at. */
const AIM = 4
const MOST = 500
/** For each millisecond of sweeping, so many for everybody else. */
const REST = 2

/** Removes what has expired, a few rows at a time, so that nobody waits for it. It keeps no process alive. */
export function sweeper(writer: Pick<Writer, 'write'>, now: () => number, names: () => string[]) {
  const stop = new AbortController()
  let rows = 8

  /** Removes some rows of a table; resolves to whether it may hold more. */
  const step = async (table: string): Promise<boolean> => {
    const asked = rows
    const since = performance.now()
    const outcome = await writer.write({ verb: 'sweep', table, now: now(), rows: asked })
    const took = performance.now() - since
    if (took > AIM) rows = Math.max(1, Math.floor(rows / 2))
    else if (took < AIM / 2) rows = Math.min(MOST, rows * 2)
    await wait(took * REST, undefined, { ref: false, signal: stop.signal })
    return outcome.is === 'done' && outcome.value === asked
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

  return {
    /** Removes all that has expired by now. */
    round,
    stop: () => stop.abort(),
  }
}
