import { expect } from 'chai'
import { accountsDeclaration } from '../../src/accounts/account.ts'
import { type Running, startLatchkey } from '../support/latchkey.ts'
import type { Person } from '../support/people.ts'
import { type Security, securityAt } from '../support/security.ts'

const day = 24 * 3_600_000

describe('the weekly summary', () => {
  let latchkey: Running
  let at: Security
  beforeEach(async () => {
    latchkey = await startLatchkey()
    at = securityAt(latchkey)
  })
  afterEach(() => latchkey.stop())

  const mails = async ({ email }: Person) =>
    (await latchkey.outbox(email)).filter(each => each.subject === 'Your Latchkey account this week')
  const later = async (ms: number) => {
    latchkey.clock.pass(ms)
    await latchkey.sweep()
  }
  const switchTo = (ada: Person, to: 'on' | 'off') => at.act(ada, 'weekly-summary', { 'weekly-summary': to })

  it('is off until its owner wants it, and says what happened, once a week', async () => {
    const [ada, grace] = [await at.joined(), await at.joined()]
    const before = await at.open(ada, '/account/security')
    expect(before.text).to.include('Get a weekly email')
    await switchTo(ada, 'on')
    expect((await at.open(ada, '/account/security')).text).to.include('You get a weekly email')
    await at.elsewhere(ada)
    await at.act(ada, 'phrase', { phrase: 'blue heron' })
    await later(7 * day - 60_000)
    expect(await mails(ada)).to.deep.equal([])
    await later(60_000)
    await latchkey.sweep()
    const [mail, ...more] = await mails(ada)
    expect(more).to.deep.equal([])
    expect(mail?.text)
      .to.include('There were ')
      .and.to.include('to your security settings')
      .and.to.include('blue heron')
    expect(mail?.text).to.include(`${latchkey.issuer}/account/activity`)
    expect(await mails(grace)).to.deep.equal([])
    await later(7 * day)
    // The outbox of development shows what is younger than a week.
    const [next] = await mails(ada)
    expect(next?.id).to.not.equal(mail?.id)
    expect(next?.text).to.include('There were no sign-ins')
  })

  it('leaves out the weeks in which nothing ran, and keeps its day', async () => {
    const ada = await at.joined()
    await switchTo(ada, 'on')
    await later(24 * day)
    expect(await mails(ada)).to.have.length(1)
    await later(4 * day - 60_000)
    expect(await mails(ada)).to.have.length(1)
    await later(120_000)
    expect(await mails(ada)).to.have.length(2)
  })

  it('is sent once by several processes that look at once, and stops when its owner says so', async () => {
    const ada = await at.joined()
    await switchTo(ada, 'on')
    latchkey.clock.pass(7 * day)
    await Promise.all([latchkey.sweep(), latchkey.sweep(), latchkey.sweep()])
    expect(await mails(ada)).to.have.length(1)
    const back = await at.elsewhere(ada)
    await switchTo(back, 'off')
    const told = (await latchkey.outbox(ada.email)).filter(each => /weekly summary was turned/.test(each.text))
    expect(told).to.have.length(1)
    await later(30 * day)
    expect(await mails(ada)).to.deep.equal([])
    const kept = latchkey.store.collection(accountsDeclaration)
    const [found] = await kept.find({ email: ada.email }, { limit: 1 })
    expect(found).to.not.have.property('summaryAt')
  })
})
