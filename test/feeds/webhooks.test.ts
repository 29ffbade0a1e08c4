import { expect } from 'chai'
import type { Webhook } from '../../src/delivery/message.ts'
import { type Webhooks, webhookDispatch, webhooks as webhooksOf } from '../../src/feeds/webhooks.ts'
import { ledger } from '../../src/observers/ledger.ts'
import type { Store } from '../../src/store/collection.ts'
import { happening } from '../support/audit.ts'
import { testStore } from '../support/store.ts'

const url = 'https://siem.example.com/latchkey?a=b'

describe('webhooks', () => {
  let store: Store
  let time: number
  let posted: Webhook[]
  const now = () => time
  const hooks = () => webhooksOf({ store, now })
  const dispatch = () => webhookDispatch({ store, now, post: async message => void posted.push(message) })
  const append = (account: string, more = {}) => ledger({ store }).append(happening(account, more))
  const numbers = () => posted.splice(0).map(({ sequence }) => sequence)
  beforeEach(async () => {
    time = 1_700_000_000_000
    store = await testStore(now)
    posted = []
  })
  afterEach(() => store.close())

  it('are told what happens from when they are there, and of each event once', async () => {
    await append('a')
    await hooks().add(url, [])
    const turn = dispatch()
    await turn()
    await append('b')
    await append('c')
    await turn()
    await turn()
    expect(numbers()).to.deep.equal([2, 3])
  })

  it('are told of the events that they want, by name and by family', async () => {
    const { id } = await hooks().add(url, ['session.*', 'account.locked'])
    for (const name of ['session.started', 'session-other.started', 'account.locked', 'account.unlocked'])
      await append('a', { name })
    await dispatch()()
    expect(numbers()).to.deep.equal([1, 3])
    // What was passed over is behind them, though nothing was handed on.
    await append('a')
    await dispatch()()
    expect([numbers(), (await hooks().get(id))?.sequence]).to.deep.equal([[], 5])
  })

  it('are never told what became of their own messages', async () => {
    await hooks().add(url, [])
    await append('a', { name: 'message.abandoned', data: { channel: 'webhook' } })
    await append('a', { name: 'message.abandoned', data: { channel: 'email' } })
    await dispatch()()
    expect(numbers()).to.deep.equal([2])
  })

  it('have a lane for each account, and one for what is nobody’s', async () => {
    const one = await hooks().add(url, [])
    time += 1
    const two = await hooks().add(url, [])
    await append('a')
    await append('b')
    await append('a', { data: {} })
    await dispatch()()
    const lanes = posted.map(({ to }) => to)
    expect(new Set(lanes)).to.deep.equal(new Set([one, two].flatMap(({ id }) => [`${id} a`, `${id} b`, `${id} `])))
  })

  it('are served by one of many processes, and by another when that one has died', async () => {
    await hooks().add(url, [])
    await append('a')
    await Promise.all([dispatch()(), dispatch()(), dispatch()()])
    expect(numbers()).to.deep.equal([1])
    await append('b')
    const dying = webhookDispatch({ store, now, post: () => Promise.reject(new Error('killed')) })
    await dying().catch(() => {})
    await dispatch()()
    expect(numbers()).to.deep.equal([])
    time += 31_000
    await dispatch()()
    expect(numbers()).to.deep.equal([2])
  })

  it('miss no event where they are to be told again from a number that lies ahead', async () => {
    const { id } = await hooks().add(url, [])
    await append('a')
    expect((await hooks().replay(id, 999_999_999_999_999))?.sequence).to.equal(0)
    await dispatch()()
    expect(numbers()).to.deep.equal([1])
    expect(await hooks().replay('another', 0)).to.equal(undefined)
  })

  it('are told again from any number on', async () => {
    const { id } = await hooks().add(url, [])
    for (const account of ['a', 'b', 'c']) await append(account)
    await dispatch()()
    expect(numbers()).to.deep.equal([1, 2, 3])
    await hooks().replay(id, 1)
    await dispatch()()
    expect(numbers()).to.deep.equal([2, 3])
  })

  it('are told again at once, though they took nothing before', async () => {
    const hook = await hooks().add(url, [])
    await append('a')
    await dispatch()()
    expect(numbers()).to.deep.equal([1])
    const entry = { sequence: 1, name: 'account.created' } as Parameters<Webhooks['note']>[1]
    await hooks().note(hook, entry, { status: 503 }, { why: 'it answered 503', retryAt: time + 900_000 })
    await append('b')
    await dispatch()()
    expect(numbers()).to.deep.equal([])
    await hooks().replay(hook.id, 0)
    await dispatch()()
    expect(numbers()).to.deep.equal([1, 2])
  })

  it('are told again where that is asked for while new events are handed on', async () => {
    const { id } = await hooks().add(url, [])
    for (const account of ['a', 'b']) await append(account)
    const post = async (message: Webhook) => {
      posted.push(message)
      if (message.sequence === 2) await hooks().replay(id, 0)
    }
    await webhookDispatch({ store, now, post })()
    expect(numbers()).to.deep.equal([1, 2])
    await dispatch()()
    expect(numbers()).to.deep.equal([1, 2])
  })
})
