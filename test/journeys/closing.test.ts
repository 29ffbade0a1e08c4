import { expect } from 'chai'
import { type AppName, startSuite } from '../support/all-apps.ts'
import { declared } from '../support/declared.ts'
import { jar, type Page } from '../support/jar.ts'
import { whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, codeSentTo, type Person, signIn, signUp } from '../support/people.ts'
import { securityAt } from '../support/security.ts'

const day = 24 * 3_600_000

describe('an account that is closed', () => {
  const { through, declarations, documents } = declared()
  const latchkey = whileTesting(() => startSuite({ through }))
  const at = securityAt(latchkey)

  const newest = async (to: string, part: string): Promise<string> => {
    const texts = (await latchkey.outbox(to)).map(each => each.text)
    const [link] = texts.flatMap(text => [...text.matchAll(/http\S+/g)].map(String)).filter(each => each.includes(part))
    return link ?? expect.fail(`no ${part} was mailed to ${to}`)
  }
  const subjects = async (to: string) => (await latchkey.outbox(to)).map(each => each.subject)
  const close = async (person: Person): Promise<Page> =>
    (await at.open(person, '/account/close')).submit({}, 'Close my account')
  const closed = async (person: Person): Promise<void> => {
    let page = await close(person)
    if (page.h1 === 'Enter your password') page = await page.submit({ password: person.password })
    if (page.h1.startsWith('Enter code')) page = await page.submit({ code: authenticatorCode(latchkey, person) })
    expect(page.h1).to.equal('Your account is being closed')
  }
  const refused = async ({ email, password }: Person): Promise<number> =>
    (await (await jar().get(`${latchkey.issuer}/sign-in`)).submit({ email, password })).status
  const again = async (person: Person, from = `${latchkey.issuer}/sign-in`): Promise<Page> =>
    signIn(latchkey, person, await person.browser.get(from))
  const stranger = (person: Person): Person => ({ ...person, browser: jar() })
  const opened = async (person: Person, app: AppName): Promise<Page> =>
    person.browser.get(`${latchkey.apps[app]}/login`)
  const idOf = async (person: Person): Promise<string> =>
    ((await documents('accounts')) as unknown as { id: string; email: string }[]).find(
      each => each.email === person.email,
    )?.id ?? expect.fail('no account')
  const named = async (text: string): Promise<string[]> => {
    const found = await Promise.all(
      [...declarations.keys()].map(async name => [name, JSON.stringify(await documents(name))] as const),
    )
    return found.filter(([, all]) => all.includes(text)).map(([name]) => name)
  }

  it('says in words what goes and what stays, and asks for the strongest factor first', async () => {
    const ada = await at.joined()
    const page = await at.open(ada, '/account/close')
    expect(page.text).to.contain(ada.email).and.to.contain('After 7 days').and.to.contain('What remains')
    latchkey.clock.pass(6 * 60_000)
    let asked = await page.submit({}, 'Close my account')
    expect(asked.text).to.contain('You’re closing your account')
    expect(await at.isIn(ada)).to.equal(true)
    asked = await asked.submit({ password: ada.password })
    asked = await asked.submit({ code: authenticatorCode(latchkey, ada) })
    expect(asked.url).to.equal(`${latchkey.issuer}/closing`)
    expect(await at.isIn(ada)).to.equal(false)
  })

  it('ends every session and key at once, tells the apps, and lets nothing in', async () => {
    const ada = await at.joined()
    await opened(ada, 'trading')
    const other = await at.elsewhere(ada)
    const key = await ada.browser.post(`${latchkey.issuer}/account/api-keys`, { name: 'Bot', scope: 'read' })
    latchkey.keepOut(key.find('[data-api-key-secret]')?.text ?? '')
    await closed(ada)
    expect(await at.isIn(other)).to.equal(false)
    // Told by back-channel: the app's own session is gone, and its tokens with it.
    expect((await ada.browser.get(`${latchkey.apps.trading}/tokens.json`)).status).to.equal(401)
    const [kept] = (await documents('api_keys')) as unknown as { revokedAt?: number }[]
    expect(kept?.revokedAt).to.be.a('number')
    expect((await documents('sso_sessions')).filter(each => 'accountId' in each)).to.deep.equal([])
    expect((await opened(ada, 'card')).url).to.contain('/sign-in/')
    expect(await subjects(ada.email)).to.include('Your account is being closed')
  })

  it('is signed in to only to change one’s mind, and no app gets in before that', async () => {
    const ada = await at.joined()
    await closed(ada)
    const page = await again(stranger(ada))
    expect(page.h1).to.equal('Your account is being closed')
    const back = stranger(ada)
    const asked = await signIn(latchkey, back, await opened(back, 'card'))
    expect(asked.h1).to.equal('Your account is being closed')
    expect(asked.text).to.contain('Card')
    // The way on to the app that the page does not offer.
    const attempt = asked.url.split('/').at(-1)
    const { interaction } = (await documents('attempts')).find(each => each.id === attempt) as unknown as {
      interaction: string
    }
    const forced = await back.browser.get(`${latchkey.issuer}/interaction/${interaction}?attempt=${attempt}`)
    expect(forced.status).to.equal(410)
    expect(await at.isIn(back)).to.equal(false)
    // Who signs out leaves it closing.
    const gone = await page.submit({}, 'Sign out')
    expect(gone.h1).to.equal('You are signed out')
    expect((await again(stranger(ada))).h1).to.equal('Your account is being closed')
  })

  it('stays once its owner has signed in and says so, and goes on to the app', async () => {
    const ada = await at.joined()
    await closed(ada)
    const back = stranger(ada)
    const asked = await signIn(latchkey, back, await opened(back, 'card'))
    const page = await asked.submit({}, 'Keep my account')
    expect(page.url).to.contain(latchkey.apps.card)
    expect(page.text).to.contain(ada.email)
    expect(await at.isIn(back)).to.equal(true)
    expect(await subjects(ada.email)).to.include('Your account stays open: its closure was cancelled')
    await latchkey.live(8 * day)
    expect((await again(stranger(ada))).url).to.equal(`${latchkey.issuer}/account`)
  })

  it('stays by a press on the page that every address was mailed, where looking changes nothing', async () => {
    const ada = await at.joined()
    const former = ada.email
    const email = former.replace('@', '.new@')
    let page = await at.act(ada, 'add', { factor: 'email' })
    page = await page.submit({ code: await codeSentTo(latchkey, former) })
    page = await page.submit({ email })
    await page.submit({ code: await codeSentTo(latchkey, email) })
    await closed(ada)
    const links = await Promise.all([former, email].map(each => newest(each, '/keep/')))
    expect(new Set(links).size).to.equal(2)
    const anybody = jar()
    const looked = await anybody.get(links[0] ?? '')
    expect(looked.h1).to.equal('Keep your account?')
    await anybody.get(links[1] ?? '')
    const owner = { ...ada, email }
    expect((await again(stranger(owner))).h1).to.equal('Your account is being closed')
    expect((await anybody.post(links[0] ?? '', {}, { from: 'https://evil.example' })).status).to.equal(403)
    expect((await looked.submit({}, 'Keep my account')).h1).to.equal('Your account stays open')
    for (const link of links) expect((await anybody.get(link)).status).to.equal(410)
    expect((await again(stranger(owner))).url).to.equal(`${latchkey.issuer}/account`)
  })

  it('is kept by no link of a closing before', async () => {
    const ada = await at.joined()
    await closed(ada)
    const link = await newest(ada.email, '/keep/')
    const back = stranger(ada)
    await (await again(back)).submit({}, 'Keep my account')
    await closed(back)
    expect((await jar().get(link)).status).to.equal(410)
    expect((await jar().post(link)).status).to.equal(410)
    expect((await jar().get(await newest(ada.email, '/keep/'))).status).to.equal(200)
  })

  it('stays when somebody else closed it, and is locked', async () => {
    const ada = await at.joined()
    await closed(ada)
    const page = await (await jar().get(await newest(ada.email, '/not-me/'))).submit({})
    expect(page.h1).to.equal('Your account is locked')
    await latchkey.live(8 * day)
    expect(await named(ada.email)).to.include('accounts')
    expect(await refused(ada)).to.equal(401)
  })

  it('lets who forgot their password change it, and their mind', async () => {
    const ada = await at.joined()
    await closed(ada)
    const back = stranger(ada)
    await (await at.open(back, '/forgot-password')).submit({ email: ada.email })
    let page = await (await back.browser.get(await newest(ada.email, '/reset/'))).submit({})
    page = await page.submit({ code: authenticatorCode(latchkey, ada) })
    page = await page.submit({ password: 'another quiet harbour lantern' })
    expect(page.h1).to.equal('Your account is being closed')
    expect((await page.submit({}, 'Keep my account')).url).to.equal(`${latchkey.issuer}/account`)
  })

  it('is not removed by a clock that jumps ahead, until it has run on for a day', async () => {
    const ada = await at.joined()
    await latchkey.sweep()
    latchkey.clock.pass(1_000)
    await latchkey.sweep()
    await closed(ada)
    latchkey.clock.pass(30 * day)
    await latchkey.sweep()
    expect(latchkey.logged()).to.contain('clock.jumped')
    expect(await named(ada.email)).to.include('accounts')
    // Set right again, it is as it was: its owner may change their mind.
    latchkey.clock.pass(-30 * day)
    await latchkey.sweep()
    expect((await again(stranger(ada))).h1).to.equal('Your account is being closed')
    await latchkey.live(8 * day)
    expect(await named(ada.email)).to.not.include('accounts')
  })

  it('is gone after seven days from everywhere but the audit log, and its email is free', async () => {
    const ada = await at.joined()
    await at.addPhone(ada)
    await opened(ada, 'trading')
    await at.elsewhere(ada)
    const id = await idOf(ada)
    await closed(ada)
    await latchkey.live(7 * day - 3_600_000)
    const late = await again(stranger(ada))
    expect(late.h1).to.equal('Your account is being closed')
    const link = await newest(ada.email, '/keep/')
    latchkey.clock.pass(3_600_000 + 1_000)
    expect((await late.submit({}, 'Keep my account')).status, 'too late').to.be.within(400, 499)
    expect((await jar().get(link)).status).to.equal(410)
    await latchkey.sweep()
    expect(await subjects(ada.email)).to.include('Your Latchkey account was deleted')
    latchkey.clock.pass(2 * 3_600_000)
    expect(await named(id)).to.deep.equal(['audit_leaves'])
    for (const text of [ada.email, ada.phone, ada.phone.slice(-6)]) expect(await named(text)).to.deep.equal([])
    expect(await refused(ada)).to.equal(401)
    const anew = stranger(ada)
    await signUp(latchkey, anew, await at.open(anew, '/sign-up'))
    expect(await at.isIn(anew)).to.equal(true)
    expect(await idOf(ada)).to.not.equal(id)
  })

  it('is asked for by nobody else', async () => {
    const ada = await at.joined()
    const url = `${latchkey.issuer}/account/close`
    expect((await ada.browser.post(url, {}, { from: 'https://evil.example' })).status).to.equal(403)
    expect((await jar().post(url)).status).to.equal(401)
    const other = await again(stranger(ada))
    expect(other.url).to.equal(`${latchkey.issuer}/account`)
    await closed(ada)
    const page = await again(stranger(ada))
    const base = page.url
    // Another browser presses the button of this one's page.
    expect((await jar().post(`${base}/keep`)).status).to.equal(403)
    expect((await jar().post(`${base}/leave`)).status).to.equal(403)
    const unproved = await at.open(stranger(ada), '/sign-in')
    expect((await jar().post(`${unproved.url}/keep`)).status).to.be.oneOf([403, 410])
  })

  it('is not kept by who has proved only a password', async () => {
    const ada = await at.joined()
    await closed(ada)
    const back = stranger(ada)
    const half = await (await at.open(back, '/sign-in')).submit({ email: ada.email, password: ada.password })
    expect((await back.browser.post(`${half.url}/keep`)).status).to.equal(410)
    expect((await again(stranger(ada))).h1).to.equal('Your account is being closed')
  })
})
