import { expect } from 'chai'
import { accountsDeclaration } from '../../src/accounts/account.ts'
import { startSuite } from '../support/all-apps.ts'
import { approve, withdrawal } from '../support/approvals.ts'
import { type Authenticator, authenticator } from '../support/authenticator.ts'
import type { Page } from '../support/jar.ts'
import { whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, type Person, signUp, somebody } from '../support/people.ts'
import { usePasskey } from '../support/security.ts'

const { address } = withdrawal

describe('withdrawing at the wallet', () => {
  const latchkey = whileTesting(startSuite)

  /** Somebody who has signed up on the way to the wallet, with a passkey on the device that is told. */
  const signedUp = async (device?: Authenticator): Promise<Person> => {
    const person = somebody()
    const start = await person.browser.get(`${latchkey.apps.wallet}/login`)
    const home = await signUp(latchkey, person, await start.follow('Create an account'), 'totp', device)
    expect(home.url).to.equal(`${latchkey.apps.wallet}/`)
    expect(home.links.map(each => each.text)).to.include('Withdraw')
    return person
  }
  const withPasskey = async (): Promise<[Person, Authenticator]> => {
    const device = authenticator()
    return [await signedUp(device), device]
  }
  const form = (person: Person) => person.browser.get(`${latchkey.apps.wallet}/withdraw`)
  const send = async (person: Person, amount: string, more = {}) =>
    (await form(person)).submit({ asset: 'BTC', amount, address, ...more }, 'Withdraw')
  const field = (page: Page, name: string) => page.find(`[name=${name}]`)?.attributes.value
  const sent = (page: Page) => page.all('.rows b').map(each => each.text)

  it('asks who has no passkey to make one, and takes it a day later, with what was typed then', async () => {
    const person = await signedUp()
    let page = await send(person, '0.005', { memo: 'For Öl' })
    expect(page.url).to.include(`${latchkey.issuer}/sign-in/`)
    page = await page.submit({ password: person.password })
    page = await page.submit({ code: authenticatorCode(latchkey, person) })
    const device = authenticator()
    page = await usePasskey(person, page, device)
    expect([page.status, page.h1]).to.deep.equal([403, 'Waiting period not over'])
    page = await page.submit({}, 'Go back to Wallet')
    expect(page.url).to.equal(`${latchkey.apps.wallet}/withdraw`)
    expect(page.alerts.join()).to.include('A new passkey counts in full after one day')
    expect([field(page, 'amount'), field(page, 'memo')]).to.deep.equal(['0.005', 'For Öl'])
    expect(sent(page)).to.deep.equal([])
    latchkey.clock.pass(25 * 3_600_000)
    page = await person.browser.get(`${latchkey.apps.wallet}/login`)
    await usePasskey(person, page, device)
    page = await send(person, '0.005', { memo: 'For Öl' })
    expect(page.url).to.equal(`${latchkey.apps.wallet}/withdraw`)
    expect(page.find('[role=status]')?.text).to.equal(`Sent 0.005 BTC to ${address}.`)
    expect(sent(page)).to.deep.equal(['0.005 BTC'])
    // The proof is fresh: the next one takes none.
    expect(sent(await send(person, '0.001'))).to.deep.equal(['0.001 BTC', '0.005 BTC'])
  })

  it('has what is not small approved at Latchkey, and sends it once', async () => {
    const [person, device] = await withPasskey()
    let page = await send(person, '0.5', { memo: 'Cold storage' })
    if (page.url.includes('/sign-in/')) page = await approve(person, page, device)
    expect(page.h1).to.equal('Approve this withdrawal?')
    expect(page.text).to.include('Cold storage').and.include('Wallet asks you to approve a withdrawal')
    const before = page
    page = await approve(person, page, device)
    expect(page.url).to.equal(`${latchkey.apps.wallet}/withdraw`)
    expect(page.alerts).to.deep.equal([])
    expect(sent(page)).to.deep.equal(['0.5 BTC'])
    expect(page.text).to.include('approved by you')
    // Back, and once more: neither the callback nor the approval counts again.
    const callback = page.trail.find(each => each.includes('/callback?')) ?? ''
    expect((await person.browser.get(callback)).status).to.equal(400)
    expect((await approve(person, before, device)).status).to.equal(410)
    expect(sent(await form(person))).to.deep.equal(['0.5 BTC'])
    const mails = await latchkey.outbox(person.email)
    expect(mails.some(each => each.text.includes('A withdrawal of 0.5 BTC was approved'))).to.equal(true)
    const activity = await person.browser.get(`${latchkey.issuer}/account/activity`)
    expect(activity.text).to.include(`Wallet: you approved a withdrawal of 0.5 BTC to ${address}`)
    expect(activity.text).to.include('Wallet: approved request carried out')
  })

  it('counts what is small together, for a day, so that many of them are approved as one large one is', async () => {
    const [person, device] = await withPasskey()
    let page = await send(person, '0.004')
    if (page.url.includes('/sign-in/')) page = await approve(person, page, device)
    await send(person, '0.003')
    expect(sent(await send(person, '0.003'))).to.deep.equal(['0.003 BTC', '0.003 BTC', '0.004 BTC'])
    page = await send(person, '0.000000000000000001')
    expect(page.h1).to.equal('Approve this withdrawal?')
    // Another asset has a sum of its own.
    page = await send(person, '0.1', { asset: 'ETH' })
    expect(sent(page)).to.have.length(4)
    expect((await send(person, '0.1', { asset: 'ETH' })).h1).to.equal('Approve this withdrawal?')
  })

  it('keeps what was typed when it is refused, and sends nothing', async () => {
    const [person, device] = await withPasskey()
    let page = await send(person, '0.5')
    if (page.url.includes('/sign-in/')) page = await approve(person, page, device)
    page = await page.submit({}, 'Don’t allow')
    expect(page.url).to.equal(`${latchkey.apps.wallet}/withdraw`)
    expect(page.alerts).to.deep.equal(['You did not approve it. Nothing was sent.'])
    expect([field(page, 'amount'), field(page, 'address')]).to.deep.equal(['0.5', address])
    expect(sent(page)).to.deep.equal([])
  })

  it('waits while the account is held, and says so', async () => {
    const [person, device] = await withPasskey()
    const page = await send(person, '0.5')
    const shown = page.url.includes('/sign-in/') ? await approve(person, page, device) : page
    const accounts = latchkey.store.collection(accountsDeclaration)
    const [account] = await accounts.find({ email: person.email })
    await accounts.patch(account?.id ?? '', { holdUntil: latchkey.clock.now() + 3_600_000 })
    const back = await approve(person, shown, device)
    expect(back.alerts.join()).to.include('Withdrawals are on hold because your security settings changed')
    expect(field(back, 'amount')).to.equal('0.5')
    expect(sent(back)).to.deep.equal([])
    // A new token knows it, and so does the API.
    await person.browser.post(`${latchkey.apps.wallet}/refresh`)
    const small = await send(person, '0.001')
    expect([small.status, small.alerts.length]).to.deep.equal([403, 1])
  })

  it('says beside the field what is wrong, and keeps the rest', async () => {
    const [person, device] = await withPasskey()
    let page = await send(person, '0.005')
    if (page.url.includes('/sign-in/')) page = await approve(person, page, device)
    for (const [name, typed] of [
      ['amount', '1,5'],
      ['address', 'somewhere else'],
      ['memo', 'x'.repeat(141)],
    ] as const) {
      page = await send(person, '0.005', { [name]: typed })
      expect([page.status, page.alerts.length], name).to.deep.equal([422, 1])
      expect(page.find('[aria-invalid]')?.attributes.name).to.equal(name)
      expect(field(page, name)).to.equal(typed)
    }
    const asset = await person.browser.post(`${latchkey.apps.wallet}/withdraw`, { asset: 'constructor', amount: '1' })
    expect([asset.status, sent(asset)]).to.deep.equal([422, ['0.005 BTC']])
  })

  it('does nothing that a stranger pushed in its name and had its owner approve', async () => {
    const [person, device] = await withPasskey()
    const { wallet } = latchkey.apps
    const request = {
      client_id: 'wallet',
      response_type: 'code',
      scope: 'openid',
      redirect_uri: `${wallet}/callback`,
      resource: `${wallet}/api`,
      code_challenge: 'a'.repeat(43),
      code_challenge_method: 'S256',
      state: 'of the stranger',
      authorization_details: JSON.stringify([withdrawal]),
    }
    const pushed = await fetch(`${latchkey.issuer}/par`, { method: 'POST', body: new URLSearchParams(request) })
    const { request_uri } = (await pushed.json()) as { request_uri: string }
    const query = new URLSearchParams({ client_id: 'wallet', request_uri })
    let page = await person.browser.get(`${latchkey.issuer}/authorize?${query}`)
    if (page.url.includes('/sign-in/')) page = await approve(person, page, device)
    page = await approve(person, page, device)
    expect([new URL(page.url).origin, page.status]).to.deep.equal([wallet, 400])
    expect(sent(await form(person))).to.deep.equal([])
  })

  it('is for who is signed in, from its own pages, and on with their own alone', async () => {
    expect((await somebody().browser.get(`${latchkey.apps.wallet}/withdraw`)).status).to.equal(401)
    expect((await somebody().browser.get(`${latchkey.apps.card}/withdraw`)).status).to.equal(404)
    const [person, device] = await withPasskey()
    const evil = await person.browser.post(
      `${latchkey.apps.wallet}/withdraw`,
      { asset: 'BTC', amount: '0.005', address },
      { from: 'https://evil.example/' },
    )
    expect(evil.status).to.equal(403)
    // Who signed out at the wallet meanwhile is not sent for.
    let page = await send(person, '0.5')
    if (page.url.includes('/sign-in/')) page = await approve(person, page, device)
    const cookies = await person.browser.cookies.getCookies(latchkey.apps.wallet)
    const [session] = cookies.filter(each => each.key === 'wallet_session')
    session?.setMaxAge(0)
    if (session) await person.browser.cookies.setCookie(session, latchkey.apps.wallet)
    expect((await approve(person, page, device)).status).to.equal(401)
  })
})
