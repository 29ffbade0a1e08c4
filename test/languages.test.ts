import { readdirSync } from 'node:fs'
import { expect } from 'chai'
import { type Language, languages, lookup } from '../src/languages.ts'

const language = (direction: Language['direction'] = 'ltr'): Language => ({ name: 'x', direction })
const eleven = {
  ...{ en: language(), de: language(), fr: language(), es: language(), it: language(), 'pt-BR': language() },
  ...{ tr: language(), ja: language(), ko: language(), 'zh-Hans': language(), ar: language('rtl') },
}

describe('languages', () => {
  it('are those that have a file of phrases, named in themselves', () => {
    const files = readdirSync(new URL('../views/locales', import.meta.url)).map(file => file.replace('.json', ''))
    expect(Object.keys(languages)).to.have.members(files)
    for (const [tag, { name }] of Object.entries(languages)) {
      const known = new Intl.DisplayNames(tag, { type: 'language' }).of(tag) ?? ''
      expect(name.toLocaleLowerCase(tag)).to.equal(known.toLocaleLowerCase(tag))
    }
  })

  it('have tags as BCP 47 writes them, and the direction of their script', () => {
    const rightToLeft = ['Arab', 'Hebr', 'Thaa', 'Syrc', 'Nkoo', 'Adlm']
    for (const [tag, { direction }] of Object.entries(languages)) {
      expect(Intl.getCanonicalLocales(tag)).to.deep.equal([tag])
      const { script = '' } = new Intl.Locale(tag).maximize()
      expect(direction, tag).to.equal(rightToLeft.includes(script) ? 'rtl' : 'ltr')
    }
  })

  const found: [wanted: string, tag: string | undefined][] = [
    ['de-AT', 'de'],
    ['DE', 'de'],
    ['fr de', 'fr'],
    ['nl de', 'de'],
    ['pt', 'pt-BR'],
    ['pt-PT', 'pt-BR'],
    ['pt-br', 'pt-BR'],
    ['es-MX', 'es'],
    ['zh', 'zh-Hans'],
    ['zh-CN', 'zh-Hans'],
    ['zh-SG', 'zh-Hans'],
    ['zh-Hans-HK', 'zh-Hans'],
    ['zh-TW', undefined],
    ['zh-HK', undefined],
    ['zh-Hant', undefined],
    ['zh-TW ja', 'ja'],
    ['ar-EG', 'ar'],
    ['nl', undefined],
    ['*', undefined],
    ['', undefined],
    ['constructor', undefined],
    ['__proto__', undefined],
    ['not_a_tag! de', 'de'],
    [`${'nl '.repeat(40)}de`, undefined],
  ]
  for (const [wanted, tag] of found)
    it(`finds ${tag ?? 'none'} for ${JSON.stringify(wanted.slice(0, 20))}`, () =>
      expect(lookup(wanted.split(' '), eleven)).to.equal(tag))

  it('finds traditional Chinese where it is listed', () => {
    expect(lookup(['zh-TW'], { ...eleven, 'zh-Hant': language() })).to.equal('zh-Hant')
  })
})
