import { z } from 'zod'
import type { Emit } from '../events.ts'
import { declare, type Store } from '../store/collection.ts'

/** How far the clocks of two machines may be apart, in milliseconds. */
const skew = 5_000

/**
 * Tells whether something happened within the last so many milliseconds. A time that lies ahead is not recent: the clock was set
 * back since, and what was proved before must not count as fresh until the clock has caught up.
 */
export function recent(at: number, within: number, now: number): boolean {
  return at - now <= skew && now - at < within
}

/** Tells whether something that was granted for so many milliseconds until `until` still holds; not where the clock was set back since. */
export function stillGranted(until: number, within: number, now: number): boolean {
  return recent(until - within, within, now)
}

const shape = z.object({
  id: z.string(),
  /** The time that was read last. */
  at: z.number(),
  /** Since when no reading was far from the one before. */
  since: z.number(),
  /** By how much a reading was before the last one, in milliseconds, and when: two machines' clocks are apart, or one was set back. */
  apart: z.object({ by: z.number(), at: z.number() }).optional(),
})

export const clockDeclaration = declare({ name: 'clock', shape })

/** The longest time between two readings that may be nothing but a restart, in milliseconds. */
const pause = 2 * 3_600_000
/** How far the clocks of two machines may be apart before that counts as a jump, in milliseconds. */
const apart = 60_000
/** How long the clock has to run on before it is believed again, in milliseconds. */
const settling = 24 * 3_600_000

interface Surroundings {
  store: Store
  emit: Emit
  /** Milliseconds since the epoch. */
  now: () => number
}

/**
 * Reads the clock, and resolves to whether it may be believed for what cannot be undone: whether it has run without a jump for
 * a day. Call it every minute. After a jump, or a time in which nothing ran, what is due waits for a day, so that a clock
 * that is wrong by a week erases nothing before somebody has set it right.
 */
export function steadyClock({ store, emit, now }: Surroundings): () => Promise<boolean> {
  const readings = store.collection(clockDeclaration)
  return async () => {
    const at = now()
    const last = await readings.get('clock')
    const jumped = last !== undefined && (at - last.at > pause || last.at - at > apart)
    const since = last === undefined || jumped ? at : last.since
    const behind = last === undefined ? 0 : last.at - at
    const found = behind > apart ? { by: behind, at } : last?.apart
    await readings.put({ id: 'clock', at, since, ...(found && { apart: found }) })
    // Once for each jump: machines that disagree would go on for ever, each steady for as long as they are apart.
    if (jumped && last.at - last.since > 2 * pause) await emit('clock.jumped', { from: last.at, to: at })
    return at - since >= settling
  }
}

/** How long clocks that were found apart are told of, in milliseconds. */
const lately = 15 * 60_000

/**
 * Looks whether this machine's clock is that of the machines that run: resolves to how many milliseconds theirs are ahead, or apart from
 * one another, where that is more than a minute.
 */
export async function disagreement(store: Store, now: number): Promise<{ ahead?: number; apart?: number }> {
  const reading = await store.collection(clockDeclaration).get('clock')
  if (!reading) return {}
  const ahead = reading.at - now
  if (ahead > apart) return { ahead }
  return reading.apart && now - reading.apart.at < lately ? { apart: reading.apart.by } : {}
}
