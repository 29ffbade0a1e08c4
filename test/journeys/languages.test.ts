import { expect } from 'chai'
import { type Locale, languages } from '../../src/languages.ts'
import { phrases } from '../../src/web/phrases.ts'
import { jar, type Page } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, codeSentTo, type Person, signIn, signUp, somebody } from '../support/people.ts'

describe('languages', () => {
  const { t } = phrases()
  const latchkey = whileTesting(startLatchkey)

  const open = (person: Pick<Person, 'browser'>, path: string) => person.browser.get(`${latchkey.issuer}${path}`)
  const switchTo = (page: Page, language: string) => page.submit({ language }, { action: '/language' })
  const spoken = (page: Page) => page.find('html')?.attributes.lang

  for (const [tag, { direction }] of Object.entries(languages))
    it(`shows pages and errors, and writes, in ${tag}`, async () => {
      const locale = tag as Locale
      const person = somebody({ 'accept-language': `${tag},en;q=0.5` })
      const page = await open(person, '/sign-up')
      expect(page.find('html')?.attributes).to.include({ lang: tag, dir: direction })
      expect(page.headers.get('content-language')).to.equal(tag)
      expect(page.find('option[selected]')?.attributes.value).to.equal(tag)
      const again = await page.submit({ email: 'nobody' })
      expect(again.alerts.join(' ')).to.include(t(locale, 'problem.invalid_email'))
      await page.submit({ email: person.email })
      await codeSentTo(latchkey, person.email)
      const [mail] = await latchkey.outbox(person.email)
      expect(mail?.subject).to.equal(t(locale, 'mail.code.subject', { name: 'Latchkey', host: '' }))
      const missing = await open(person, '/nowhere')
      expect(missing.h1).to.equal(t(locale, 'error.404.title'))
    })

  it('switches on the page of a sign-up, which goes on in the language that was chosen', async () => {
    const person = somebody()
    const first = await open(person, '/sign-up')
    const page = await switchTo(await first.submit({ email: person.email }), 'de')
    expect([page.url, spoken(page)]).to.deep.equal([first.url, 'de'])
    expect(page.find('input[name=code]')).to.not.equal(undefined)
    // Help opens in the same language, and so does the next page in a new tab.
    expect(spoken(await open(person, '/help'))).to.equal('de')
    expect(
      (await page.submit({ code: await codeSentTo(latchkey, person.email) })).find('[name=password]'),
    ).to.not.equal(undefined)
    const mine = somebody()
    await signUp(latchkey, mine, await switchTo(await open(mine, '/sign-up'), 'de'))
    const [welcome] = await latchkey.outbox(mine.email)
    expect(welcome?.subject).to.equal(t('de', 'mail.welcome.subject', { name: 'Latchkey', host: '' }))
  })

  it('keeps recovery codes that are shown once', async () => {
    const person = somebody()
    let page = await (await open(person, '/sign-up')).submit({ email: person.email })
    page = await page.submit({ code: await codeSentTo(latchkey, person.email) })
    page = await page.submit({ password: person.password })
    person.secret = page.find('[data-totp-secret]')?.text.replace(/\s/g, '') ?? ''
    page = await page.submit({ code: authenticatorCode(latchkey, person) })
    const codes = (of: Page) => of.all('[data-recovery-code]').map(each => each.text)
    expect(codes(page)).to.have.length(10)
    expect(codes(await switchTo(page, 'de'))).to.deep.equal(codes(page))
  })

  it('keeps the page where a form was refused', async () => {
    const person = somebody()
    const first = await open(person, '/sign-up')
    const refused = await first.submit({ email: 'nobody' })
    expect(refused.url).to.not.equal(first.url)
    const page = await switchTo(refused, 'de')
    expect([page.status, page.url, spoken(page)]).to.deep.equal([200, first.url, 'de'])
    for (const path of ['/forgot-password', '/recover/identity', '/nowhere?a=b&c=%20d', '/help'])
      expect((await switchTo(await open(somebody(), path), 'de')).url).to.equal(`${latchkey.issuer}${path}`)
  })

  it('stores the choice with the account of who is signed in, for every browser of theirs', async () => {
    const person = somebody()
    await signUp(latchkey, person, await open(person, '/sign-up'))
    const page = await switchTo(await open(person, '/account/security'), 'de')
    expect([page.url, spoken(page)]).to.deep.equal([`${latchkey.issuer}/account/security`, 'de'])
    const other = { ...person, browser: jar() }
    const there = await signIn(latchkey, other, await open(other, '/sign-in'))
    expect(spoken(await there.follow(`${latchkey.issuer}/account/sessions`))).to.equal('de')
    const activity = (await open(person, '/account/activity')).text
    expect(activity).to.include(t('de', 'event.profile.changed'))
  })

  it('keeps what else somebody says of themselves when they switch', async () => {
    const person = somebody()
    await signUp(latchkey, person, await open(person, '/sign-up'))
    const form = await open(person, '/account/profile')
    await form.submit({ name: 'Ada', username: 'ada', zone: 'UTC' }, { action: '/account/profile' })
    await switchTo(await open(person, '/account'), 'de')
    const saved = await open(person, '/account/profile')
    expect(['name', 'username'].map(id => saved.find(`#${id}`)?.attributes.value)).to.deep.equal(['Ada', 'ada'])
    expect(saved.find('#zone option[selected]')?.text).to.include('UTC')
  })

  it('takes the latest choice: on the profile page, too', async () => {
    const person = somebody()
    await signUp(latchkey, person, await switchTo(await open(person, '/sign-up'), 'de'))
    const form = await open(person, '/account/profile')
    const page = await form.submit({ language: 'en' }, { action: '/account/profile' })
    expect(spoken(page)).to.equal('en')
    expect(spoken(await open({ browser: person.browser }, '/help'))).to.equal('en')
  })

  const hostile = [
    ...['https://evil.example/', '//evil.example', '/\\evil.example', '/..//evil.example', '/.//evil.example'],
    ...['/%2e%2e//evil.example', '/\t/evil.example', '/a\r\nSet-Cookie: x=y', 'javascript:alert(1)', '', 'account'],
    ...['http:evil.example', '\\\\evil.example', `/${'a'.repeat(9_000)}`, '/ä'],
  ]
  for (const to of hostile)
    it(`leads back to none of our pages but its own: ${JSON.stringify(to.slice(0, 30))}`, async () => {
      const person = somebody()
      const answer = await person.browser.post(`${latchkey.issuer}/language`, { language: 'de', to }, { follow: false })
      expect(answer.status).to.equal(303)
      const { origin, pathname } = new URL(answer.headers.get('location') ?? '', latchkey.issuer)
      expect([origin, pathname.startsWith('//')]).to.deep.equal([latchkey.issuer, false])
    })

  it('is switched by no other site', async () => {
    const person = somebody()
    const from = 'https://evil.example/'
    const answer = await person.browser.post(`${latchkey.issuer}/language`, { language: 'de', to: '/' }, { from })
    expect(answer.status).to.equal(403)
    expect(spoken(await open(person, '/help'))).to.equal('en')
  })

  it('knows no other language, in a form or in a cookie', async () => {
    for (const odd of ['xx', 'constructor', '../en', '', 'EN']) {
      const person = somebody()
      const answer = await person.browser.post(`${latchkey.issuer}/language`, { language: odd, to: '/help' })
      expect(answer.status, odd).to.equal(422)
      await person.browser.cookies.setCookie(`latchkey_language=${encodeURIComponent(odd)}`, latchkey.issuer)
      expect(spoken(await open(person, '/help')), odd).to.equal('en')
    }
  })

  it('is offered where no form of the page asks for it', async () => {
    const person = somebody()
    await signUp(latchkey, person, await open(person, '/sign-up'))
    for (const [path, number] of [
      ['/account', 1],
      ['/account/profile', 1],
      ['/help', 1],
      ['/dev/outbox', 1],
    ] as const)
      expect((await open(person, path)).all('select[name=language]'), path).to.have.length(number)
  })
})
