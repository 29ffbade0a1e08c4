import { expect } from 'chai'
import { startSuite } from '../support/all-apps.ts'
import { jar, type Page } from '../support/jar.ts'
import { whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, type Person } from '../support/people.ts'
import { securityAt } from '../support/security.ts'

/** What somebody may have proved, and not yet used, when the account's owner takes it back. */
describe('a sign-in that is under way', () => {
  const latchkey = whileTesting(startSuite)
  const at = securityAt(latchkey)

  const password = async ({ email, password }: Person, start: Page) => start.submit({ email, password })
  /** All is proved on the way to Trading; the browser stops just before it would be signed in. */
  const proved = async (owner: Person): Promise<() => Promise<boolean>> => {
    const browser = jar()
    const asked = await password(owner, await browser.get(`${latchkey.apps.trading}/login`))
    const form = asked.forms.find(each => each.fields.some(field => field.name === 'code'))
    const code = authenticatorCode(latchkey, owner)
    const done = await browser.post(form?.action ?? '', { code }, { follow: false })
    const resume = await browser.get(done.location ?? '', { follow: false })
    expect(resume.status).to.equal(303)
    return async () => {
      await browser.get(resume.location ?? '')
      return (await browser.get(`${latchkey.issuer}/account`)).url === `${latchkey.issuer}/account`
    }
  }

  it('is finished where nothing happened meanwhile', async () => {
    const ada = await at.joined()
    expect(await (await proved(ada))()).to.equal(true)
  })

  it('signs nobody in once the password was changed', async () => {
    const ada = await at.joined()
    const goOn = await proved(ada)
    const page = await at.act(ada, 'add', { factor: 'password' })
    latchkey.keepOut(`new ${ada.password}`)
    await page.submit({ password: `new ${ada.password}` })
    expect(await goOn()).to.equal(false)
  })

  it('signs nobody in once its owner said that it was not them', async () => {
    const ada = await at.joined()
    await at.addPhone(ada)
    const goOn = await proved(ada)
    const mail = (await latchkey.outbox(ada.email)).find(each => each.link?.includes('/not-me/'))
    await (await jar().get(mail?.link ?? '')).submit()
    expect(await goOn()).to.equal(false)
  })

  it('signs nobody in once its owner signed out everywhere', async () => {
    const ada = await at.joined()
    const goOn = await proved(ada)
    const asked = await password(ada, await jar().get(`${latchkey.issuer}/sign-in`))
    await at.signOutEverywhere(ada)
    expect(await goOn()).to.equal(false)
    expect((await asked.submit({ code: authenticatorCode(latchkey, ada) })).status).to.equal(410)
  })
})
