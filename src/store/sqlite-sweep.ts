import type { Engine } from './sqlite-collection.ts'

/** Milliseconds between two rounds, give or take a quarter: processes that share a file do not sweep in step. */
const EVERY = 30_000
/** Milliseconds that one step of a round aims at. */
const AIM = 4
const MOST = 500

/** Removes what has expired, a few rows at a time, so that nobody waits for it. It keeps no process alive. */
export function sweeper(
  { committer, now, statement }: Engine,
  names: () => string[],
): { stop(): void; round(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined
  let rows = 20
  let stopped = false

  const step = (name: string): number => {
    const since = performance.now()
    const few = `SELECT rowid FROM "${name}" WHERE expires <= ? LIMIT ?`
    const asked = rows
    const { changes } = statement(`DELETE FROM "${name}" WHERE rowid IN (${few})`).run(now(), asked)
    const took = performance.now() - since
    if (took > AIM) rows = Math.max(1, Math.floor(rows / 2))
    else if (took < AIM / 2) rows = Math.min(MOST, rows * 2)
    return Number(changes) < asked ? 0 : Number(changes)
  }

  const round = async (): Promise<void> => {
    for (const name of names()) while (!stopped && (await committer.write(() => step(name))) > 0);
  }

  const next = (): void => {
    timer = setTimeout(
      // A failed round is no fault of anybody's request: the next one tries again.
      () =>
        round()
          .catch(() => undefined)
          .finally(() => stopped || next()),
      EVERY * (0.75 + Math.random() / 2),
    ).unref()
  }
  next()

  return {
    round,
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
