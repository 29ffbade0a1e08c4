import { randomBytes } from 'node:crypto'
import type { Held } from './oidc.ts'
import type { Draft } from './withdrawals.ts'

/** One browser that is signed in at one app. */
export interface Session {
  /** Milliseconds since the epoch. */
  startedAt: number
  held: Held
  /** The refresh under way: a second one waits for it, because a refresh token is good for one use. */
  refreshing?: Promise<Held> | undefined
  /** A withdrawal that is on its way, at the wallet. */
  draft?: Draft
}

export interface Shelf<T> {
  /** Keeps it under a new random id. */
  add(value: T): string
  get(id: string): T | undefined
  take(id: string): T | undefined
  /** Drops all that match; returns how many. */
  drop(match: (value: T) => boolean): number
}

/** Values in memory under random ids, each for `lifetime` milliseconds; the oldest leave when there are more than `most`. */
export function shelf<T>(lifetime: number, most: number, now: () => number): Shelf<T> {
  const kept = new Map<string, { value: T; until: number }>()
  const live = (id: string) => {
    const found = kept.get(id)
    return found && found.until > now() ? found.value : undefined
  }
  return {
    add(value) {
      const id = randomBytes(32).toString('base64url')
      kept.set(id, { value, until: now() + lifetime })
      for (const [oldest, { until }] of kept) {
        if (kept.size <= most && until > now()) break
        kept.delete(oldest)
      }
      return id
    },
    get: live,
    take(id) {
      const value = live(id)
      kept.delete(id)
      return value
    },
    drop(match) {
      const found = [...kept].filter(([, { value }]) => match(value))
      for (const [id] of found) kept.delete(id)
      return found.length
    },
  }
}
