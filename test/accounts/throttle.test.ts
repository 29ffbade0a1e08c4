import { expect } from 'chai'
import { type Throttle, type Trier, throttle } from '../../src/accounts/throttle.ts'
import { Problem } from '../../src/errors.ts'
import type { Emit } from '../../src/events.ts'
import type { Store } from '../../src/store/collection.ts'
import { slow, testStore } from '../support/store.ts'

const minute = 60_000

/** The same store, which adds nothing to a count, while it is to fail, and still takes away: as when connections run out under a flood. */
function failingCounts(store: Store) {
  let fails = false
  const faulty: Store = {
    ...store,
    collection: declaration => {
      const inner = store.collection(declaration)
      const count: typeof inner.count = async (id, field, by, ...rest) => {
        if (fails && by > 0) throw new Problem('unavailable')
        return inner.count(id, field, by, ...rest)
      }
      return { ...inner, count }
    },
  }
  const fault = (to: boolean): void => {
    fails = to
  }
  return { store: faulty, fault }
}

describe('the throttle', () => {
  let store: Store
  let counts: Throttle
  let at: number
  const now = () => at

  const guess = (over: Partial<Trier> = {}): Trier => ({
    what: 'password',
    account: 'ada',
    address: '192.0.2.1',
    device: undefined,
    ...over,
  })
  const tries = async (count: number, trier: (index: number) => Trier): Promise<Problem[]> => {
    const results = await Promise.allSettled(Array.from({ length: count }, (_, index) => counts.spend(trier(index))))
    return results.flatMap(each => (each.status === 'rejected' ? [each.reason] : []))
  }

  beforeEach(async () => {
    at = Date.UTC(2026, 0, 1)
    store = await testStore(now)
    counts = throttle({ store, now })
  })
  afterEach(() => store.close())

  it('slows a guesser at one address, and says for how long', async () => {
    expect(await tries(8, () => guess())).to.be.empty
    const [refused] = await tries(1, () => guess())
    expect(refused).to.be.instanceOf(Problem)
    expect(refused).to.include({ code: 'slow_down', status: 429, retryAfter: 15 * 60 })
    expect(refused?.values).to.deep.equal({ by: 'pair', first: 1 })
    expect((await tries(1, () => guess()))[0]?.values).to.deep.equal({ by: 'pair' })
  })

  it('slows guessers who change their address for every guess', async () => {
    const refused = await tries(30, index => guess({ address: `198.51.100.${index}` }))
    expect(refused.map(({ values }) => values.by)).to.deep.equal(Array(10).fill('account'))
  })

  it('slows one address that tries many accounts', async () => {
    const refused = await tries(70, index => guess({ account: `account-${index}` }))
    expect(refused.map(({ values }) => values.by)).to.deep.equal(Array(10).fill('address'))
  })

  it('counts guesses side by side one by one, however slow the store is', async () => {
    counts = throttle({ store: slow(store, 20), now })
    expect(await tries(20, () => guess())).to.have.length(12)
  })

  const near: [string, number, (index: number) => Trier][] = [
    ['pair', 8, () => guess()],
    ['account', 20, index => guess({ address: `198.51.100.${index}` })],
    ['address', 60, index => guess({ account: `account-${index}` })],
    ['device', 10, () => guess({ device: 'laptop' })],
  ]
  for (const [by, most, trier] of near) {
    it(`lets ten at once outrun the count by ${by} by none, however near to its end and however slow the store is`, async () => {
      for (const before of [most - 9, most / 2 - 1, most / 2, most - 1].filter(each => each >= 0)) {
        at += 31 * minute
        counts = throttle({ store, now })
        for (let index = 0; index < before; index++) await counts.spend(trier(index))
        counts = throttle({ store: slow(store, 5), now })
        const refused = await tries(10, index => trier(100 + index))
        expect(10 - refused.length, `after ${before}`).to.equal(Math.min(10, most - before))
        expect(refused.every(({ values }) => values.by === by)).to.equal(true)
      }
    })
  }

  it('takes all that one has of IPv6 for one address, and two neighbours for two', async () => {
    const from = (address: string) => (index: number) => guess({ account: `account-${index}`, address })
    for (let index = 0; index < 60; index++) await counts.spend(from(`2001:db8:0:7:${index}::1`)(index))
    const [refused] = await tries(1, from('2001:db8:0:7:ffff::2'))
    expect(refused?.values.by).to.equal('address')
    expect(await tries(1, from('2001:db8:0:8::1'))).to.be.empty
    await counts.ration('reset.from', '2001:db8:0:7::1', { tries: 1, window: minute })
    const again = counts.ration('reset.from', '2001:db8:0:7::2', { tries: 1, window: minute })
    expect(await again.catch((fault: unknown) => fault)).to.include({ code: 'slow_down' })
  })

  const wider: [string, number, (index: number) => string, string][] = [
    ['a /56 twice', 2, index => `2001:db8:0:70${index.toString(16)}::1`, '2001:db8:0:800::1'],
    ['a /48 four times', 4, index => `2001:db8:0:${index.toString(16)}00::1`, '2001:db8:1::1'],
  ]
  for (const [what, times, network, other] of wider) {
    it(`gives ${what} what one address has, however many networks are in it`, async () => {
      const refused = await tries(64 * times, index =>
        guess({ account: `account-${index}`, address: network(index % (4 * times)) }),
      )
      expect(refused).to.have.length(4 * times)
      expect(refused.every(({ values }) => values.by === 'address')).to.equal(true)
      expect(await tries(1, () => guess({ account: 'eve', address: other }))).to.be.empty
      // One after the other: of several at once near the limit, one may be refused for one that is then refused itself.
      let given = 0
      for (let index = 0; index < 4 * times; index++)
        given += await counts.ration('send', network(index), { tries: 1, window: minute }).then(
          () => 1,
          () => 0,
        )
      expect(given).to.equal(times)
    })
  }

  it('knows IPv4 by its own address, mapped into IPv6 or not', async () => {
    const from = (address: string) => (index: number) => guess({ account: `account-${index}`, address })
    expect(await tries(60, from('::ffff:192.0.2.1'))).to.be.empty
    expect(await tries(1, from('192.0.2.1'))).to.have.length(1)
    expect(await tries(1, from('::ffff:192.0.2.2'))).to.be.empty
  })

  it('charges an account nothing for what an address is refused, however many come at once', async () => {
    counts = throttle({ store: slow(store, 5), now })
    expect(await tries(60, () => guess())).to.have.length.of.at.least(52)
    expect(await counts.failures('ada', ['password'])).to.equal(8)
    expect(await tries(12, index => guess({ address: `198.51.100.${index}` }))).to.be.empty
  })

  it('gives nothing back that it could not count', async () => {
    const { fault: failing, store: faulty } = failingCounts(store)
    counts = throttle({ store: faulty, now })
    failing(true)
    expect((await tries(30, () => guess())).map(({ code }) => code)).to.deep.equal(Array(30).fill('unavailable'))
    failing(false)
    expect(await tries(30, index => guess({ address: `198.51.100.${index}` }))).to.have.length(10)
  })

  it('cannot be used to lock out an owner on a known device', async () => {
    await tries(100, index => guess({ address: `198.51.100.${index}` }))
    expect(await tries(1, () => guess({ device: 'laptop' }))).to.be.empty
  })

  it('cannot be used to close other factors', async () => {
    await tries(100, () => guess())
    expect(await tries(1, () => guess({ what: 'passkey', address: '203.0.113.9' }))).to.be.empty
  })

  it('lets go when its window has passed', async () => {
    await tries(9, () => guess())
    at += 15 * minute + 1
    expect(await tries(1, () => guess())).to.be.empty
  })

  it('forgives what came before a right answer', async () => {
    await tries(7, () => guess())
    await counts.spend(guess())
    await counts.forgive(guess())
    expect(await tries(8, () => guess())).to.be.empty
  })

  it('rations messages to one destination', async () => {
    const allowance = { tries: 2, window: minute }
    await counts.ration('sms', '+4312345', allowance)
    await counts.ration('sms', '+4312345', allowance)
    await counts.ration('sms', '+4399999', allowance)
    const refused = await counts.ration('sms', '+4312345', allowance).catch((fault: unknown) => fault)
    expect(refused).to.include({ code: 'slow_down', retryAfter: 60 })
  })

  it('gives back a ration of which nothing came', async () => {
    const allowance = { tries: 1, window: minute }
    const back = await counts.ration('sms', '+4312345', allowance)
    await back()
    await counts.ration('sms', '+4312345', allowance)
  })

  const list = (...names: [string, number][]) =>
    names.map(([what, tries]) => ({ what, whose: 'ada', allowance: { tries, window: minute } }))

  for (const [what, ms] of [
    ['one after the other', 0],
    ['side by side', 5],
  ] as const) {
    it(`pays for all of several rations or for none, ${what}`, async () => {
      if (ms > 0) counts = throttle({ store: slow(store, ms), now })
      await counts.rations(list(['hour', 20], ['day', 20]))
      const spent = await Promise.allSettled(
        Array.from({ length: 5 }, () => counts.rations(list(['hour', 20], ['day', 20], ['all', 2]))),
      )
      expect(spent.filter(each => each.status === 'fulfilled')).to.have.length(2)
      // Three of twenty are spent: what `all` refused cost nothing.
      let left = 0
      for (let each = 0; each < 20; each++)
        await counts.rations(list(['hour', 20], ['day', 20])).then(
          () => left++,
          () => {},
        )
      expect(left).to.equal(17)
    })
  }

  it('records once for each window that a ration is used up, and never that somebody did not wait', async () => {
    const told: unknown[] = []
    const emit: Emit = async (name, data) => void told.push([name, data])
    counts = throttle({ store, now, emit })
    const spend = () => counts.rations(list(['hour', 2], ['pause', 1])).catch(() => {})
    const spendOne = () => counts.ration('hour', 'ada', { tries: 2, window: minute }).catch(() => {})
    await spend()
    await spend()
    expect(told).to.deep.equal([])
    for (let index = 0; index < 9; index++) await spendOne()
    expect(told).to.deep.equal([['limit.closed', { limit: 'hour' }]])
    at += minute + 1
    for (let index = 0; index < 9; index++) await spendOne()
    expect(told).to.have.length(2)
  })
})
