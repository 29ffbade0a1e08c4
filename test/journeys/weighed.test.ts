import { expect } from 'chai'
import type { Page } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, type Person } from '../support/people.ts'
import { at, travellers } from '../support/travellers.ts'

const linz = '193.171.99.1'
const london = '81.2.69.142'
const tokyo = '133.1.1.1'

describe('what is made of where a sign-in comes from', () => {
  const latchkey = whileTesting(() => startLatchkey({ environment: { LATCHKEY_TRUST_PROXY: '127.0.0.1,::1' } }))

  const account = () => `${latchkey.issuer}/account`
  const { signedUp, start, prove, isIn, asked, linkTo } = travellers(() => latchkey)

  it('tells, and does not hold, a new device where the account is at home', async () => {
    const owner = await signedUp()
    expect((await prove(at(owner, linz))).url).to.equal(account())
    expect(latchkey.logged()).to.contain('sign-in.noticed')
  })

  it('holds a new device in a new network after many wrong passwords', async () => {
    const owner = await signedUp()
    const guesser = at(owner, linz)
    for (let time = 0; time < 5; time++)
      await (await start(guesser)).submit({ email: owner.email, password: `guess ${time}` })
    const held = await prove(guesser)
    expect(held.h1).to.equal('Confirm it’s you: check your email')
    expect(held.text).to.contain('Many wrong passwords or codes shortly before')
  })

  it('refuses it after many wrong passwords from where nobody can have travelled to', async () => {
    const owner = await signedUp()
    const guesser = at(owner, tokyo)
    for (let time = 0; time < 5; time++)
      await (await start(guesser)).submit({ email: owner.email, password: `guess ${time}` })
    const refused = await prove(guesser)
    expect(refused.status).to.equal(403)
    expect(refused.h1).to.equal('We stopped this sign-in')
    expect(refused.text).to.contain('Too far from your last sign-in to have travelled in that time')
    expect(await asked(owner)).to.have.length(0)
    expect(await isIn(guesser)).to.equal(false)
    expect((await guesser.browser.post(`${refused.url}/held`)).status).to.be.within(400, 499)
    expect((await guesser.browser.post(`${refused.url}/totp`, { code: '1' })).status).to.equal(403)
    expect(await isIn(guesser)).to.equal(false)
    // The owner is let in where they are at home.
    await (await owner.browser.get(account())).submit({}, 'Sign out')
    expect((await prove(owner)).url).to.equal(account())
  })

  /** Follows a mailed link to a new password, and proves the second factor. */
  const reset = async (person: Person): Promise<Page> => {
    await (await start(person, '/forgot-password')).submit({ email: person.email })
    const mail = (await latchkey.outbox(person.email)).find(each => each.link?.includes('/reset/'))
    const page = await (await person.browser.get(mail?.link ?? '')).submit()
    return page.submit({ code: authenticatorCode(latchkey, person) })
  }

  it('refuses a new password, too, where it would refuse a sign-in', async () => {
    const owner = await signedUp()
    const guesser = at(owner, tokyo)
    for (let time = 0; time < 5; time++)
      await (await start(guesser)).submit({ email: owner.email, password: `guess ${time}` })
    const refused = await reset(guesser)
    expect([refused.status, refused.h1]).to.deep.equal([403, 'We stopped this sign-in'])
    expect((await guesser.browser.post(`${refused.url}/password`, { password: 'one of a thief' })).status).to.equal(403)
    expect(await isIn(guesser)).to.equal(false)
    await (await owner.browser.get(account())).submit({}, 'Sign out')
    expect((await prove(owner)).url).to.equal(account())
  })

  it('holds a new password until its owner confirms, where it would hold a sign-in', async () => {
    const owner = await signedUp()
    const abroad = at(owner, tokyo)
    const held = await reset(abroad)
    expect(held.h1).to.equal('Confirm it’s you: check your email')
    expect((await abroad.browser.post(`${held.url}/password`, { password: 'one of a thief' })).status).to.equal(403)
    expect(await isIn(abroad)).to.equal(false)
    await (await owner.browser.get(await linkTo(owner))).submit()
    owner.password = `new ${owner.password}`
    latchkey.keepOut(owner.password)
    const chosen = await (await held.submit({}, 'I’ve confirmed')).submit({ password: owner.password })
    expect(chosen.url).to.equal(account())
  })

  it('holds nobody for a place that the owner said they would be in, until that day is over', async () => {
    const owner = await signedUp()
    const days = (ahead: number) => new Date(latchkey.clock.now() + ahead * 24 * 3_600_000).toISOString().slice(0, 10)
    const say = (country: string, until: string) =>
      owner.browser.post(`${latchkey.issuer}/account/security/travel`, { country, until })
    for (const until of ['', 'soon', days(-1), days(92)]) expect((await say('GB', until)).status, until).to.equal(422)
    expect((await say('XX', days(1))).status).to.equal(422)
    const said = await say('GB', days(7))
    expect(said.url).to.equal(`${latchkey.issuer}/account/security`)
    expect((await prove(at(owner, london))).url).to.equal(account())
    expect((await prove(at(owner, tokyo))).h1).to.equal('Confirm it’s you: check your email')
    latchkey.clock.pass(9 * 24 * 3_600_000)
    const back = await prove(at(owner, london))
    // By then the account has been there: the country is no news any more.
    expect(back.url).to.equal(account())
    expect(latchkey.logged()).to.contain('travel.changed')
  })
})
