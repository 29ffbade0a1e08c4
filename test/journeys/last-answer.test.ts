import { expect } from 'chai'
import { credentialsDeclaration } from '../../src/accounts/credential.ts'
import { every } from '../../src/store/collection.ts'
import { jar, type Page } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, codeSentTo, type Person, signIn, somebody } from '../support/people.ts'
import { securityAt } from '../support/security.ts'

describe('the last wrong answer, where there is no other way', () => {
  const latchkey = whileTesting(startLatchkey)
  const at = securityAt(latchkey)

  // Wrong answers from one address are limited, too.
  beforeEach(() => latchkey.clock.pass(61 * 60_000))

  /** Answers wrong five times; resolves to the page after the last one. */
  const fiveWrong = async (asked: Page): Promise<Page> => {
    let page = asked
    for (let each = 0; each < 5; each += 1) page = await asked.submit({ code: '000000' })
    return page
  }
  /** The page says when it goes on and that alone, keeps `typed`, also when it is loaded anew, and takes a new code once the wait is over. */
  const expectWait = async (closed: Page, open: () => Promise<Page>, typed: Record<string, string>): Promise<Page> => {
    for (const [page, status] of [
      [closed, 401],
      [await open(), 403],
    ] as const) {
      expect([page.status, page.h1]).to.deep.equal([status, 'Too many attempts'])
      expect(page.alerts).to.deep.equal(['Too many wrong codes. Wait 10 minutes, then request a new code.'])
      expect(page.find('main')?.text).to.not.match(/another way/i)
      expect(Number(page.headers.get('retry-after'))).to.be.within(580, 600)
      expect(page.find('main [name=code]')).to.equal(undefined)
      for (const [name, value] of Object.entries(typed))
        expect(page.find(`main [name=${name}]`)?.attributes.value).to.equal(value)
    }
    const early = await closed.submit({}, 'Send code')
    expect([early.status, early.alerts[0]]).to.deep.equal([
      403,
      'Too many wrong codes. Wait 10 minutes, then request a new code.',
    ])
    latchkey.clock.pass(10 * 60_000 + 1_000)
    return closed.submit({}, 'Send code')
  }

  it('of a sign-up says when there is a new code, keeps the address, and goes on with it', async () => {
    const person = somebody()
    latchkey.keepOut(person.password)
    let page = await (await person.browser.get(`${latchkey.issuer}/sign-up`)).submit({ email: person.email })
    const { url } = page
    page = await expectWait(await fiveWrong(page), () => person.browser.get(url), { email: person.email })
    expect(page.text).to.contain(person.email)
    page = await page.submit({ code: await codeSentTo(latchkey, person.email) })
    expect(page.h1).to.equal('Choose a password')
  })

  it('says so in the language of the page', async () => {
    const words = {
      de: 'Zu viele falsche Codes. Warten Sie 10 Minuten, und fordern Sie dann einen neuen Code an.',
      ar: 'رموز خاطئة كثيرة جدًا. انتظر \u206810 دقائق\u2069 ثم اطلب رمزًا جديدًا.',
      ja: '誤ったコードが多すぎます。10分待ってから、新しいコードを送信してください。',
    }
    for (const [language, said] of Object.entries(words)) {
      const browser = jar({ 'accept-language': language })
      const page = await (await browser.get(`${latchkey.issuer}/sign-up`)).submit({ email: somebody().email })
      expect((await fiveWrong(page)).alerts).to.deep.equal([said])
    }
  })

  it('of a number that is added, and of an authenticator, says the same', async () => {
    const ada = await at.joined()
    let page = await (await at.act(ada, 'add', { factor: 'sms' })).submit({ phone: ada.phone })
    const { url } = page
    page = await expectWait(await fiveWrong(page), () => ada.browser.get(url), { phone: ada.phone })
    // Meanwhile the proof by which a number is added has run out: it is asked for again, and nothing wrong is said.
    expect([page.status, page.h1, page.alerts]).to.deep.equal([403, 'Enter your password', []])
    page = await page.submit({ password: ada.password })
    page = await page.submit({ code: authenticatorCode(latchkey, ada) })
    page = await page.submit({ phone: ada.phone })
    expect((await page.submit({ code: await codeSentTo(latchkey, ada.phone) })).url).to.contain('/account/security')

    const bob = await at.joined()
    page = await fiveWrong(await at.act(bob, 'add', { factor: 'totp' }))
    expect([page.status, page.h1]).to.deep.equal([401, 'Too many attempts'])
    expect(page.alerts).to.deep.equal(['Too many attempts. Wait 10 minutes, then try again.'])
    latchkey.clock.pass(10 * 60_000 + 1_000)
    page = await (await page.submit({}, 'Try again')).submit({ password: bob.password })
    page = await page.submit({ code: authenticatorCode(latchkey, bob) })
    latchkey.keepOut(page.find('[data-totp-secret]')?.text.replace(/\s/g, '') ?? '')
    expect(page.find('[data-totp-secret]')?.text).to.match(/^[A-Z2-7 ]+$/)
  })

  /** Somebody who has no recovery codes left, and only an authenticator beside the password. */
  const bare = async (): Promise<Person> => {
    const ada = await at.joined()
    const held = latchkey.store.collection(credentialsDeclaration)
    for await (const { id, factor } of every(held, {})) if (factor === 'recovery-code') await held.take(id)
    return ada
  }

  it('of a step-up with an authenticator alone says when to try again, and how to get back in without it', async () => {
    const ada = await bare()
    latchkey.clock.pass(60 * 60_000)
    ada.browser = jar()
    await signIn(latchkey, ada, await at.open(ada, '/sign-in'))
    latchkey.clock.pass(60 * 60_000)
    let page = await at.act(ada, 'add', { factor: 'sms' })
    page = await page.submit({ password: ada.password })
    page = await fiveWrong(page)
    expect(page.h1).to.equal('Too many attempts')
    expect(page.alerts).to.deep.equal(['Too many attempts. Wait 10 minutes, then try again.'])
    expect(page.find('main')?.text).to.not.match(/another way/i)
    expect(page.find('main a[href="/recover"]')?.text).to.contain('Can’t use this?')
    expect(page.find('[data-cancel]')?.text).to.equal('Cancel')
  })
})
