import { expect } from 'chai'
import { grant } from '../conformance/shops.ts'
import { startSuite } from '../support/all-apps.ts'
import { jar } from '../support/jar.ts'
import { whileTesting } from '../support/latchkey.ts'
import type { Person } from '../support/people.ts'
import { securityAt } from '../support/security.ts'
import { keyboard } from './keyboard.ts'
import { openToEverybody, signedIn, type Visitor, visit } from './visitor.ts'

const phone = { width: 390, height: 844 }
const shop = {
  client_id: 'shop',
  client_name: 'Shop',
  first_party: true,
  scope: 'openid',
  grant_types: [grant],
  redirect_uris: [],
  backchannel_token_delivery_mode: 'poll',
  token_endpoint_auth_method: 'client_secret_post',
  client_secret: 'shop-secret-of-the-browser-tests-00001',
}

describe('in a browser, the home page of an account', function () {
  this.timeout(60_000)
  const latchkey = whileTesting(() => startSuite({ more: [shop] }))
  const at = securityAt(latchkey)

  /** Uses recovery codes in other browsers until so many are left. */
  const leave = async (person: Person, codes: number) => {
    while (person.recoveryCodes.length > codes) {
      const start = await jar().get(`${latchkey.issuer}/sign-in`)
      const second = await start.submit({ email: person.email, password: person.password })
      const asked = await second.submit({}, 'A recovery code')
      expect((await asked.submit({ code: person.recoveryCodes.pop() ?? '' })).status).to.equal(200)
    }
  }
  /** An app asks for an approval behind the person's back (CIBA). */
  const ask = async ({ email }: Person) => {
    const { issuer } = latchkey
    const discovery = await fetch(`${issuer}/.well-known/openid-configuration`)
    const known = (await discovery.json()) as { backchannel_authentication_endpoint: string }
    const { client_id, client_secret } = shop
    const body = new URLSearchParams({ client_id, client_secret, scope: 'openid', login_hint: email })
    const answer = await fetch(known.backchannel_authentication_endpoint, { method: 'POST', body })
    const told = (await answer.json()) as { auth_req_id: string }
    expect(answer.status, JSON.stringify(told)).to.equal(200)
    latchkey.keepOut(told.auth_req_id)
  }
  const main = ({ page }: Visitor) => page.getByRole('main')

  it('shows all that needs attention, every app and the last five events on two screens of a phone', () =>
    visit(
      async who => {
        const person = await at.joined()
        await leave(person, 2)
        await at.addPhone(person)
        await ask(person)
        await signedIn(who, person, latchkey.issuer)
        await who.page.goto(`${latchkey.issuer}/account`)
        await who.sees('Your account')
        const attention = await who.page.locator('[data-attention]').evaluateAll(all => all.map(each => each.dataset))
        expect(attention.map(each => each.attention)).to.deep.equal(['hold', 'approvals', 'codes', 'passkey'])
        await main(who).getByText('Your apps may block withdrawals and payments until').locator('time').waitFor()
        const facts = await who.page.locator('.facts dd').allTextContents()
        expect(facts).to.deep.equal([person.email, `••• ${person.phone.slice(-2)}`])
        expect(await main(who).locator('meter').count()).to.equal(1)
        expect(await main(who).locator('.launcher a').count()).to.equal(4)
        expect(await main(who).locator('.lately .line').count()).to.equal(5)
        await openToEverybody(who)
        const end = await main(who).evaluate(element => element.getBoundingClientRect().bottom)
        expect(end).to.be.at.most(2 * phone.height)
      },
      { viewport: phone },
    ))

  it('opens an app, and then says that it was used, by the keyboard alone', () =>
    visit(async who => {
      const person = await at.joined()
      await signedIn(who, person, latchkey.issuer)
      const { enter } = keyboard(who)
      await who.page.goto(`${latchkey.issuer}/account`)
      const { wallet } = latchkey.apps
      await enter(who.page.locator(`.launcher a[href="${wallet}/"]`))
      await who.isAt(`${wallet}/`)
      await enter(who.page.getByRole('link', { name: 'Log in' }))
      await who.sees(`Hello, ${person.email}`)
      await who.page.goto(`${latchkey.issuer}/account`)
      const first = who.page.locator('.launcher li').first()
      expect(await first.getByRole('link').getAttribute('href')).to.equal(`${wallet}/`)
      await first.locator('time').waitFor()
      await first.locator('.tile').waitFor()
    }))

  it('has the profile changed by the keyboard alone: name, language, and the zone of every time on it', () =>
    visit(
      async who => {
        await signedIn(who, await at.joined(), latchkey.issuer)
        const { enter, write, find } = keyboard(who)
        await who.page.goto(`${latchkey.issuer}/account`)
        await enter(main(who).locator('a[href="/account/profile"]'))
        await who.sees('Your profile')
        await openToEverybody(who)
        await write(who.page.locator('#name'), 'Ada Lovelace')
        await find(who.page.locator('#language'), 'Deut')
        await find(who.page.locator('#zone'), 'Asia/Tok')
        await who.page.keyboard.press('Tab')
        await who.page.keyboard.press('Enter')
        await who.page.locator('html[lang=de][data-zone="Asia/Tokyo"]').waitFor()
        await who.page.getByRole('status').waitFor()
        await openToEverybody(who)
        await enter(main(who).locator('a[href="/account"]'))
        await who.page.locator('.facts').getByText('Ada Lovelace').waitFor()
        const newest = who.page.locator('.lately time').first()
        const moment = Date.parse((await newest.getAttribute('datetime')) ?? '')
        const there = new Intl.DateTimeFormat('de', { timeZone: 'Asia/Tokyo', dateStyle: 'medium', timeStyle: 'short' })
        await newest.getByText(there.format(moment), { exact: true }).waitFor()
      },
      { timezoneId: 'America/New_York' },
    ))
})
