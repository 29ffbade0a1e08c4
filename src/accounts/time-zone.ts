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
