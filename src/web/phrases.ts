import { IntlMessageFormat } from 'intl-messageformat'
import type { Context } from 'koa'
import de from '../../views/locales/de.json' with { type: 'json' }
import en from '../../views/locales/en.json' with { type: 'json' }
import type { Agent } from '../accounts/agent.ts'
import type { Problem } from '../errors.ts'
import type { Place } from '../risk/places.ts'

/** Every phrase there is. English is the source; German has the same keys, which test/house sees to. */
export type PhraseKey = keyof typeof en
/** The languages of all pages and messages (BCP 47). */
export type Locale = 'en' | 'de'
export type PhraseValues = Record<string, string | number>

/** Every language, by its name in itself. */
export const languages: Readonly<Record<Locale, string>> = { en: 'English', de: 'Deutsch' }

const locales: Record<Locale, Record<string, string>> = { en, de }

/** Is there a phrase of this key? */
export function isPhrase(key: string): key is PhraseKey {
  return Object.hasOwn(en, key)
}

export interface Phrases {
  /** The phrase of this key as plain text. A key that is missing throws, or in production is shown as it is. */
  t(locale: Locale, key: PhraseKey, values?: PhraseValues): string
  /** What happened and what to do next: `problem.<code>`, with its values. */
  problem(locale: Locale, problem: Pick<Problem, 'code' | 'values' | 'retryAfter'>): string
}

/** All phrases in all languages, each compiled once, when it is first used. */
export function phrases({ production = false }: { production?: boolean } = {}): Phrases {
  const compiled = new Map<string, IntlMessageFormat>()

  function format(locale: Locale, key: PhraseKey): IntlMessageFormat {
    const name = `${locale} ${key}`
    const known = compiled.get(name)
    if (known) return known
    const source = Object.hasOwn(locales[locale], key) ? locales[locale][key] : undefined
    if (source === undefined) throw new Error(`No phrase ${key} in ${locale}`)
    // Phrases are plain text: a "<" in one is a "<".
    const made = new IntlMessageFormat(source, locale, undefined, { ignoreTag: true })
    compiled.set(name, made)
    return made
  }

  function t(locale: Locale, key: PhraseKey, values?: PhraseValues): string {
    try {
      return String(format(locale, key).format(values))
    } catch (error) {
      if (production) return key
      throw error
    }
  }

  function problem(
    locale: Locale,
    { code, values, retryAfter }: Pick<Problem, 'code' | 'values' | 'retryAfter'>,
  ): string {
    return t(locale, `problem.${code}`, { left: 'unknown', wait: wait(locale, retryAfter), ...values })
  }

  function wait(locale: Locale, seconds: number | undefined): string {
    if (seconds === undefined) return t(locale, 'wait.unknown')
    if (seconds <= 90) return t(locale, 'wait.seconds', { count: Math.max(1, Math.ceil(seconds)) })
    if (seconds <= 5_400) return t(locale, 'wait.minutes', { count: Math.ceil(seconds / 60) })
    return t(locale, 'wait.hours', { count: Math.ceil(seconds / 3_600) })
  }

  return { t, problem }
}

/** Returns the language of ours that a browser prefers (Accept-Language; RFC 9110, 12.5.4); English when it names none. */
export function preferredLocale(ctx: Pick<Context, 'acceptsLanguages'>): Locale {
  return (ctx.acceptsLanguages(Object.keys(locales)) || 'en') as Locale
}

/** Returns the first language of ours in `ui_locales` (OpenID Connect Core, 3.1.2.1: tags separated by spaces, best first); English when none is. */
export function requestedLocale(tags: string): Locale {
  const languages = tags.split(' ').map(tag => tag.split('-', 1).join('').toLowerCase())
  return (languages.find(each => Object.hasOwn(locales, each)) ?? 'en') as Locale
}

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
