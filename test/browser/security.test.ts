import { expect } from 'chai'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, codeSentTo, type Person } from '../support/people.ts'
import { securityAt } from '../support/security.ts'
import { device, sees, signedIn, type Visitor, visit } from './visitor.ts'

describe('in a browser, what protects an account', function () {
  this.timeout(30_000)
  const latchkey = whileTesting(startLatchkey)
  const at = securityAt(latchkey)

  const atHome = async (who: Visitor): Promise<Person> => {
    const person = await at.joined()
    await signedIn(who, person, latchkey.issuer)
    await who.page.goto(`${latchkey.issuer}/account/security`)
    await sees(who, 'Security')
    return person
  }
  const line = ({ page }: Visitor, name: string) => page.getByRole('listitem').filter({ hasText: name })
  const addressed = async (to: string, path: string) =>
    (await latchkey.outbox(to)).find(each => each.link?.includes(path))?.link ?? expect.fail(`no mail leads to ${path}`)
  /** A field that has six digits goes on by itself. */
  const code = (who: Visitor, digits: string) => who.type('Six-digit code', digits)

  it('is added, named, asked for first and removed again', () =>
    visit(async who => {
      const person = await atHome(who)
      const add = who.page.getByRole('button', { name: 'Add', exact: true })
      await add.and(who.page.locator('[data-factor=sms]')).click()
      await sees(who, 'Add your phone number')
      await who.page.getByText('You’re adding: Text message').waitFor()
      await who.type('Mobile number', person.phone)
      await who.press('Send code')
      await who.sees('Enter the code we texted you')
      await code(who, await codeSentTo(latchkey, person.phone))
      await sees(who, 'Security')
      const phone = () => line(who, 'Codes sent to your phone by text message')
      await phone().getByText('Rename').click()
      await phone().getByLabel('Name').fill('Old phone')
      await phone().getByRole('button', { name: 'Save' }).click()
      await line(who, 'Old phone').getByRole('button', { name: 'Ask for this first' }).click()
      await line(who, 'Old phone').getByText('Asked for first').waitFor()
      await line(who, 'Old phone').getByRole('button', { name: 'Remove' }).click()
      await sees(who, 'Remove “Old phone”?')
      await who.page.locator('[data-cancel]').click()
      await line(who, 'Old phone').getByRole('button', { name: 'Remove' }).click()
      await who.page.locator('[data-confirm]').click()
      await add.and(who.page.locator('[data-factor=sms]')).waitFor()
      await who.page.getByText('Your only second step').waitFor()
    }))

  it('is a passkey that password managers forget once it is removed', () =>
    visit(async who => {
      await atHome(who)
      const phone = await device(who)
      await who.page.locator('button[data-factor=passkey]').click()
      await who.sees('Sign in faster with a passkey')
      await who.press('Create a passkey')
      await sees(who, 'Security')
      expect(await phone.passkeys()).to.equal(1)
      await line(who, 'No codes needed').getByText('Counts in full from').waitFor()
      // It came lately: who proved two factors a moment ago needs it for nothing yet.
      await line(who, 'No codes needed').getByRole('button', { name: 'Remove' }).click()
      await who.page.locator('[data-confirm]').click()
      await who.page.locator('button[data-factor=passkey]', { hasText: 'Add' }).waitFor()
      // What the browser was told of what is left.
      await expectSoon(async () => (await phone.passkeys()) === 0)
    }))

  it('is locked by the button of a mailed page, and opened again by a new password', () =>
    visit(async who => {
      const person = await at.joined()
      await at.addPhone(person)
      await who.page.goto(await addressed(person.email, '/not-me/'))
      await sees(who, 'Secure your account')
      await who.press('This wasn’t me')
      await sees(who, 'Your account is locked')
      await who.page.goto(await addressed(person.email, '/reset/'))
      await sees(who, 'Choose a new password')
      await who.press('Continue')
      await sees(who, 'Enter the code from your authenticator app')
      await code(who, authenticatorCode(latchkey, person))
      await who.sees('Choose a password')
      person.password = `new ${person.password}`
      latchkey.keepOut(person.password)
      await who.type('Password', person.password)
      await who.press('Continue')
      await sees(who, 'Your account')
      await who.page.getByText('Your apps may block withdrawals and payments').waitFor()
    }))

  it('is got back from the sign-in page, without scripts too', () =>
    visit(
      async who => {
        const person = await at.joined()
        await who.page.goto(`${latchkey.issuer}/sign-in`)
        await who.follow('Forgot password?')
        await who.sees('Forgot password?')
        await who.type('Email', person.email)
        await who.press('Send link')
        await who.sees('Check your email')
        await who.page.goto(await addressed(person.email, '/reset/'))
        await who.press('Continue')
        await code(who, authenticatorCode(latchkey, person))
        await who.press('Continue')
        person.password = `new ${person.password}`
        latchkey.keepOut(person.password)
        await who.type('Password', person.password)
        await who.press('Continue')
        await who.isAt(`${latchkey.issuer}/account`)
      },
      { javaScriptEnabled: false },
    ))
})

/** Waits until something holds: for what a browser does by and by. */
async function expectSoon(holds: () => Promise<boolean>): Promise<void> {
  for (let left = 50; left > 0; left--) {
    if (await holds()) return
    await new Promise(done => setTimeout(done, 50))
  }
  expect.fail('not in time')
}
