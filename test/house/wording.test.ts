import { readFileSync } from 'node:fs'
import { expect } from 'chai'

const root = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')
const glossary = read('docs/glossary.md')
const section = (title: string): string => glossary.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? ''

/** Returns the words that the last column of a table of the glossary forbids; what stands in brackets is an explanation. */
function forbidden(title: string): string[] {
  const rows = section(title)
    .split('\n')
    .filter(line => line.startsWith('|'))
    .slice(2)
  return rows
    .map(row => row.split('|').at(-2) ?? '')
    .flatMap(cell => cell.replaceAll(/\([^)]*\)/g, '').split(','))
    .map(word => word.trim())
    .filter(Boolean)
}

/** Matches a word of the glossary where it stands alone: not within another word, and not after a hyphen ("E-Mail"). */
function matching(word: string): RegExp {
  const open = word.endsWith('*')
  const text = (open ? word.slice(0, -1) : word).replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  // Abbreviations are written in capitals; "it" is not "IT".
  const flags = /^[A-Z0-9]{2,}s?$/.test(text) ? 'u' : 'iu'
  return new RegExp(`(?<![\\p{L}\\d-])${text}${open ? '' : '(?![\\p{L}\\d])'}`, flags)
}

/** The words of a phrase, without the syntax of ICU messages and without the names of its placeholders. */
function words(phrase: string): string {
  return phrase
    .replaceAll(/\{\w+, (plural|select),/g, ' ')
    .replaceAll(/(^|\s)(=?\w+) \{/g, '$1{')
    .replaceAll(/\{\w+\}/g, '…')
}

describe('the wording', () => {
  for (const [title, file] of [
    ['English', 'en'],
    ['German', 'de'],
  ] as const) {
    const phrases = Object.entries(JSON.parse(read(`views/locales/${file}.json`)) as Record<string, string>)

    it(`keeps to the glossary (${title})`, () => {
      const never = forbidden(title)
      expect(never).to.have.length.above(40)
      const faults = never.flatMap(word => {
        const shape = matching(word)
        return phrases
          .filter(([, phrase]) => shape.test(words(phrase)))
          .map(([key, phrase]) => `${key} says “${word}”: ${phrase}`)
      })
      expect(faults, 'docs/glossary.md says what to write instead').to.deep.equal([])
    })

    it(`uses typographic marks, and those of text messages where they are sent (${title})`, () => {
      const faults = phrases.filter(([key, phrase]) => {
        const sms = /\.sms(-towards)?$/.test(key)
        return sms ? /[‘’“”„…]/.test(phrase) : /['"]|\.\.\.|\s{2}/.test(phrase)
      })
      expect(faults).to.deep.equal([])
    })
  }

  it('finds words as people write them, and no other', () => {
    expect('We mail you a link').to.match(matching('mail'))
    expect('Wir senden eine Mail').to.match(matching('Mail'))
    for (const fine of ['We email you', 'E-Mail', 'mailing']) expect(fine).to.not.match(matching('mail'))
    expect('Zwei-Faktor-Anmeldung').to.match(matching('Zwei-Faktor*'))
    expect(words('{left, select, other {Press {app}} one {It is {count, plural, other {#}}}}')).to.match(/Press …/)
  })
})
