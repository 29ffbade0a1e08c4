import { readFileSync } from 'node:fs'
import { IntlMessageFormat } from 'intl-messageformat'
import type { Context } from 'koa'
import { type Locale, languages, lookup } from '../../src/languages.ts'
import { isolated } from '../../src/web/phrases.ts'
import en from './locales/en.json' with { type: 'json' }

/** The key of every phrase; English is the source. */
export type PhraseKey = keyof typeof en
export type Speech = ReturnType<typeof speech>

/** Says whether there is a phrase of this key. */
export function isPhrase(key: string): key is PhraseKey {
  return Object.hasOwn(en, key)
}

const spoken = new Map<Locale, Speech>()

/** Returns what speaks a language, which is read when it is first spoken. */
export function speak(locale: Locale): Speech {
  const known = spoken.get(locale) ?? speech(locale)
  spoken.set(locale, known)
  return known
}

/** Returns what speaks to who sent a request: the person's own language where Latchkey names it (`locale`), else what the browser prefers. */
export function speakTo(context: Context, own?: unknown): Speech {
  const wanted = typeof own === 'string' ? [own, ...context.acceptsLanguages()] : context.acceptsLanguages()
  return speak(lookup(wanted) ?? 'en')
}

function speech(locale: Locale) {
  const file = new URL(`./locales/${locale}.json`, import.meta.url)
  const phrases: Record<string, string> = locale === 'en' ? en : JSON.parse(readFileSync(file, 'utf8'))
  // Dates and lists as in Britain; the apps' figures are in euros.
  const region = locale === 'en' ? 'en-GB' : locale
  const moments = new Intl.DateTimeFormat(region, { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' })
  const days = new Intl.DateTimeFormat(region, { day: 'numeric', month: 'long', timeZone: 'UTC' })
  const lists = new Intl.ListFormat(region)
  const digits = (count: number) => ({ minimumFractionDigits: count, maximumFractionDigits: count })
  return {
    locale,
    direction: languages[locale].direction,
    t: (key: PhraseKey, values: Record<string, string | number> = {}): string =>
      String(
        new IntlMessageFormat(phrases[key] ?? en[key], locale, undefined, { ignoreTag: true }).format(
          languages[locale].direction === ('rtl' as string) ? isolated(values) : values,
        ),
      ),
    number: (value: number, fraction: number): string => new Intl.NumberFormat(region, digits(fraction)).format(value),
    percent: (value: number): string =>
      new Intl.NumberFormat(region, { style: 'percent', maximumFractionDigits: 1 }).format(value),
    money: (value: number, fraction = 2): string =>
      new Intl.NumberFormat(region, { style: 'currency', currency: 'EUR', ...digits(fraction) }).format(value),
    moment: (at: number): string => `${moments.format(at)} UTC`,
    day: (at: number): string => days.format(at),
    list: (items: Iterable<string>): string => lists.format(items),
  }
}
