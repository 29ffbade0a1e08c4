import { type IncomingMessage, ServerResponse } from 'node:http'
import { expect } from 'chai'
import Koa from 'koa'
import { isPhrase, type PhraseKey, phrases, preferredLocale, requestedLocale } from '../../src/web/phrases.ts'

describe('phrases', () => {
  const { t, problem } = phrases()

  it('speaks both languages', () => {
    expect(t('en', 'act.sign-in')).to.equal('Sign in')
    expect(t('de', 'act.sign-in')).to.equal('Anmelden')
  })

  it('inserts values as text', () => {
    expect(t('en', 'layout.progress', { at: 2, of: 6 })).to.equal('Step 2 of 6')
    expect(t('en', 'outbox.email', { to: '<b>{x}</b>' })).to.equal('Email to <b>{x}</b>')
  })

  it('throws for a key that is missing, and shows it in production', () => {
    const missing = 'toString' as PhraseKey
    expect(() => t('en', missing)).to.throw('No phrase toString in en')
    expect(phrases({ production: true }).t('de', missing)).to.equal('toString')
  })

  it('throws for a value that is missing', () => {
    expect(() => t('en', 'layout.progress')).to.throw('not provided')
  })

  it('knows which phrases there are', () => {
    expect(isPhrase('act.sign-in')).to.equal(true)
    expect(isPhrase('constructor')).to.equal(false)
  })

  it('says how many tries are left where that is known', () => {
    const wrong = { code: 'wrong_code', retryAfter: undefined } as const
    expect(problem('en', { ...wrong, values: { left: 4 } })).to.match(/ Four tries left\.$/)
    expect(problem('de', { ...wrong, values: { left: 1 } })).to.match(/ Noch ein Versuch\.$/)
    expect(problem('en', { ...wrong, values: {} })).to.match(/try again\.$/)
  })

  it('says how long to wait in the unit that people would use', () => {
    const slow = (retryAfter: number | undefined) => problem('en', { code: 'slow_down', values: {}, retryAfter })
    expect(slow(1)).to.include('Wait 1 second,')
    expect(slow(40)).to.include('Wait 40 seconds,')
    expect(slow(91)).to.include('Wait 2 minutes,')
    expect(slow(7_000)).to.include('Wait 2 hours,')
    expect(slow(undefined)).to.include('Wait a moment,')
  })
})

describe('the language of a page', () => {
  const headers: [header: string | undefined, locale: string, why: string][] = [
    [undefined, 'en', 'no header'],
    ['', 'en', 'an empty header'],
    ['de-AT,de;q=0.9,en;q=0.8', 'de', 'best first'],
    ['de-AT', 'de', 'a region of it'],
    ['fr;q=1, en;q=0.4, de;q=0.5', 'de', 'the better of those there are'],
    ['en;q=0, de;q=0.1', 'de', 'one that is ruled out'],
    ['fr, *;q=0.5', 'en', 'any will do'],
    ['fr', 'en', 'none that there is'],
    ['DE', 'de', 'capitals'],
    ['constructor', 'en', 'a name that every object has'],
  ]
  for (const [header, locale, why] of headers) {
    it(`is ${locale} by Accept-Language: ${why}`, () => {
      const req = { headers: header === undefined ? {} : { 'accept-language': header } } as IncomingMessage
      expect(preferredLocale(new Koa().createContext(req, new ServerResponse(req)))).to.equal(locale)
    })
  }

  const tags: [tags: string, locale: string, why: string][] = [
    ['fr de en', 'de', 'best first'],
    ['de-AT', 'de', 'a region of it'],
    ['DE', 'de', 'capitals'],
    ['fr', 'en', 'none that there is'],
    ['constructor', 'en', 'a name that every object has'],
  ]
  for (const [wanted, locale, why] of tags)
    it(`is ${locale} by ui_locales: ${why}`, () => expect(requestedLocale(wanted)).to.equal(locale))
})
