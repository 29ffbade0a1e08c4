import { expect } from 'chai'
import { plainBrand } from '../../src/brand/brand.ts'
import { composer } from '../../src/delivery/compose.ts'
import type { MailName } from '../../src/delivery/mails.ts'
import { languages } from '../../src/languages.ts'
import { phrases } from '../../src/web/phrases.ts'
import en from '../../views/locales/en.json' with { type: 'json' }
import { told } from '../support/gallery-mails.ts'

const { mail, text: textOf } = composer({
  phrases: phrases(),
  issuer: 'https://id.example.com:8443',
  brand: () => plainBrand,
})
const names = Object.keys(told) as MailName[]
const sms = (values: { locale: string; code: string; minutes: number; towards: string | undefined }) =>
  textOf('code', values, 'code')
const ada = { to: 'ada@example.com', locale: 'en' }
const all = (changes: object = {}) =>
  names.flatMap(name =>
    Object.keys(languages).map(locale => ({
      name,
      locale,
      ...mail(name, { ...ada, locale, ...told[name], ...changes }),
    })),
  )

// What a person reads of the HTML: tags, styles and the hidden preview taken out, entities put back.
function seen(html: string): string {
  return html
    .replace(/<head>.*<\/head>/s, '')
    .replace(/<div aria-hidden.*?<\/div>/s, '')
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&ensp;', ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&#34;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
}
const words = (text: string) =>
  text
    .replace(/482 +913/, '482913')
    .split(/\s+/)
    .filter(word => word !== '' && word !== '--')

