import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, codeSentTo, type Person } from '../support/people.ts'
import { securityAt } from '../support/security.ts'
import { openToEverybody, signedIn, type Visitor, visit } from './visitor.ts'

describe('in a browser, what an owner does with their account', function () {
  this.timeout(30_000)
  const latchkey = whileTesting(startLatchkey)
  const at = securityAt(latchkey)

  const atHome = async (who: Visitor, path = '/account'): Promise<Person> => {
    const person = await at.joined()
    await signedIn(who, person, latchkey.issuer)
    await who.page.goto(`${latchkey.issuer}${path}`)
    return person
  }
  const password = async (who: Visitor, { email, password }: Person) => {
    await who.press('Sign out')
    await who.sees('You are signed out')
    await who.page.goto(`${latchkey.issuer}/sign-in`)
    await who.type('Email', email)
    await who.type('Password', password)
    await who.press('Sign in')
  }

  it('trusts a device, is asked for no code on it, and has it forgotten', () =>
    visit(async who => {
      const person = await atHome(who)
      await password(who, person)
      await who.sees('Enter the code from your authenticator app')
      await who.page.getByLabel('Trust this device', { exact: true }).check()
      await who.type('Six-digit code', authenticatorCode(latchkey, person))
      await who.sees('Your account')
      await password(who, person)
      await who.sees('Your account')
      await who.follow('Security')
      await who.sees('Security')
      await openToEverybody(who)
      await who.press('Forget')
      await who.sees('Forget “Chrome on Linux”?')
      await openToEverybody(who)
      await who.press('Forget')
      await who.page.getByText('No trusted devices. Select “Trust this device”').waitFor()
      await password(who, person)
      await who.sees('Enter the code from your authenticator app')
    }))

  it('finds all that matters of it on two screens of a phone, reached with the keyboard alone', () =>
    visit(
      async who => {
        await atHome(who)
        await who.sees('Your account')
        await openToEverybody(who)
        const end = await who.page.locator('main').evaluate(main => main.getBoundingClientRect().bottom)
        expect(end).to.be.at.most(2 * 844)
        const next = who.page.getByRole('button', { name: 'Add a passkey' })
        for (let each = 0; each < 20 && !(await next.evaluate(button => button.matches(':focus'))); each++)
          await who.page.keyboard.press('Tab')
        await who.page.keyboard.press('Enter')
        await who.page.getByRole('button', { name: 'Create a passkey' }).waitFor()
      },
      { viewport: { width: 390, height: 844 } },
    ))

  it('makes a rule, is kept from shutting themselves out by it, and loses nothing that was typed', () =>
    visit(async who => {
      await atHome(who, '/account/security')
      await who.follow('Change sign-in rules')
      await who.sees('Sign-in rules')
      const addresses = () => who.page.getByLabel('These IP addresses only', { exact: true })
      await addresses().fill('203.0.113.7')
      await who.page.getByRole('button', { name: 'Save' }).first().click()
      await who.page.getByRole('alert').filter({ hasText: 'This rule would lock you out' }).waitFor()
      expect(await addresses().inputValue()).to.equal('203.0.113.7')
      await openToEverybody(who)
      await addresses().fill('203.0.113.7\n127.0.0.0/8\n::1')
      await who.page.getByRole('button', { name: 'Save' }).first().click()
      await who.sees('Security')
      await who.page.getByText('203.0.113.7/32').waitFor()
    }))

  it('is told that apps wait once their protection was loosened, and finds it in their log', () =>
    visit(async who => {
      const person = await atHome(who, '/account/security')
      await who.page.locator('button[data-factor=sms]').click()
      await who.type('Mobile number', person.phone)
      await who.press('Send code')
      await who.sees('Enter the code we texted you')
      await who.type('Six-digit code', await codeSentTo(latchkey, person.phone))
      await who.sees('Security')
      await who.follow('Overview')
      await who.sees('Your account')
      await who.page.getByText('Your apps may block withdrawals and payments until').waitFor()
      await openToEverybody(who)

      await who.follow('Activity')
      await who.sees('Activity')
      await who.page.getByLabel('Type', { exact: true }).selectOption('Security')
      await who.press('Filter')
      await who.isAt(`${latchkey.issuer}/account/activity?kind=security&from=&to=&q=`)
      await openToEverybody(who)
      const [download] = await Promise.all([who.page.waitForEvent('download'), who.follow('Download as CSV')])
      const lines = readFileSync(await download.path(), 'utf8').split('\r\n')
      expect(lines.filter(line => line.includes('"Security"')).length).to.be.at.least(2)
      expect(lines.filter(line => line.includes('"Sign-ins"'))).to.deep.equal([])
    }))
})
