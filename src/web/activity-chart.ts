import type { SessionRecord } from '../accounts/session.ts'
import { dayOf, startOfDay } from '../accounts/time-zone.ts'

/** Days that the chart covers, today included, and countries that have a colour of their own. */
const [span, most] = [90, 4]
const hours = 3_600_000

/** Sign-ins by day and country, to draw and to list. */
export type Chart = NonNullable<ReturnType<typeof chartOf>>

/**
 * Counts the sign-ins of the last 90 days by day, in the reader's time zone, and by country: the countries that come up most by name (ISO 3166-1
 * alpha-2; an empty one is unknown), the others together. Undefined where there was none.
 */
export function chartOf(records: readonly SessionRecord[], now: number, zone: string | undefined) {
  const days = Array.from({ length: span }, (_, ago) =>
    dayOf(startOfDay(dayOf(now, zone), zone) - ago * 24 * hours + 12 * hours, zone),
  )
  const seen = records
    .map(({ startedAt, country = '' }) => ({ day: dayOf(startedAt, zone), country }))
    .filter(({ day }) => days.includes(day))
  if (seen.length === 0) return undefined
  const often = new Map<string, number>()
  for (const { country } of seen) often.set(country, (often.get(country) ?? 0) + 1)
  const ranked = [...often.keys()].sort((a, b) => (often.get(b) ?? 0) - (often.get(a) ?? 0))
  const countries = ranked.slice(0, most)
  const others = ranked.length > most
  const tally = (day: string) => {
    const on = seen.filter(each => each.day === day)
    const own = countries.map(country => on.filter(each => each.country === country).length)
    return others ? [...own, on.length - own.reduce((sum, each) => sum + each, 0)] : own
  }
  const counted = days.toReversed().map(day => ({ day, at: startOfDay(day, zone), counts: tally(day) }))
  const highest = Math.max(...counted.map(({ counts }) => counts.reduce((sum, each) => sum + each, 0)))
  return { countries, others, of: ranked.length, total: seen.length, highest, days: counted }
}