describe('composer', () => {
  it('says the same in HTML and in text, in every mail and language', () => {
    for (const { name, locale, html, text } of all({ antiPhishingPhrase: 'blue heron' }))
      expect(words(seen(html)), `${name} ${locale}`).to.deep.equal(words(text))
  })

  it('names what an API key may do in the words of its page', () => {
    const created = (locale: 'en' | 'de') =>
      mail('key-created', { to: 'ada@example.com', locale, ...told['key-created'] })
    expect(created('en').text).to.contain('Permissions: Read, Transfer.')
    expect(created('de').text).to.contain('Berechtigungen: Lesen, Überweisen.')
  })

  it('speaks the language that it is asked for', () => {
    expect(mail('taken', ada).subject).to.equal('You already have a Latchkey account')
    const german = mail('taken', { ...ada, locale: 'de' })
    expect(german.subject).to.equal('Sie haben schon ein Latchkey-Konto')
    expect(german.html).to.include('<html lang="de" dir="ltr">')
    expect(german.text).to.not.include('account')
  })

  it('is written from right to left where the language is, but for codes and addresses', () => {
    const known = { ...languages, he: { name: 'עברית', direction: 'rtl' } } as const
    const hebrew = composer({
      phrases: phrases({ known, read: () => en }),
      issuer: 'https://id.example.com',
      brand: () => plainBrand,
    })
    const { html } = hebrew.mail('open', { ...ada, ...told.open, locale: 'he', antiPhishingPhrase: 'blue heron' })
    expect(html).to.include('<html lang="he" dir="rtl">').and.to.include('text-align:right" dir="rtl"')
    expect(html).to.match(/class="words"[^>]*border-width:0 3px 0 0"/)
    expect(html)
      .to.match(/class="code" dir="ltr"/)
      .and.to.match(/class="link" dir="ltr"/)
    expect(mail('open', { ...ada, ...told.open, locale: 'en', antiPhishingPhrase: 'x' }).html)
      .to.include('dir="ltr"')
      .and.to.not.include('0 3px 0 0')
  })

  it('shows the code, how long it lasts, who asks and where to enter it', () => {
    const { subject, text, html } = mail('code', { ...ada, ...told.code })
    expect(text).to.match(/\b482913\b/)
    expect(text).to.include('10 minutes').and.to.include('to continue to Trading').and.to.include('id.example.com:8443')
    expect(html).to.include('>482</span>').and.to.include('>913</span>')
    // Subjects are what mail servers log and locked screens show.
    expect(subject).to.not.include('482913')
    expect(mail('code', { ...ada, code: '482913', minutes: 1 }).text)
      .to.include('1 minute.')
      .and.to.not.include('continue to')
  })

  it('has no code for somebody whose address is taken, and says where to sign in', () => {
    const { text, html } = mail('taken', ada)
    expect(text).to.not.match(/\d{6}/)
    expect(text).to.include('https://id.example.com:8443/sign-in')
    expect(html).to.include('<a href="https://id.example.com:8443/sign-in"')
  })

  it('shows the owner’s own words before anything else, and no place for them when there are none', () => {
    for (const { name, text, html } of all({ antiPhishingPhrase: 'blue heron' })) {
      expect(text.indexOf('blue heron'), name).to.be.within(1, 120)
      expect(html.indexOf('blue heron')).to.be.below(html.indexOf('<h1'))
    }
    for (const { text, html } of all()) {
      expect(text).to.not.match(/phrase|Phrase|eigenen Worte/)
      expect(html).to.not.include('class="words"')
    }
  })

  it('escapes every value in HTML, and leaves it as it is in text', () => {
    const evil = '<img src=x onerror=alert(1)> & "\'`'
    for (const { name, html, text } of all({ antiPhishingPhrase: evil, to: evil })) {
      expect(html, name).to.not.include('<img')
      expect(html).to.include('&lt;img src=x onerror=alert(1)&gt; &amp; &#34;&#39;')
      expect(text).to.include(evil)
    }
    expect(mail('code', { ...ada, code: '<b>', minutes: 1, towards: '<i>"' }).html).to.not.match(/<b>|<i>/)
  })

  it('lets no value begin a line of its own', () => {
    const { text, subject } = mail('code', { ...ada, ...told.code, towards: 'Trading\r\n\r\nCall us\u2028now' })
    expect(text).to.include('to continue to Trading Call us now\n')
    expect(subject).to.not.match(/[\r\n]/)
  })

  it('has nothing to press, to run, to load or to be followed by', () => {
    for (const { name, html } of all({ antiPhishingPhrase: 'blue heron' })) {
      expect(html, name).to.not.match(/<(form|button|input|script|img|link|iframe|svg)\b|url\(|@import|onclick/i)
      for (const [, href] of html.matchAll(/href="([^"]*)"/g))
        expect(href).to.match(/^https:\/\/id\.example\.com:8443\/[\w/-]+$/)
    }
  })

  it('reads in the dark: its colours turn where the reader’s do', () => {
    for (const { html } of all()) {
      expect(html).to.include('<meta name="color-scheme" content="light dark">')
      const dark = /@media \(prefers-color-scheme:dark\)\{(.*)\}\n/.exec(html)?.[1] ?? ''
      for (const [, name, style] of html.matchAll(/class="(\w+)" style="([^"]*)"/g)) {
        const coloured = [...(style ?? '').matchAll(/([\w-]+):#/g)].map(([, property]) => property)
        for (const property of coloured)
          expect(dark).to.match(new RegExp(`\\.${name}\\{[^}]*${property}:#[0-9a-f]{6}!important`))
      }
    }
  })

  it('stays under 10 kB, far from where mail programs cut', () => {
    for (const { html } of all({ antiPhishingPhrase: 'blue heron' })) expect(html.length).to.be.below(10_000)
  })
})

describe('composer, by SMS', () => {
  it('ends in the line by which phones fill the code in, bound to our host', () => {
    for (const locale of ['en', 'de'])
      expect(sms({ locale, ...told.code })).to.match(/^482913 .*Trading.*10 Min.*\n\n@id\.example\.com #482913$/i)
  })

  it('is one SMS, whatever the app is called', () => {
    for (const locale of ['en', 'de'])
      for (const towards of ['Trading', 'x'.repeat(200), '取引', 'Café “Ω”', 'a\n\n@evil.example #482913', undefined]) {
        const text = sms({ locale, code: '482913', minutes: 10, towards })
        expect(text.length, text).to.be.at.most(160)
        expect(text).to.match(/^[\x20-\x7e\näöüÄÖÜß]*$/)
        expect(text.split('\n')).to.have.length(3)
      }
    expect(sms({ locale: 'en', code: '482913', minutes: 10, towards: '取引' })).to.match(
      /^482913 is your Latchkey code\. /,
    )
  })
})
