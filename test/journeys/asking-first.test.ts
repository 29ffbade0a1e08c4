import { expect } from 'chai'
import type { Element } from '../support/html.ts'
import type { Page } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import type { Person } from '../support/people.ts'
import { authenticatorCode } from '../support/people.ts'
import { credentialOn, securityAt } from '../support/security.ts'

describe('what takes something away', () => {
  const latchkey = whileTesting(startLatchkey)
  const at = securityAt(latchkey)

  /** Somebody with a phone besides the authenticator, an API key, and a device that they trust. */
  const owner = async (): Promise<Person> => {
    const ada = await at.joined()
    await at.addPhone(ada)
    const keys = await at.open(ada, '/account/api-keys')
    await keys.submit({ name: 'Bot', scope: ['read'] }, 'Create key')
    await (await at.open(ada, '/account')).submit({}, 'Sign out')
    const page = await (await at.open(ada, '/sign-in')).submit({ email: ada.email, password: ada.password })
    const code = await page.submit({}, { action: '/use', field: 'factor' }).catch(() => page)
    const asked = code.find('[name=trust]') ? code : page
    await asked.submit({ trust: true, code: authenticatorCode(latchkey, ada) })
    return ada
  }
  const on = (path: string, button: string, shown: string) => ({
    path,
    button,
    shown,
    press: async (page: Page) => page.submit({}, button),
  })

  // What could be added stands on the same page.
  const named = ({ text, attributes }: Element, shown: string) =>
    text.startsWith(shown) && !attributes.id?.startsWith('add-')

  const acts = [
    {
      ...on('/account/security', 'Remove', 'Text message'),
      press: async (page: Page, { browser }: Person) =>
        browser.post(`${latchkey.issuer}/account/security/remove`, { credential: credentialOn(page, 'Text message') }),
    },
    on('/account/security', 'Forget', 'Chrome on Linux'),
    { ...on('/account/api-keys', 'Revoke', 'Bot') },
    on('/account/sessions', 'Sign out everywhere', 'Chrome on Linux'),
  ]

  for (const { path, button, shown, press } of acts)
    it(`asks on a page of its own, says what follows, and does nothing when it is cancelled: ${button}`, async () => {
      const ada = await owner()
      const page = await at.open(ada, path)
      expect(page.text).to.contain(shown)
      const asked = await press(page, ada)
      expect(asked.status).to.equal(200)
      const [confirm, ...more] = asked.all('[data-confirm]')
      expect([confirm?.text, more]).to.deep.equal([button, []])
      expect(asked.all('.reasons li').length).to.be.at.least(2)
      // As often as it is looked at, and read again.
      expect((await ada.browser.get(asked.url)).h1).to.equal(asked.h1)
      const back = await asked.follow(asked.find('[data-cancel]')?.text ?? '')
      expect(back.url).to.equal(`${latchkey.issuer}${path}`)
      expect(back.text).to.contain(shown)

      const done = await (await press(back, ada)).submit({}, button)
      expect(done.status).to.equal(200)
      expect(done.url).to.not.equal(asked.url)
      const after = await at.open(ada, path)
      if (button === 'Sign out everywhere') expect(after.url).to.contain('/sign-in')
      else expect(after.all('.name').some(each => named(each, shown))).to.equal(false)
    })

  it('asks before an account is closed', async () => {
    const page = await at.open(await at.joined(), '/account/close')
    expect(page.all('[data-confirm]').map(each => each.text)).to.deep.equal(['Close my account'])
    expect((await page.follow(page.find('[data-cancel]')?.text ?? '')).url).to.equal(`${latchkey.issuer}/account`)
  })

  it('is not asked about what is another’s, or nobody’s, or by nobody', async () => {
    const [ada, eve] = [await owner(), await at.joined()]
    const credential = credentialOn(await at.open(ada), 'Text message')
    const paths = [
      `/account/security/remove?credential=${credential}`,
      '/account/security/forget?device=x',
      '/account/apps/revoke?client=trading',
      '/account/api-keys/x/revoke',
    ]
    for (const path of paths) {
      expect((await at.open(eve, path)).status, path).to.equal(404)
      expect((await fetch(`${latchkey.issuer}${path}`, { redirect: 'manual' })).status, path).to.equal(303)
    }
    for (const path of ['/account/security/remove', '/account/security/forget?device=x&device=y'])
      expect((await at.open(eve, path)).status, path).to.equal(400)
  })

  it('says what follows of a phone that goes, and when apps are to wait', async () => {
    const ada = await owner()
    const page = await at.open(ada)
    const credential = credentialOn(page, 'Text message')
    const asked = await at.open(ada, `/account/security/remove?credential=${credential}`)
    expect(asked.h1).to.equal('Remove “Text message”?')
    for (const each of [
      'We delete your phone number',
      'signed out on all your other devices',
      'withdrawals and payments for 24 hours',
    ])
      expect(asked.text).to.contain(each)
  })

  it('cannot be done by looking, nor by a link that says yes', async () => {
    const ada = await owner()
    const credential = credentialOn(await at.open(ada), 'Text message')
    const asked = await at.open(ada, `/account/security/remove?credential=${credential}&confirmed=yes`)
    expect(asked.all('[data-confirm]')).to.have.length(1)
    expect(credentialOn(await at.open(ada), 'Text message')).to.equal(credential)
  })
})
