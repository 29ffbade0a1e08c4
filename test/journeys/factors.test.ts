import { expect } from 'chai'
import { authenticator } from '../support/authenticator.ts'
import { jar } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, type Person, signIn } from '../support/people.ts'
import { credentialOn, securityAt, usePasskey } from '../support/security.ts'

const minute = 60_000

describe('what protects an account', () => {
  const latchkey = whileTesting(startLatchkey)
  const at = securityAt(latchkey)

  const afterPassword = async (person: Person) =>
    (await at.open({ ...person, browser: jar() }, '/sign-in')).submit({
      email: person.email,
      password: person.password,
    })

  it('is renamed, preferred and removed, and the list shows it', async () => {
    const ada = await at.joined()
    let page = await at.addPhone(ada)
    const phone = credentialOn(page, 'Text message')
    page = await at.act(ada, 'rename', { credential: phone, name: '  My <old>\u202e phone ' })
    expect(page.url).to.equal(`${latchkey.issuer}/account/security`)
    expect(page.text).to.contain('My <old> phone')
    page = await at.act(ada, 'prefer', { credential: phone })
    expect(page.find('.preferred')?.text).to.equal('Asked for first')
    expect((await afterPassword(ada)).h1).to.equal('Enter the code we texted you')
    page = await at.act(ada, 'remove', { credential: phone })
    expect(
      page
        .all('.dated .name')
        .map(({ text }) => text)
        .join(),
    ).to.not.contain('My <old> phone')
    expect((await afterPassword(ada)).h1).to.equal('Enter the code from your authenticator app')
  })

  it('goes from texts to an authenticator, and back', async () => {
    const ada = await at.joined('sms')
    const [page, secret] = await at.addAuthenticator(ada)
    await at.act(ada, 'remove', { credential: credentialOn(page, 'Text message') })
    expect((await afterPassword(ada)).h1).to.equal('Enter the code from your authenticator app')
    const again = { ...ada, secret, browser: jar() }
    expect((await signIn(latchkey, again, await at.open(again, '/sign-in'))).url).to.equal(`${latchkey.issuer}/account`)
    const back = await at.addPhone(again)
    await at.act(again, 'remove', { credential: credentialOn(back, 'Authenticator app') })
    expect((await afterPassword(ada)).h1).to.equal('Enter the code we texted you')
  })

  it('keeps its last second factor, whatever comes at once', async () => {
    const ada = await at.joined()
    const only = credentialOn(await at.open(ada), 'Authenticator app')
    const refused = await at.act(ada, 'remove', { credential: only })
    expect(refused.status).to.equal(409)
    expect(refused.text).to.contain('only second step')
    const page = await at.addPhone(ada)
    expect(page.text).to.not.contain('so you can’t remove it')
    const both = [only, credentialOn(page, 'Text message')]
    const results = await Promise.all(both.map(each => at.act(ada, 'remove', { credential: each })))
    expect(results.map(each => each.status).sort()).to.deep.equal([200, 409])
    const last = await at.open(ada)
    expect(last.text).to.contain('so you can’t remove it')
    expect(last.forms.some(each => each.action.endsWith('/remove'))).to.equal(false)
  })

  it('asks for a fresh proof before it changes, says what for, and then does it', async () => {
    const ada = await at.joined()
    const phone = credentialOn(await at.addPhone(ada), 'Text message')
    latchkey.clock.pass(6 * minute)
    let page = await at.act(ada, 'remove', { credential: phone })
    expect(page.text).to.contain('You’re removing: Text message')
    page = await page.submit({ password: ada.password })
    expect((await at.open(ada)).text).to.contain('Text message')
    page = await page.submit({ code: authenticatorCode(latchkey, ada) })
    expect(page.url).to.equal(`${latchkey.issuer}/account/security`)
    expect(page.all('button[value=sms]').map(each => each.text)).to.deep.equal(['Add'])
    // That proof does for a while.
    expect((await at.act(ada, 'add', { factor: 'sms' })).h1).to.equal('Add your phone number')
  })

  it('asks for the passkey of who holds one, and not for less', async () => {
    const device = authenticator()
    const ada = await at.joined('totp', device)
    let page = await at.open(ada)
    const passkey = credentialOn(page, 'Passkey')
    expect(page.find('[data-signals]')?.attributes['data-signals']).to.contain('"rpId":"localhost"')
    const other = await at.elsewhere(ada)
    // Signed in a moment ago, with a password and an authenticator.
    page = await at.act(other, 'remove', { credential: passkey })
    expect(page.h1).to.equal('Use your passkey')
    expect(page.all('[data-factor]').map(each => each.attributes['data-factor'])).to.deep.equal(['recovery-code'])
    expect(
      (await other.browser.post(`${page.url}/password`, { email: ada.email, password: ada.password })).status,
    ).to.equal(403)
    page = await usePasskey(other, page, device)
    expect(page.url).to.equal(`${latchkey.issuer}/account/security`)
    expect(page.all('button[value=passkey]').map(each => each.text)).to.deep.equal(['Add a passkey'])
    const gone = jar()
    const refused = await usePasskey({ ...ada, browser: gone }, await gone.get(`${latchkey.issuer}/sign-in`), device)
    expect(refused.status).to.equal(401)
    expect(refused.find('[data-passkey]')?.attributes['data-unknown']).to.be.a('string')
    expect(JSON.parse(page.find('[data-signals]')?.attributes['data-signals'] ?? '{}').passkeys).to.deep.equal([])
  })

  it('takes a recovery code and the password for a passkey that is lost', async () => {
    const ada = await at.joined('totp', authenticator())
    const passkey = credentialOn(await at.open(ada), 'Passkey')
    const other = await at.elsewhere(ada)
    let page = await at.act(other, 'remove', { credential: passkey })
    page = await other.browser.post(`${page.url}/use`, { factor: 'recovery-code' })
    page = await page.submit({ code: ada.recoveryCodes[0] ?? '' })
    expect(page.h1).to.equal('Enter your password')
    page = await page.submit({ password: ada.password })
    expect(page.url).to.equal(`${latchkey.issuer}/account/security`)
    expect(page.all('button[value=passkey]').map(each => each.text)).to.deep.equal(['Add a passkey'])
    expect(page.text).to.contain('9 left')
  })

  it('names passkeys after their authenticator, and says when each was used', async () => {
    const ada = await at.joined()
    const device = authenticator({ aaguid: 'fbfc3007-154e-4ecc-8c0b-6e020557d7bd', synced: true })
    let page = await at.addPasskey(ada, device)
    const line = () => page.all('li.line').find(each => each.text.includes('iCloud Keychain'))
    expect(line()?.text).to.contain('Synced across your devices').and.to.contain('Not used yet')
    const start = await at.open({ ...ada, browser: jar() }, '/sign-in')
    const browser = jar()
    page = await usePasskey({ ...ada, browser }, await browser.get(start.url.replace(/\/[^/]+$/, '')), device)
    page = await browser.get(`${latchkey.issuer}/account/security`)
    expect(line()?.text).to.not.contain('Not used yet')
  })

  it('says of a passkey that may no longer be copied what to do about it, and writes that down', async () => {
    const ada = await at.joined()
    const device = authenticator({ synced: true })
    await at.addPasskey(ada, device)
    const start = await at.open({ ...ada, browser: jar() }, '/sign-in')
    const browser = jar()
    const asked = await browser.get(start.url.replace(/\/[^/]+$/, ''))
    const options = JSON.parse(asked.find('[data-passkey]')?.attributes['data-options'] ?? '{}')
    const response = JSON.stringify(
      await device.get(options, latchkey.issuer, { backupEligible: false, backedUp: false }),
    )
    const page = await browser.post(`${asked.url}/passkey`, { response })
    expect(page.status).to.equal(401)
    expect(page.alerts.join()).to.contain('This passkey can now be copied').and.to.contain('create a new one')
    expect(latchkey.logged()).to.contain('"factor":"passkey","code":"passkey_changed"')
    // It is theirs, and goes on as it was where it is as it was.
    expect((await usePasskey({ ...ada, browser }, page, device)).url).to.not.equal(page.url)
  })

  it('ends all other sessions when the password changes, and the old one is worth nothing', async () => {
    const ada = await at.joined()
    const other = await at.elsewhere(ada)
    const former = ada.password
    ada.password = `another ${former}`
    latchkey.keepOut(ada.password)
    let page = await at.act(ada, 'add', { factor: 'password' })
    expect(page.text).to.contain('You’re changing: Password')
    page = await page.submit({ password: ada.password })
    expect(page.url).to.equal(`${latchkey.issuer}/account/security`)
    expect(await at.isIn(ada)).to.equal(true)
    expect(await at.isIn(other)).to.equal(false)
    expect((await afterPassword({ ...ada, password: former })).status).to.equal(401)
    const again = { ...ada, browser: jar() }
    expect((await signIn(latchkey, again, await at.open(again, '/sign-in'))).url).to.equal(`${latchkey.issuer}/account`)
  })

  it('ends all other sessions when a factor is added, and when one is removed', async () => {
    const ada = await at.joined()
    for (const change of [
      () => at.addPhone(ada),
      async () => at.act(ada, 'remove', { credential: credentialOn(await at.open(ada), 'Text message') }),
    ]) {
      const other = await at.elsewhere(ada)
      expect(await at.isIn(other)).to.equal(true)
      await change()
      expect(await at.isIn(ada)).to.equal(true)
      expect(await at.isIn(other)).to.equal(false)
      expect((await at.open(ada, '/account/sessions')).text).to.contain('Ended because your security settings changed')
    }
  })

  it('ends a sign-in that began before it changed', async () => {
    const ada = await at.joined()
    const halfway = await afterPassword(ada)
    const page = await at.act(ada, 'add', { factor: 'password' })
    latchkey.keepOut('three quiet herons by the weir')
    await page.submit({ password: 'three quiet herons by the weir' })
    const done = await halfway.submit({ code: authenticatorCode(latchkey, ada) })
    expect(done.status).to.equal(410)
  })

  it('makes new recovery codes, and the old ones are worth nothing', async () => {
    const ada = await at.joined()
    const [old = ''] = ada.recoveryCodes
    let page = await at.act(ada, 'add', { factor: 'recovery-code' })
    const codes = page.all('[data-recovery-code]').map(each => each.text)
    latchkey.keepOut(...codes)
    page = await page.submit({ saved: true })
    expect(page.text).to.contain('10 left')
    for (const [code, status] of [
      [old, 401],
      [codes[0] ?? '', 200],
    ] as const) {
      const start = await afterPassword(ada)
      const person = { ...ada, browser: jar() }
      expect(start.status).to.equal(200)
      let asked = await (await at.open(person, '/sign-in')).submit({ email: ada.email, password: ada.password })
      asked = await person.browser.post(`${asked.url}/use`, { factor: 'recovery-code' })
      expect((await asked.submit({ code })).status).to.equal(status)
    }
  })
})
