import { expect } from 'chai'
import { type Failures, failures } from '../../src/accounts/failures.ts'
import type { Emit } from '../../src/events.ts'
import type { Store } from '../../src/store/collection.ts'
import { slow, testStore } from '../support/store.ts'

const day = 24 * 3_600_000

describe('wrong answers in a row', () => {
  let store: Store
  let counts: Failures
  let told: string[]
  let at: number
  const now = () => at
  const emit: Emit = async (name, data) =>
    void told.push(`${name} ${(data as { factor: string }).factor} ${(data as { times: number }).times}`)
  const over = (through: Store) => failures({ store: through, emit, now })
  const wrong = async (times: number, factor = 'totp', account = 'ada') => {
    for (let time = 0; time < times; time++) await (await counts.judge(account, factor)).wrong({})
  }
  const right = async (factor: string, strong = true) => (await counts.judge('ada', factor)).right(strong)
  const refused = async (factor = 'totp') => {
    const met = await counts.judge('ada', factor).catch((fault: unknown) => fault)
    return (met as { code?: string }).code === 'factor_closed'
  }

  beforeEach(async () => {
    at = Date.UTC(2026, 0, 1)
    told = []
    store = await testStore(now)
    counts = over(store)
  })
  afterEach(() => store.close())

  it('are told of once at ten, and close the factor at a hundred', async () => {
    await wrong(9)
    expect([told, await counts.many('ada')]).to.deep.equal([[], false])
    await wrong(1)
    expect([told, await counts.many('ada')]).to.deep.equal([['factor.guessed totp 10'], true])
    await wrong(89)
    expect([told.length, await counts.closed('ada')]).to.deep.equal([1, []])
    await wrong(1)
    expect(told).to.deep.equal(['factor.guessed totp 10', 'factor.closed totp 100'])
    expect(await counts.closed('ada')).to.deep.equal(['totp'])
    for (let time = 0; time < 3; time++) expect(await refused()).to.equal(true)
  })

  it('count for one factor of one account', async () => {
    await wrong(100)
    await wrong(99, 'sms')
    expect(await refused('sms')).to.equal(false)
    await wrong(1, 'totp', 'eve')
    expect(await counts.closed('eve')).to.deep.equal([])
  })

  for (const before of [0, 1, 60, 95, 99]) {
    it(`are no more than a hundred, however many are judged side by side on a slow store (after ${before})`, async () => {
      await wrong(before)
      counts = over(slow(store, 3))
      const answers = await Promise.allSettled(
        Array.from({ length: 40 }, async () => (await counts.judge('ada', 'totp')).wrong({})),
      )
      const judged = answers.filter(each => each.status === 'fulfilled').length
      expect(judged).to.equal(Math.min(40, 100 - before))
      expect(told.filter(each => each.startsWith('factor.closed'))).to.have.length(before + judged >= 100 ? 1 : 0)
      expect(told.filter(each => each.startsWith('factor.guessed'))).to.have.length(1)
    })
  }

  it('are forgotten with a right answer while they are fewer than ten, and not from then on', async () => {
    await wrong(9)
    await right('totp')
    await wrong(9)
    expect(told).to.deep.equal([])
    await wrong(1)
    await right('totp')
    await wrong(89)
    expect(await counts.closed('ada')).to.deep.equal([])
    await wrong(1)
    expect(await counts.closed('ada')).to.deep.equal(['totp'])
  })

  it('are forgotten with a strong proof by another factor, and not with a weak one', async () => {
    await wrong(100)
    await right('email', false)
    expect(await refused()).to.equal(true)
    await right('recovery-code')
    expect(await refused()).to.equal(false)
    expect(await counts.many('ada')).to.equal(false)
    await wrong(10)
    expect(
      told.filter(each => each.startsWith('factor.guessed')),
      'they are told of anew',
    ).to.have.length(2)
  })

  it('are forgotten when the owner was recovered', async () => {
    await wrong(100)
    await wrong(100, 'sms')
    await counts.forget('ada')
    expect(await counts.closed('ada')).to.deep.equal([])
  })

  it('are not counted for what was not judged', async () => {
    await wrong(1)
    for (let time = 0; time < 200; time++) await (await counts.judge('ada', 'totp')).dropped()
    expect([told, await counts.many('ada')]).to.deep.equal([[], false])
  })

  it('are remembered for a year, and a closed factor stays closed', async () => {
    await wrong(50)
    await wrong(100, 'sms')
    at += 366 * day
    await wrong(99)
    expect(await counts.closed('ada')).to.deep.equal(['sms'])
  })
})
