import type { Account } from './account.ts'

/** Returns every time zone, as the time zone database names them. */
export const zones = (): string[] => [...new Set([...Intl.supportedValuesOf('timeZone'), 'UTC'])]

const known = new Map<string, string | undefined>()

/** Returns a time zone by the name that this runtime lists, also for an older or newer name of it; undefined for what names none. */
export function knownZone(name: string | undefined): string | undefined {
  // Intl takes offsets, too, which follow no daylight saving time.
  if (name === undefined || !/^[A-Za-z][\w+-]*(\/[\w+-]+){0,2}$/.test(name) || name.length > 40) return undefined
  if (!known.has(name)) {
    // Names that are none come from strangers: they are not kept without end.
    if (known.size > 2_000) known.clear()
    known.set(name, resolved(name))
  }
  return known.get(name)
}

function resolved(timeZone: string): string | undefined {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone
  } catch {
    return undefined
  }
}

/** Returns the time zone that a browser's script named in a cookie (views/assets/once.js): it decides nothing but how times are written. */
export function browserZone(ctx: { cookies: { get(name: string): string | undefined } }): string | undefined {
  return knownZone(ctx.cookies.get('latchkey_zone'))
}

/** Returns the time zone in which an account's owner reads times: the one they chose, else the one of the browser they signed up with. */
export function zoneOf({ profile, zone }: Pick<Account, 'profile' | 'zone'>): string | undefined {
  return knownZone(profile?.zone ?? zone)
}

/** Returns the day of a moment (milliseconds since the epoch) in a known time zone, as YYYY-MM-DD. */
export function dayOf(at: number, timeZone = 'UTC'): string {
  return new Date(at + offset(at, timeZone)).toISOString().slice(0, 10)
}

/** Returns when a day (YYYY-MM-DD) begins in a known time zone, in milliseconds since the epoch. */
export function startOfDay(day: string, timeZone = 'UTC'): number {
  const midnight = Date.parse(day)
  // The offset may change in the night before: what is there once it is applied counts.
  const near = midnight - offset(midnight, timeZone)
  return midnight - offset(near, timeZone)
}

/** How far a zone's clocks are ahead of universal time, in milliseconds. */
function offset(at: number, timeZone: string): number {
  if (timeZone === 'UTC') return 0
  const written = clockIn(timeZone).format(at)
  const [, month, day, year, hour, minute, second] = /^(\d+)\/(\d+)\/(\d+), (\d+):(\d+):(\d+)/.exec(written) ?? []
  const there = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second))
  return there - Math.floor(at / 1_000) * 1_000
}

const clocks = new Map<string, Intl.DateTimeFormat>()

function clockIn(timeZone: string): Intl.DateTimeFormat {
  const known = clocks.get(timeZone)
  if (known) return known
  const parts = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const
  const made = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', ...parts, second: '2-digit' })
  clocks.set(timeZone, made)
  return made
}
