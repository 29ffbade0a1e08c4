import { expect } from 'chai'
import { DeliveryFault } from '../../src/delivery/delivery-fault.ts'
import { type SentLog, sentDeclaration, sentLog } from '../../src/delivery/sent-log.ts'
import type { Store } from '../../src/store/collection.ts'
import { testStore } from '../support/store.ts'
import { channel, desks, letter, until } from './posting.ts'

const day = 24 * 3_600_000

describe('what was sent to people', () => {
  const desk = desks()
  let at: number
  let store: Store
  let log: SentLog
  beforeEach(async () => {
    at = Date.UTC(2026, 0, 5)
    store = await testStore(() => at)
    const accountOf = async (email: string) => (email === 'ada@example.com' ? 'ada' : undefined)
    log = sentLog({ store, accountOf, now: () => at })
  })
  afterEach(() => store.close())

  const states = async (account: string) => (await log.of(account, 10)).map(({ kind, state }) => `${kind} ${state}`)

  it('is kept by account, with what became of it, and nothing of its content', async () => {
    const through = channel()
    const { post } = desk.working(desk.box(through, { log }))
    await post(letter({ kind: 'code' }))
    await until(async () => (await states('ada')).includes('code sent'))
    const [kept] = await store.collection(sentDeclaration).find({})
    expect(Object.keys(kept ?? {})).to.have.members([
      'id',
      'account',
      'kind',
      'channel',
      'state',
      'at',
      'endedAt',
      'expiresAt',
    ])
    expect(JSON.stringify(kept)).to.not.contain('482913').and.not.contain('ada@')
  })

  it('says that a message waits, and that and why it was given up', async () => {
    await desk.box(channel(), { log }).post(letter())
    expect(await states('ada')).to.deep.equal(['sign-in waiting'])
    const refusing = channel(() => new DeliveryFault({ reason: 'refused' }, { forGood: true }))
    desk.working(desk.box(refusing, { log }))
    await until(async () => (await states('ada')).includes('sign-in abandoned'))
    expect((await log.of('ada', 10))[0]?.reason).to.equal('refused')
  })

  it('leaves out messages to addresses without an account, and to numbers whose owner is not given', async () => {
    const outbox = desk.box(channel(), { log })
    await outbox.post(letter({ to: 'nobody@example.com' }))
    await outbox.post(letter({ channel: 'sms', to: '+436601234567' }))
    expect(await store.collection(sentDeclaration).find({})).to.deep.equal([])
    await outbox.post(letter({ to: 'old@example.com', account: 'ada' }))
    expect(await states('ada')).to.have.length(1)
  })

  it('is forgotten after ninety days', async () => {
    await desk.box(channel(), { log }).post(letter())
    const [kept] = await store.collection(sentDeclaration).find({})
    at = (kept?.at ?? 0) + 90 * day - 1
    expect(await states('ada')).to.have.length(1)
    at += 1
    expect(await states('ada')).to.deep.equal([])
  })
})
