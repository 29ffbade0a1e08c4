import { expect } from 'chai'
import { authenticator } from '../support/authenticator.ts'
import type { Page } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, type Person, signIn } from '../support/people.ts'
import { credentialOn, securityAt } from '../support/security.ts'

describe('a proof that is asked for before a change', () => {
  const latchkey = whileTesting(startLatchkey)
  const at = securityAt(latchkey)

  /** Somebody whose last proof is too old for changes. */
  const later = async (second?: 'totp' | 'sms'): Promise<Person> => {
    const ada = await at.joined(second)
    latchkey.clock.pass(20 * 60_000)
    return ada
  }
  const cancel = (page: Page) => page.submit({}, { action: '/cancel' })

  it('is cancelled, and nothing has changed', async () => {
    const ada = await later()
    const asked = await at.act(ada, 'weekly-summary', { 'weekly-summary': 'on' })
    expect(asked.all('[data-cancel]').map(each => each.text)).to.deep.equal(['Cancel'])
    const back = await cancel(asked)
    expect(back.url).to.equal(`${latchkey.issuer}/account/security`)
    expect(back.all('[role=status]')).to.deep.equal([])
    expect(back.find('button[name=weekly-summary]')?.attributes.value).to.equal('on')
    // It is over: whoever comes to this screen later cannot go on with it.
    expect((await ada.browser.get(asked.url)).status).to.equal(410)
  })

  it('is cancelled at its second page, and while something is set up', async () => {
    const ada = await later()
    const second = await (await at.act(ada, 'phrase', { phrase: 'mine' })).submit({ password: ada.password })
    expect((await cancel(second)).url).to.contain('/account/security')
    const asked = await (await at.act(ada, 'add', { factor: 'sms' })).submit({ password: ada.password })
    const setUp = await asked.submit({ code: authenticatorCode(latchkey, ada) })
    const back = await cancel(setUp)
    expect(back.url).to.equal(`${latchkey.issuer}/account/security`)
    expect(back.all('.name').some(each => each.attributes.id?.startsWith('held-') && /Text/.test(each.text))).to.equal(
      false,
    )
  })

  it('leaves what was typed where it was typed', async () => {
    const ada = await later()
    const keys = await at.open(ada, '/account/api-keys')
    const key = await cancel(await keys.submit({ name: 'Night bot', scope: ['trade'] }, 'Create key'))
    expect(key.find('#name')?.attributes.value).to.equal('Night bot')
    expect(key.find('#scope-trade')?.attributes).to.have.property('checked')
    const rules = await ada.browser.post(`${latchkey.issuer}/account/security/restrictions`, { countries: 'AT' })
    // No place is known here: what would shut them out is refused before anything is asked.
    expect(rules.status).to.equal(422)
    const phrase = await cancel(await at.act(ada, 'phrase', { phrase: 'blue heron' }))
    expect(phrase.find('[name=phrase]')?.attributes.value).to.equal('blue heron')
    expect((await at.open(ada)).find('[name=phrase]')?.attributes.value ?? '').to.equal('')
  })

  it('leaves what was typed to nobody else', async () => {
    const [ada, eve] = [await later(), await at.joined()]
    const back = await cancel(await at.act(ada, 'phrase', { phrase: 'blue heron' }))
    const path = back.url.slice(latchkey.issuer.length)
    const typed = async (person: Person) => (await at.open(person, path)).find('[name=phrase]')?.attributes.value ?? ''
    expect(await typed(ada)).to.equal('blue heron')
    for (const person of [eve, await at.elsewhere(ada)]) expect(await typed(person)).to.equal('')
    // Nor to a later session in the same browser.
    await (await at.open(ada, '/account')).submit({}, 'Sign out')
    latchkey.clock.pass(60_000)
    await signIn(latchkey, ada, await at.open(ada, '/sign-in'))
    expect(await typed(ada)).to.equal('')
  })

  it('is cancelled by its own session only', async () => {
    const [ada, eve] = [await later(), await at.joined()]
    const asked = await at.act(ada, 'phrase', { phrase: 'blue heron' })
    expect((await eve.browser.post(`${asked.url}/cancel`)).status).to.equal(403)
    expect((await ada.browser.get(asked.url)).status).to.equal(200)
    expect((await ada.browser.post(`${asked.url}/cancel`, {}, { from: 'https://evil.example' })).status).to.equal(403)
    const start = await eve.browser.get(`${latchkey.issuer}/sign-up`)
    expect((await eve.browser.post(`${start.url}/cancel`)).status).to.equal(403)
  })

  it('says which number and which authenticator it asks', async () => {
    const ada = await at.joined()
    await at.act(ada, 'rename', {
      credential: credentialOn(await at.open(ada), 'Authenticator app'),
      name: 'Work phone',
    })
    latchkey.clock.pass(20 * 60_000)
    const app = await (await at.act(ada, 'phrase', { phrase: 'x' })).submit({ password: ada.password })
    expect(app.text).to.contain('Open “Work phone”, the authenticator that you use now.')
    const eve = await later('sms')
    const first = await at.act(eve, 'add', { factor: 'sms' })
    const sms = await first.submit({ password: eve.password })
    expect(sms.text).to.match(/We texted \+43 ••• \d{3}, your current number\./)
  })

  it('explains what to do without the passkey', async () => {
    const device = authenticator()
    const ada = await at.joined('totp', device)
    latchkey.clock.pass(30 * 3_600_000)
    const other = await at.elsewhere(ada)
    const asked = await at.act(other, 'phrase', { phrase: 'x' })
    expect(asked.find('[data-passkey]')).to.not.equal(undefined)
    for (const each of ['I can’t use my passkey', 'on another device', 'Use another way', 'get back into your account'])
      expect(asked.text).to.contain(each)
    expect(asked.find('[data-factor=recovery-code]')).to.not.equal(undefined)
  })
})
