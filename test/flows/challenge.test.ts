import { expect } from 'chai'
import { z } from 'zod'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import { Problem } from '../../src/errors.ts'
import type { Factor, Subject } from '../../src/factors/factor.ts'
import {
  type Challenges,
  challenges,
  challengesDeclaration,
  type Question,
  questionOf,
} from '../../src/flows/challenge.ts'
import type { Flow } from '../../src/flows/flow-store.ts'
import type { Store } from '../../src/store/collection.ts'
import { slow, testStore } from '../support/store.ts'

/** A factor whose question is a number and whose answer is the same number. */
const echo: Factor = {
  id: 'echo',
  kind: 'possession',
  amr: ['otp'],
  positions: ['second'],
  strength: 'aal2',
  limit: 1,
  secret: z.unknown(),
  enrol: {
    answer: z.object({ code: z.string() }),
    finish: async () => ({ secret: {} }),
  },
  prove: {
    begin: async (_, asked) => ({ state: asked.number ?? 7, page: { hint: 'a number' } }),
    ask: z.object({ number: z.number().optional() }),
    answer: z.object({ code: z.string() }),
    finish: async ({ code }, state, { left }) => {
      if (code !== String(state)) throw new Problem('wrong_code', { values: { left: left ?? -1 } })
      return { credential: 'c' }
    },
  },
}

