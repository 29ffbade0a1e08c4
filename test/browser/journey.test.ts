import { expect } from 'chai'
import { type AppName, type RunningSuite, startSuite } from '../support/all-apps.ts'
import { startLedger } from '../support/ledger.ts'
import { authenticatorCode, codeSentTo, signUp, somebody } from '../support/people.ts'
import { device, openToEverybody, sees, signedIn, type Visitor, visit } from './visitor.ts'

const names = { trading: 'Trading', staking: 'Staking', wallet: 'Wallet', card: 'Card' }

describe('in a browser', () => {
  let latchkey: RunningSuite
  let ledger: Awaited<ReturnType<typeof startLedger>>
  before(async () => {
    ledger = await startLedger()
    latchkey = await startSuite({ more: [ledger.client] })
  })
  after(async () => {
    ledger?.close()
    await latchkey?.stop()
  })

  /** Which apps the browser is signed in at. */
  const signedInAt = async ({ page }: Visitor) => {
    const answers = await Promise.all(Object.values(latchkey.apps).map(app => page.request.get(`${app}/tokens.json`)))
    return (Object.keys(latchkey.apps) as AppName[]).filter((_, at) => answers[at]?.ok())
  }

  const passkeysNeedScript = async ({ page }: Visitor) =>
    expect(await page.locator('noscript p').textContent()).to.contain('Passkeys need JavaScript')

  it('is watched by one who would see a post that a policy stops', () =>
    visit(async ({ page, complaints }) => {
      await page.goto(`${latchkey.issuer}/sign-in`)
      const complained = page.waitForEvent('console')
      await page.evaluate(
        `const form = document.querySelector('form'); form.action = '${ledger.callback}'; form.submit()`,
      )
      await complained
      expect(complaints.splice(0).join()).to.contain('form-action')
    }))

  it('signs up on the way to one app, opens the others with a press each, and leaves all of them from one', () =>
    visit(async who => {
      const { issuer, apps } = latchkey
      const person = somebody()
      latchkey.keepOut(person.password)
      const phone = await device(who)

      await who.page.goto(apps.trading)
      await openToEverybody(who)
      await who.follow('Log in')
      await sees(who, 'Sign in')
      await who.follow('Create an account')
      await sees(who, 'Create your account')
      await who.page.getByText('to continue to Trading').waitFor()
      await who.type('Email', person.email)
      await who.press('Continue')
      await sees(who, 'Check your email')
      await who.type('Six-digit code', await codeSentTo(latchkey, person.email))
      await who.sees('Choose a password')
      await who.type('Password', 'password1')
      const reason = 'This is one of the passwords that attackers try first.'
      await who.page.locator('#meter').getByText(reason).waitFor()
      await who.press('Continue')
      await who.page.getByRole('alert').getByText(reason).waitFor()
      await who.type('Password', person.password)
      await who.page.getByText('Strong: very hard to guess').waitFor()
      await openToEverybody(who)
      await who.press('Continue')
      await sees(who, 'Set up your authenticator app')
      person.secret = (await who.page.locator('[data-totp-secret]').textContent()) ?? ''
      latchkey.keepOut(person.secret, person.secret.replaceAll(' ', ''))
      await who.type('Code shown in the app', authenticatorCode(latchkey, person))
      await sees(who, 'Save your recovery codes')
      const codes = await who.page.locator('[data-recovery-code]').allTextContents()
      expect(codes).to.have.length(10)
      latchkey.keepOut(...codes)
      await who.page.getByLabel('I have saved these codes somewhere safe').check()
      await who.press('Continue')
      await sees(who, 'Sign in faster with a passkey')
      await who.press('Create a passkey')
      await who.isAt(`${apps.trading}/`)
      await sees(who, `Hello, ${person.email}`)
      expect(await phone.passkeys()).to.equal(1)
      await phone.layDown()

      for (const app of ['staking', 'wallet', 'card'] as const) {
        await who.follow(names[app])
        await who.follow('Log in')
        await who.isAt(`${apps[app]}/`)
        await sees(who, `Hello, ${person.email}`)
      }
      expect(await signedInAt(who)).to.deep.equal(Object.keys(names))

      await who.press('Log out')
      await who.isAt(`${apps.card}/`)
      expect(await signedInAt(who)).to.deep.equal([])
      await who.page.goto(`${issuer}/account`)
      await sees(who, 'Sign in')
    }))

  it('works without scripts, but for passkeys, and says so', () =>
    visit(
      async who => {
        const { issuer, apps } = latchkey
        const person = somebody()
        await who.page.goto(`${apps.staking}/login`)
        await passkeysNeedScript(who)
        await who.follow('Create an account')
        await who.type('Email', person.email)
        await who.press('Continue')
        await who.type('Six-digit code', await codeSentTo(latchkey, person.email))
        await who.press('Continue')
        await who.type('Password', person.password)
        await who.press('Continue')
        await who.sees('Set up your authenticator app')
        person.secret = (await who.page.locator('[data-totp-secret]').textContent()) ?? ''
        await who.type('Code shown in the app', authenticatorCode(latchkey, person))
        await who.press('Continue')
        await who.page.getByLabel('I have saved these codes somewhere safe').check()
        await who.press('Continue')
        await passkeysNeedScript(who)
        await who.press('Not now')
        await who.isAt(`${apps.staking}/`)
        await who.press('Log out')
        await who.isAt(`${apps.staking}/`)

        await who.page.goto(`${issuer}/sign-in`)
        await who.type('Email', person.email)
        await who.type('Password', person.password)
        await who.press('Sign in')
        await who.type('Six-digit code', authenticatorCode(latchkey, person))
        await who.press('Continue')
        await who.isAt(`${issuer}/account`)
        await who.page.goto(`${issuer}/account/security`)
        const ways = await who.page.locator('.dated .name').allTextContents()
        expect(ways.map(each => each.trim().split(' ', 1)[0])).to.deep.equal([
          'Password',
          'Authenticator',
          'Email',
          'Recovery',
        ])
      },
      { javaScriptEnabled: false },
    ))

  it('asks before an app of somebody else’s is told anything, and takes no for an answer', () =>
    visit(async who => {
      const { issuer } = latchkey
      const person = somebody()
      await signUp(latchkey, person, await person.browser.get(`${issuer}/sign-up`))
      await signedIn(who, person, issuer)
      const request = ledger.request(issuer)
      for (const [button, told] of [
        ['Don’t allow', 'error=access_denied'],
        ['Allow', 'code='],
      ] as const) {
        await who.page.goto(request)
        await who.sees('Allow access?')
        await openToEverybody(who)
        await who.press(button)
        await who.sees('Back at the ledger')
        expect(who.page.url()).to.contain(`${ledger.callback}?${told}`)
      }
      await who.page.goto(request)
      await who.sees('Back at the ledger')
    }))
})
