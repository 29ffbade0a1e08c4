import { expect } from 'chai'
import { jar } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { codeSentTo, signIn, signUp, somebody } from '../support/people.ts'

describe('signing up', () => {
  const latchkey = whileTesting(startLatchkey)

  const open = (person = somebody(), path = '/sign-up') => person.browser.get(`${latchkey.issuer}${path}`)

  it('takes an email, its code, a password, an authenticator, recovery codes, and offers a passkey', async () => {
    const person = somebody()
    let page = await open(person)
    expect(page.h1).to.match(/account/i)
    expect(page.find('input[name=email]')?.attributes).to.include({ autocomplete: 'email', inputmode: 'email' })
    page = await page.submit({ email: ` ${person.email.toUpperCase()} ` })
    expect(page.status).to.equal(200)
    expect(page.find('input[name=code]')?.attributes).to.include({
      autocomplete: 'one-time-code',
      inputmode: 'numeric',
    })
    page = await page.submit({ code: await codeSentTo(latchkey, person.email) })
    expect(page.find('input[name=password]')?.attributes).to.include({ autocomplete: 'new-password' })
    expect(page.find('input[autocomplete=username]')?.attributes.value).to.equal(person.email)
    page = await page.submit({ password: person.password })
    expect(page.find('[data-totp-secret]')?.text.replace(/\s/g, '')).to.match(/^[A-Z2-7]{32}$/)
    expect(page.all('[data-factor]').map(each => each.attributes['data-factor'])).to.deep.equal(['sms'])
    expect(page.html).to.contain('<svg')
    person.secret = page.find('[data-totp-secret]')?.text.replace(/\s/g, '') ?? ''
    const { totpAt } = await import('../support/codes.ts')
    page = await page.submit({ code: totpAt(person.secret, latchkey.clock.now()) })
    const codes = page.all('[data-recovery-code]').map(each => each.text)
    expect(new Set(codes).size).to.equal(10)
    page = await page.submit({ saved: true })
    expect(page.find('[data-skip]')).to.not.equal(undefined)
    expect(page.text, 'at most six pages').to.contain('Step 6 of 6')
    page = await page.submit({}, { action: '/skip' })
    expect(page.url).to.equal(`${latchkey.issuer}/account`)
    expect(page.text).to.contain(person.email)
  })

  it('asks for no other second step than those there are, whatever was posted', async () => {
    const person = somebody()
    latchkey.keepOut(person.password)
    for (const second of ['recovery-code', 'email', 'passkey', '__proto__', 'x'.repeat(5_000), ['sms', 'totp']]) {
      const other = { ...person, ...somebody() }
      let page = await open(other)
      page = await page.submit({ email: other.email })
      page = await page.submit({ code: await codeSentTo(latchkey, other.email) })
      page = await other.browser.post(`${page.url}/password`, { password: person.password, second } as never)
      expect(page.h1, String(second).slice(0, 20)).to.equal('Set up your authenticator app')
    }
  })

  it('takes SMS in place of an authenticator', async () => {
    const person = somebody()
    const page = await signUp(latchkey, person, await open(person), 'sms')
    expect(page.url).to.equal(`${latchkey.issuer}/account`)
    const [text] = await latchkey.outbox(person.phone)
    expect(text?.channel).to.equal('sms')
  })

  it('lets nobody pass without a second factor', async () => {
    const person = somebody()
    let page = await open(person)
    page = await page.submit({ email: person.email })
    page = await page.submit({ code: await codeSentTo(latchkey, person.email) })
    page = await page.submit({ password: person.password })
    const skipped = await person.browser.post(`${page.url}/skip`)
    expect(skipped.status).to.equal(403)
    const ahead = await person.browser.post(`${page.url}/recovery-code`, { saved: 'yes' })
    expect(ahead.status).to.equal(403)
    expect((await person.browser.get(`${latchkey.issuer}/account`)).url).to.contain('/sign-in/')
  })

  it('looks the same for a taken address, whose owner gets a mail and no code', async () => {
    const owner = somebody()
    await signUp(latchkey, owner, await open(owner))
    // The seconds until another code may be asked for go by while a slow machine answers.
    const shape = (html: string) =>
      html
        .replaceAll(/[\w-]{22}/g, '…')
        .replaceAll(/person\d+|p•+\d?/g, 'person')
        .replaceAll(/data-wait="(2\d|30)"/g, 'data-wait="…"')
    const stranger = somebody()
    const free = await (await open(stranger)).submit({ email: stranger.email })
    const prober = somebody()
    const taken = await (await open(prober)).submit({ email: owner.email })
    expect(taken.status).to.equal(free.status)
    expect(shape(taken.html)).to.equal(shape(free.html))
    const [mail] = await latchkey.outbox(owner.email)
    expect(mail?.code).to.equal(undefined)
    expect(mail?.text).to.contain(`${latchkey.issuer}/sign-in`)
    for (const code of ['000000', '123456']) {
      const [mine, theirs] = [await taken.submit({ code }), await free.submit({ code })]
      expect(mine.status).to.equal(401)
      expect(shape(mine.html)).to.equal(shape(theirs.html))
    }
  })

  it('refuses what is no address, a wrong code, and passwords that others use, each beside its field', async () => {
    const person = somebody()
    let page = await open(person)
    let wrong = await page.submit({ email: 'not an address' })
    expect(wrong.status).to.equal(422)
    expect(wrong.alerts).to.have.length(1)
    expect(wrong.find('input[name=email]')?.attributes).to.include({ 'aria-invalid': 'true', value: 'not an address' })
    page = await page.submit({ email: person.email })
    wrong = await page.submit({ code: '000000' })
    expect(wrong.status).to.equal(401)
    expect(wrong.alerts[0]).to.match(/\b4 attempts/)
    page = await page.submit({ code: await codeSentTo(latchkey, person.email) })
    for (const password of ['short', 'password123', `${person.email.split('@')[0]}!!`, 'x'.repeat(129)]) {
      wrong = await page.submit({ password })
      expect(wrong.status, password).to.equal(422)
      expect(wrong.find('input[name=password]')?.attributes).to.include({ 'aria-invalid': 'true' })
      expect(wrong.html).to.not.contain(`value="${password}"`)
    }
    const judged = await person.browser.post(`${page.url}/password/judge`, { password: person.password })
    expect(judged.json()).to.deep.equal({ score: 4, text: 'Strong: very hard to guess' })
  })

  it('asks that recovery codes be kept before it goes on, and shows the same ones until then', async () => {
    const person = somebody()
    let page = await open(person)
    page = await page.submit({ email: person.email })
    page = await page.submit({ code: await codeSentTo(latchkey, person.email) })
    page = await page.submit({ password: person.password })
    const secret = page.find('[data-totp-secret]')?.text ?? ''
    const { totpAt } = await import('../support/codes.ts')
    page = await page.submit({ code: totpAt(secret, latchkey.clock.now()) })
    const shown = page.all('[data-recovery-code]').map(each => each.text)
    const again = await page.submit({ saved: false })
    expect(again.status).to.equal(422)
    expect(again.all('[data-recovery-code]').map(each => each.text)).to.deep.equal(shown)
  })

  it('belongs to the browser that began it', async () => {
    const person = somebody()
    const page = await open(person)
    const thief = jar()
    const seen = await thief.get(page.url)
    expect(seen.status).to.equal(403)
    const posted = await thief.post(`${page.url}/email/begin`, { email: 'thief@example.com' })
    expect(posted.status).to.equal(403)
  })

  it('sends another code when asked, but not at once, and the former one is void', async () => {
    const person = somebody()
    const page = await (await open(person)).submit({ email: person.email })
    const first = await codeSentTo(latchkey, person.email)
    const early = await page.submit({}, 'Send again')
    expect(early.status).to.equal(429)
    expect(Number(early.headers.get('retry-after'))).to.be.within(1, 30)
    latchkey.clock.pass(31_000)
    const again = await page.submit({}, 'Send again')
    expect(again.status).to.equal(200)
    const second = await codeSentTo(latchkey, person.email)
    if (first !== second) expect((await again.submit({ code: first })).status).to.equal(401)
    expect((await again.submit({ code: second })).status).to.equal(200)
  })

  it('ends a code after ten minutes and an attempt after an hour', async () => {
    const person = somebody()
    const page = await (await open(person)).submit({ email: person.email })
    const code = await codeSentTo(latchkey, person.email)
    latchkey.clock.pass(10 * 60_000)
    expect((await page.submit({ code })).status).to.equal(410)
    latchkey.clock.pass(60 * 60_000)
    expect((await person.browser.get(page.url)).status).to.equal(410)
  })

  it('speaks German to who reads German', async () => {
    const person = somebody({ 'accept-language': 'de-AT,de;q=0.9,en;q=0.5' })
    const page = await open(person)
    expect(page.html).to.contain('<html lang="de"')
    await page.submit({ email: person.email })
    const [mail] = await latchkey.outbox(person.email)
    expect(mail?.text).to.match(/Code/)
    expect(mail?.text).to.match(/Minuten/)
  })

  it('makes an account that signs in', async () => {
    const person = somebody()
    await signUp(latchkey, person, await open(person))
    const elsewhere = { ...person, browser: jar() }
    const page = await signIn(latchkey, elsewhere, await open(elsewhere, '/sign-in'))
    expect(page.url).to.equal(`${latchkey.issuer}/account`)
  })
})