describe('challenges', () => {
  let store: Store
  let run: Challenges
  let at: number
  const now = () => at
  const sealing = sealer(keyring(['a secret of the tests, 32 or longer']))
  const who: Subject<unknown> = { credentials: [], locale: 'en', now: 0 }
  const which = { flow: 'a', mode: 'prove' as const, factor: echo }
  const code = (promise: Promise<unknown>) =>
    promise.then(
      () => 'right',
      (fault: Problem) => fault.code,
    )
  const answer = (typed: string) => code(run.finish(which, who, { code: typed }))

  beforeEach(async () => {
    at = Date.UTC(2026, 0, 1)
    store = await testStore(now)
    run = challenges({ store, sealer: sealing, now })
  })
  afterEach(() => store.close())

  it('show what was asked, and take the right answer once', async () => {
    await run.begin(which, who)
    expect(await run.shown(which)).to.deep.equal({ hint: 'a number', asked: {} })
    expect(await answer('7')).to.equal('right')
    expect(await answer('7')).to.equal('attempt_expired')
    expect(await run.shown(which)).to.equal(undefined)
  })

  it('have one winner of ten right answers side by side', async () => {
    run = challenges({ store: slow(store, 10), sealer: sealing, now })
    await run.begin(which, who)
    const results = await Promise.all(Array.from({ length: 10 }, () => answer('7')))
    expect(results.filter(each => each === 'right')).to.have.length(1)
  })

  it('close after five wrong answers, and stay closed when asked again', async () => {
    await run.begin(which, who)
    for (let left = 4; left >= 0; left--) {
      const fault = await run.finish(which, who, { code: '8' }).catch((each: Problem) => each)
      expect(fault).to.deep.include({ code: 'wrong_code', values: { left } })
    }
    expect(await answer('7')).to.equal('way_closed')
    expect(await code(run.begin(which, who))).to.equal('way_closed')
  })

  it('count guesses side by side before they judge any', async () => {
    run = challenges({ store: slow(store, 10), sealer: sealing, now })
    await run.begin(which, who)
    const results = await Promise.all(Array.from({ length: 12 }, (_, index) => answer(String(100 + index))))
    expect(results.filter(each => each === 'wrong_code')).to.have.length(5)
    expect(results.filter(each => each === 'way_closed')).to.have.length(7)
  })

  it('may be lost by a power cut until somebody is named, and not from then on', async () => {
    const asked: unknown[] = []
    const watched = new Proxy(store, {
      get: (_, name) =>
        name === 'collection'
          ? (declaration: Parameters<Store['collection']>[0]) => {
              const kept = store.collection(declaration)
              const insert: typeof kept.insert = (doc, transient) => {
                asked.push(transient)
                return kept.insert(doc, transient)
              }
              return { ...kept, insert }
            }
          : Reflect.get(store, name),
    })
    run = challenges({ store: watched, sealer: sealing, now })
    await run.begin(which, who)
    await run.begin({ ...which, flow: 'b' }, { ...who, account: 'ada' })
    expect(asked).to.deep.equal([true, false])
  })

  it('give no new tries when asked again, and void the former question', async () => {
    await run.begin(which, who)
    await answer('8')
    await run.begin(which, who, { number: 9 })
    expect(await answer('7')).to.equal('wrong_code')
    expect(await answer('9')).to.equal('right')
  })

  it('last ten minutes', async () => {
    await run.begin(which, who)
    at += 10 * 60_000
    expect(await answer('7')).to.equal('attempt_expired')
  })

  it('belong to one flow, one factor and one mode', async () => {
    await run.begin(which, who)
    expect(await code(run.finish({ ...which, flow: 'b' }, who, { code: '7' }))).to.equal('attempt_expired')
    expect(await code(run.finish({ ...which, mode: 'enrol' }, who, { code: '7' }))).to.equal('attempt_expired')
  })

  it('refuse input and answers of the wrong shape, and count no try for them', async () => {
    expect(await code(run.begin(which, who, { number: 'seven' }))).to.equal('malformed')
    await run.begin(which, who)
    for (let time = 0; time < 6; time++) expect(await code(run.finish(which, who, { code: 7 }))).to.equal('malformed')
    expect(await answer('7')).to.equal('right')
  })

  it('keep what they remember sealed', async () => {
    await run.begin(which, who, { number: 424_242 })
    expect(JSON.stringify(await store.collection(challengesDeclaration).get('a.prove.echo'))).to.not.contain('424242')
  })

  describe('with nothing to remember', () => {
    const known: Factor = {
      ...echo,
      prove: {
        answer: echo.prove.answer,
        finish: async ({ code }, state, { left }) => {
          if (code !== '7') throw new Problem('wrong_code', { values: { left: left ?? -1 } })
          expect(state).to.equal(null)
          return { credential: 'c' }
        },
      },
    }
    const asked = { ...which, factor: known }
    const guess = (typed: string) => code(run.finish(asked, who, { code: typed }))
    const kept = () => store.collection(challengesDeclaration).get('a.prove.echo')

    it('are open without being asked, and store nothing before an answer', async () => {
      expect(await run.begin(asked, who)).to.deep.equal({ asked: {} })
      expect(await run.shown(asked)).to.deep.equal({ asked: {} })
      expect(await kept()).to.equal(undefined)
      expect(await guess('7')).to.equal('right')
      expect(await kept()).to.include({ tries: 1 })
    })

    it('count guesses side by side before they judge any, and stay closed when asked again', async () => {
      run = challenges({ store: slow(store, 10), sealer: sealing, now })
      const results = await Promise.all(Array.from({ length: 12 }, (_, index) => guess(String(100 + index))))
      expect(results.filter(each => each === 'wrong_code')).to.have.length(5)
      expect(results.filter(each => each === 'way_closed')).to.have.length(7)
      expect(await code(run.begin(asked, who))).to.equal('way_closed')
      expect(await guess('7')).to.equal('way_closed')
    })

    it('say how many tries are left', async () => {
      const fault = await run.finish(asked, who, { code: '8' }).catch((each: Problem) => each)
      expect(fault).to.deep.include({ code: 'wrong_code', values: { left: 4 } })
    })

    it('store nothing at all where the answer names its account', async () => {
      const names = { ...known, prove: { ...known.prove, names: () => ({ email: 'ada@example.com' }) } }
      expect(await code(run.finish({ ...which, factor: names }, who, { code: '8' }))).to.equal('wrong_code')
      expect(await kept()).to.equal(undefined)
    })
  })
  describe('that are kept with their flow', () => {
    const { ask: _, ...asking } = echo.prove
    const factor = { ...echo, prove: { ...asking, names: () => ({ lookup: 'a passkey' }) } } as Factor
    const flow = (id: string, asked?: Record<string, string>) => ({ id, asked }) as Flow
    const drafted = async (id = 'a') => {
      const asked = await run.drafts(flow(id), [factor], () => who)
      return questionOf(flow('a', asked), 'prove', factor)
    }
    const answered = (question: Question, typed = '7') => code(run.finish(question, who, { code: typed }))
    const rows = () => store.collection(challengesDeclaration).find({})

    it('are open, and store nothing before the right answer, which counts once', async () => {
      const question = await drafted()
      expect(await run.shown(question)).to.deep.equal({ hint: 'a number', asked: {} })
      expect(await answered(question, '8')).to.equal('wrong_code')
      expect(await rows()).to.deep.equal([])
      expect(await answered(question)).to.equal('right')
      expect(await answered(question)).to.equal('attempt_expired')
      expect(await run.shown(question)).to.equal(undefined)
    })

    it('have one winner of ten right answers side by side', async () => {
      const question = await drafted()
      run = challenges({ store: slow(store, 10), sealer: sealing, now })
      const results = await Promise.all(Array.from({ length: 10 }, () => answered(question)))
      expect(results.filter(each => each === 'right')).to.have.length(1)
      expect(results.filter(each => each === 'code_spent' || each === 'attempt_expired')).to.have.length(9)
    })

    it('stay answered for as long as they could be answered, and are asked anew', async () => {
      const question = await drafted()
      at += 9 * 60_000
      expect(await answered(question)).to.equal('right')
      at += 59_000
      expect(await answered(question)).to.equal('attempt_expired')
      at += 2_000
      expect([await run.shown(question), await answered(question)]).to.deep.equal([undefined, 'attempt_expired'])
      await run.begin(question, who)
      expect(await answered(question)).to.equal('right')
    })

    it('can be asked anew before they have run out, too: the former one is void', async () => {
      const question = await drafted()
      expect(await answered(question)).to.equal('right')
      await run.begin(question, who)
      expect(await run.shown(question)).to.deep.equal({ hint: 'a number', asked: {} })
      expect(await answered(question)).to.equal('right')
      expect(await answered(question)).to.equal('attempt_expired')
    })

    it('are good in their own flow alone, and hold none whose tries are counted', async () => {
      expect(await answered(await drafted('another')).catch(() => 'refused')).to.not.equal('right')
      const { names: __, ...nameless } = factor.prove
      expect(await run.drafts(flow('a'), [{ ...factor, prove: nameless } as Factor], () => who)).to.deep.equal({})
    })
  })
})
