import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, type Person } from '../support/people.ts'
import { securityAt } from '../support/security.ts'
import { openToEverybody, signedIn, type Visitor, visit } from './visitor.ts'

describe('in a browser, what is kept of somebody', function () {
  this.timeout(30_000)
  const latchkey = whileTesting(startLatchkey)
  const at = securityAt(latchkey)

  const atHome = async (who: Visitor): Promise<Person> => {
    const person = await at.joined()
    await signedIn(who, person, latchkey.issuer)
    await who.page.goto(`${latchkey.issuer}/account`)
    return person
  }
  const proves = async (who: Visitor, person: Person) => {
    await who.sees('Enter your password')
    await who.type('Password', person.password)
    await who.press('Continue')
    await who.sees('Enter the code from your authenticator app')
    // Six digits go on by themselves.
    await who.type('Six-digit code', authenticatorCode(latchkey, person))
  }
  const signsIn = async (who: Visitor, person: Person) => {
    await who.page.goto(`${latchkey.issuer}/sign-in`)
    await who.type('Email', person.email)
    await who.type('Password', person.password)
    await who.press('Sign in')
    await who.sees('Enter the code from your authenticator app')
    await who.type('Six-digit code', authenticatorCode(latchkey, person))
  }

  it('is taken along as a file, once it is proved who asks', () =>
    visit(async who => {
      const person = await atHome(who)
      latchkey.clock.pass(6 * 60_000)
      await who.follow('Get a copy of your data')
      await who.sees('A copy of your data')
      await openToEverybody(who)
      await who.press('Download')
      await proves(who, person)
      await who.sees('A copy of your data')
      await openToEverybody(who)
      const [download] = await Promise.all([who.page.waitForEvent('download'), who.press('Download')])
      expect(download.suggestedFilename()).to.equal('latchkey-data.json')
      const told = JSON.parse(readFileSync(await download.path(), 'utf8'))
      expect(told.accounts[0].email).to.equal(person.email)
    }))

  it('is on its way out when the account closes, and stays when its owner changes their mind', () =>
    visit(async who => {
      const person = await atHome(who)
      latchkey.clock.pass(6 * 60_000)
      await who.follow('Close your account')
      await who.sees('Close your account?')
      await openToEverybody(who)
      await who.press('Close my account')
      await proves(who, person)
      await who.sees('Your account is being closed')
      await openToEverybody(who)
      await signsIn(who, person)
      await who.sees('Your account is being closed')
      await openToEverybody(who)
      await who.press('Sign out')
      await who.sees('You are signed out')
      await signsIn(who, person)
      await who.press('Keep my account')
      await who.sees('Your account')
      await who.follow('Manage apps')
      await who.sees('Apps')
      await openToEverybody(who)
    }))

  it('is kept by the button of a mailed page, without scripts too', () =>
    visit(
      async who => {
        const person = await atHome(who)
        await who.follow('Close your account')
        await who.press('Close my account')
        await who.sees('Your account is being closed')
        const mails = await latchkey.outbox(person.email)
        await who.page.goto(mails.find(each => each.link?.includes('/keep/'))?.link ?? expect.fail('no link'))
        await who.sees('Keep your account?')
        await who.press('Keep my account')
        await who.sees('Your account stays open')
      },
      { javaScriptEnabled: false },
    ))
})
