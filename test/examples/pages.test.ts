import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { apps } from '../../examples/suite/apps.ts'
import { shelf } from '../../examples/suite/sessions.ts'
import { speak } from '../../examples/suite/speech.ts'
import { how } from '../../examples/suite/words.ts'
import { type Locale, languages } from '../../src/languages.ts'
import { jar } from '../support/jar.ts'
import { type BareSuite, bareSuite } from '../support/suite.ts'

describe('the pages of the example apps', () => {
  let suite: BareSuite
  before(async () => {
    suite = await bareSuite()
  })
  after(() => suite.close())

  it('have one h1, a title, the sister apps with the own one marked, and nothing inline', async () => {
    for (const { id, name } of apps) {
      const person = jar()
      const out = await person.get(suite.at(id))
      const problem = await person.get(suite.at(id, '/nowhere'))
      const inside = await person.get(suite.at(id, '/login'))
      for (const page of [out, problem, inside]) {
        expect(page.all('h1'), page.url).to.have.length(1)
        expect(page.title).to.include(name)
        expect(page.all('header a').map(each => each.text)).to.deep.equal(apps.map(each => each.name))
        expect(page.find('[aria-current=page]')?.text).to.equal(name)
        expect(page.find('html')?.attributes).to.include({ lang: 'en', 'data-app': id })
        expect(page.all('script, style, [style], [onclick]')).to.deep.equal([])
      }
      expect(problem).to.include({ status: 404, h1: 'There is no such page' })
      expect(inside.all('.pill').map(each => each.text)).to.deep.equal(['Example data', 'Example data'])
      expect(out.text).to.not.include('Example data')
    }
  })

  it('speak every language to who reads it, and ask Latchkey for a sign-in in the same one', async () => {
    for (const [tag, { direction }] of Object.entries(languages)) {
      const { t } = speak(tag as Locale)
      for (const { id } of apps) {
        const person = jar()
        const headers = { 'accept-language': `${tag},en;q=0.5` }
        const out = await person.get(suite.at(id), { headers })
        expect(out.find('html')?.attributes).to.include({ lang: tag, dir: direction })
        expect(out.h1).to.equal(t(`app.${id}.motto`))
        expect((await person.get(suite.at(id, '/nowhere'), { headers })).h1).to.equal(t('trouble.not_found.title'))
        const asked = await person.get(suite.at(id, '/login'), { headers, follow: false })
        const { searchParams } = new URL(asked.location ?? '')
        if (!searchParams.has('request_uri')) expect(searchParams.get('ui_locales')).to.equal(tag)
        await person.get(suite.at(id, '/login'))
        const inside = await person.get(suite.at(id), { headers })
        expect(inside.text).to.include(t('example')).and.include(t('sign-in.how'))
      }
    }
  })

  it('forbid what they do not use', async () => {
    const { headers } = await jar().get(suite.at('trading'))
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy).to.include("default-src 'none'").and.include(`form-action 'self' ${suite.bare.issuer}`)
    expect(policy)
      .to.include("frame-ancestors 'none'")
      .and.not.match(/unsafe|\*|script-src/)
    expect(headers.get('x-content-type-options')).to.equal('nosniff')
    expect(headers.get('referrer-policy')).to.equal('same-origin')
    expect(headers.get('cache-control')).to.equal('no-store')
  })

  it('serve their style and their icon for everybody to keep', async () => {
    const person = jar()
    const style = await person.get(suite.at('wallet', '/suite.css'))
    const icon = await person.get(suite.at('wallet', '/icon.svg'))
    expect(style.headers.get('content-type')).to.include('text/css')
    expect(icon.headers.get('content-type')).to.include('image/svg+xml')
    for (const { headers } of [style, icon]) expect(headers.get('cache-control')).to.equal('public, max-age=600')
    expect(icon.html).to.include('#0e6f73').and.include('>W<')
  })

  it('write out what a name would do to the page', async () => {
    suite.bare.ending = { account: '<img src=x onerror=alert(1)>' }
    const page = await jar().get(suite.at('card', '/login'))
    suite.bare.ending = { account: 'ada' }
    expect(page.h1).to.equal('Hello, <img src=x onerror=alert(1)> Lovelace')
    expect(page.all('img')).to.deep.equal([])
  })

  it('answer a wrong method with 405', async () => {
    const page = await jar().post(suite.at('trading', '/tokens.json'))
    expect(page.status).to.equal(405)
    expect(page.json()).to.include({ error: 'method_not_allowed' })
  })

  it('escape all that is not a page of our own', () => {
    const folder = new URL('../../examples/suite/views/', import.meta.url)
    const raw = readdirSync(folder).flatMap(
      name => readFileSync(new URL(name, folder), 'utf8').match(/<%-[^%]*%>/g) ?? [],
    )
    expect(raw).to.have.members(['<%- page.body %>', '<%- page.example %>'])
  })
})

describe('how', () => {
  for (const [acr, amr, words] of [
    ['aal2', ['pwd', 'otp'], 'Two different factors: password and one-time code'],
    ['aal2', ['pwd', 'sms', 'otp', 'mfa'], 'Two different factors: password and code by SMS'],
    ['mfa', ['pwd', 'otp'], 'Two steps: password and one-time code'],
    ['phr', ['swk', 'user', 'pop'], 'Phishing-resistant: passkey'],
    ['urn:other', ['tea'], 'urn:other: tea'],
    [undefined, ['pwd'], 'password'],
    ['aal2', [], 'Two different factors'],
    [undefined, [], 'Latchkey does not say'],
  ] as const) {
    it(`reads ${acr} by ${amr.join(', ') || 'nothing'} as "${words}"`, () =>
      expect(how(speak('en'), acr, amr)).to.equal(words))
  }
})

describe('shelf', () => {
  it('gives back what it keeps, until its time is over', () => {
    let now = 0
    const kept = shelf<string>(1000, 10, () => now)
    const id = kept.add('a')
    expect(id).to.match(/^[\w-]{43}$/)
    now = 999
    expect(kept.get(id)).to.equal('a')
    now = 1000
    expect(kept.get(id)).to.equal(undefined)
    expect(kept.take(id)).to.equal(undefined)
  })

  it('gives a value away once', () => {
    const kept = shelf<string>(1000, 10, () => 0)
    const id = kept.add('a')
    expect([kept.take(id), kept.take(id)]).to.deep.equal(['a', undefined])
  })

  it('lets the oldest go when it is full', () => {
    const kept = shelf<number>(1000, 2, () => 0)
    const ids = [1, 2, 3].map(each => kept.add(each))
    expect(ids.map(id => kept.get(id))).to.deep.equal([undefined, 2, 3])
  })

  it('drops what matches, and says how many', () => {
    const kept = shelf<number>(1000, 9, () => 0)
    const ids = [1, 2, 3].map(each => kept.add(each))
    expect(kept.drop(value => value > 1)).to.equal(2)
    expect(ids.map(id => kept.get(id))).to.deep.equal([1, undefined, undefined])
  })
})
