import { expect } from 'chai'
import { credentials } from '../../src/accounts/credential.ts'
import { roles } from '../../src/accounts/role.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import { authenticator } from '../support/authenticator.ts'
import { type Clerk, identityAt, ticked } from '../support/identity.ts'
import { jar, type Page } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode } from '../support/people.ts'
import { usePasskey } from '../support/security.ts'

const hour = 3_600_000
const evil = { from: 'https://evil.example' }

describe('an identity check under attack', () => {
  const latchkey = whileTesting(startLatchkey)
  const of = identityAt(latchkey)
  let [grace, edsger] = [] as unknown as [Clerk, Clerk]
  before(async () => {
    grace = await of.clerk()
    edsger = await of.clerk()
  })
  // Everybody comes from one address.
  beforeEach(() => latchkey.clock.pass(hour))

  const held = async (email: string) => {
    const keys = sealer(keyring(['a secret of the journeys, 32 or longer']))
    const found = await credentials({ store: latchkey.store, sealer: keys, now: latchkey.clock.now }).of(
      await of.idOf(email),
    )
    return found.map(each => each.factor).sort()
  }
  const waiting = async (email: string, contact = '') => {
    const page = await of.send(email, contact)
    await of.queued(grace, of.numberOn(page))
    return { page, number: of.numberOn(page) }
  }
  const ready = async (email: string) => {
    const found = await of.granted([grace, edsger], email)
    latchkey.clock.pass(24.1 * hour)
    return { ...found, link: (await of.mailed(email, '/recover/afresh/')).link ?? '' }
  }
  const varying = /number: [\w-]+|name="to" value="[^"]*"/g
  const shape = ({ status, html }: Page) => [status, html.replace(varying, '')]

  it('shows the pages of the staff to nobody else, and nobody else that there are any', async () => {
    const ada = await of.at.joined()
    const { number } = await waiting(ada.email)
    const nowhere = await ada.browser.get(`${latchkey.issuer}/administration`)
    expect(nowhere.status).to.equal(404)
    const [href = ''] = await of.documentsFor(grace, number)
    const paths = [
      '/admin',
      '/admin/recovery',
      `/admin/recovery/${number}`,
      '/admin/recovery/0000-0000-0000',
      new URL(href).pathname,
    ]
    for (const path of paths) {
      const page = await ada.browser.get(`${latchkey.issuer}${path}`)
      expect(shape(page), path).to.deep.equal(shape(nowhere))
      const stranger = await jar().get(`${latchkey.issuer}${path}`)
      expect([stranger.status, stranger.h1], path).to.deep.equal([200, 'Sign in'])
    }
    const post = { verdict: 'approve', reason: 'It is me.', ...ticked }
    for (const browser of [ada.browser, jar()])
      expect((await browser.post(`${latchkey.issuer}/admin/recovery/${number}`, post)).status).to.equal(404)
  })

  it('takes a passkey that was proved in this session, a short while ago', async () => {
    const ada = await of.at.joined()
    const { number } = await waiting(ada.email)
    // The role alone: no passkey.
    const barbara = await of.at.joined()
    await roles({ store: latchkey.store, now: latchkey.clock.now }).give(await of.idOf(barbara.email), 'support')
    const told = await barbara.browser.get(`${latchkey.issuer}/admin/recovery`)
    expect([told.status, told.h1]).to.deep.equal([403, 'Passkey required'])
    // A passkey, and signed in without it.
    const device = authenticator()
    await of.at.addPasskey(barbara, device)
    const early = await of.at.elsewhere(barbara)
    // It counts in full once its owner will have read of it.
    expect((await early.browser.get(`${latchkey.issuer}/admin`)).status).to.equal(403)
    latchkey.clock.pass(25 * 3_600_000)
    const other = await of.at.elsewhere(barbara)
    for (const path of ['/admin', '/admin/recovery', `/admin/recovery/${number}`]) {
      const page = await other.browser.get(`${latchkey.issuer}${path}`)
      expect(page.h1).to.equal('Use your passkey')
      expect(page.text).to.contain('You’re opening the staff area')
    }
    const post = { verdict: 'approve', reason: 'It fits.', ...ticked }
    const refused = await other.browser.post(`${latchkey.issuer}/admin/recovery/${number}`, post)
    expect(refused.h1).to.equal('Use your passkey')
    expect((await grace.open(`/admin/recovery/${number}`)).text).to.not.contain('It fits.')
    const page = await usePasskey(other, refused, device)
    expect(page.url).to.equal(`${latchkey.issuer}/admin/recovery/${number}`)
    expect(page.text).to.contain(barbara.email)
    latchkey.clock.pass(61 * 60_000)
    expect((await other.browser.get(page.url)).h1).to.equal('Use your passkey')
    // What was typed in the meantime still counts; a good while later nothing does.
    expect((await other.browser.post(page.url, { verdict: 'approve', reason: '' })).status).to.equal(422)
    latchkey.clock.pass(hour)
    expect((await other.browser.post(page.url, post)).h1).to.equal('Use your passkey')
  })

  it('counts one person once, in however many sessions, and nobody who lost the role', async () => {
    const ada = await of.at.joined()
    const { number } = await waiting(ada.email)
    const barbara = await of.clerk()
    await barbara.decide(number, 'approve')
    const other = { ...barbara, person: await of.at.elsewhere(barbara.person) }
    const page = await usePasskey(
      other.person,
      await other.person.browser.get(`${latchkey.issuer}/admin/recovery/${number}`),
      barbara.device,
    )
    expect(page.find('button[value=approve]')).to.equal(undefined)
    const again = await other.person.browser.post(page.url, { verdict: 'approve', reason: 'Once more.', ...ticked })
    expect(again.status).to.equal(409)
    expect(again.alerts.join()).to.contain('A colleague must give the second approval')
    await roles({ store: latchkey.store, now: latchkey.clock.now }).take(await of.idOf(barbara.person.email), 'support')
    expect((await other.person.browser.get(page.url)).status).to.equal(404)
    expect((await other.person.browser.post(page.url, { verdict: 'refuse', reason: 'Now.' })).status).to.equal(404)
    await edsger.decide(number, 'approve')
    expect((await edsger.open(`/admin/recovery/${number}`)).text).to.contain('Waiting for a decision')
  })

  it('lets none of the staff judge, or look into, their own case', async () => {
    const { number } = await waiting(grace.person.email)
    const page = await grace.open(`/admin/recovery/${number}`)
    expect(page.text).to.contain('This case is about your own account')
    expect(page.find('form button[name=verdict]')).to.equal(undefined)
    expect((await grace.open(`/admin/recovery/${number}/documents`)).status).to.equal(404)
    const [href = ''] = await of.documentsFor(edsger, number)
    expect((await edsger.person.browser.fetch(href)).status).to.equal(200)
    expect((await grace.person.browser.get(href)).status).to.equal(404)
    expect((await grace.decide(number, 'approve')).status).to.equal(403)
    expect((await grace.decide(number, 'refuse')).status).to.equal(403)
  })

  it('has no document for anybody once it is decided', async () => {
    const ada = await of.at.joined()
    const { number, page: status } = await waiting(ada.email)
    const [href = ''] = await of.documentsFor(grace, number)
    expect((await grace.person.browser.fetch(href)).status).to.equal(200)
    await edsger.decide(number, 'refuse')
    expect((await grace.person.browser.get(href)).status).to.equal(404)
    expect((await grace.decide(number, 'approve')).status).to.equal(409)
    const closed = await grace.open(`/admin/recovery/${number}`)
    expect(closed.text).to.not.contain('My bag was stolen')
    expect((await jar().get(status.url)).text).to.contain('closed')
  })

  it('refuses what another site sends', async () => {
    const ada = await of.at.joined()
    const browser = jar()
    const asked = await browser.post(`${latchkey.issuer}/recover/identity`, { email: ada.email }, evil)
    expect(asked.status).to.equal(403)
    const { number, page, link } = await ready(ada.email)
    const stop = await of.mailed(ada.email, '/recover/cancel/')
    for (const url of [page.url, `${page.url}/again`, link, stop.link ?? ''])
      expect((await browser.post(url, {}, evil)).status, url).to.equal(403)
    const decide = await grace.person.browser.post(
      `${latchkey.issuer}/admin/recovery/${number}`,
      { verdict: 'refuse', reason: 'x' },
      evil,
    )
    expect(decide.status).to.equal(403)
    expect((await browser.get(link)).status).to.equal(200)
    // A form of another kind is none, and says nothing else.
    const form = await of.ask((await of.at.joined()).email)
    expect((await browser.post(form.url, { story: 'Lost.' })).status).to.equal(400)
  })

  it('is used once, in the browser that began, and changes nothing before all is set up', async () => {
    const ada = await of.at.joined()
    const before = await held(ada.email)
    const { link, page } = await ready(ada.email)
    const inside = await of.at.elsewhere(ada)
    for (const _ of [1, 2, 3]) expect((await jar().get(link)).status).to.equal(200)
    const browser = jar()
    const used = await Promise.all([browser, jar(), jar()].map(async each => (await each.post(link)).status))
    expect(used.sort()).to.deep.equal([200, 410, 410])
    expect((await jar().get(link)).status).to.equal(410)
    // Who stopped halfway asks for another, from the page of the case.
    const again = await (await browser.get(page.url)).submit()
    expect(again.status).to.equal(200)
    const next = await of.mailed(ada.email, '/recover/afresh/', [link])
    const own = jar()
    let step = await (await own.get(next.link ?? '')).submit()
    expect((await jar().get(step.url)).status).to.equal(403)
    // Nothing weaker, nothing else, and nothing left out.
    for (const factor of ['email', 'recovery-code', 'passkey', 'totp'])
      expect((await own.post(`${step.url}/use`, { factor })).status, factor).to.equal(403)
    expect((await own.post(`${step.url}/skip`)).status).to.equal(403)
    step = await step.submit({ password: 'quiet harbour lantern anew' })
    latchkey.keepOut('quiet harbour lantern anew')
    expect((await own.post(`${step.url}/skip`)).status).to.equal(403)
    expect((await own.get(`${latchkey.issuer}/account`)).url).to.contain('/sign-in')
    expect(await held(ada.email)).to.deep.equal(before)
    expect(await of.at.isIn(inside)).to.equal(true)

    // The owner stops it at the last moment.
    const secret = step.find('[data-totp-secret]')?.text.replace(/\s/g, '') ?? ''
    latchkey.keepOut(secret)
    const stop = await of.mailed(ada.email, '/recover/cancel/')
    const stopped = await (await inside.browser.get(stop.link ?? '')).submit()
    expect(stopped.h1).to.equal('Identity check stopped')
    const late = await step.submit({ code: authenticatorCode(latchkey, { ...ada, secret }) })
    expect(late.status).to.equal(410)
    expect(await held(ada.email)).to.deep.equal(before)
    expect(await of.at.isIn(inside)).to.equal(true)
    // And locks the account besides.
    expect((await stopped.follow('Lock my account as well')).h1).to.equal('Secure your account')
    expect((await jar().get(stop.link ?? '')).status).to.equal(410)
  })

  it('is for its own account alone', async () => {
    const [ada, mallory] = [await of.at.joined(), await of.at.joined()]
    const { link } = await ready(mallory.email)
    const before = await held(ada.email)
    const browser = jar()
    const step = await (await browser.get(link)).submit()
    await browser.post(`${step.url}/password`, {
      password: 'quiet harbour lantern two',
      account: await of.idOf(ada.email),
      email: ada.email,
    })
    latchkey.keepOut('quiet harbour lantern two')
    expect(await held(ada.email)).to.deep.equal(before)
    // With a document of somebody else’s case, or none.
    const { number } = await waiting(ada.email)
    const other = await waiting(mallory.email, 'mallory@elsewhere.example')
    const [href = ''] = await of.documentsFor(grace, number)
    expect((await grace.person.browser.get(href.replace(number, other.number))).status).to.equal(404)
  })
})
