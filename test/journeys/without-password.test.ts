import { expect } from 'chai'
import { type Authenticator, authenticator } from '../support/authenticator.ts'
import { jar, type Page } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, codeSentTo, type Person, somebody, usePasskey } from '../support/people.ts'
import { credentialOn, securityAt } from '../support/security.ts'

describe('an account without a password', () => {
  const latchkey = whileTesting(startLatchkey)
  const at = securityAt(latchkey)

  /** Signs up with a passkey in the place of a password; resolves to the page after the last step, and to the headings on the way. */
  const joined = async (device: Authenticator, start = '/sign-up') => {
    const person = somebody()
    const headings: string[] = []
    const seen = (page: Page) => {
      headings.push(page.h1)
      return page
    }
    let page = seen(await at.open(person, start))
    page = seen(await page.submit({ email: person.email }))
    page = await page.submit({ code: await codeSentTo(latchkey, person.email) })
    if (page.find('[data-passkey]') === undefined) page = await page.submit({}, { action: '/use' })
    page = seen(await usePasskey(person, seen(page), device))
    person.secret = page.find('[data-totp-secret]')?.text.replace(/\s/g, '') ?? ''
    page = seen(await page.submit({ code: authenticatorCode(latchkey, person) }))
    person.recoveryCodes = page.all('[data-recovery-code]').map(each => each.text)
    latchkey.keepOut(person.secret, ...person.recoveryCodes)
    return { person, headings, done: await page.submit({ saved: true }) }
  }
  const bySelf = async (person: Person, device: Authenticator): Promise<Person> => {
    const away = { ...person, browser: jar() }
    const start = await at.open(away, '/sign-in')
    expect((await usePasskey(away, start, device)).url).to.equal(`${latchkey.issuer}/account`)
    return away
  }

  it('is made with a passkey in the place of a password, and a second step as ever, in five pages', async () => {
    const { person, headings, done } = await joined(authenticator())
    expect(headings).to.have.length(5)
    expect(person.recoveryCodes).to.have.length(10)
    expect(done.url).to.equal(`${latchkey.issuer}/account`)
    const page = await at.open(person)
    const names = page.all('.dated .name').map(({ text }) => text)
    expect(names.some(each => each.startsWith('Password'))).to.equal(false)
  })

  it('begins with the passkey where somebody came for that', async () => {
    const { done } = await joined(authenticator(), '/sign-up?way=passkey')
    expect(done.url).to.equal(`${latchkey.issuer}/account`)
  })

  it('is opened by one touch, and by no password, in the same words as any other', async () => {
    const device = authenticator()
    const { person } = await joined(device)
    await bySelf(person, device)
    const stranger = jar()
    const tell = async (email: string) => {
      const page = await (await stranger.get(`${latchkey.issuer}/sign-in`)).submit({
        email,
        password: 'wrong harbour 1',
      })
      return [page.status, ...page.alerts]
    }
    expect(await tell(person.email)).to.deep.equal(await tell('nobody@example.com'))
  })

  it('keeps the last thing that opens it, and lets it go once there is another', async () => {
    const device = authenticator()
    const { person } = await joined(device)
    const away = await bySelf(person, device)
    let page = await at.open(away)
    const passkey = credentialOn(page, 'Passkey')
    expect(page.text).to.include('You need this passkey to sign in')
    page = await at.act(away, 'remove', { credential: passkey })
    expect(page.status).to.equal(409)
    page = await at.act(away, 'add', { factor: 'password' })
    page = await page.submit({ password: person.password })
    expect(page.url).to.equal(`${latchkey.issuer}/account/security`)
    page = await at.act(away, 'remove', { credential: passkey })
    expect(page.url).to.match(/\/account\/security/)
    expect(await at.isIn(await at.elsewhere(person))).to.equal(true)
  })

  it('loses only one of two passkeys when both are removed at once, at two browsers', async () => {
    const [one, other] = [authenticator(), authenticator()]
    const { person } = await joined(one)
    const first = await bySelf(person, one)
    await at.addPasskey(first, other)
    const second = await bySelf(person, one)
    const lines = (await at.open(second)).all('li.line').filter(({ text }) => /^Passkey/.test(text.trim()))
    const ids = lines.flatMap(line => line.find('button[name=credential]')?.attributes.value ?? [])
    expect(new Set(ids).size).to.equal(2)
    await Promise.all([first, second].map((each, nth) => at.act(each, 'remove', { credential: ids[nth] ?? '' })))
    const opens = async (device: Authenticator) => {
      const browser = jar()
      const start = await browser.get(`${latchkey.issuer}/sign-in`)
      return (await usePasskey({ ...person, browser }, start, device)).url === `${latchkey.issuer}/account`
    }
    expect([await opens(one), await opens(other)].filter(Boolean)).to.have.length(1)
  })

  it('gets a password by the link of a forgotten one, with its second step, when the passkey is lost', async () => {
    const { person } = await joined(authenticator())
    const away = { ...person, browser: jar() }
    await (await at.open(away, '/forgot-password')).submit({ email: person.email })
    const link = (await latchkey.outbox(person.email)).find(each => each.link?.includes('/reset/'))?.link ?? ''
    let page = await (await away.browser.get(link)).submit({})
    // The passkey is asked for first; it is lost.
    page = await away.browser.post(`${page.url}/use`, { factor: 'totp' })
    page = await page.submit({ code: authenticatorCode(latchkey, person) })
    page = await page.submit({ password: person.password })
    expect(page.status).to.equal(200)
    expect(await at.isIn(await at.elsewhere(person))).to.equal(true)
  })

  it('is locked and given back by “This wasn’t me” like any other', async () => {
    const device = authenticator()
    const { person } = await joined(device)
    const away = await bySelf(person, device)
    await at.act(away, 'phrase', { phrase: 'blue herons at dusk' })
    const link = (await latchkey.outbox(person.email)).find(each => each.link?.includes('/not-me/'))?.link ?? ''
    const browser = jar()
    const page = await (await browser.get(link)).submit({})
    expect(page.status).to.equal(200)
    expect(await at.isIn(away)).to.equal(false)
    expect(await at.isIn(await bySelf(person, device))).to.equal(true)
  })
})
