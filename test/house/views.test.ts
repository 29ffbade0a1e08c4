import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { assets } from '../../src/web/assets.ts'
import { phrases } from '../../src/web/phrases.ts'
import { renderer } from '../../src/web/show.ts'
import { gallery } from '../support/gallery.ts'
import { now } from '../support/gallery-samples.ts'

const folder = new URL('../../views/', import.meta.url)
const views = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
  name => name.endsWith('.ejs') && !name.startsWith('mail/'),
)
const count = (html: string, what: RegExp): number => html.match(what)?.length ?? 0

describe('views', () => {
  for (const name of views) {
    it(`keeps script and style out of ${name}, and posts its forms`, () => {
      const source = readFileSync(new URL(name, folder), 'utf8')
      // Brackets of the template's own would end a tag early.
      const markup = source.replace(/<%[\s\S]*?%>/g, '')
      expect(markup).not.to.match(/<style|\sstyle=|\son[a-z]+=|javascript:/i)
      expect(markup).not.to.match(/<script(?![^>]* src="")/)
      for (const [form] of markup.matchAll(/<form[^>]*>/g)) {
        if (['dev/outbox.ejs', 'dev/gallery.ejs', 'account/activity.ejs', 'admin/people.ejs'].includes(name))
          expect(form).to.include('method="get"')
        else expect(form).to.match(name === 'admin/audit.ejs' ? /method="(get|post)"/ : /method="post"/)
      }
    })
  }
})

describe('the stylesheet', () => {
  it('has a rule only for what a view has', () => {
    const parts = new URL('assets/latchkey.css/', folder)
    const css = readdirSync(parts)
      .map(name => readFileSync(new URL(name, parts), 'utf8'))
      .join('')
    const markup = views.map(name => readFileSync(new URL(name, folder), 'utf8')).join('')
    const words = new Set(markup.match(/[\w-]+/g))
    const rules = css.replace(/\/\*[\s\S]*?\*\//g, '').matchAll(/\.([a-z][\w-]*)(?=[^{}]*\{)/g)
    expect([...rules].map(([, name]) => name).filter(name => !words.has(name ?? ''))).to.deep.equal([])
    const tokens = [...css.matchAll(/^ {2}--([\w-]+):/gm)].map(([, name]) => name)
    expect(tokens.filter(name => !css.includes(`var(--${name})`))).to.deep.equal([])
  })
})

describe('what lies left and right', () => {
  const styles = ['views/assets/latchkey.css', 'examples/suite'].flatMap(path => {
    const place = new URL(`../../${path}/`, import.meta.url)
    return readdirSync(place)
      .filter(name => name.endsWith('.css'))
      .map(name => ({ name, css: readFileSync(new URL(name, place), 'utf8') }))
  })
  const physical =
    /(?<![\w-])(?:(?:margin|padding|border|inset)-(?:left|right)|left|right|float|clear)\s*:|text-align\s*:\s*(?:left|right)/

  it('is said by where a line begins and ends, so that it is mirrored where people read from right to left', () => {
    for (const { name, css } of styles) expect(css, name).to.not.match(physical)
    for (const fault of ['a { margin-left: 1px }', 'a{left:0}', 'a{text-align: right}', 'a { float: left }'])
      expect(fault).to.match(physical)
    for (const fine of [
      'a { margin-inline-start: 1px }',
      'a { text-align: start }',
      'a { border-start-start-radius: 1px }',
    ])
      expect(fine).to.not.match(physical)
  })
})

describe('pages', () => {
  const render = renderer({ phrases: phrases(), assets: assets(), now: () => now })
  const pages = gallery.map(({ title, page, locals }) => ({ title, page, html: render(page, locals) }))

  for (const { title, html } of pages) {
    it(`has one heading, at most one primary button, and unique ids (${title})`, () => {
      expect(count(html, /<h1[ >]/g)).to.equal(1)
      expect(count(html, /<(button|a) class="go"/g)).to.be.at.most(1)
      expect(count(html, /<button class="go"(?! type="submit")/g)).to.equal(0)
      const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id)
      expect(new Set(ids).size).to.equal(ids.length)
    })

    it(`labels every field, and says what each field is (${title})`, () => {
      for (const [input] of html.matchAll(/<input(?![^>]*type="(hidden|checkbox)")[^>]*>/g)) {
        expect(input).to.match(/autocomplete="[a-z -]+"/)
        const id = /\sid="([^"]+)"/.exec(input)?.[1]
        if (id) expect(html).to.include(`<label for="${id}">`)
        else expect(input).to.include('aria-hidden="true"')
      }
    })

    it(`shows a problem once, as an alert (${title})`, () => {
      const { problem } = gallery.find(each => each.title === title)?.locals ?? {}
      if (!problem) return expect(html).not.to.include('aria-invalid')
      const alerts = [...html.matchAll(/role="alert"[\s\S]*?<\/(?:p|div)>/g)].filter(([alert]) =>
        alert.includes(problem.text),
      )
      expect(alerts).to.have.length(1)
    })
  }

  it('shows every page that there is', () => {
    const shown = new Set(gallery.flatMap(({ page, locals }) => [page, ...about(page, locals)]))
    const parts = ['layout', 'parts/']
    const whole = views
      .map(name => name.replace(/\.ejs$/, ''))
      .filter(name => !parts.some(part => name.startsWith(part)))
    expect([...shown]).to.include.members(whole)
  })

  const html = (title: string): string => pages.find(each => each.title === title)?.html ?? ''

  it('names fields as the contract does', () => {
    const fields: [title: string, field: RegExp][] = [
      ['start', /name="email" type="text" autocomplete="username webauthn" inputmode="email"/],
      ['start', /name="password" type="password" autocomplete="current-password"/],
      ['sign-up-email', /name="email" type="text" autocomplete="email" inputmode="email"/],
      ['sign-up-password', /name="password" type="password" autocomplete="new-password"/],
      ['sign-up-password', /name="email" type="email" value="ada@example.com" autocomplete="username" readonly/],
      ['sign-up-phone', /name="phone" type="tel" autocomplete="tel"/],
      ['prove-authenticator', /name="code" type="text" autocomplete="one-time-code" inputmode="numeric"/],
      ['sign-up-recovery-codes', /name="saved" type="checkbox" value="yes"/],
    ]
    for (const [title, field] of fields) expect(html(title), title).to.match(field)
  })

  it('marks what machines look for', () => {
    expect(html('prove-authenticator')).to.match(/name="factor" value="sms" data-factor="sms"/)
    expect(html('sign-up-passkey')).to.match(/action="\/sign-up\/a1\/skip"><button[^>]* data-skip>/)
    const secret = /data-totp-secret[^>]*>([^<]+)</.exec(html('sign-up-authenticator'))?.[1] ?? ''
    expect(secret.replaceAll(' ', '')).to.equal('JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP')
    expect(count(html('sign-up-recovery-codes'), /data-recovery-code/g)).to.equal(10)
  })

  it('keeps what was typed, but for secrets', () => {
    expect(html('start-refused')).to.include('value="ada@example.com"')
    expect(html('sign-up-phone-refused')).to.include('value="0151 23"')
    for (const page of pages) expect(page.html, page.title).not.to.match(/type="password"[^>]* value=/)
  })
})

/** The views of a step's own factor. */
function about(page: string, locals: object): string[] {
  const { factor } = locals as { factor?: { id: string } }
  return factor ? [`factors/${factor.id}/${page === 'sign-in/prove' ? 'prove' : 'enrol'}`] : []
}
