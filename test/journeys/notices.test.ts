import { expect } from 'chai'
import { authenticator } from '../support/authenticator.ts'
import type { Page } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, type Person, signUp, somebody } from '../support/people.ts'
import { credentialOn, securityAt } from '../support/security.ts'

describe('what succeeded', () => {
  const latchkey = whileTesting(startLatchkey)
  const at = securityAt(latchkey)

  const said = (page: Page) => page.all('[role=status]').map(each => each.text)
  /** A page that says this once, and not when it is seen again. */
  const once = async ({ browser }: Person, page: Page, words: RegExp): Promise<Page> => {
    expect(page.status, page.alerts.join()).to.equal(200)
    expect(said(page), page.url).to.have.length(1)
    expect(said(page)[0]).to.match(words)
    expect(said(await browser.get(page.url))).to.deep.equal([])
    return page
  }
  /** Where the reader of the page of rules is, as that page says. */
  const here = (page: Page) => /Your current IP address is ([^ ]+)\./.exec(page.text)?.[1] ?? expect.fail(page.text)
  const rule = ({ browser }: Person, page: Page) => browser.post(page.url, { addresses: here(page) })
  const undo = (page: Page) => page.submit({}, 'Undo')

  it('is said once, where it happened, of whatever an owner does', async () => {
    const ada = await at.joined()
    const home = await at.open(ada, '/account/profile')
    await once(ada, await home.submit({ name: 'Ada' }), /profile was saved/)
    await once(ada, await at.addPhone(ada), /phone number is confirmed/)
    await once(ada, await at.addPasskey(ada), /passkey is ready/)
    const codes = await at.act(ada, 'add', { factor: 'recovery-code' })
    latchkey.keepOut(...codes.all('[data-recovery-code]').map(each => each.text))
    await once(ada, await codes.submit({ saved: true }), /recovery codes are ready/)
    const phone = credentialOn(await at.open(ada), 'Text message')
    await once(ada, await at.act(ada, 'rename', { credential: phone, name: 'My phone' }), /name is “My phone”/)
    await once(ada, await at.act(ada, 'prefer', { credential: phone }), /“My phone” first/)
    await once(ada, await at.act(ada, 'phrase', { phrase: 'blue heron' }), /phrase was saved/)
    await once(ada, await at.act(ada, 'texts', { texts: 'on' }), /now get security alerts/)
    await once(ada, await at.act(ada, 'weekly-summary', { 'weekly-summary': 'on' }), /weekly summary/)
    const rules = await at.open(ada, '/account/security/restrictions')
    await once(ada, await rule(ada, rules), /rules were saved/)
    const trip = await at.open(ada, '/account/security/restrictions')
    const until = new Date(latchkey.clock.now() + 86_400_000).toISOString().slice(0, 10)
    await once(ada, await trip.submit({ country: 'AT', until }), /travel plans were saved/)
    await once(ada, await at.act(ada, 'remove', { credential: phone }), /“My phone” was removed/)
    const others = await ada.browser.post(`${latchkey.issuer}/account/sessions/end-others`)
    await once(ada, others, /other sessions were ended/)
  })

  it('is said after a proof was asked for, too', async () => {
    const ada = await at.joined()
    latchkey.clock.pass(20 * 60_000)
    const first = await at.act(ada, 'phrase', { phrase: 'blue heron' })
    const asked = await first.submit({ password: ada.password })
    expect(said(asked)).to.deep.equal([])
    await once(ada, await asked.submit({ code: authenticatorCode(latchkey, ada) }), /phrase was saved/)
  })

  it('is said of a sign-up', async () => {
    const ada = somebody()
    const page = await signUp(latchkey, ada, await at.open(ada, '/sign-up'))
    expect(page.url).to.equal(`${latchkey.issuer}/account`)
    await once(ada, page, /^Your account is ready\.$/)
  })

  it('is said of a passkey that a sign-up made, too', async () => {
    const ada = somebody()
    const page = await signUp(latchkey, ada, await at.open(ada, '/sign-up'), 'totp', authenticator())
    await once(ada, page, /^Your account is ready\. Your passkey is ready to use\.$/)
  })

  it('can be undone on that page: names, phrases, switches, rules, trips', async () => {
    const ada = await at.joined()
    await at.addPhone(ada)
    const phone = credentialOn(await at.open(ada), 'Text message')
    const named = await undo(await at.act(ada, 'rename', { credential: phone, name: 'My phone' }))
    await once(ada, named, /name is “Text message”/)
    await at.act(ada, 'phrase', { phrase: 'blue heron' })
    const phrase = await undo(await at.act(ada, 'phrase', { phrase: 'grey heron' }))
    expect(phrase.find('[name=phrase]')?.attributes.value).to.equal('blue heron')
    await once(ada, await undo(await at.act(ada, 'texts', { texts: 'on' })), /no longer get security alerts/)
    const rules = await at.open(ada, '/account/security/restrictions')
    const ruled = await rule(ada, rules)
    expect(ruled.text).to.contain('Only these IP addresses')
    expect((await undo(ruled)).text).to.not.contain('Only these IP addresses')
  })

  it('gives a forgotten device back, for some minutes, and only to the session that forgot it', async () => {
    const trusting = async () => {
      const ada = await at.joined()
      await (await at.open(ada, '/account')).submit({}, 'Sign out')
      const page = await (await at.open(ada, '/sign-in')).submit({ email: ada.email, password: ada.password })
      await page.submit({ trust: true, code: authenticatorCode(latchkey, ada) })
      return ada
    }
    const forget = async (person: Person) => {
      const device = (await at.open(person)).find('[name=device]')?.attributes.value ?? ''
      return at.act(person, 'forget', { device })
    }
    const ada = await trusting()
    const back = await undo(await forget(ada))
    expect(said(back)[0]).to.contain('trusted again')
    expect(back.find('[name=device]')).to.not.equal(undefined)

    const forgotten = await forget(ada)
    const form = forgotten.forms.find(each => each.action.endsWith('/account/undo'))
    const fields = Object.fromEntries(form?.entries({}) ?? []) as Record<string, string>
    const other = await at.elsewhere(ada)
    const eve = await at.joined()
    for (const person of [other, eve])
      expect((await person.browser.post(`${latchkey.issuer}/account/undo`, fields)).status).to.equal(404)
    latchkey.clock.pass(11 * 60_000)
    expect((await undo(forgotten)).status).to.equal(404)
    expect((await at.open(ada)).find('[name=device]')).to.equal(undefined)
  })

  it('says nothing that we did not say, and nothing to anybody else', async () => {
    const ada = await at.joined()
    const words = Buffer.from(JSON.stringify(['/account/security', ada.email, { key: 'done.sign-up' }]))
    const forged = `latchkey_notice=${words.toString('base64url')}`
    await ada.browser.cookies.setCookie(`${forged}; Path=/account/security`, latchkey.issuer)
    expect(said(await at.open(ada))).to.deep.equal([])
    // Left for Ada, and somebody else signs in at her browser before it was seen.
    const eve = await at.joined()
    const left = await ada.browser.post(
      `${latchkey.issuer}/account/security/phrase`,
      { phrase: 'mine' },
      { follow: false },
    )
    expect(left.status).to.equal(303)
    await ada.browser.post(`${latchkey.issuer}/sign-out`)
    const page = await (await at.open(ada, '/sign-in')).submit({ email: eve.email, password: eve.password })
    await page.submit({ code: authenticatorCode(latchkey, eve) })
    expect(said(await at.open(ada))).to.deep.equal([])
  })

  it('is undone by nothing but what undoes, and by no other site', async () => {
    const ada = await at.joined()
    const url = `${latchkey.issuer}/account/undo`
    const post = async (action: string, args: string, from?: string) =>
      (await ada.browser.post(url, { action, args, confirmed: 'yes' }, from ? { from } : {})).status
    const credential = credentialOn(await at.open(ada), 'Authenticator app')
    expect(await post('credential.remove', JSON.stringify({ credential }))).to.be.oneOf([400, 403, 404])
    expect(await post('account.close', '{}')).to.be.oneOf([400, 403, 404])
    expect(await post('credential.rename', '{')).to.equal(400)
    expect(await post('credential.rename', '[]')).to.equal(400)
    expect(await post('profile.change', '{}', 'https://evil.example')).to.equal(403)
    expect((await at.open(ada)).url).to.contain('/account/security')
  })
})
