import { expect } from 'chai'
import type { Emit } from '../../src/events.ts'
import type { Store } from '../../src/store/collection.ts'
import { commits } from '../support/commits.ts'
import { testStore } from '../support/store.ts'

const minute = 60_000
const visitor = { device: 'd', address: '192.0.2.7', agent: undefined }

describe('announcements', () => {
  let at = Date.UTC(2026, 0, 1)
  const now = () => at
  let store: Store
  let said: string[]
  const process = (emit: Emit) => commits({ store, emit, now })
  const telling: Emit = async name => void said.push(name)
  beforeEach(async () => {
    store = await testStore(now)
    said = []
    const person = { id: 'ada', email: 'ada@example.com', locale: 'en', status: 'active' as const }
    await process(telling).accounts.insert({ ...person, createdAt: at, updatedAt: at })
  })
  afterEach(() => store.close())

  const ada = async () => (await process(telling).accounts.get('ada')) ?? expect.fail()
  const turned = { name: 'texts.changed', data: { account: 'ada', on: true } } as const
  const undone = { name: 'account.disowned', data: { account: 'ada' } } as const
  const change = async (emit: Emit) =>
    process(emit).commit(await ada(), { settings: { smsAlerts: true }, events: [turned] }, visitor)

  it('are made of a change that was undone before it could be said', async () => {
    await change(async () => {
      throw new Error('the audit log cannot be written')
    })
    const owner = await ada()
    expect(owner.changes).to.have.length(1)
    await process(telling).commit(owner, { history: [], events: [undone] }, visitor)
    expect(said).to.deep.equal(['account.disowned'])
    at += 3 * minute
    await process(telling).announcements.sweep()
    expect(said).to.deep.equal(['account.disowned', 'texts.changed'])
    at += 3 * 60 * minute
    await process(telling).announcements.sweep()
    expect(said).to.have.length(2)
  })

  it('are made once, however long they take', async () => {
    const [begun, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const slow = change(async name => {
      begun.resolve()
      await ended.promise
      said.push(name)
    })
    await begun.promise
    at += minute + 1
    await process(telling).announcements.sweep()
    ended.resolve()
    await slow
    expect(said).to.deep.equal(['texts.changed'])
  })
})
