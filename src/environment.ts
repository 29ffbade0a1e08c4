/** What a process is started with: names and texts. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The environment of this process, which no other file reads. config.ts says what it means. */
export const environment: Environment = process.env

/**
 * Returns how many processes serve, and 1 where the setting cannot be read: config.ts then says why. It is read here without zod, because
 * the process that only keeps workers serving has to stay small.
 */
export function workersWanted({ LATCHKEY_WORKERS: typed = '' }: Environment = environment): number {
  const count = /^\d{1,9}$/.test(typed) ? Number(typed) : 1
  return count >= 1 && count <= mostWorkers ? count : 1
}

/** As many processes as may serve. */
export const mostWorkers = 64

/** Says whether `npm run serve` started this process. */
export const startedByNpm = (): boolean => environment.npm_lifecycle_event === 'serve'
