import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { type SessionBook, sessionBook } from '../../src/accounts/session.ts'
import type { Emit } from '../../src/events.ts'
import { recorder } from '../../src/observers/recorder.ts'
import { sessionKeeper } from '../../src/observers/session-log.ts'
import type { Store } from '../../src/store/collection.ts'
import { testStore } from '../support/store.ts'

const minute = 60_000

describe('the keeper of the record of sessions', () => {
  let at = 0
  let store: Store
  let book: SessionBook
  let calls: string[]
  let emit: Emit
  const now = () => at
  const faults: unknown[] = []
  const who = { account: 'ada', session: 's' }
  const origin = {
    address: '192.0.2.1',
    device: 'd',
    agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  }
  const start = () => emit('session.started', { ...who, acr: 'aal2', amr: ['pwd', 'otp'] }, origin)

  beforeEach(async () => {
    at = Date.UTC(2026, 0, 1)
    store = await testStore(now)
    calls = []
    const kept = sessionBook({ store, longest: 1_000 * minute, now })
    book = {
      ...kept,
      started: async session => {
        await wait(20)
        return kept.started(session)
      },
      seen: id => {
        calls.push(id)
        return kept.seen(id)
      },
    }
    const keeper = sessionKeeper({
      book,
      place: address => (address === '192.0.2.1' ? { country: 'AT', city: 'Vienna' } : {}),
    })
    emit = recorder([keeper], now, fault => void faults.push(fault))
  })
  afterEach(() => store.close())

  it('writes down where a session began, in words', async () => {
    await start()
    expect(await book.get('s')).to.deep.include({
      account: 'ada',
      device: 'd',
      address: '192.0.2.1',
      country: 'AT',
      city: 'Vienna',
      agent: { browser: 'Firefox', system: 'Linux' },
      amr: ['pwd', 'otp'],
    })
  })

  it('keeps the order of what happens to one session, however long each takes', async () => {
    const all = [
      start(),
      emit('session.joined', { ...who, client: 'trading' }),
      emit('session.raised', { ...who, acr: 'phr', amr: ['pop'] }),
      emit('session.ended', { ...who, why: 'signed-out' }),
    ]
    await Promise.all(all)
    expect(await book.get('s')).to.deep.include({ apps: ['trading'], acr: 'phr', why: 'signed-out' })
  })

  it('goes on after one thing could not be written down', async () => {
    book.started = async () => Promise.reject(new Error('away'))
    const failed = start()
    const ended = emit('session.ended', { ...who, why: 'ended' })
    expect(await failed.catch((fault: Error) => fault.message)).to.equal('away')
    await ended
  })

  it('notes use sparingly', async () => {
    await start()
    const seen = () => emit('session.seen', who)
    at += 4 * minute
    await seen()
    expect(calls).to.have.length(0)
    at += minute
    await seen()
    await seen()
    expect(calls).to.have.length(1)
    expect((await book.get('s'))?.seenAt).to.equal(at)
  })

  it('leaves alone what is about no session', async () => {
    await emit('account.created', { account: 'ada' })
    await emit('token.revoked', { client: 'trading' })
    expect(await book.of('ada')).to.deep.equal([])
  })
})
