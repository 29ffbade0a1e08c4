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
