import { readFileSync } from 'node:fs'
import { IntlMessageFormat } from 'intl-messageformat'
import en from '../../views/locales/en.json' with { type: 'json' }
import type { Agent } from '../accounts/device.ts'
import type { Problem } from '../errors.ts'
import { type Language, languages } from '../languages.ts'
import type { Place } from '../risk/places.ts'

/** The key of every phrase. English is the source; every other language has the same keys, which test/house checks. */
export type PhraseKey = keyof typeof en
export type PhraseValues = Record<string, string | number>

interface Options {
  production?: boolean
  /** Returns what Latchkey calls itself: phrases have it as `{brand}`. */
  brand?: () => string
  /** The languages there are, by their tags. */
  known?: Readonly<Record<string, Language>>
  /** Reads all phrases of a language. */
  read?: (locale: string) => Readonly<Record<string, string>>
}

const readFile = (locale: string): Record<string, string> =>
  JSON.parse(readFileSync(new URL(`../../views/locales/${locale}.json`, import.meta.url), 'utf8'))

/** Says whether there is a phrase of this key. */
export function isPhrase(key: string): key is PhraseKey {
  return Object.hasOwn(en, key)
}

export type Phrases = ReturnType<typeof phrases>

/** Returns all phrases in all languages. A language is read when it is first spoken, so that the others cost no memory; a phrase is compiled when it is first used. */
export function phrases({
  production = false,
  brand = () => 'Latchkey',
  known = languages,
  read = readFile,
}: Options = {}) {
  const all = once(locale => (locale === 'en' ? en : read(locale)))
  const spokenIn = once(locale => {
    const own = all(locale) as Record<string, string>
    return once(key => {
      const source = Object.hasOwn(own, key) ? own[key] : undefined
      if (source === undefined) throw new Error(`No phrase ${key} in ${locale}`)
      // Most say the same each time: nothing is put into them, and nothing is quoted (ICU MessageFormat).
      if (!/[{}']/.test(source)) return source
      // Phrases are plain text: a "<" in one is a "<".
      return new IntlMessageFormat(source, locale, undefined, { ignoreTag: true })
    })
  })

  /** Returns the direction in which a language is written. */
  const direction = (locale: string): Language['direction'] => known[locale]?.direction ?? 'ltr'

  /** Returns the phrase of a key as plain text. A key that is missing throws; in production it is said in English, or shown as it is. */
  function t(locale: string, key: PhraseKey, values?: PhraseValues): string {
    // What is kept of a person may name a language that an earlier version spoke.
    const spoken = Object.hasOwn(known, locale) ? locale : 'en'
    try {
      const phrase = spokenIn(spoken)(key)
      if (typeof phrase === 'string') return phrase
      const given = { brand: brand(), ...values }
      if (direction(spoken) !== 'rtl') return String(phrase.format(given))
      // What one of several wordings is chosen by is not shown.
      const choosing = Object.entries(given).filter(([name]) => chosenBy(phrase.getAst()).includes(name))
      return String(phrase.format({ ...isolated(given), ...Object.fromEntries(choosing) }))
    } catch (error) {
      if (!production) throw error
      return spoken === 'en' ? key : say('en', key, values)
    }
  }

  /** Returns a phrase where the type of its key is not known. */
  const say = (locale: string, key: string, values?: PhraseValues): string => t(locale, key as PhraseKey, values)

  /** Says what happened and what to do next: `problem.<code>`, with its values. */
  function problem(
    locale: string,
    { code, values, retryAfter }: Pick<Problem, 'code' | 'values' | 'retryAfter'>,
  ): string {
    return t(locale, `problem.${code}`, {
      left: 'unknown',
      why: 'other',
      ways: 'some',
      wait: wait(locale, retryAfter),
      ...values,
    })
  }

  function wait(locale: string, seconds: number | undefined): string {
    if (seconds === undefined) return t(locale, 'wait.unknown')
    if (seconds <= 90) return t(locale, 'wait.seconds', { count: Math.max(1, Math.ceil(seconds)) })
    if (seconds <= 5_400) return t(locale, 'wait.minutes', { count: Math.ceil(seconds / 60) })
    return t(locale, 'wait.hours', { count: Math.ceil(seconds / 3_600) })
  }

  return { t, say, problem, direction, languages: known }
}

export type Words = ReturnType<typeof words>

/** Returns what says in words where something came from, and when. */
export function words({ say, places }: { say: Phrases['say']; places: { of(address: string): Place } }) {
  /** Names a device: "Chrome on Windows". */
  const device = (locale: string, { browser, system }: Agent): string => {
    if (browser !== undefined && system !== undefined) return say(locale, 'device.words', { browser, system })
    return browser ?? system ?? say(locale, 'device.unknown')
  }
  /** Names a place as far as it is known: "Vienna, Austria". */
  const place = (locale: string, { country, city }: Pick<Place, 'country' | 'city'>): string => {
    if (country === undefined) return say(locale, 'place.unknown')
    const name = regions(locale).of(country) ?? country
    return city === undefined ? name : say(locale, 'place.words', { city, country: name })
  }
  return {
    device,
    place,
    /** Names the device and the place that a request came from. */
    whence: (locale: string, { address = '', agent }: { address?: string | undefined; agent: Agent }) => ({
      device: device(locale, agent),
      place: place(locale, places.of(address)),
    }),
    /** Writes a time with its zone, for mails: in the reader's own where that is known, else in universal time. */
    moment: (locale: string, at: number, zone?: string): string => moment(locale, at, 'long', zone),
  }
}

const regions = once(locale => new Intl.DisplayNames(locale, { type: 'region', fallback: 'code' }))
const clocks = once(name => {
  const [locale = '', timeZone, timeStyle] = name.split(' ') as [string, string, ('short' | 'long')?]
  return new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : locale, { dateStyle: 'medium', timeStyle, timeZone })
})

/**
 * Writes a time (milliseconds since the epoch) as people read it in a language and a time zone: the date, and how much of the time of day is
 * asked for. The zone must be a known one.
 */
export function moment(locale: string, at: number, time?: 'short' | 'long', zone = 'UTC'): string {
  return clocks(time ? `${locale} ${zone} ${time}` : `${locale} ${zone}`).format(at)
}

/** Keeps the text around a value out of its order: an address or a phone number in Arabic reads from left to right (UAX 9, 2.4: FSI and PDI). */
export function isolated(values: PhraseValues): PhraseValues {
  const each = ([name, value]: [string, string | number]) => [
    name,
    typeof value === 'string' && value !== '' ? `\u2068${value}\u2069` : value,
  ]
  return Object.fromEntries(Object.entries(values).map(each))
}

/** Returns the names of the values by which a phrase chooses its wording (ICU select). */
function chosenBy(parts: ReturnType<IntlMessageFormat['getAst']>): string[] {
  return parts.flatMap(part => {
    if (!('options' in part)) return []
    const inner = Object.values(part.options).flatMap(({ value }) => chosenBy(value))
    return 'offset' in part ? inner : [part.value, ...inner]
  })
}

/** Returns a function that makes one thing for each name on first use: a formatter costs as much as a page. */
function once<T>(make: (name: string) => T): (name: string) => T {
  const made = new Map<string, T>()
  return name => {
    const known = made.get(name)
    if (known !== undefined) return known
    const fresh = make(name)
    made.set(name, fresh)
    return fresh
  }
}
