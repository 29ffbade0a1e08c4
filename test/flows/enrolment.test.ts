import { expect } from 'chai'
import { throttle } from '../../src/accounts/throttle.ts'
import { Problem } from '../../src/errors.ts'
import type { Factor } from '../../src/factors/factor.ts'
import { type Enrol, enrolling } from '../../src/flows/enrolment.ts'
import type { Flow } from '../../src/flows/flow-store.ts'
import type { Store } from '../../src/store/collection.ts'
import { testStore } from '../support/store.ts'

const hour = 3_600_000
const ada = 'ada@example.com'

describe('answers to codes that were sent to whom nobody knows yet', () => {
  let at: number
  let store: Store
  let enrol: Enrol
  let sources: number
  beforeEach(async () => {
    at = Date.UTC(2026, 0, 1)
    sources = 0
    store = await testStore(() => at)
    begin(store)
  })
  const begin = (of: Store) => {
    const challenges = {
      shown: async ({ flow }: { flow: string }) => ({ asked: { email: flow } }),
      finish: async (_: unknown, __: unknown, right: boolean) => {
        if (!right) throw new Problem('wrong_code', { field: 'code' })
        return { secret: {} }
      },
    }
    const services = { challenges, throttle: throttle({ store: of, now: () => at }), signUp: { add: () => '' } }
    enrol = enrolling({ ...services, now: () => at } as unknown as Parameters<typeof enrolling>[0])
  }
  afterEach(() => store.close())

  /** The same store, in which one of those counts that are taken from at the same time fails once. */
  const failing = (of: Store): Store => ({
    ...of,
    collection: declaration => {
      const inner = of.collection(declaration)
      let taken = 0
      const count: typeof inner.count = async (id, field, by, ...rest) => {
        if (by < 0 && taken++ === 4) throw new Problem('unavailable')
        return inner.count(id, field, by, ...rest)
      }
      return { ...inner, count }
    },
  })

  it('are given back once where that fails', async () => {
    const from = next()
    begin(failing(store))
    expect(await answer(ada, from, true)).to.equal('unavailable')
    begin(store)
    let people = 0
    expect(
      await answers(
        30,
        () => `person${++people}@example.com`,
        () => from,
      ),
    ).to.be.at.most(20)
  })

  const factor = { id: 'email', channel: 'email', limit: 1 } as Factor
  const next = () => `198.${51 + (sources >> 8)}.${sources++ & 255}.7`
  /** What becomes of one answer. */
  const answer = (to: string, address: string, right: boolean): Promise<string> =>
    enrol({ id: to, enrolled: [], purpose: 'sign-up' } as unknown as Flow, factor, right, [], {
      ...{ address, device: 'd', agent: undefined },
    }).then(
      () => 'right',
      fault => (fault instanceof Problem ? fault.code : expect.fail(String(fault))),
    )
  const answers = async (times: number, to: () => string, from: () => string) => {
    const all: string[] = []
    for (let each = 0; each < times; each++) all.push(await answer(to(), from(), false))
    return all.filter(each => each === 'wrong_code').length
  }

  it('are judged twenty times an hour for one source, and ten times for one destination', async () => {
    const from = next()
    let people = 0
    const other = () => `person${++people}@example.com`
    expect(await answers(30, other, () => from)).to.equal(20)
    expect(await answer(other(), from, true)).to.equal('slow_down')
    at += hour
    expect(await answer(other(), from, true)).to.equal('right')
    const one = next()
    expect(
      await answers(
        15,
        () => ada,
        () => one,
      ),
      'ten, and the one that each source has',
    ).to.equal(11)
  })

  it('are six hundred an hour all together, and one for each source after that', async () => {
    const all = await answers(700, () => `${sources}@example.com`, next)
    expect(all).to.equal(700)
    const from = next()
    expect(await answer('bob@example.com', from, false)).to.equal('wrong_code')
    expect(await answer('bob@example.com', from, false)).to.equal('slow_down')
    expect(await answer('carol@example.com', next(), true)).to.equal('right')
  })

  it('let the owner of a mailbox sign up while strangers use up the tries that it has', async () => {
    await answers(12, () => ada, next)
    const owner = next()
    expect(await answer(ada, owner, false), 'one slip').to.equal('wrong_code')
    expect(await answer(ada, owner, true)).to.equal('slow_down')
    expect(await answer(ada, next(), true)).to.equal('right')
    // Who answers right from the same place again is not charged for it.
    const again = next()
    for (const _ of [1, 2]) expect(await answer(ada, again, true)).to.equal('right')
    expect(await answers(200, () => ada, next), 'by a hundred sources in all').to.equal(97)
  })
})
