import { expect } from 'chai'
import { type Clerk, identityAt } from '../support/identity.ts'
import { jar } from '../support/jar.ts'
import { type Running, startLatchkey } from '../support/latchkey.ts'
import { codeSentTo, type Person, somebody } from '../support/people.ts'

const hour = 3_600_000
const day = 24 * hour

describe('an account whose address a thief has changed', () => {
  let latchkey: Running
  let of: ReturnType<typeof identityAt>
  let [grace, edsger] = [] as unknown as [Clerk, Clerk]
  beforeEach(async () => {
    latchkey = await startLatchkey()
    of = identityAt(latchkey)
    grace = await of.clerk()
    edsger = await of.clerk()
  })
  afterEach(() => latchkey.stop())

  const changeEmail = async (person: Person, email: string) => {
    let page = await of.at.act(person, 'add', { factor: 'email' })
    page = await page.submit({ code: await codeSentTo(latchkey, person.email) })
    page = await page.submit({ email })
    return page.submit({ code: await codeSentTo(latchkey, email) })
  }
  /** Somebody who was away while a thief put in an address of their own, so many days ago. */
  const robbed = async (days: number): Promise<[Person, string]> => {
    const ada = await of.at.joined()
    latchkey.clock.pass(40 * day)
    const thief = `thief-of-${ada.email}`
    await changeEmail(await of.at.elsewhere(ada), thief)
    latchkey.clock.pass(days * day)
    return [ada, thief]
  }
  const stop = async (link: string | undefined) => {
    const page = await jar().get(link ?? '')
    return [page, await page.submit()] as const
  }
  const agree = async (number: string) => {
    for (const each of [grace, edsger]) expect((await each.decide(number, 'approve')).status).to.equal(200)
    await of.until('the delay to begin', async () =>
      (await grace.open(`/admin/recovery/${number}`)).text.includes('in the waiting period') ? true : undefined,
    )
  }

  it('is known by the address that it had; staff see which came when, and the thief cannot end the case', async () => {
    const [ada, thief] = await robbed(12)
    const page = await of.send(ada.email)
    const number = of.numberOn(page)
    await of.queued(grace, number)
    let seen = await grace.open(`/admin/recovery/${number}`)
    expect(seen.text).to.not.contain('There is no account with this email address')
    expect(seen.text).to.contain('Used in this case').and.contain('New')
    expect(seen.all('.address').map(each => each.text))
      .to.include('t•••@example.com')
      .and.include('p•••@example.com')
    expect(seen.html).to.not.contain(thief)

    // The thief is told, as every address is, and where whoever asks can be reached.
    const told = await of.mailed(thief, '/recover/cancel/')
    expect(told.text).to.contain('p•••@example.com').and.contain('It sends your objection to our staff')
    await agree(number)
    const again = await of.mailed(thief, '/recover/cancel/', [told.link ?? ''])
    const [asked, done] = await stop(again.link)
    expect(asked.text).to.contain('our staff will review the case again')
    expect([done.status, done.h1]).to.deep.equal([200, 'Objection received'])
    expect(done.links.some(each => each.href.includes('/not-me/'))).to.equal(false)

    // It waits for the staff again, who are told why; what they said before has to be said again, by two of them.
    seen = await grace.open(`/admin/recovery/${number}`)
    expect(seen.text).to.contain('Waiting for a decision').and.contain('An objection came from t•••@example.com')
    latchkey.clock.pass(2 * day)
    expect((await latchkey.outbox(ada.email)).some(each => each.link?.includes('/recover/afresh/'))).to.equal(false)
    await agree(number)

    // Objecting once more holds up nothing.
    const last = await of.mailed(thief, '/recover/cancel/', [told.link ?? '', again.link ?? ''])
    expect((await stop(last.link))[1].h1).to.equal('Objection received')
    expect((await grace.open(`/admin/recovery/${number}`)).text).to.contain('in the waiting period')
    latchkey.clock.pass(24.1 * hour)
    const { link } = await of.mailed(ada.email, '/recover/afresh/')
    expect((await jar().get(link ?? '')).status).to.equal(200)
  })

  it('loses the case to the owner’s own address, for good, and to the staff’s no', async () => {
    const [ada] = await robbed(2)
    const contact = somebody().email
    const { number } = await of.granted([grace, edsger], `thief-of-${ada.email}`, contact)
    // The address that it had before is told, too, and has been the account's for long.
    const told = await of.mailed(ada.email, '/recover/cancel/')
    const [asked, done] = await stop(told.link)
    expect([asked.h1, done.h1]).to.deep.equal(['Did you request this identity check?', 'Identity check stopped'])
    expect((await grace.open(`/admin/recovery/${number}`)).text).to.contain('Stopped by the account owner')
  })

  it('is not lost to a link that was mailed to an address which the thief gave up since', async () => {
    const [ada, thief] = await robbed(1)
    const number = of.numberOn(await of.send(ada.email))
    await of.queued(grace, number)
    const { link } = await of.mailed(thief, '/recover/cancel/')
    const intruder = await of.at.elsewhere({ ...ada, email: thief })
    await changeEmail({ ...intruder, email: thief }, `second-${thief}`)
    latchkey.clock.pass(8 * day)
    // Has what can be put back no longer tidied away.
    await of.at.act(await of.at.elsewhere({ ...ada, email: `second-${thief}` }), 'phrase', { phrase: 'blue heron' })
    const [, done] = await stop(link)
    expect(done.h1).to.equal('Objection received')
    expect((await grace.open(`/admin/recovery/${number}`)).text).to.contain('Waiting for a decision')
  })

  it('is found a year later, and no longer', async () => {
    const [ada] = await robbed(360)
    const first = of.numberOn(await of.send(ada.email))
    await of.queued(grace, first)
    expect((await grace.open(`/admin/recovery/${first}`)).text).to.not.contain(
      'There is no account with this email address',
    )
    latchkey.clock.pass(40 * day)
    const later = of.numberOn(await of.send(ada.email, somebody().email))
    await of.queued(grace, later)
    expect((await grace.open(`/admin/recovery/${later}`)).text).to.contain(
      'There is no account with this email address',
    )
  })
})
