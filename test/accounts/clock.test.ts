import { expect } from 'chai'
import { recent, steadyClock, stillGranted } from '../../src/accounts/clock.ts'
import type { Store } from '../../src/store/collection.ts'
import { testStore } from '../support/store.ts'

describe('freshness', () => {
  const minute = 60_000
  const now = 1_800_000_000_000

  it('lasts as long as it is said to', () => {
    expect(recent(now, minute, now)).to.equal(true)
    expect(recent(now - minute + 1, minute, now)).to.equal(true)
    expect(recent(now - minute, minute, now)).to.equal(false)
    expect(stillGranted(now + 1, minute, now)).to.equal(true)
    expect(stillGranted(now, minute, now)).to.equal(false)
  })

  it('forgives clocks of two machines that are some seconds apart', () => {
    expect(recent(now + 5_000, minute, now)).to.equal(true)
    expect(stillGranted(now + minute + 5_000, minute, now)).to.equal(true)
  })

  it('is not given by a clock that was set back', () => {
    expect(recent(now + 5_001, minute, now)).to.equal(false)
    expect(recent(now + 24 * 3_600_000, minute, now)).to.equal(false)
    expect(stillGranted(now + minute + 5_001, minute, now)).to.equal(false)
  })
})

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

describe('a steady clock', () => {
  let at: number
  let store: Store
  let jumps: unknown[]
  let read: () => Promise<boolean>
  beforeEach(async () => {
    at = 1_800_000_000_000
    jumps = []
    store = await testStore(() => 0)
    read = process()
  })
  afterEach(() => store.close())

  const process = () =>
    steadyClock({
      store,
      now: () => at,
      emit: async (name, data) => {
        jumps.push([name, data])
      },
    })
  /** Runs on, read every half an hour; resolves to what it said at last. */
  const run = async (milliseconds: number): Promise<boolean> => {
    let steady = await read()
    for (const end = at + milliseconds; at < end; ) {
      at += Math.min(30 * minute, end - at)
      steady = await read()
    }
    return steady
  }

  it('is believed once it has run for a day', async () => {
    expect(await run(day - 1)).to.equal(false)
    expect(await run(1)).to.equal(true)
    expect(jumps).to.be.empty
  })

  it('is not believed for a day after it jumped ahead, or back', async () => {
    for (const jump of [7 * day, 2 * hour + 1, -minute - 1, -7 * day]) {
      expect(await run(day + minute), String(jump)).to.equal(true)
      at += jump
      expect(await read(), String(jump)).to.equal(false)
      expect(jumps.pop()).to.deep.equal(['clock.jumped', { from: at - jump, to: at }])
      expect(await run(day - 1), String(jump)).to.equal(false)
    }
    expect(jumps).to.be.empty
  })

  it('is believed through a restart and clocks that are some seconds apart', async () => {
    await run(day)
    at += hour
    read = process()
    expect(await read()).to.equal(true)
    at -= 30_000
    expect(await read()).to.equal(true)
  })

  it('is never believed while two machines disagree, and says so once', async () => {
    for (const apart of [7 * day, 100_000, hour]) {
      await run(day)
      jumps = []
      at += apart
      await read()
      for (let turn = 0; turn < 20; turn++) {
        at += minute / 2 + (turn % 2 === 0 ? -apart : apart)
        expect(await read(), String(apart)).to.equal(false)
      }
      expect(jumps, String(apart)).to.have.length(1)
    }
  })
})
