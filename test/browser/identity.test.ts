import { expect } from 'chai'
import { pdf } from '../support/identity.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, somebody } from '../support/people.ts'
import { png } from '../support/png.ts'
import { staffAt } from './staff.ts'
import { openToEverybody, sees, type Visitor, visit } from './visitor.ts'

describe('in a browser, somebody who has lost everything', function () {
  this.timeout(60_000)
  const latchkey = whileTesting(startLatchkey)
  const { of, enters } = staffAt(latchkey)

  const passport = { name: 'passport.png', mimeType: 'image/png', buffer: png({ width: 40, height: 30 }) }
  const letter = { name: 'letter.pdf', mimeType: 'application/pdf', buffer: pdf() }

  /** From the help centre to the case number; resolves to that. */
  const asks = (who: Visitor, email: string): Promise<string> =>
    (async () => {
      await who.page.goto(`${latchkey.issuer}/help`)
      await sees(who, 'Help with signing in')
      await who.follow('Start an identity check')
      await sees(who, 'Identity check')
      await who.type('Email of your account', email)
      await who.press('Send link')
      await sees(who, 'Check your email')
      await who.page.goto((await of.mailed(email, '/recover/identity/')).link ?? '')
      await sees(who, 'Send your documents')
      await who.type('What happened?', 'My bag was stolen.')
      await who.press('Send documents')
      await who.page.getByText('Choose at least one identity document').waitFor()
      expect(await who.page.getByLabel('What happened?').inputValue()).to.equal('My bag was stolen.')
      const documents = who.page.getByLabel('Identity documents')
      await documents.setInputFiles([passport, letter])
      await who.press('Send documents')
      await who.page.getByRole('alert').getByText('take a screenshot').waitFor()
      await openToEverybody(who)
      expect(await documents.getAttribute('aria-invalid')).to.equal('true')
      expect(await who.page.getByLabel('What happened?').inputValue()).to.equal('My bag was stolen.')
      await documents.setInputFiles([passport, passport])
      await who.press('Send documents')
      await sees(who, 'Your identity check')
      return (await who.page.locator('[data-case-number]').textContent()) ?? ''
    })()

  /** One of the staff, with a passkey on the device in their hand, signs in to the pages of the staff and decides. */
  const approves = (number: string) =>
    visit(async who => {
      const clerk = await enters(who, 'support')
      await who.page.getByText(clerk).first().waitFor()
      await who.page.getByRole('main').getByRole('link', { name: 'Identity checks' }).click()
      await sees(who, 'Identity checks')
      await who.follow(number)
      await sees(who, 'Identity check')
      await who.page.getByText('My bag was stolen.').waitFor()
      await who.follow('View the documents')
      await sees(who, 'Documents')
      const first = who.page.getByRole('region', { name: 'Document 1' })
      const picture = first.getByRole('img')
      const drawn = () =>
        who.page.evaluate(`(() => {
          const picture = document.querySelector('.viewer img')
          return [picture.naturalWidth, getComputedStyle(picture).rotate]
        })()`)
      expect(await drawn()).to.deep.equal([40, 'none'])
      const before = await picture.boundingBox()
      await first.getByLabel('90°').check()
      expect(await drawn()).to.deep.equal([40, '90deg'])
      await first.getByLabel('200%').check()
      expect((await picture.boundingBox())?.width).to.be.closeTo((before?.width ?? 0) * 2, 2)
      await who.follow('Back to the case')
      await sees(who, 'Identity check')
      await who.type('Reason', 'The photo and the name fit.')
      await who.press('Approve')
      await who.page.getByRole('alert').getByText('Tick everything').waitFor()
      await openToEverybody(who)
      for (const each of await who.page.getByRole('main').getByRole('checkbox').all()) await each.check()
      expect(await who.page.getByLabel('Reason').inputValue()).to.equal('The photo and the name fit.')
      await who.press('Approve')
      await sees(who, 'Identity checks')
    })

  it('sends documents, two of the staff approve with their passkeys, and everything is set up afresh', () =>
    visit(async who => {
      const ada = await of.at.joined()
      const number = await asks(who, ada.email)
      const status = who.page.url()
      await of.mailed(ada.email, '/recover/cancel/')
      await of.until('the case in the queue', async () => {
        const told = (await latchkey.outbox(ada.email)).filter(each => each.link?.includes('/recover/cancel/'))
        return told.length > 0 ? true : undefined
      })
      await approves(number)
      await approves(number)
      await of.until('the delay', async () => {
        await who.page.goto(status)
        return (await who.page.getByText('time to object').count()) > 0 ? true : undefined
      })
      await openToEverybody(who)
      latchkey.clock.pass(24.1 * 3_600_000)
      await who.page.goto((await of.mailed(ada.email, '/recover/afresh/')).link ?? '')
      await sees(who, 'Set up your account again')
      await who.press('Continue')
      await sees(who, 'Choose a password')
      const anew = { ...somebody(), email: ada.email }
      latchkey.keepOut(anew.password)
      await who.type('Password', anew.password)
      await who.press('Continue')
      await sees(who, 'Set up your authenticator app')
      anew.secret = ((await who.page.locator('[data-totp-secret]').textContent()) ?? '').replace(/\s/g, '')
      latchkey.keepOut(anew.secret)
      await who.type('Code shown in the app', authenticatorCode(latchkey, anew))
      await sees(who, 'Save your recovery codes')
      latchkey.keepOut(...(await who.page.locator('[data-recovery-code]').allTextContents()))
      await who.page.getByLabel('I have saved these codes somewhere safe').check()
      await who.press('Continue')
      await sees(who, 'Your account')
      await who.page.getByText('Your apps may block withdrawals and payments').waitFor()
    }))

  it('is stopped by the account’s owner, who was told', () =>
    visit(async who => {
      const ada = await of.at.joined()
      await asks(who, ada.email)
      await who.page.goto((await of.mailed(ada.email, '/recover/cancel/')).link ?? '')
      await sees(who, 'Did you request this identity check?')
      await who.press('Stop this identity check')
      await sees(who, 'Identity check stopped')
      await who.follow('Lock my account as well')
      await sees(who, 'Secure your account')
    }))
})
