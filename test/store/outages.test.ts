import { expect } from 'chai'
import { z } from 'zod'
import { Problem } from '../../src/errors.ts'
import { declare, type Store } from '../../src/store/collection.ts'
import { outages } from '../../src/store/outages.ts'
import { testStore } from '../support/store.ts'
import { refusal } from './ground.ts'

const things = declare({ name: 'things', shape: z.object({ id: z.string() }) })

describe('outages of a store', () => {
  let kept: Store
  let at: number
  let running: number
  let broken: Error | undefined
  let held: Promise<never> | undefined
  let watched: ReturnType<typeof outages>
  beforeEach(async () => {
    at = 1_000_000
    running = 0
    broken = undefined
    held = undefined
    kept = await testStore()
    const faulty: Store = {
      ...kept,
      collection: declaration =>
        new Proxy(kept.collection(declaration), {
          get: (target, name) => {
            if (held) return () => held
            return broken ? () => Promise.reject(broken) : Reflect.get(target, name)
          },
        }),
    }
    watched = outages(faulty, () => at, { monotonic: () => running })
  })
  afterEach(() => kept.close())

  const pass = (ms: number) => {
    at += ms
    running += ms
    void watched.beat()
  }
  /** Lets time pass as it does for a process that runs. */
  const live = (seconds: number) => {
    for (let each = 0; each < seconds; each++) pass(1_000)
  }
  const read = () => watched.store.collection(things).get('a')
  const write = () => watched.store.collection(things).put({ id: 'a' })
  const since = () => Math.round(watched.servedSince(1_000_000) / 1_000)

  it('do not count as time in which it was there', async () => {
    live(10)
    broken = new Problem('unavailable')
    await refusal(read())
    live(60)
    expect(since()).to.equal(10)
    broken = undefined
    await read()
    expect(since()).to.equal(10)
    live(5)
    expect(since()).to.equal(15)
    expect(watched.servedSince(at - 2_000)).to.equal(2_000)
    broken = new Problem('unavailable')
    await refusal(write())
    live(30)
    broken = undefined
    await write()
    live(1)
    expect(since()).to.equal(16)
  })

  it('last until a write succeeds where one has failed', async () => {
    broken = new Problem('unavailable')
    await refusal(write())
    live(10)
    broken = undefined
    await read()
    live(10)
    expect(since()).to.equal(0)
    await write()
    live(10)
    expect(since()).to.equal(10)
  })

  it('are none where a call fails for another reason', async () => {
    broken = new TypeError('no such index')
    await refusal(write())
    live(10)
    expect(since()).to.equal(10)
  })

  it('are none where calls fail between others that succeed, however often', async () => {
    for (let each = 0; each < 100; each++) {
      broken = new Problem('unavailable')
      await refusal(write())
      pass(100)
      broken = undefined
      await write()
    }
    expect(since()).to.equal(10)
  })

  it('do not reach back beyond the last call that succeeded', async () => {
    live(10)
    let fail: (fault: Problem) => void = () => {}
    held = new Promise((_, reject) => {
      fail = reject
    })
    const late = refusal(write())
    held = undefined
    live(4)
    await write()
    fail(new Problem('unavailable'))
    await late
    live(2)
    await write()
    expect(since()).to.equal(14)
  })

  it('are those of a process that stood still, too, from its first request on', async () => {
    live(10)
    at += 40_000
    running += 40_000
    expect(since()).to.equal(10)
    live(4)
    expect(since()).to.equal(14)
    // A clock that is set is no pause.
    at += 40_000
    live(1)
    expect(since()).to.equal(55)
  })

  it('are the two minutes before a process was started, in which the one before it ended', async () => {
    live(10)
    expect(watched.servedSince(at - 15_000)).to.equal(10_000)
    expect(watched.servedSince(at - 130_000)).to.equal(10_000)
    expect(watched.servedSince(at - 190_000)).to.equal(70_000)
  })
})
