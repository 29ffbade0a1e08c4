import { Problem } from '../errors.ts'
import type { Collection, Doc, Store } from './collection.ts'
import { type Heard, timed } from './timed.ts'

/** How many outages are remembered. */
const most = 1_000
/** For how many milliseconds calls must fail, with none that succeeds, for that to be an outage: after less, somebody who tries again comes through. */
const brief = 1_000
/** Milliseconds without a beat after which the process stood still, and was not only busy. */
const still = 5_000
/** Milliseconds before its start of which a process knows nothing: in them the one before it was ended, and this one was started. */
const starting = 120_000
const reads = new Set<keyof Collection<Doc>>(['get', 'find'])

interface Outage {
  from: number
  to: number
}

interface Beside {
  monotonic?: () => number
  also?: Heard
}

/**
 * Watches for the times in which this process could not use a store: from the start of a call that found it unavailable, or the last that succeeded
 * since then, until one succeeds, and until a write does where a write had failed, because a full disk and a standby that is not promoted yet answer
 * reads; and those in which the process itself stood still, or had not been started. `now` is in milliseconds since the epoch; `monotonic` in
 * milliseconds that no clock that is set changes. `also` hears of each call, too.
 */
export function outages(inner: Store, now: () => number, { monotonic = () => performance.now(), also }: Beside = {}) {
  const over: Outage[] = [{ from: now() - starting, to: now() }]
  let open: { from: number; writes: boolean } | undefined
  let beaten = monotonic()
  const ended = () => over.at(-1)?.to ?? Number.NEGATIVE_INFINITY
  const cut = (from: number): Outage => ({ from: Math.max(from, ended()), to: now() })
  const end = (from: number): void => {
    const outage = cut(from)
    if (outage.to - outage.from < brief) return
    over.push(outage)
    if (over.length > most) over.shift()
  }
  /** When a call, and when a write, last succeeded, by the clock that nobody sets. */
  let called = Number.NEGATIVE_INFINITY
  let wrote = Number.NEGATIVE_INFINITY
  const heard: Heard = (verb, took, fault) => {
    also?.(verb, took, fault)
    const write = !reads.has(verb)
    if (fault instanceof Problem && fault.code === 'unavailable') {
      // A call may wait for long and fail while others come through, as when connections run out under a flood.
      const away = Math.min(took, monotonic() - (write ? wrote : called))
      open = {
        from: Math.min(open?.from ?? Number.POSITIVE_INFINITY, now() - away),
        writes: write || open?.writes === true,
      }
    } else if (fault === undefined) {
      called = monotonic()
      if (write) wrote = called
      if (!open || (open.writes && !write)) return
      end(open.from)
      open = undefined
    }
  }
  const store = timed(inner, heard, monotonic)
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
      const all = open ? [...over, cut(open.from)] : over
      const away = all.map(({ from, to }) => Math.max(0, to - Math.max(from, at)))
      return Math.max(0, until - at - away.reduce((sum, each) => sum + each, 0))
    },
  }
}
