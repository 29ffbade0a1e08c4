import { expect } from 'chai'
import { type Links, links } from '../../src/accounts/link.ts'
import type { Store } from '../../src/store/collection.ts'
import { slow, testStore } from '../support/store.ts'
import { watched } from '../support/watched.ts'

const minute = 60_000

describe('links in mails', () => {
  let at = 0
  let store: Store
  let kept: Links
  const now = () => at
  beforeEach(async () => {
    at = Date.UTC(2026, 0, 1)
    store = await testStore(now)
    kept = links({ store, now })
  })
  afterEach(() => store.close())

  it('may be looked at as often as one likes, and taken once', async () => {
    const bearer = await kept.make({ purpose: 'reset', account: 'a1', securityStamp: 3 }, 15 * minute)
    expect(bearer).to.match(/^[\w-]{43}$/)
    for (const _ of [1, 2, 3]) expect(await kept.look(bearer, 'reset')).to.include({ account: 'a1', securityStamp: 3 })
    expect(await kept.take(bearer, 'reset')).to.include({ account: 'a1' })
    expect(await kept.take(bearer, 'reset')).to.equal(undefined)
    expect(await kept.look(bearer, 'reset')).to.equal(undefined)
  })

  it('are good for one purpose', async () => {
    const bearer = await kept.make({ purpose: 'disown', account: 'a1' }, minute)
    expect(await kept.look(bearer, 'reset')).to.equal(undefined)
    expect(await kept.take(bearer, 'reset')).to.equal(undefined)
    expect(await kept.take(bearer, 'disown')).to.include({ account: 'a1' })
  })

  it('run out', async () => {
    const bearer = await kept.make({ purpose: 'reset', account: 'a1' }, 15 * minute)
    at += 15 * minute
    expect(await kept.look(bearer, 'reset')).to.equal(undefined)
    expect(await kept.take(bearer, 'reset')).to.equal(undefined)
  })

  it('go to one of many takers', async () => {
    const late = links({ store: slow(store, 2), now })
    const bearer = await late.make({ purpose: 'reset', account: 'a1' }, minute)
    const taken = await Promise.all(Array.from({ length: 10 }, () => late.take(bearer, 'reset')))
    expect(taken.filter(each => each !== undefined)).to.have.length(1)
  })

  it('cannot be made by whoever reads the store', async () => {
    const seen = watched(store)
    const bearer = await links({ store: seen.store, now }).make({ purpose: 'reset', account: 'a1' }, minute)
    expect(seen.written()).to.not.contain(bearer)
  })
})
