import { expect } from 'chai'
import { jar, type Page } from '../support/jar.ts'
import { type Message, startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode } from '../support/people.ts'
import { credentialOn, securityAt } from '../support/security.ts'

const day = 24 * 3_600_000

describe('“This wasn’t me”', () => {
  const latchkey = whileTesting(startLatchkey)
  const at = securityAt(latchkey)

  const told = async (to: string, what: string): Promise<Message> =>
    (await latchkey.outbox(to)).find(each => each.subject === what) ??
    expect.fail(`${to} was not told: ${what}, but: ${(await latchkey.outbox(to)).map(each => each.subject).join('; ')}`)
  const press = async ({ link = '' }: Message, browser = jar()): Promise<Page> => (await browser.get(link)).submit()

  it('gives back the authenticator, the phone and the codes that a thief took, and the owner is in at once', async () => {
    const ada = await at.joined()
    await at.addPhone(ada)
    latchkey.clock.pass(10 * day)
    const thief = await at.elsewhere(ada)
    const [, secret] = await at.addAuthenticator(thief)
    thief.secret = secret
    const codes = await at.act(thief, 'add', { factor: 'recovery-code' })
    const stolen = codes.all('[data-recovery-code]').map(each => each.text)
    latchkey.keepOut(...stolen)
    expect(stolen).to.have.length(10)
    await codes.submit({ saved: true })
    for (const what of ['Text message', 'Authenticator app'])
      await at.act(thief, 'remove', { credential: credentialOn(await at.open(thief), what) })
    await told(ada.email, 'An authenticator app was removed')

    const page = await press(await told(ada.email, 'An authenticator app was added'))
    expect(page.h1).to.equal('Your account is locked')
    expect(await at.isIn(thief)).to.equal(false)

    // What the owner holds opens the account, by the mailed link and by nothing of the thief's.
    const browser = jar()
    let step = await press(await told(ada.email, 'Your Latchkey account is locked'), browser)
    expect((await step.submit({ code: authenticatorCode(latchkey, thief) })).status).to.equal(401)
    step = await step.submit({ code: authenticatorCode(latchkey, ada) })
    ada.password = `new ${ada.password}`
    latchkey.keepOut(ada.password)
    step = await step.submit({ password: ada.password })
    expect(step.url).to.equal(`${latchkey.issuer}/account`)
    step = await browser.get(`${latchkey.issuer}/account/security`)
    expect(step.text).to.contain('Text message')

    // The codes are the owner's, too: those that the thief made are gone.
    const recover = async (code: string) => {
      const other = jar()
      const start = await other.get(`${latchkey.issuer}/sign-in`)
      const second = await start.submit({ email: ada.email, password: ada.password })
      return (await other.post(`${second.url}/use`, { factor: 'recovery-code' })).submit({ code })
    }
    expect((await recover(stolen[0] ?? '')).status).to.equal(401)
    expect((await recover(ada.recoveryCodes[0] ?? '')).status).to.equal(200)
  })
})
