import { expect } from 'chai'
import { authenticator } from '../support/authenticator.ts'
import { jar, type Page } from '../support/jar.ts'
import { type Message, startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, codeSentTo, type Person } from '../support/people.ts'
import { credentialOn, securityAt, usePasskey } from '../support/security.ts'

const day = 24 * 3_600_000

describe('alerts', () => {
  const latchkey = whileTesting(startLatchkey)
  const at = securityAt(latchkey)

  /** The newest mail or text to somebody with this subject, or these words. */
  const told = async (to: string, what: string): Promise<Message> => {
    const messages = await latchkey.outbox(to)
    const found = messages.find(each => each.subject === what || each.text.includes(what))
    return found ?? expect.fail(`${to} was told only: ${messages.map(each => each.subject || each.text).join('; ')}`)
  }
  const count = async (to: string) => (await latchkey.outbox(to)).length
  const changeEmail = async (person: Person, email: string): Promise<Page> => {
    let page = await at.act(person, 'add', { factor: 'email' })
    page = await page.submit({ code: await codeSentTo(latchkey, person.email) })
    page = await page.submit({ email })
    return page.submit({ code: await codeSentTo(latchkey, email) })
  }
  /** Presses the button of the page that a mail leads to. */
  const press = async ({ link = '' }: Message, browser = jar()): Promise<Page> => (await browser.get(link)).submit()

  it('tell the owner what was done, with what and where, and by their own words that it is us', async () => {
    const ada = await at.joined()
    await at.act(ada, 'phrase', { phrase: 'blue heron' })
    await at.addPhone(ada)
    await told(ada.email, 'A phone number was added')
    await told(ada.phone, 'A phone number was added')
    await at.addPasskey(ada)
    const { text, link } = await told(ada.email, 'A passkey was added')
    expect(text)
      .to.contain('blue heron')
      .and.to.contain('Chrome on')
      .and.to.match(/When: \d+ \w+ \d{4}/)
    expect(link).to.match(new RegExp(`^${latchkey.issuer}/not-me/[\\w-]{43}$`))
    const page = await (await at.open({ ...ada, browser: jar() }, '/sign-in')).submit({
      email: ada.email,
      password: ada.password,
    })
    await page.submit({}, 'Code by email')
    expect((await told(ada.email, 'Your Latchkey code')).text).to.contain('blue heron')
  })

  it('take every API key away when the owner says that it was not them', async () => {
    const ada = await at.joined()
    const keys = await ada.browser.get(`${latchkey.issuer}/account/api-keys`)
    const made = await keys.submit({ name: 'Bot' }, 'Create key')
    latchkey.keepOut(made.find('[data-api-key-secret]')?.text ?? '')
    await at.addPhone(ada)
    await press(await told(ada.email, 'A phone number was added'))
    await told(ada.email, 'An API key of your Latchkey account was revoked')
  })

  it('come by text, too, to who wants that, and once more to who does not any more', async () => {
    const ada = await at.joined('sms')
    const off = await at.open(ada)
    await off.submit({}, 'Text me alerts')
    await told(ada.phone, 'Your text alerts were changed')
    await at.act(ada, 'phrase', { phrase: 'blue heron' })
    await told(ada.phone, 'Your anti-phishing phrase was changed')
    await (await at.open(ada)).submit({}, 'Stop text alerts')
    const before = await count(ada.phone)
    expect((await latchkey.outbox(ada.phone)).filter(each => each.text.includes('text alerts'))).to.have.length(2)
    await at.act(ada, 'phrase', { phrase: 'grey heron' })
    expect(await count(ada.phone)).to.equal(before)
  })

  it('speak the language of the account', async () => {
    const ada = await at.joined()
    await at.addPhone(ada)
    const german = { ...ada, browser: jar({ 'accept-language': 'de' }) }
    await german.browser.get(`${latchkey.issuer}/sign-in`)
    expect((await told(ada.email, 'A phone number was added')).text).to.contain('If this was you')
  })

  it('say nothing of a sign-in on a device that is known, nor of signing up', async () => {
    const ada = await at.joined()
    const before = await count(ada.email)
    expect((await latchkey.outbox(ada.email)).filter(each => each.link !== undefined)).to.deep.equal([])
    await (await at.open(ada, '/account')).submit({}, 'Sign out')
    let page = await (await at.open(ada, '/sign-in')).submit({ email: ada.email, password: ada.password })
    page = await page.submit({ code: authenticatorCode(latchkey, ada) })
    expect(page.url).to.equal(`${latchkey.issuer}/account`)
    expect(await count(ada.email)).to.equal(before)
  })

  it('tell the old address and the new one of a change, and only the old one can undo it', async () => {
    const ada = await at.joined()
    const email = ada.email.replace('@', '.new@')
    await changeEmail(ada, email)
    expect((await told(ada.email, 'Your email address was changed')).link).to.be.a('string')
    expect((await told(email, 'Your email address was changed')).link).to.equal(undefined)
    // What is done next is told to both, too.
    await at.addPasskey(ada)
    await told(ada.email, 'A passkey was added')
    expect((await told(email, 'A passkey was added')).link).to.equal(undefined)
    const masked = `${email.slice(0, 1)}•••@example.com`
    expect((await told(ada.email, 'Your email address was changed')).text)
      .to.contain(masked)
      .and.not.contain(email)
    // Seven days later it is the owner's as any other.
    latchkey.clock.pass(7 * day)
    ada.email = email
    await at.elsewhere(ada)
    expect((await told(email, 'New sign-in to your account')).link).to.contain('/not-me/')
  })

  it('tell the old number and the new one', async () => {
    const ada = await at.joined('sms')
    const phone = `${ada.phone}7`
    latchkey.clock.pass(31_000)
    let page = await at.act(ada, 'add', { factor: 'sms' })
    page = await page.submit({ code: await codeSentTo(latchkey, ada.phone) })
    page = await page.submit({ phone })
    await page.submit({ code: await codeSentTo(latchkey, phone) })
    for (const to of [ada.phone, phone, ada.email]) await told(to, 'Your phone number was changed')
  })

  it('lock everything at one press of a button, and lead to a new password', async () => {
    const ada = await at.joined()
    const thief = await at.elsewhere(ada)
    const device = authenticator()
    await at.addPasskey(thief, device)
    const mail = await told(ada.email, 'A passkey was added')
    // Mail scanners follow links: that does nothing, however often.
    const scanner = jar()
    for (const _ of [1, 2]) expect((await scanner.get(mail.link ?? '')).status).to.equal(200)
    expect(await at.isIn(thief)).to.equal(true)

    const reader = jar()
    const done = await press(mail, reader)
    expect(done.h1).to.equal('Your account is locked')
    expect((await reader.get(`${latchkey.issuer}/account`)).url).to.contain('/sign-in/')
    expect(await at.isIn(thief)).to.equal(false)
    const again = jar()
    const start = await again.get(`${latchkey.issuer}/sign-in`)
    expect((await start.submit({ email: ada.email, password: ada.password })).status).to.equal(401)
    const byPasskey = jar()
    const refused = await usePasskey(
      { ...ada, browser: byPasskey },
      await byPasskey.get(`${latchkey.issuer}/sign-in`),
      device,
    )
    expect(refused.status).to.equal(401)
    expect((await jar().post(mail.link ?? '')).status).to.equal(410)

    const reset = await told(ada.email, 'Your Latchkey account is locked')
    let page = await press(reset)
    expect(page.h1).to.equal('Enter the code from your authenticator app')
    page = await page.submit({ code: authenticatorCode(latchkey, ada) })
    ada.password = `new ${ada.password}`
    latchkey.keepOut(ada.password)
    page = await page.submit({ password: ada.password })
    expect(page.url).to.equal(`${latchkey.issuer}/account`)
  })

  it('put back an address that was taken away, with all that came after it gone', async () => {
    const ada = await at.joined()
    latchkey.clock.pass(2 * day)
    const thief = await at.elsewhere(ada)
    const email = `thief-of-${ada.email}`
    await changeEmail(thief, email)
    await at.addPhone(thief, `${ada.phone}9`)
    const lost = await told(ada.email, 'Your email address was changed')
    const thiefs = await told(email, 'A phone number was added')
    await press(lost)
    expect((await latchkey.outbox(email)).some(each => each.subject.includes('locked'))).to.equal(false)
    let page = await press(await told(ada.email, 'Your Latchkey account is locked'))
    expect(page.all('[data-factor]').map(each => each.attributes['data-factor'])).to.deep.equal(['recovery-code'])
    page = await page.submit({ code: authenticatorCode(latchkey, ada) })
    page = await page.submit({ password: ada.password })
    expect(page.find('.address')?.text).to.equal(ada.email)
    // The thief's own mails undo nothing.
    expect(thiefs.link).to.equal(undefined)
    expect(thiefs.text).to.contain('at the address your account had before')
  })

  it('are undone by nobody who forges, guesses or keeps a link', async () => {
    const ada = await at.joined()
    await at.addPhone(ada)
    const { link = '' } = await told(ada.email, 'A phone number was added')
    const forged = [
      `${link.slice(0, -1)}${link.endsWith('A') ? 'B' : 'A'}`,
      `${latchkey.issuer}/not-me/${'A'.repeat(43)}`,
      `${latchkey.issuer}/not-me/x`,
      link.replace('/not-me/', '/reset/'),
    ]
    for (const each of forged) {
      expect((await jar().get(each)).status, each).to.equal(410)
      expect((await jar().post(each)).status, each).to.equal(410)
    }
    const page = await jar().get(link)
    expect((await jar().post(page.url, {}, { from: 'https://evil.example' })).status).to.equal(403)
    expect(await at.isIn(ada)).to.equal(true)
    latchkey.clock.pass(8 * day)
    expect((await jar().get(link)).status).to.equal(410)
    expect((await jar().post(link)).status).to.equal(410)
  })

  it('lead to us, whatever host a request names', async () => {
    const ada = await at.joined()
    const { hostname, port } = new URL(latchkey.issuer)
    const { request } = await import('node:http')
    const cookie = await ada.browser.cookies.getCookieString(latchkey.issuer)
    const body = 'phrase=blue+heron'
    const status = await new Promise<number>((resolve, reject) => {
      const asked = request({
        hostname,
        port,
        path: '/account/security/phrase',
        method: 'POST',
        headers: {
          host: 'evil.example',
          'x-forwarded-host': 'evil.example',
          forwarded: 'host=evil.example',
          cookie,
          'content-type': 'application/x-www-form-urlencoded',
          'content-length': body.length,
        },
      })
      asked.on('response', answer => resolve(answer.resume().statusCode ?? 0)).on('error', reject)
      asked.end(body)
    })
    expect(status).to.equal(303)
    const mail = await told(ada.email, 'Your anti-phishing phrase was changed')
    expect(mail.link).to.match(new RegExp(`^${latchkey.issuer}/`))
    expect(mail.text).to.not.contain('evil.example')
  })

  it('keep a removed phone out of the account of who presses the button', async () => {
    const ada = await at.joined()
    await at.addPhone(ada)
    await at.act(ada, 'remove', { credential: credentialOn(await at.open(ada), 'Text message') })
    await press(await told(ada.email, 'Your phone number was removed'))
    const page = await press(await told(ada.email, 'Your Latchkey account is locked'))
    expect(page.all('[data-factor]').map(each => each.attributes['data-factor'])).to.not.include('sms')
  })
})
