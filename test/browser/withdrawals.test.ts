import { expect } from 'chai'
import { type RunningSuite, startSuite } from '../support/all-apps.ts'
import { withdrawal } from '../support/approvals.ts'
import { signUp, somebody } from '../support/people.ts'
import { device, openToEverybody, signedIn, type Visitor, visit } from './visitor.ts'

describe('in a browser, a withdrawal', function () {
  this.timeout(30_000)
  let latchkey: RunningSuite
  before(async () => {
    // Their passkeys count in full at once.
    latchkey = await startSuite({ environment: { LATCHKEY_HOLD: '0' } })
  })
  after(() => latchkey?.stop())

  /** At the wallet's form, with a passkey that has signed nobody in yet. */
  const atTheForm = async (who: Visitor) => {
    const { issuer, apps } = latchkey
    const person = somebody()
    await signUp(latchkey, person, await person.browser.get(`${issuer}/sign-up`))
    await signedIn(who, person, issuer)
    await device(who)
    await who.page.goto(`${issuer}/account/security`)
    await who.page.locator('[data-factor=passkey]').click()
    await who.press('Create a passkey')
    await who.isAt(`${issuer}/account/security`)
    await who.page.goto(`${apps.wallet}/login`)
    await who.isAt(`${apps.wallet}/`)
    await who.follow('Withdraw')
    await who.sees('Withdraw')
    await openToEverybody(who)
  }
  const fill = async (who: Visitor, amount: string) => {
    await who.type('Amount', amount)
    await who.type('To the address', withdrawal.address)
    await who.press('Withdraw')
  }

  it('is proved, read, approved and sent, with two touches', () =>
    visit(async who => {
      await atTheForm(who)
      await fill(who, '0.5')
      await who.sees('Use your passkey')
      await who.press('Use a passkey')
      await who.sees('Approve this withdrawal?')
      await openToEverybody(who)
      expect(await who.page.locator('.sum').innerText()).to.match(/^0\.5\s+BTC$/)
      // What is copied is the address in one piece.
      expect(await who.page.locator('.blocks').textContent()).to.equal(withdrawal.address)
      await who.press('Approve with a passkey')
      await who.isAt(`${latchkey.apps.wallet}/withdraw`)
      await who.page.getByText(`Sent 0.5 BTC to ${withdrawal.address}.`).waitFor()
      await openToEverybody(who)
      await who.page.reload()
      expect(await who.page.locator('.rows b').allInnerTexts()).to.deep.equal(['0.5 BTC'])
    }))

  it('is refused at a press, and nothing that was typed is lost', () =>
    visit(async who => {
      await atTheForm(who)
      await fill(who, '0.5')
      await who.press('Use a passkey')
      await who.sees('Approve this withdrawal?')
      await who.press('Don’t allow')
      await who.isAt(`${latchkey.apps.wallet}/withdraw`)
      await who.page.getByText('You did not approve it. Nothing was sent.').waitFor()
      expect(await who.page.getByLabel('To the address').inputValue()).to.equal(withdrawal.address)
      await openToEverybody(who)
    }))
})
