import { expect } from 'chai'
import type { Account } from '../../src/accounts/account.ts'
import type { Store } from '../../src/store/collection.ts'
import { slow, testStore } from '../support/store.ts'
import { desk, fits, visitor } from './desk.ts'

const day = 24 * 3_600_000

describe('what happens to identity checks by itself', () => {
  let at = 0
  let store: Store
  let office: Awaited<ReturnType<typeof desk>>
  let staff: Account[]
  beforeEach(async () => {
    at = Date.UTC(2026, 0, 1)
    store = await testStore(() => at)
    office = await desk(slow(store, 2), () => at)
    staff = [await office.staff('grace'), await office.staff('edsger')]
    await office.person('ada')
  })
  afterEach(() => store.close())

  const names = () => office.told.map(each => each.name)
  const sent = async (contact = ''): Promise<string> => {
    await office.submissions.ask({ email: 'ada@example.com', contact }, 'en', visitor)
    const found = await office.submissions.look(office.bearer())
    await office.cases.send(found.id, 'Lost.', [])
    return found.id
  }

  it('is done once, whichever of several processes comes first', async () => {
    const number = await sent()
    await Promise.all([1, 2, 3].map(() => office.round()))
    expect(names().filter(each => each === 'identity.opened')).to.have.length(1)
    expect(await office.state(number)).to.equal('waiting')
    for (const who of staff) await office.staffDecisions.decide(number, who, { ...fits, verdict: 'approve' })
    await Promise.all([1, 2, 3].map(() => office.round()))
    expect(names().filter(each => each === 'identity.granted')).to.have.length(1)
    at += day
    await Promise.all([1, 2, 3].map(() => office.round()))
    expect(office.mailed.filter(each => each.name === 'check-ready')).to.have.length(1)
  })

  it('tells every owner, however many cases there are, and those of one that fails are the only ones to wait', async () => {
    for (let turn = 0; turn < 110; turn++) {
      const asked = { account: 'ada', email: 'ada@example.com', contact: `c${turn}@example.com`, locale: 'en' }
      const { id } = await office.cases.begin(asked)
      await office.cases.send(id, 'Lost.', [])
    }
    office.failingOnce()
    await office.round()
    expect(names().filter(each => each === 'identity.opened')).to.have.length(109)
    expect(office.faults).to.have.length(1)
    at += 60_001
    await office.round()
    expect(names().filter(each => each === 'identity.opened')).to.have.length(110)
  }).timeout(20_000)

  it('lets no case get to the staff, and no delay begin, that the owner was not told of', async () => {
    const number = await sent()
    office.failing(true)
    await office.round()
    expect([await office.state(number), office.faults.length]).to.deep.equal(['sent', 1])
    expect((await office.staffDecisions.queue()).waiting.cases).to.deep.equal([])
    // Whoever took it on may have died: after a minute it is another's.
    office.failing(false)
    await office.round()
    expect(await office.state(number)).to.equal('sent')
    at += 60_000
    await office.round()
    expect(await office.state(number)).to.equal('waiting')

    for (const who of staff) await office.staffDecisions.decide(number, who, { ...fits, verdict: 'approve' })
    office.failing(true)
    await office.round()
    at += 5 * day
    expect(await office.state(number)).to.equal('agreed')
    office.failing(false)
    await office.round()
    const { until } = (await office.cases.get(number)) ?? {}
    expect(until).to.equal(at + day)
  })

  it('leaves who was agreed to late as long as anybody else', async () => {
    const number = await sent()
    await office.round()
    at += 29.9 * day
    for (const who of staff) await office.staffDecisions.decide(number, who, { ...fits, verdict: 'approve' })
    await office.round()
    at += day
    await office.round()
    expect(office.mailed.filter(each => each.name === 'check-ready')).to.have.length(1)
    at += 2 * day
    expect(await office.submissions.ready(office.bearer())).to.equal(true)
  })

  it('comes soon after it is woken, and never after it was stopped', async () => {
    const ring = office.ring()
    const stop = ring.start()
    const number = await sent()
    ring.wake()
    ring.wake()
    await stop()
    expect(await office.state(number)).to.equal('waiting')
    const other = await sent('ada@elsewhere.example')
    ring.wake()
    await stop()
    expect(await office.state(other)).to.equal('sent')
  })
})
