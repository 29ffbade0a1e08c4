import { Problem } from '../errors.ts'
import type { Collection, Doc, Store } from './collection.ts'
import { timed } from './timed.ts'

/** How many outages are remembered. */
const most = 1_000
/** Milliseconds without a beat after which the process stood still, and was not only busy. */
const still = 5_000
/** Milliseconds before its start of which a process knows nothing: in them the one before it was ended, and this one was started. */
const starting = 120_000
const reads = new Set<keyof Collection<Doc>>(['get', 'find'])

interface Outage {
  from: number
  to: number
}

/**
 * Watches for the times in which this process could not use a store: from the start of a call that found it unavailable until one succeeds, and
 * until a write does where a write had failed, because a full disk and a standby that is not promoted yet answer reads; and those in which the process itself
 * stood still, or had not been started. `now` is in milliseconds since the epoch; `monotonic` in milliseconds that no clock that is set changes.
 */
export function outages(inner: Store, now: () => number, monotonic = () => performance.now()) {
  const over: Outage[] = [{ from: now() - starting, to: now() }]
  let open: { from: number; writes: boolean } | undefined
  let beaten = monotonic()
  const ended = () => over.at(-1)?.to ?? Number.NEGATIVE_INFINITY
  const end = (from: number): void => {
    over.push({ from: Math.max(from, ended()), to: now() })
    if (over.length > most) over.shift()
  }
  const store = timed(inner, (verb, took, fault) => {
    const write = !reads.has(verb)
    if (fault instanceof Problem && fault.code === 'unavailable')
      open = {
        from: Math.min(open?.from ?? Number.POSITIVE_INFINITY, now() - took),
        writes: write || open?.writes === true,
      }
    else if (open && fault === undefined && (write || !open.writes)) {
      end(open.from)
      open = undefined
    }
  })
  /** To be called every second. */
  const beat = async (): Promise<void> => {
    const since = monotonic() - beaten
    beaten += since
    if (since > still) end(now() - since)
  }
  return {
    store,
    beat,
    /** Returns the milliseconds since a moment in which the store could be used, as far as this process knows. */
    servedSince: (at: number): number => {
      // The first request may come before the beat that is due.
      void beat()
      const until = now()
      const all = open ? [...over, { from: Math.max(open.from, ended()), to: until }] : over
      const away = all.map(({ from, to }) => Math.max(0, to - Math.max(from, at)))
      return Math.max(0, until - at - away.reduce((sum, each) => sum + each, 0))
    },
  }
}
