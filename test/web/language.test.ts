import { type IncomingMessage, ServerResponse } from 'node:http'
import { expect } from 'chai'
import Koa from 'koa'
import { localeOf } from '../../src/web/language.ts'

const ctx = (headers: Record<string, string>) => {
  const req = { headers, socket: {} } as unknown as IncomingMessage
  return new Koa().createContext(req, new ServerResponse(req))
}

describe('the language of a page', () => {
  const headers: [header: string | undefined, locale: string, why: string][] = [
    [undefined, 'en', 'no header'],
    ['', 'en', 'an empty header'],
    ['de-AT,de;q=0.9,en;q=0.8', 'de', 'best first'],
    ['de-AT', 'de', 'a region of it'],
    ['nl;q=1, en;q=0.4, de;q=0.5', 'de', 'the better of those there are'],
    ['en;q=0, de;q=0.1', 'de', 'one that is ruled out'],
    ['nl, *;q=0.5', 'en', 'any will do'],
    ['nl', 'en', 'none that there is'],
    ['DE', 'de', 'capitals'],
    ['constructor', 'en', 'a name that every object has'],
  ]
  for (const [header, locale, why] of headers) {
    it(`is ${locale} by Accept-Language: ${why}`, () => {
      expect(localeOf(ctx(header === undefined ? {} : { 'accept-language': header }))).to.equal(locale)
    })
  }

  const tags: [asked: string, locale: string, why: string][] = [
    ['nl de en', 'de', 'best first'],
    ['de-AT', 'de', 'a region of it'],
    ['DE', 'de', 'capitals'],
    ['nl', 'en', 'none that there is'],
    ['constructor', 'en', 'a name that every object has'],
  ]
  for (const [asked, locale, why] of tags)
    it(`is ${locale} by ui_locales: ${why}`, () => expect(localeOf(ctx({}), { asked })).to.equal(locale))

  it('is the one that was chosen here, then one’s own, then what the app asks for, then what the browser prefers', () => {
    const english = { 'accept-language': 'en' }
    const german = { 'accept-language': 'de' }
    const chosen = (locale: string) => ({ ...german, cookie: `latchkey_language=${locale}` })
    expect(localeOf(ctx(chosen('en')), { setting: 'de', asked: 'de' })).to.equal('en')
    expect(localeOf(ctx(english), { setting: 'de', asked: 'en' })).to.equal('de')
    expect(localeOf(ctx(english), { asked: 'de' })).to.equal('de')
    expect(localeOf(ctx(german), { asked: 'nl' })).to.equal('de')
    expect(localeOf(ctx(german), {})).to.equal('de')
  })

  it('passes over a choice or a setting that is no language of ours', () => {
    for (const odd of ['xx', 'constructor', '../de', '%00', 'DE']) {
      expect(localeOf(ctx({ cookie: `latchkey_language=${odd}` })), odd).to.equal('en')
      expect(localeOf(ctx({ 'accept-language': 'de' }), { setting: odd }), odd).to.equal('de')
    }
  })
})
