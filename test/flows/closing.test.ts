import { expect } from 'chai'
import { type Accounts, accounts as accountsOf } from '../../src/accounts/account.ts'
import { links as linksOf } from '../../src/accounts/link.ts'
import { type Closing, closing as closingOf } from '../../src/flows/closing.ts'
import type { Store } from '../../src/store/collection.ts'
import { codeOf } from '../support/outcome.ts'
import { slow, testStore } from '../support/store.ts'

const day = 24 * 3_600_000
const ten = Array.from({ length: 10 }, (_, at) => at)
const visitor = { device: 'd', address: '192.0.2.7', agent: undefined }

describe('closing an account', () => {
  let store: Store
  let accounts: Accounts
  let at: number
  let told: string[]
  let done: string[]
  /** What removing breaks at, as a process that dies there. */
  let dies: string | undefined
  let breaks: { what: string; after: number } | undefined
  beforeEach(async () => {
    at = 1_000_000
    store = await testStore(() => at)
    ;[told, done, dies, breaks] = [[], [], undefined, undefined]
    accounts = accountsOf(store)
    const times = { createdAt: 0, updatedAt: 0 }
    await accounts.insert({ id: 'ada', email: 'ada@example.com', locale: 'en', status: 'active', ...times })
  })
  afterEach(() => store.close())

  /** A process in which something breaks once, after it went well so many times. */
  const sometimes = (what: string, after: number): Closing => {
    breaks = { what, after }
    return made()
  }
  const note = (what: string) => async () => {
    if (dies === what || (breaks?.what === what && breaks.after-- === 0)) throw new Error('killed')
    done.push(what)
  }
  /** One of the processes that share the store. */
  const made = (through = store, steady = true): Closing => {
    const shared = accountsOf(through)
    return closingOf({
      accounts: shared,
      links: linksOf({ store: through, now: () => at }),
      sendMail: note('mail'),
      endAll: note('end'),
      erase: async id => {
        await note('erase')()
        await store.collection({ name: 'accounts', shape: undefined as never }).remove({ id })
      },
      steady: async () => steady,
      emit: async name => {
        told.push(name)
      },
      patience: 7 * day,
      now: () => at,
    })
  }
  const ada = async () => (await accounts.get('ada')) ?? expect.fail('gone')
  const started = async (closing: Closing) => closing.start(await ada(), visitor)

  it('begins once, of ten at once', async () => {
    const owner = await ada()
    const closing = made(slow(store, 5))
    const results = await Promise.all(ten.map(() => codeOf(closing.start(owner, visitor))))
    expect(results.filter(each => each === 'done')).to.have.length(1)
    expect(told).to.deep.equal(['closing.started'])
    expect(await ada()).to.include({ status: 'closing', closesAt: at + 7 * day, securityStamp: 1 })
  })

  it('loses against a change of what protects the account, or wins', async () => {
    const owner = await ada()
    const closing = made(slow(store, 5))
    const [begun, changed] = await Promise.all([
      codeOf(closing.start(owner, visitor)),
      accountsOf(slow(store, 5)).raiseStamp('ada', owner.securityStamp),
    ])
    expect([begun === 'done', changed !== undefined].filter(Boolean)).to.have.length(1)
  })

  it('is called off once, of ten at once, and all ten are told that it is', async () => {
    await started(made())
    const closing = made(slow(store, 5))
    expect(await Promise.all(ten.map(() => closing.keep('ada', visitor)))).to.deep.equal(ten.map(() => true))
    expect(told).to.deep.equal(['closing.started', 'closing.stopped'])
    expect(await ada())
      .to.include({ status: 'active', securityStamp: 1 })
      .and.not.to.have.property('closesAt')
  })

  it('is called off by one of ten uses of one link', async () => {
    await started(made())
    const bearer = await linksOf({ store, now: () => at }).make(
      { purpose: 'keep', account: 'ada', securityStamp: 1 },
      day,
    )
    const closing = made(slow(store, 5))
    const results = await Promise.all(ten.map(() => codeOf(closing.keepBy(bearer, visitor))))
    expect(results.filter(each => each === 'done')).to.have.length(1)
    for (const each of results) expect(each).to.be.oneOf(['done', 'busy', 'link_expired'])
    expect(await codeOf(closing.keepBy(bearer, visitor))).to.equal('link_expired')
    expect(told).to.deep.equal(['closing.started', 'closing.stopped'])
  })

  it('can be called off again by a link whose use was cut short', async () => {
    await started(made())
    const bearer = await linksOf({ store, now: () => at }).make(
      { purpose: 'keep', account: 'ada', securityStamp: 1 },
      day,
    )
    const killed = await sometimes('end', 0)
      .keepBy(bearer, visitor)
      .catch(fault => fault)
    expect(killed).to.include({ message: 'killed' })
    expect(await codeOf(made().keepBy(bearer, visitor))).to.equal('done')
    expect(await ada()).to.include({ status: 'active' })
  })

  it('is not due before its day, and cannot be called off from then on', async () => {
    await started(made())
    at += 7 * day - 1
    await made().sweep()
    expect((await ada()).status).to.equal('closing')
    at += 1
    expect(await made().keep('ada', visitor)).to.equal(false)
    await made().sweep()
    expect(await accounts.get('ada')).to.equal(undefined)
    expect(told).to.deep.equal(['closing.started', 'account.closed'])
    expect(await made().keep('ada', visitor)).to.equal(false)
    expect(await accounts.byEmail('ada@example.com')).to.equal(undefined)
  })

  it('removes nothing while the clock is not to be believed', async () => {
    await started(made())
    at += 30 * day
    await made(store, false).sweep()
    expect((await ada()).status).to.equal('closing')
    await made().sweep()
    expect(await accounts.get('ada')).to.equal(undefined)
  })

  it('removes all that are due, however many, though one of them cannot be', async () => {
    const times = { createdAt: 0, updatedAt: 0 }
    const ids = Array.from({ length: 120 }, (_, turn) => `p${String(turn).padStart(3, '0')}`)
    for (const id of ids)
      await accounts.insert({ id, email: `${id}@example.com`, locale: 'en', status: 'closing', closesAt: 7, ...times })
    const refusing = sometimes('erase', 3)
    expect(await refusing.sweep().catch((fault: Error) => fault.message)).to.equal('killed')
    const left = (await Promise.all(ids.map(id => accounts.get(id)))).filter(each => each !== undefined)
    expect(left).to.have.length(1)
  }).timeout(20_000)

  it('removes once, of ten processes at once', async () => {
    await started(made())
    at += 7 * day
    done = []
    await Promise.all(ten.map(() => made(slow(store, 5)).sweep()))
    expect(done).to.deep.equal(['end', 'mail', 'erase'])
    expect(told.filter(each => each === 'account.closed')).to.have.length(1)
  })

  it('either keeps or removes, where both come at once', async () => {
    for (const early of [1, 0]) {
      if (!(await accounts.get('ada'))) break
      if ((await ada()).status === 'active') await started(made())
      at = ((await ada()).closesAt ?? 0) - early
      const closing = made(slow(store, 5))
      const [kept] = await Promise.all([closing.keep('ada', visitor), closing.sweep()])
      const left = await accounts.get('ada')
      expect(left?.status).to.equal(kept ? 'active' : undefined)
    }
  })

  for (const where of ['end', 'mail', 'erase']) {
    it(`is finished by another process where one dies (${where})`, async () => {
      await started(made())
      at += 7 * day
      dies = where
      await made()
        .sweep()
        .catch(() => {})
      dies = undefined
      expect((await ada()).status).to.equal('closed')
      done = []
      await made().sweep()
      expect(done, 'whoever died may only be slow').to.deep.equal([])
      expect(await made().keep('ada', visitor)).to.equal(false)
      at += 11 * 60_000
      await made().sweep()
      expect(done).to.deep.equal(['end', 'mail', 'erase'])
      expect(await accounts.get('ada')).to.equal(undefined)
    })
  }
})
