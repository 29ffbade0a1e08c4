import { expect } from 'chai'
import { beginning, chain, type Happening } from '../../src/observers/chain.ts'
import { csvLine } from '../../src/web/activity-page.ts'
import { entriesOfRows, happened, rows } from '../../src/web/activity-words.ts'
import { type PhraseKey, phrases } from '../../src/web/phrases.ts'
import { happening } from '../support/audit.ts'

const { t } = phrases()

describe('an entry of the activity page', () => {
  const told = (more: Partial<Happening>, locale = 'en') =>
    happened(chain(happening('ada', more), beginning), {
      say: (key, values) => t(locale, key as PhraseKey, values),
      app: id => (id === 'trading' ? 'Trading' : id),
    })
  const what = (name: string, data: Record<string, unknown>, locale?: string) =>
    told({ name, data: { account: 'ada', ...data } }, locale).what

  it('names factors and apps as people know them', () => {
    expect(what('factor.proved', { factor: 'totp', credential: 'c1' })).to.equal('Authenticator app: accepted')
    expect(what('factor.proved', { factor: 'totp', credential: 'c1' }, 'de')).to.match(/^Authen.*: angenommen$/)
    expect(what('consent.granted', { client: 'trading', scope: 'openid' })).to.equal('Trading: you allowed access')
    expect(what('consent.granted', { client: 'gone', scope: 'openid' })).to.equal('gone: you allowed access')
  })

  it('says why a session ended', () => {
    const whys = ['signed-out', 'ended', 'expired', 'token-reused'].map(why =>
      what('session.ended', { session: 's', why }),
    )
    expect(new Set(whys).size).to.equal(4)
    expect(whys[0]).to.equal('Signed out')
    expect(whys[3]).to.include('used twice')
  })

  it('names the address and the browser, as far as they are known', () => {
    const agent =
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36'
    expect(told({ origin: { address: '192.0.2.7', agent } })).to.include({
      address: '192.0.2.7',
      agent: 'Chrome on Windows',
    })
    expect(told({ origin: { agent } }, 'de').agent).to.equal('Chrome unter Windows')
    expect(told({ origin: { agent: 'Gecko/20100101 Firefox/140.0' } }).agent).to.equal('Firefox')
    expect(told({})).to.include({ address: undefined, agent: undefined })
  })

  it('marks an entry of a warning as unusual', () => {
    const data = { account: 'ada', factor: 'password', by: 'account' }
    expect(told({ name: 'factor.throttled', level: 'warning', data })).to.include({ unusual: true, factor: 'password' })
    expect(told({}).unusual).to.equal(false)
  })

  it('has words for an event of another version, too', () => {
    expect(what('door.opened', {})).to.equal('Other event: door.opened')
    expect(what('factor.proved', { factor: 'horoscope' })).to.equal('horoscope: accepted')
  })
})

describe('the entries of the first rows', () => {
  /** A sign-in of two proofs on each of these devices, newest first, and a change after each. */
  const log = ['a', 'b', 'c'].flatMap((device, at) =>
    ['profile.changed', 'session.started', 'factor.proved', 'factor.proved'].map((name, step) =>
      chain(
        happening('ada', { name, at: 1_000_000 - at * 10_000 - step, data: { account: 'ada' }, origin: { device } }),
        beginning,
      ),
    ),
  )
  const inWords = (list: readonly (typeof log)[number][]) =>
    rows(list.map(each => happened(each, { say: key => key, app: id => id })))

  it('make the same rows as all entries do', () => {
    expect(inWords(log)).to.have.lengthOf(6)
    for (const count of [1, 2, 3, 4, 5]) {
      const few = entriesOfRows(log, count) ?? []
      expect(few.length, `${count} rows`).to.be.below(log.length)
      expect(inWords(few), `${count} rows`).to.deep.equal(inWords(log).slice(0, count))
    }
  })

  it('are not known while there may be more rows', () => {
    expect(entriesOfRows(log, 6)).to.equal(undefined)
    expect(entriesOfRows([], 1)).to.equal(undefined)
  })
})

describe('CSV', () => {
  it('is quoted as in RFC 4180', () => {
    expect(csvLine(['a', 'b,c', 'say "no"', 'two\nlines', ''])).to.equal('"a","b,c","say ""no""","two\nlines",""\r\n')
  })

  it('contains nothing that a spreadsheet runs as a formula', () => {
    const formulas = [
      '=1+1',
      '+1',
      '-1',
      '@SUM(A1)',
      '\t=1',
      '\r=1',
      '\n=1',
      ' =1',
      '\u00a0=1',
      '\u200b=1',
      '＝1',
      '"=1',
    ]
    const escaped = formulas.map(each => csvLine([each]))
    expect(escaped.slice(0, -1)).to.deep.equal(formulas.slice(0, -1).map(each => `"'${each}"\r\n`))
    expect(escaped.at(-1)).to.equal('"""=1"\r\n')
  })

  it('does not change what only looks a little like a formula', () => {
    for (const text of ['a=1', "'=1", '1-1', '2001:db8::1', 'a@example.com', '–1']) {
      expect(csvLine([text])).to.equal(`"${text}"\r\n`)
    }
  })
})
