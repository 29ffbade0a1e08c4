import { expect } from 'chai'
import { accounts } from '../../src/accounts/account.ts'
import type { Collection, Doc, Store } from '../../src/store/collection.ts'
import { authenticator } from '../support/authenticator.ts'
import { jar, type Page } from '../support/jar.ts'
import { basic, server } from '../support/key-holder.ts'
import { type Message, startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, type Person } from '../support/people.ts'
import { securityAt } from '../support/security.ts'
import { type Held, signRfc9421 } from '../support/signing.ts'
import { at as from, travellers } from '../support/travellers.ts'

describe('what a thief leaves behind', () => {
  const latchkey = whileTesting(() => startLatchkey({ through }))
  const at = securityAt(latchkey)
  /** The store has committed a change of protection, and writes nothing more. */
  let armed = false
  let away = false
  const through = (store: Store): Store => ({
    ...store,
    collection<T extends Doc>(declaration: Parameters<typeof store.collection<T>>[0]): Collection<T> {
      const kept = store.collection(declaration)
      return {
        ...kept,
        patch: async (id, changes, when) => {
          if (away) throw new Error('the store is away')
          const changed = await kept.patch(id, changes, when)
          if (armed && changed && declaration.name === 'accounts' && 'securityStamp' in changes) away = true
          return changed
        },
      }
    },
  })

  const told = async (to: string, subject: string): Promise<Message> =>
    (await latchkey.outbox(to)).find(each => each.subject === subject) ?? expect.fail(`${to}: no ${subject}`)
  const count = async (to: string, subject: string) =>
    (await latchkey.outbox(to)).filter(each => each.subject === subject).length
  const press = async ({ link = '' }: Message): Promise<Page> => (await jar().get(link)).submit()
  const keyIn = async ({ browser }: Person, scope: string[] = ['read']): Promise<Held> => {
    const page = await (await browser.get(`${latchkey.issuer}/account/api-keys`)).submit(
      { name: 'Bot', scope },
      'Create key',
    )
    const secret = page.find('[data-api-key-secret]')?.text ?? expect.fail(page.text)
    latchkey.keepOut(secret)
    return { id: page.find('[data-api-key-id]')?.text ?? '', secret }
  }
  const verdict = async (key: Held): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${latchkey.issuer}/api-keys/verify`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: basic(server) },
      body: JSON.stringify(signRfc9421(key, {}, { at: latchkey.clock.now() })),
    })
    return (await answer.json()) as Record<string, unknown>
  }
  /** A thief who has the password, and passes a code on; on a device of their own that they make a trusted one. */
  const intruder = async (owner: Person): Promise<Person> => {
    const thief = { ...owner, browser: jar() }
    const start = await at.open(thief, '/sign-in')
    let page = await start.submit({ email: owner.email, password: owner.password })
    page = await thief.browser.post(`${page.url}/use`, { factor: 'totp' })
    await page.submit({ code: authenticatorCode(latchkey, owner), trust: true })
    expect(await at.isIn(thief)).to.equal(true)
    return thief
  }

  it('is no key, not even where the store fails right after the undo', async () => {
    const ada = await at.joined()
    const key = await keyIn(await intruder(ada))
    expect(await verdict(key)).to.include({ active: true })
    await at.addPhone(ada)
    armed = true
    await press(await told(ada.email, 'A phone number was added'))
    armed = false
    expect(away, 'nothing was committed').to.equal(true)
    away = false
    expect(await verdict(key)).to.include({ active: false, reason: 'KEY_REVOKED' })
  })

  it('is no device that passes for one of the owner’s', async () => {
    const ada = await at.joined()
    const thief = await intruder(ada)
    await at.addPhone(thief)
    await press(await told(ada.email, 'A phone number was added'))
    const reset = (await latchkey.outbox(ada.email)).find(each => each.link?.includes('/reset/'))
    let page = await (await ada.browser.get(reset?.link ?? '')).submit()
    page = await page.submit({ code: authenticatorCode(latchkey, ada) })
    ada.password = 'slow river almanac 9'
    latchkey.keepOut(ada.password)
    page = await page.submit({ password: ada.password })
    expect(await at.isIn(ada), page.text).to.equal(true)

    const subject = 'New sign-in to your account'
    const before = await count(ada.email, subject)
    const again = { ...ada, browser: thief.browser }
    const start = await at.open(again, '/sign-in')
    page = await start.submit({ email: ada.email, password: ada.password })
    await page.submit({ code: authenticatorCode(latchkey, ada) })
    expect(await count(ada.email, subject)).to.equal(before + 1)
  })

  it('is no key that was made without the owner’s passkey', async () => {
    const ada = await at.joined('totp', authenticator())
    const thief = await intruder(ada)
    const page = await (await thief.browser.get(`${latchkey.issuer}/account/api-keys`)).submit(
      { name: 'Bot', scope: ['transfer'], addresses: '203.0.113.7' },
      'Create key',
    )
    expect(page.find('[data-api-key-secret]')).to.equal(undefined)
    expect((await accounts(latchkey.store).byEmail(ada.email))?.holdUntil).to.equal(undefined)
    expect(page.url, page.text).to.contain('/sign-in/')
  })
})

describe('a place where a disowned thief was', () => {
  const latchkey = whileTesting(() => startLatchkey({ environment: { LATCHKEY_TRUST_PROXY: '127.0.0.1,::1' } }))
  const { signedUp, prove, linkTo, isIn } = travellers(() => latchkey)

  it('is as strange to the account as before', async () => {
    const owner = await signedUp()
    latchkey.clock.pass(3 * 24 * 60 * 60_000)
    const thief = from(owner, '81.2.69.142')
    const held = await prove(thief)
    expect(held.h1).to.equal('Confirm it’s you: check your email')
    // Talked into it.
    await (await jar().get(await linkTo(owner))).submit({}, { button: 'Yes, it’s me' })
    await held.submit()
    expect(await isIn(thief)).to.equal(true)
    const told = (await latchkey.outbox(owner.email)).find(each => each.link?.includes('/not-me/'))
    await (await owner.browser.get(told?.link ?? '')).submit()
    const reset = (await latchkey.outbox(owner.email)).find(each => each.link?.includes('/reset/'))
    const page = await (await owner.browser.get(reset?.link ?? '')).submit()
    const next = await page.submit({ code: authenticatorCode(latchkey, owner) })
    owner.password = 'slow river almanac 10'
    latchkey.keepOut(owner.password)
    await next.submit({ password: owner.password })
    expect(await isIn(owner)).to.equal(true)
    expect((await prove(from(owner, '81.2.69.142'))).h1).to.equal('Confirm it’s you: check your email')
  })
})

describe('a copy of the owner’s session cookie', () => {
  const latchkey = whileTesting(startLatchkey)
  const at = securityAt(latchkey)

  /** The same cookies, at a browser of a thief. */
  const copied = async (owner: Person): Promise<Person> => {
    const browser = jar()
    for (const each of await owner.browser.cookies.getCookies(latchkey.issuer))
      await browser.cookies.setCookie(each.toString(), latchkey.issuer)
    return { ...owner, browser }
  }
  const acts: { [name: string]: (owner: Person) => Promise<unknown> } = {
    'a passkey': owner => at.addPasskey(owner),
    'an authenticator': owner => at.addAuthenticator(owner),
    'a phone': owner => at.addPhone(owner),
    'a password': async owner => {
      latchkey.keepOut('another honest river 12')
      await (await at.act(owner, 'add', { factor: 'password' })).submit({ password: 'another honest river 12' })
    },
    'rules of who may sign in': owner => at.act(owner, 'restrictions', { addresses: '127.0.0.0/8 ::1/128' }),
    'the end of all other sessions': owner => endOthers(owner),
  }
  const endOthers = ({ browser }: Person) => browser.post(`${latchkey.issuer}/account/sessions/end-others`)

  for (const [what, act] of Object.entries(acts))
    it(`opens nothing any more after ${what}, and the owner’s own browser stays signed in`, async () => {
      const owner = await at.joined()
      const thief = await copied(owner)
      expect(await at.isIn(thief)).to.equal(true)
      await act(owner)
      expect(await at.isIn(thief)).to.equal(false)
      expect(await at.isIn(owner)).to.equal(true)
    })
})
