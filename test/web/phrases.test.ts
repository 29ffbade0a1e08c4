import { expect } from 'chai'
import { languages } from '../../src/languages.ts'
import { isPhrase, type PhraseKey, phrases } from '../../src/web/phrases.ts'

describe('phrases', () => {
  const { t, problem } = phrases()

  it('speaks both languages', () => {
    expect(t('en', 'act.sign-in')).to.equal('Sign in')
    expect(t('de', 'act.sign-in')).to.equal('Anmelden')
  })

  it('reads a language when it is first spoken, and once', () => {
    const read: string[] = []
    const all = phrases({
      known: { ...languages, he: { name: 'One', direction: 'rtl' }, nl: { name: 'Two', direction: 'ltr' } },
      read: locale => {
        read.push(locale)
        return { 'act.sign-in': `In ${locale}`, 'act.sign-out': 'Out' }
      },
    })
    expect(all.t('en', 'act.sign-in')).to.equal('Sign in')
    expect(read).to.deep.equal([])
    expect([all.t('he', 'act.sign-in'), all.t('he', 'act.sign-out')]).to.deep.equal(['In he', 'Out'])
    expect(read).to.deep.equal(['he'])
    expect([all.direction('he'), all.direction('nl')]).to.deep.equal(['rtl', 'ltr'])
  })

  it('chooses the wording by a value in Arabic as in any other language', () => {
    const why = (locale: string) =>
      ['date', 'other'].map(each =>
        problem(locale, { code: 'password_common', values: { why: each }, retryAfter: undefined }),
      )
    for (const locale of Object.keys(languages)) expect(new Set(why(locale)), locale).to.have.length(2)
    expect(t('ar', 'wait.minutes', { count: 3 })).to.equal('3 دقائق')
    expect(t('ar', 'factor.sms.sent', { to: '+44 1' })).to.contain('\u2068+44 1\u2069')
  })

  it('speaks English to who once chose a language that is not spoken any more', () => {
    for (const gone of ['xx', '', 'constructor', '../../package'])
      expect(t(gone, 'act.sign-in'), gone).to.equal('Sign in')
  })

  it('keeps addresses and numbers in their own order where people read from right to left', () => {
    const read = () => ({ 'outbox.email': '\u05d0 {to} \u05d1' })
    const all = phrases({ known: { ...languages, he: { name: 'He', direction: 'rtl' } }, read })
    expect(all.t('he', 'outbox.email', { to: '+44 20 1234' })).to.equal('\u05d0 \u2068+44 20 1234\u2069 \u05d1')
    expect(t('en', 'outbox.email', { to: 'ada@example.com' })).to.equal('Email to ada@example.com')
  })

  it('says in English what a language lacks, in production', () => {
    const known = { ...languages, he: { name: 'He', direction: 'rtl' } } as const
    expect(phrases({ production: true, known, read: () => ({}) }).t('he', 'act.sign-in')).to.equal('Sign in')
    expect(() => phrases({ known, read: () => ({}) }).t('he', 'act.sign-in')).to.throw('No phrase act.sign-in in he')
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
    expect(problem('en', { ...wrong, values: { left: 4 } })).to.match(/ 4 attempts left\.$/)
    expect(problem('de', { ...wrong, values: { left: 1 } })).to.match(/ noch 1 Versuch\.$/)
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
