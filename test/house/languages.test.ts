import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { IntlMessageFormat } from 'intl-messageformat'
import { languages } from '../../src/languages.ts'

/** What is the same in every language: names, and words that are the product's own. */
const names = [
  'Latchkey',
  'Trading',
  'Staking',
  'Wallet',
  'Card',
  'App',
  'Euro',
  'Passkey',
  'SMS',
  'PIN',
  'JSON',
  'CSV',
  'DPoP',
  ...['Webhook', 'Webhooks'],
]
/** Words that a language has from the same source as English, or writes alike. */
const alike: Record<string, readonly string[]> = {
  de: ['Name', 'Website', 'Apps', 'Parameter', 'Memo', 'in {time}', 'Browser', 'System', 'Version', 'Status', 'Secret'],
  fr: [
    'Documents',
    'Document {at}',
    'Actions',
    'Service',
    'Protection',
    'Secret',
    '{count, plural, one {# minute} other {# minutes}}',
    'Pages',
    'Type',
    'Sessions',
    'Invitations',
  ],
  es: ['Error: {title}', 'Roles'],
  it: ['Password', 'password', 'passkey', 'Account'],
  'pt-BR': ['Apps', 'Status', 'Memo'],
  tr: ['Transfer'],
}

/** Every folder of phrases: our own, and those of the example apps. */
const folders = ['views/locales', 'examples/suite/locales']
  .map(folder => new URL(`../../${folder}/`, import.meta.url))
  .filter(folder => readdirSync(new URL('../', folder)).includes('locales'))

type Element = ReturnType<IntlMessageFormat['getAst']>[number]

/** Every value that a phrase takes, as `name` or, where its text depends on it, `name:plural` or `name:select:one,two`. */
function values(elements: readonly Element[]): string[] {
  return elements.flatMap(element => {
    if (!('value' in element) || element.type === 0) return []
    if (!('options' in element)) return [element.value]
    const inner = Object.values(element.options).flatMap(option => values(option.value))
    // TYPE.select is 5, and TYPE.plural 6.
    const kind = element.type === 5 ? `select:${Object.keys(element.options).sort().join(',')}` : 'plural'
    return [element.value, `${element.value}:${kind}`, ...inner]
  })
}

/** Every plural of a phrase: the value, and the cases that it tells apart. */
function plurals(elements: readonly Element[]): { value: string; options: string[] }[] {
  return elements.flatMap(element => {
    if (!('options' in element)) return []
    const inner = Object.values(element.options).flatMap(option => plurals(option.value))
    return element.type === 6 ? [{ value: element.value, options: Object.keys(element.options) }, ...inner] : inner
  })
}

/** The whole numbers that phrases are about. */
const counts = Array.from({ length: 200 }, (_, count) => count)
const parse = (phrase: string, locale: string) =>
  new IntlMessageFormat(phrase, locale, undefined, { ignoreTag: true }).getAst()

/** The categories that a language tells apart among these numbers and that a plural leaves out. */
function leftOut(locale: string, options: readonly string[]): string[] {
  const rules = new Intl.PluralRules(locale)
  const unsaid = counts.filter(count => !options.includes(`=${count}`)).map(count => rules.select(count))
  return [...new Set([...unsaid, 'other'])].filter(category => !options.includes(category))
}

