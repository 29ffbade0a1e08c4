import { expect } from 'chai'
import { linksDeclaration } from '../../src/accounts/link.ts'
import { sha256 } from '../../src/crypto/digest.ts'
import { authenticator } from '../support/authenticator.ts'
import { type Jar, jar, type Page } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, type Person } from '../support/people.ts'
import { securityAt, usePasskey } from '../support/security.ts'

const minute = 60_000

describe('an account at which strangers guess', () => {
  const latchkey = whileTesting(() => startLatchkey({ environment: { LATCHKEY_TRUST_PROXY: '127.0.0.1,::1' } }))
  const at = securityAt(latchkey)

  let sources = 0
  const elsewhere = (): Jar => {
    sources += 1
    return jar({ 'x-forwarded-for': `198.51.${sources >> 8}.${sources & 255}` })
  }
  const typed = async (browser: Jar, email: string, password: string): Promise<Page> =>
    (await browser.get(`${latchkey.issuer}/sign-in`)).submit({ email, password })
  /** Uses up what new devices have all together. */
  const flood = async (email: string, times = 20) => {
    for (let each = 0; each < times; each++) await typed(elsewhere(), email, `guess ${each}`)
  }
  const mails = async (email: string) => (await latchkey.outbox(email)).filter(({ link }) => link?.includes('/open/'))
  const account = () => `${latchkey.issuer}/account`
  /** From the second factor on: what is new is held until it is confirmed. */
  const finish = async (person: Person, browser: Jar, page: Page): Promise<string> => {
    const held = await page.submit({ code: authenticatorCode(latchkey, person) })
    if (held.url === account()) return held.url
    expect(held.h1).to.equal('Confirm it’s you: check your email')
    const [mail] = (await latchkey.outbox(person.email)).filter(({ link }) => link?.includes('/confirm/'))
    await (await browser.get(mail?.link ?? '')).submit({}, 'Yes, it’s me')
    return (await held.submit({}, 'I’ve confirmed')).url
  }

  it('lets its owner in on a new device by the code that was mailed, with the password and the second factor', async () => {
    const ada = await at.joined()
    await flood(ada.email)
    const browser = elsewhere()
    const shut = await typed(browser, ada.email, ada.password)
    expect([shut.status, shut.h1]).to.deep.equal([200, 'Check your email to continue'])
    expect(shut.text).to.contain(ada.email)
    const [mail] = await mails(ada.email)
    expect(mail?.code).to.match(/^[0-9a-z]{5}-[0-9a-z]{5}$/)
    expect(shut.html.toLowerCase()).to.not.contain(mail?.code)
    // Fifty bits are few: a digest that needs no secret could be turned back into the code by whoever reads the store.
    const plain = sha256(mail?.code?.replace('-', '').toUpperCase() ?? '')
    for (const id of [plain, sha256(mail?.code?.replace('-', '') ?? '')])
      expect(await latchkey.store.collection(linksDeclaration).get(id)).to.equal(undefined)

    const early = await shut.submit({ code: '' })
    expect(early.status).to.equal(409)
    expect(early.alerts.join()).to.contain('Open the link in our email')
    const wrong = await early.submit({ code: 'aaaaa-bbbbb' })
    expect(wrong.status).to.equal(401)
    const start = await wrong.submit({ code: ` ${mail?.code?.toUpperCase().replace('-', ' ')} ` })
    expect([start.status, start.find('[name=email]')?.attributes.value]).to.deep.equal([200, ada.email])
    expect((await browser.get(account())).url, 'nobody is signed in by it').to.contain('/sign-in/')
    const second = await start.submit({ password: ada.password })
    expect(second.h1).to.equal('Enter the code from your authenticator app')
    expect(await finish(ada, browser, second)).to.equal(account())
  })

  it('lets its owner in by the mailed link, whoever made it be sent, as often as new devices need it', async () => {
    const ada = await at.joined()
    await flood(ada.email, 40)
    const sent = await mails(ada.email)
    expect(sent).to.have.length(2)
    for (const link of [sent[0]?.link ?? '', sent[0]?.link ?? '']) {
      const browser = elsewhere()
      const shut = await typed(browser, ada.email, ada.password)
      expect(shut.h1).to.equal('Check your email to continue')
      // What scans mail follows links, and presses nothing.
      await browser.get(link)
      expect((await shut.submit({ code: '' })).status).to.equal(409)
      const opened = await (await browser.get(link)).submit({}, 'Continue on this device')
      expect(opened.h1).to.equal('You can now sign in')
      const start = await shut.submit({ code: '' })
      expect(await finish(ada, browser, await start.submit({ password: ada.password }))).to.equal(account())
    }
  })

  it('always has a mail that works, however long and however often strangers ask', async () => {
    const ada = await at.joined()
    for (let each = 0; each < 5; each++) {
      await flood(ada.email, 21)
      latchkey.clock.pass(25 * minute)
    }
    expect((await mails(ada.email)).length, 'two hours of it').to.be.at.most(6)
    await flood(ada.email)
    const browser = elsewhere()
    const shut = await typed(browser, ada.email, ada.password)
    expect(shut.h1).to.equal('Check your email to continue')
    const [newest] = await mails(ada.email)
    const start = await shut.submit({ code: newest?.code ?? '' })
    expect(await finish(ada, browser, await start.submit({ password: ada.password }))).to.equal(account())
  })

  it('lets its owner in by a passkey without any of it', async () => {
    const ada = await at.joined()
    const device = authenticator()
    await at.addPasskey(ada, device)
    // Until then it is worth no more than what authorised it.
    latchkey.clock.pass(25 * 60 * minute)
    await flood(ada.email)
    const browser = elsewhere()
    const shut = await typed(browser, ada.email, ada.password)
    expect(shut.h1).to.equal('Check your email to continue')
    expect((await usePasskey({ ...ada, browser }, shut, device)).url).to.equal(account())
  })

  it('lets its owner in where the second factor is what was guessed at', async () => {
    const ada = await at.joined()
    const guesser = async () => typed(elsewhere(), ada.email, ada.password)
    for (let each = 0; each < 5; each++) {
      const page = await guesser()
      for (let digit = 0; digit < 4; digit++) await page.submit({ code: `00000${digit}` })
    }
    const browser = elsewhere()
    const page = await typed(browser, ada.email, ada.password)
    const shut = await page.submit({ code: authenticatorCode(latchkey, ada) })
    expect([shut.status, shut.h1]).to.deep.equal([200, 'Check your email to continue'])
    const [mail] = await mails(ada.email)
    const again = await shut.submit({ code: mail?.code ?? '' })
    expect(again.h1).to.equal('Enter the code from your authenticator app')
    expect(await finish(ada, browser, again)).to.equal(account())
  })

  it('lets its owner choose a new password, because a link from the mailbox proves it, too', async () => {
    const ada = await at.joined()
    for (let each = 0; each < 5; each++) {
      const page = await typed(elsewhere(), ada.email, ada.password)
      for (let digit = 0; digit < 4; digit++) await page.submit({ code: `00000${digit}` })
    }
    const browser = elsewhere()
    await (await browser.get(`${latchkey.issuer}/forgot-password`)).submit({ email: ada.email })
    const [mail] = (await latchkey.outbox(ada.email)).filter(({ link }) => link?.includes('/reset/'))
    const page = await (await browser.get(mail?.link ?? '')).submit()
    const next = await page.submit({ code: authenticatorCode(latchkey, ada) })
    expect(next.status).to.equal(200)
    expect(next.h1).to.not.equal('Check your email to continue')
  })

  it('looks the same where there is no account, and mails nobody', async () => {
    const ada = await at.joined()
    const shape = ({ status, html }: Page, email: string) => [
      status,
      html
        .replaceAll(/\/sign-in\/[\w-]{22}/g, '/sign-in/attempt')
        .replaceAll(email, 'email')
        .replace(/data-options="[^"]*"/, ''),
    ]
    const nobody = 'nobody-at-all@example.com'
    for (const email of [ada.email, nobody]) await flood(email)
    const browsers = [elsewhere(), elsewhere()] as const
    const known = await typed(browsers[0], ada.email, ada.password)
    const unknown = await typed(browsers[1], nobody, ada.password)
    expect(known.h1).to.equal('Check your email to continue')
    expect(shape(unknown, nobody)).to.deep.equal(shape(known, ada.email))
    for (const code of ['', 'aaaaa-bbbbb'])
      expect(shape(await unknown.submit({ code }), nobody)).to.deep.equal(
        shape(await known.submit({ code }), ada.email),
      )
    expect(await latchkey.outbox(nobody)).to.have.length(0)
    // Nor does a code of one mailbox open another account.
    const [mail] = await mails(ada.email)
    expect((await unknown.submit({ code: mail?.code ?? '' })).status).to.equal(409)
  })

  it('gives a device that proved the mailbox no more than tries of its own, for two hours', async () => {
    const ada = await at.joined()
    await flood(ada.email)
    const browser = elsewhere()
    const shut = await typed(browser, ada.email, 'a wrong password')
    const [mail] = await mails(ada.email)
    await shut.submit({ code: mail?.code ?? '' })
    const statuses: number[] = []
    for (let each = 0; each < 12; each++) statuses.push((await typed(browser, ada.email, `wrong ${each}`)).status)
    expect(statuses).to.deep.equal([...Array(10).fill(401), 429, 429])
    latchkey.clock.pass(125 * minute)
    await flood(ada.email)
    expect((await typed(browser, ada.email, ada.password)).h1).to.equal('Check your email to continue')
    expect((await browser.get(mail?.link ?? '')).status, 'the link has expired').to.equal(410)
  })

  it('does not open by a link from before its protection changed', async () => {
    const ada = await at.joined()
    await flood(ada.email)
    await typed(elsewhere(), ada.email, ada.password)
    const [mail] = await mails(ada.email)
    await at.addPasskey(ada)
    expect((await elsewhere().get(mail?.link ?? '')).status).to.equal(410)
    await typed(elsewhere(), ada.email, ada.password)
    expect(await mails(ada.email), 'the next one is mailed at once').to.have.length(2)
  })

  it('limits whoever asks for mails to many accounts from one address', async () => {
    const emails = [1, 2, 3, 4].map(index => `victim${index}@example.com`)
    for (const email of emails) await flood(email)
    const source = jar({ 'x-forwarded-for': '203.0.113.7' })
    const statuses: number[] = []
    for (let time = 0; time < 8; time++)
      for (const email of emails) statuses.push((await typed(source, email, 'any')).status)
    expect(statuses).to.deep.equal([...Array(30).fill(200), 429, 429])
  })
})
