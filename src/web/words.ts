import type { Agent } from '../accounts/agent.ts'
import type { Place } from '../risk/places.ts'

/** A phrase by its key, in a language (BCP 47). */
export type Say = (locale: string, key: string, values?: Record<string, string | number>) => string

/** Puts into words where something came from, and when. */
export interface Words {
  /** "Chrome on Windows". */
  device(locale: string, agent: Agent): string
  /** "Vienna, Austria", as far as it is known. */
  place(locale: string, place: Pick<Place, 'country' | 'city'>): string
  /** Both, of a request. */
  whence(locale: string, from: { address?: string | undefined; agent: Agent }): { device: string; place: string }
  /** Date and time with its zone, of milliseconds since the epoch: for where nobody can say it in the reader's own. */
  moment(locale: string, at: number): string
}

/** Makes what puts requests into words. */
export function words({ say, places }: { say: Say; places: { of(address: string): Place } }): Words {
  const device: Words['device'] = (locale, { browser, system }) => {
    if (browser !== undefined && system !== undefined) return say(locale, 'device.words', { browser, system })
    return browser ?? system ?? say(locale, 'device.unknown')
  }
  const place: Words['place'] = (locale, { country, city }) => {
    if (country === undefined) return say(locale, 'place.unknown')
    const name = regions(locale).of(country) ?? country
    return city === undefined ? name : say(locale, 'place.words', { city, country: name })
  }
  return {
    device,
    place,
    whence: (locale, { address = '', agent }) => ({
      device: device(locale, agent),
      place: place(locale, places.of(address)),
    }),
    moment: (locale, at) => clock(locale).format(at),
  }
}

const regions = once(locale => new Intl.DisplayNames(locale, { type: 'region', fallback: 'code' }))
const clock = once(
  locale =>
    new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : locale, {
      dateStyle: 'medium',
      timeStyle: 'long',
      timeZone: 'UTC',
    }),
)

/** Makes one of each language, when it is first wanted: making one costs as much as a page. */
function once<T>(make: (locale: string) => T): (locale: string) => T {
  const made = new Map<string, T>()
  return locale => {
    const known = made.get(locale)
    if (known !== undefined) return known
    const fresh = make(locale)
    made.set(locale, fresh)
    return fresh
  }
}
