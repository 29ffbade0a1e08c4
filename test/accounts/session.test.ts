import { expect } from 'chai'
import { newest, type SessionBook, sessionBook } from '../../src/accounts/session.ts'
import type { Store } from '../../src/store/collection.ts'
import { slow, testStore } from '../support/store.ts'

const day = 24 * 3_600_000

describe('the record of sessions', () => {
  let at = Date.UTC(2026, 0, 1)
  let store: Store
  let book: SessionBook
  const now = () => at
  const begun = (id: string, account = 'ada') => ({
    id,
    account,
    device: 'd',
    address: '192.0.2.1',
    agent: { browser: 'Chrome', system: 'Windows' },
    country: 'AT',
    acr: 'aal2',
    amr: ['pwd', 'otp'],
  })
  beforeEach(async () => {
    at = Date.UTC(2026, 0, 1)
    store = await testStore(now)
    book = sessionBook({ store, longest: 30 * day, now })
  })
  afterEach(() => store.close())
  const ids = async (account = 'ada') => (await book.of(account)).map(each => each.id)

  it('tells each account its own, newest first', async () => {
    await book.started(begun('a'))
    at += 1
    await book.started(begun('b'))
    await book.started(begun('c', 'bob'))
    expect(await ids()).to.deep.equal(['b', 'a'])
    expect((await book.of('ada'))[1]).to.deep.include({ ...begun('a'), startedAt: at - 1, seenAt: at - 1, apps: [] })
  })

  it('looks at the newest alone where there are very many, and knows all', async () => {
    for (let turn = 0; turn < 510; turn++) {
      at += 1
      await book.started(begun(`s${turn}`))
    }
    const found = await ids()
    expect(found).to.have.length(newest)
    expect(found[0]).to.equal('s509')
    expect(found).to.not.include('s0')
    expect(await book.all('ada')).to.have.length(510)
  }).timeout(20_000)

  it('knows when it was used, for which apps, what was proved, and why it ended', async () => {
    await book.started(begun('a'))
    at += 5
    await book.joined('a', 'trading')
    await book.joined('a', 'card')
    await book.joined('a', 'trading')
    await book.raised('a', { acr: 'phr', amr: ['pop'] })
    expect(await book.get('a')).to.include({ seenAt: at, acr: 'phr' })
    at += 5
    await book.seen('a')
    expect((await book.get('a'))?.seenAt).to.equal(at)
    at += 5
    await book.ended('a', 'signed-out')
    expect(await book.get('a')).to.deep.include({ apps: ['trading', 'card'], endedAt: at, why: 'signed-out' })
  })

  it('changes nothing any more once it has ended', async () => {
    await book.started(begun('a'))
    await book.ended('a', 'ended')
    const before = await book.get('a')
    at += 5
    await book.seen('a')
    await book.joined('a', 'trading')
    await book.raised('a', { acr: 'phr', amr: [] })
    await book.ended('a', 'expired')
    expect(await book.get('a')).to.deep.equal(before)
  })

  it('forgets 90 days after it ended, or was last used', async () => {
    await book.started(begun('ended'))
    await book.started(begun('left'))
    await book.started(begun('used'))
    await book.ended('ended', 'ended')
    at += 60 * day
    await book.seen('used')
    expect(await ids()).to.have.members(['ended', 'left', 'used'])
    at += 31 * day
    expect(await ids()).to.deep.equal(['used'])
  })

  it('loses no app of those that join at once', async () => {
    const late = sessionBook({ store: slow(store, 5), longest: 30 * day, now })
    await late.started(begun('a'))
    await Promise.all(['trading', 'staking', 'wallet', 'card'].map(app => late.joined('a', app)))
    expect((await book.get('a'))?.apps).to.have.members(['trading', 'staking', 'wallet', 'card'])
  })
})
