import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { startSuite } from '../support/all-apps.ts'
import { whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, type Person } from '../support/people.ts'
import { securityAt } from '../support/security.ts'
import { keyboard } from './keyboard.ts'
import { sees, type Visitor, visit } from './visitor.ts'

describe('in a browser, signing out at an app', function () {
  this.timeout(90_000)
  const latchkey = whileTesting(() => startSuite())
  const at = securityAt(latchkey)

  const signsIn = async (who: Visitor, person: Person) => {
    const { email, password } = person
    const { page } = who
    const hands = keyboard(who)
    await page.goto(`${latchkey.apps.trading}/login`)
    await hands.write(page.locator('main input[name=email]'), email)
    await hands.send(page.locator('main input[name=password]'), password)
    const code = page.locator('form[data-code] input[name=code]')
    await code.waitFor()
    await hands.write(code, authenticatorCode(latchkey, person))
    await who.isAt(`${latchkey.apps.trading}/`)
    await who.sees(`Hello, ${email}`)
  }
  /** Opens a second app by the same session. */
  const opensStaking = async (who: Visitor, { email }: Person) => {
    await who.page.goto(`${latchkey.apps.staking}/login`)
    await who.isAt(`${latchkey.apps.staking}/`)
    await who.sees(`Hello, ${email}`)
  }
  /** The request to sign out that the app sends the browser with, and every page of ours that is shown from here on. */
  const watched = (page: Page) => {
    const asked: URL[] = []
    const shown: string[] = []
    page.on('response', answer => {
      const url = new URL(answer.url())
      if (url.origin !== latchkey.issuer || !answer.request().isNavigationRequest()) return
      if (url.searchParams.has('id_token_hint')) asked.push(url)
      if (answer.status() < 300) shown.push(url.pathname)
    })
    return { asked, shown }
  }
  const isOut = async (who: Visitor, app: keyof typeof latchkey.apps) => {
    await who.page.goto(latchkey.apps[app])
    await who.page.getByRole('link', { name: 'Log in', exact: true }).waitFor()
  }

  it('with its own valid hint and a registered address back asks nothing, ends every app, and returns, by keyboard alone', () =>
    visit(async who => {
      const person = await at.joined()
      await signsIn(who, person)
      await opensStaking(who, person)
      await who.page.goto(latchkey.apps.trading)
      const { asked, shown } = watched(who.page)
      await keyboard(who).enter(who.page.getByRole('button', { name: 'Log out', exact: true }))
      await who.isAt(`${latchkey.apps.trading}/`)
      await who.page.getByRole('link', { name: 'Log in', exact: true }).waitFor()
      expect(asked[0]?.searchParams.has('post_logout_redirect_uri')).to.equal(true)
      expect(shown, 'no page of ours in between').to.deep.equal([])
      await isOut(who, 'staking')
      await who.page.goto(`${latchkey.issuer}/account`)
      await sees(who, 'Sign in')

      // The hint is of a session that has ended: with it nobody can sign anybody out of the next one.
      await signsIn(who, person)
      await opensStaking(who, person)
      await who.page.goto(asked[0]?.href ?? '')
      await sees(who, 'Sign out?')
      expect(await who.page.locator('main').innerText()).to.contain(person.email)
      await keyboard(who).enter(who.page.getByRole('button', { name: 'Sign out', exact: true }))
      await who.page.waitForURL(url => url.origin === latchkey.apps.trading)
      await isOut(who, 'staking')
    }))

  it('asks first where the hint is missing or false, or no registered address is named; and staying keeps the session, by keyboard alone', () =>
    visit(async who => {
      const person = await at.joined()
      await signsIn(who, person)
      await opensStaking(who, person)
      const hands = keyboard(who)
      const { page } = who
      // What the app would send the browser with: only the app is left, the session stays as it is.
      const { trading } = latchkey.apps
      const left = await page.request.post(`${trading}/logout`, { maxRedirects: 0, headers: { origin: trading } })
      const sent = new URL(left.headers().location ?? '', trading)
      const hint = sent.searchParams.get('id_token_hint') ?? expect.fail('the app sends a hint')
      const asks = async (change: (query: URLSearchParams) => void) => {
        const url = new URL(sent)
        change(url.searchParams)
        await page.goto(url.href)
        await sees(who, 'Sign out?')
      }
      await asks(query => query.set('id_token_hint', `${hint.slice(0, -8)}AAAAAAAA`))
      await asks(query => query.delete('post_logout_redirect_uri'))
      await asks(query => {
        query.delete('id_token_hint')
        query.set('client_id', 'trading')
      })
      await hands.enter(page.getByRole('button', { name: 'Stay signed in', exact: true }))
      await page.waitForURL(url => url.origin === latchkey.apps.trading)
      await opensStaking(who, person)
      await page.goto(`${latchkey.issuer}/account`)
      await sees(who, 'Your account')

      // An address that the app has not registered leads nowhere.
      const foreign = new URL(sent)
      foreign.searchParams.set('post_logout_redirect_uri', 'https://elsewhere.example/')
      const answer = await page.goto(foreign.href)
      expect([answer?.status(), new URL(page.url()).origin]).to.deep.equal([400, latchkey.issuer])
      who.complaints.length = 0
      await opensStaking(who, person)
    }))
})
