import { expect } from 'chai'
import { phrases } from '../../src/web/phrases.ts'
import { renderer } from '../../src/web/show.ts'

describe('a rendered page', () => {
  const asset = (name: string) => `/assets/${name}`
  const render = renderer({ phrases: phrases(), assets: { asset }, now: () => 1_000_000 })
  const start = { base: '/sign-in/a', email: '', passkey: undefined, signUp: '/sign-up' }
  const step = { base: '/b', typed: {}, others: [], optional: false, progress: undefined }
  const h1 = (html: string) => /<h1>(.*?)<\/h1>/.exec(html)?.[1]

  it('renders a whole document in the language asked for', () => {
    const html = render('sign-in/start', { ...start, locale: 'de' })
    expect(html).to.match(/^<!doctype html>\n<html lang="de" dir="ltr">/)
    expect(html).to.include('<title>Anmelden · Latchkey</title>')
  })

  it('escapes what was typed', () => {
    const html = render('sign-in/start', { ...start, email: `"><script>'&` })
    expect(html).to.include('value="&#34;&gt;&lt;script&gt;&#39;&amp;"')
  })

  it('says in the title that something went wrong, beside the field and nowhere else', () => {
    const problem = { code: 'wrong_credentials', field: 'password', text: 'No match.' } as const
    const html = render('sign-in/start', { ...start, problem })
    expect(html).to.include('<title>Error: Sign in')
    expect(html.split('No match.')).to.have.length(2)
    expect(html).to.match(/name="password"[^>]*aria-describedby="password-error" aria-invalid="true" autofocus/)
  })

  it('shows a problem that belongs to no field above the form', () => {
    const problem = { code: 'slow_down', field: 'elsewhere', text: 'Wait.' } as const
    expect(render('sign-in/start', { ...start, problem })).to.match(
      /class="note bad" role="alert"[\s\S]*Wait\.[\s\S]*<form/,
    )
  })

  it('names a step after its factor and what it is about', () => {
    const factor = { id: 'sms' }
    const shown = { to: '+44', resendAt: 0 }
    expect(h1(render('sign-in/prove', { ...step, factor, shown }))).to.equal('Enter the code we texted you')
    expect(h1(render('sign-in/enrol', { ...step, factor, shown: undefined }))).to.equal('Add your phone number')
  })

  it('names an error after its status, and says how long to wait', () => {
    const busy = { status: 503, code: 'busy', retryAfter: 2, request: 'r' }
    const html = render('error', busy)
    expect(h1(html)).to.equal('Temporarily unavailable')
    expect(html).to.include('Wait 2 seconds')
    expect(h1(render('error', { ...busy, status: 418 }))).to.equal('We couldn’t complete your request')
  })

  it('uses a title that it is given', () => {
    expect(h1(render('help', { title: 'Something else' }))).to.equal('Something else')
  })

  it('throws for a local that is missing, rather than show nothing', () => {
    const { base: _, ...rest } = start
    expect(() => render('sign-in/start', rest as typeof start)).to.throw('not given')
  })

  it('counts a wait from its own clock', () => {
    const shown = { to: '+44', resendAt: 1_023_500 }
    expect(render('sign-in/prove', { ...step, factor: { id: 'sms' }, shown })).to.include('data-wait="24"')
  })
})