/** What is wrong with the phrases of a language, compared with the English ones. */
function faults(locale: string, phrases: Record<string, string>, english: Record<string, string>): string[] {
  const found: string[] = []
  for (const key of Object.keys(phrases)) if (!Object.hasOwn(english, key)) found.push(`${key}: is surplus`)
  const one = new Intl.PluralRules(locale).resolvedOptions().pluralCategories.length === 1
  for (const [key, source] of Object.entries(english)) {
    const phrase = phrases[key]
    if (typeof phrase !== 'string') {
      found.push(`${key}: is missing`)
      continue
    }
    if (phrase.trim() !== phrase || phrase === '') found.push(`${key}: is empty, or has space around it`)
    let mine: ReturnType<typeof parse>
    try {
      mine = parse(phrase, locale)
    } catch (fault) {
      found.push(`${key}: cannot be read (${(fault as Error).message})`)
      continue
    }
    const [takes, wanted] = [mine, parse(source, 'en')].map(ast => new Set(values(ast))) as [Set<string>, Set<string>]
    // A language that knows no plural need not write one, and one that has no other case may make do with the number.
    const optional = (value: string) => value.endsWith(':plural') && one
    for (const value of wanted.difference(takes)) if (!optional(value)) found.push(`${key}: lacks {${value}}`)
    for (const value of takes.difference(wanted)) found.push(`${key}: has {${value}}, which English has not`)
    const single = new Set(plurals(parse(source, 'en')).flatMap(each => (each.options.length > 1 ? [] : each.value)))
    // What has one case in English is about a number that is always large.
    for (const { value, options } of plurals(mine))
      for (const category of single.has(value) ? [] : leftOut(locale, options))
        found.push(`${key}: {${value}} lacks the case ${category}`)
    const words = source.replace(/\{[^{}]*\}/g, '').match(/\p{L}{2,}/gu) ?? []
    const ours = words.every(word => names.includes(word)) || alike[locale]?.includes(source)
    if (locale !== 'en' && phrase === source && !ours) found.push(`${key}: is not translated (${source})`)
  }
  return found
}

describe('languages', () => {
  for (const folder of folders) {
    const read = (locale: string): Record<string, string> =>
      JSON.parse(readFileSync(new URL(`${locale}.json`, folder), 'utf8'))
    const place = folder.pathname.split('/').slice(-4, -1).join('/')
    for (const locale of Object.keys(languages))
      it(`has every phrase in ${locale}, with the values of the English one (${place})`, () =>
        expect(faults(locale, read(locale), read('en'))).to.deep.equal([]))

    it(`has no file of a language that is not listed (${place})`, () =>
      expect(readdirSync(folder)).to.have.members(Object.keys(languages).map(each => `${each}.json`)))
  }
})

describe('the rules for languages', () => {
  const english = { a: 'Hello {name}', b: '{count, plural, one {# key} other {# keys}}', c: 'Latchkey', d: 'Plain' }
  const german = {
    a: 'Hallo {name}',
    b: '{count, plural, one {# Schlüssel} other {# Schlüssel}}',
    c: 'Latchkey',
    d: 'Schlicht',
  }
  const told = (locale: string, changed: object) =>
    faults(locale, { ...german, ...changed } as Record<string, string>, english)

  it('let through what is right', () => {
    expect(told('de', {})).to.deep.equal([])
    expect(told('ja', { b: '{count} 個' })).to.deep.equal([])
    const cases = ['zero', 'one', 'two', 'few', 'many', 'other'].map(each => `${each} {#}`).join(' ')
    expect(told('ar', { b: `{count, plural, ${cases}}` })).to.deep.equal([])
    expect(told('de', { b: '{count, plural, =1 {ein} other {#}}' })).to.deep.equal([])
  })

  const wrong: [fault: string, locale: string, changed: object][] = [
    ['d: is missing', 'de', { d: undefined }],
    ['e: is surplus', 'de', { e: 'Zu viel' }],
    ['d: is empty', 'de', { d: '' }],
    ['d: is empty, or has space', 'de', { d: ' Schlicht' }],
    ['a: cannot be read', 'de', { a: 'Hallo {name' }],
    ['a: lacks {name}', 'de', { a: 'Hallo' }],
    ['a: has {nam}', 'de', { a: 'Hallo {name} {nam}' }],
    ['b: lacks {count:plural}', 'de', { b: '{count} Schlüssel' }],
    ['b: {count} lacks the case few', 'ar', { b: '{count, plural, zero {#} one {#} two {#} many {#} other {#}}' }],
    ['b: {count} lacks the case one', 'fr', { b: '{count, plural, =1 {#} other {#}}' }],
    ['d: is not translated', 'de', { d: 'Plain' }],
    ['a: is not translated', 'de', { a: 'Hello {name}' }],
  ]
  for (const [fault, locale, changed] of wrong)
    it(`catch “${fault}” (${locale})`, () => expect(told(locale, changed).join('\n')).to.include(fault))
})
