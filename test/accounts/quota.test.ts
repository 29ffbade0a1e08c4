import { expect } from 'chai'
import { allowances, type Quota, quota, type Source } from '../../src/accounts/quota.ts'
import { throttlesDeclaration } from '../../src/accounts/throttle.ts'
import { Problem } from '../../src/errors.ts'
import type { Store } from '../../src/store/collection.ts'
import { slow, testStore } from '../support/store.ts'

const minute = 60_000
const [{ bytes: burst }, { bytes: hourly }] = allowances as unknown as [{ bytes: number }, { bytes: number }]
const row = 8_192

describe('the quota of what strangers may have us store', () => {
  let store: Store
  let kept: Quota
  let at: number
  let closed: string[]
  const now = () => at
  const make = (through = store): Quota =>
    quota({
      store: through,
      emit: async (_, data) => void closed.push(String((data as { limit: string }).limit)),
      now,
    })
  /** How many bytes of rows get in, of `count` from the source that `from` says. */
  const flood = async (
    count: number,
    from: (index: number) => Source = () => ({ address: '192.0.2.1' }),
    through = (_: number) => kept,
  ): Promise<{ bytes: number; refused: Problem[] }> => {
    const told = await Promise.allSettled(
      Array.from({ length: count }, (_, index) => through(index).spend(row, from(index))),
    )
    const refused = told.flatMap(each => (each.status === 'rejected' ? [each.reason as Problem] : []))
    return { bytes: (count - refused.length) * row, refused }
  }

  beforeEach(async () => {
    at = Date.UTC(2026, 0, 1)
    closed = []
    store = await testStore(now)
    kept = make()
  })
  afterEach(() => store.close())

  it('lets one source store so much in a minute, and says how long it has to wait', async () => {
    const { bytes, refused } = await flood(1_000)
    expect(bytes).to.be.within(burst * 0.9, burst * 1.1)
    expect(refused[0]).to.be.instanceOf(Problem)
    expect(refused[0]).to.include({ code: 'slow_down', status: 429, retryAfter: 60 })
    expect(closed).to.deep.equal(['stored.address'])
    at += minute + 1
    await kept.spend(row, { address: '192.0.2.1' })
  })

  it('lets nobody else wait for that', async () => {
    await flood(1_000)
    await kept.spend(row, { address: '192.0.2.2' })
    await kept.spend(row, { address: '2001:db8::1' })
  })

  it('bounds an hour too, and the hour is over in time', async () => {
    let bytes = 0
    let last: Problem | undefined
    for (let index = 0; index < 15; index++) {
      const wave = await flood(400)
      bytes += wave.bytes
      last = wave.refused[0] ?? last
      at += minute + 1
    }
    expect(bytes).to.be.within(hourly * 0.9, hourly * 1.1)
    expect(last?.retryAfter).to.be.greaterThan(1_000)
    at += 60 * minute
    await kept.spend(row, { address: '192.0.2.1' })
  })

  it('takes all of a /64 for one source, a /56 for two and a /48 for four', async () => {
    const one = await flood(1_000, index => ({ address: `2001:db8:1:2::${index.toString(16)}` }))
    expect(one.bytes).to.be.within(burst * 0.9, burst * 1.1)
    const two = await flood(2_000, index => ({ address: `2001:db8:2:${(index % 200).toString(16)}::1` }))
    expect(two.bytes).to.be.within(1.8 * burst, 2.2 * burst)
    const four = await flood(4_000, index => ({ address: `2001:db8:3:${((index * 89) % 65_536).toString(16)}::1` }))
    expect(four.bytes).to.be.within(3.6 * burst, 4.4 * burst)
  })

  it('takes an IPv4 address that is written as IPv6 for itself', async () => {
    await flood(1_000, () => ({ address: '::ffff:192.0.2.1' }))
    await kept.spend(row, { address: '::ffff:192.0.2.2' })
    const again = await kept.spend(row, { address: '192.0.2.1' }).catch(fault => fault)
    expect(again).to.have.property('code', 'slow_down')
  })

  it('bounds a client that cannot authenticate, wherever its requests come from', async () => {
    const { bytes } = await flood(12_000, index => ({ address: `10.0.${index >> 8}.${index & 255}`, client: 'till' }))
    expect(bytes).to.be.within(19 * burst, 21 * burst)
    expect(closed).to.deep.equal(['stored.client'])
    await kept.spend(row, { address: '10.9.9.9', client: 'another' })
  })

  it('counts for all processes together, on a store that is slow', async () => {
    const four = Array.from({ length: 4 }, () => make(slow(store, 5)))
    const { bytes } = await flood(2_000, undefined, index => four[index % 4] as Quota)
    // Each process may give a sixteenth before it asks.
    expect(bytes).to.be.within(burst * 0.9, burst * 1.35)
    expect(closed).to.deep.equal(['stored.address'])
  })

  it('costs the store nothing for a few people, and a flood that is refused nothing either', async () => {
    let asked = 0
    const watching: Store = {
      ...store,
      collection: declaration => {
        const inner = store.collection(declaration)
        if (declaration.name !== throttlesDeclaration.name) return inner
        const count: typeof inner.count = (...all) => {
          asked++
          return inner.count(...all)
        }
        return { ...inner, count }
      },
    }
    kept = make(watching)
    for (let index = 0; index < 10; index++) await kept.spend(2_000, { address: '192.0.2.1' })
    expect(asked).to.equal(0)
    await flood(1_000)
    const before = asked
    expect(before).to.be.within(1, 40)
    await flood(1_000)
    expect(asked).to.equal(before)
  })
})
