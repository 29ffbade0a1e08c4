import { expect } from 'chai'
import { type Authenticator, authenticator } from '../support/authenticator.ts'
import { jar } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, type Person, usePasskey } from '../support/people.ts'
import { securityAt } from '../support/security.ts'

const day = 24 * 3_600_000

describe('a passkey that is offered after a sign-in', () => {
  const latchkey = whileTesting(startLatchkey)
  const at = securityAt(latchkey)

  /** Signs in at a browser that said this of its passkeys. */
  const signsIn = async (owner: Person, passkeys?: string) => {
    const person = { ...owner, browser: jar() }
    if (passkeys) await person.browser.cookies.setCookie(`latchkey_passkeys=${passkeys}; Path=/`, latchkey.issuer)
    const start = await at.open(person, '/sign-in')
    const second = await start.submit({ email: person.email, password: person.password })
    return { person, page: await second.submit({ code: authenticatorCode(latchkey, person) }) }
  }
  const home = () => `${latchkey.issuer}/account`

  it('is offered once a month at most, and not in the month after the sign-up', async () => {
    const ada = await at.joined()
    expect((await signsIn(ada, 'yes')).page.url).to.equal(home())
    latchkey.clock.pass(31 * day)
    const { page } = await signsIn(ada, 'yes')
    expect(page.h1).to.equal('Sign in faster with a passkey')
    expect((await page.submit({}, { action: '/skip' })).url).to.equal(home())
    expect((await signsIn(ada, 'yes')).page.url).to.equal(home())
    latchkey.clock.pass(31 * day)
    expect((await signsIn(ada, 'yes')).page.h1).to.equal('Sign in faster with a passkey')
  })

  it('is not offered where the browser has none, or said nothing that makes sense', async () => {
    const ada = await at.joined()
    latchkey.clock.pass(31 * day)
    for (const said of [undefined, 'no', '1', 'constructor'])
      expect((await signsIn(ada, said)).page.url, said).to.equal(home())
  })

  it('signs in from then on, counts in full once the hold is over, and is not offered again', async () => {
    const ada = await at.joined()
    latchkey.clock.pass(31 * day)
    const device = authenticator()
    const { person, page } = await signsIn(ada, 'yes')
    expect((await usePasskey(person, page, device)).url).to.equal(home())
    const mails = await latchkey.outbox(ada.email)
    expect(mails.some(({ text }) => text.includes('A passkey was added'))).to.equal(true)
    const away = { ...ada, browser: jar() }
    expect((await usePasskey(away, await at.open(away, '/sign-in'), device)).url).to.equal(home())
    latchkey.clock.pass(31 * day)
    const again = await at.open({ ...away, browser: jar() }, '/sign-in')
    expect((await again.submit({ email: ada.email, password: ada.password })).h1).to.equal('Use your passkey')
  })

  it('is made by the browser alone where it can, with nobody touching anything; and nowhere else', async () => {
    const ada = await at.joined()
    const untouched = () => {
      const device = authenticator()
      const unattended = { userVerified: false, userPresent: false }
      return {
        ...device,
        create: (options, origin) => device.create(options, origin, unattended),
      } satisfies Authenticator as Authenticator
    }
    const quiet = await signsIn(ada, 'automatic')
    expect(quiet.page.find('[data-automatic]')?.attributes['data-automatic']).to.equal('quiet')
    expect((await usePasskey(quiet.person, quiet.page, untouched())).url).to.equal(home())

    const bob = await at.joined()
    latchkey.clock.pass(31 * day)
    const { person, page } = await signsIn(bob, 'yes')
    expect(page.find('[data-automatic]')).to.equal(undefined)
    expect((await usePasskey(person, page, untouched())).status).to.equal(401)
    // Nor by somebody who adds one under Security, whatever their browser says.
    const adds = await at.act(quiet.person, 'add', { factor: 'passkey' })
    if (adds.find('[data-passkey=create]'))
      expect((await usePasskey(quiet.person, adds, untouched())).status).to.equal(401)
  })

  it('stands on top of Security while there is none', async () => {
    const ada = await at.joined()
    expect((await at.open(ada)).find('[data-offer=passkey]')).to.not.equal(undefined)
    const bob = await at.joined('totp', authenticator())
    expect((await at.open(bob)).find('[data-offer=passkey]')).to.equal(undefined)
  })
})
