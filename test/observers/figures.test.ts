import { expect } from 'chai'
import { z } from 'zod'
import { figures as figuresOf } from '../../src/observers/figures.ts'
import { recorder } from '../../src/observers/recorder.ts'
import { declare, type Store } from '../../src/store/collection.ts'
import { testStore } from '../support/store.ts'

const hour = 3_600_000
const day = 24 * hour

describe('figures', () => {
  let at = Date.UTC(2026, 0, 5, 12, 30)
  const now = () => at
  let store: Store
  before(async () => {
    store = await testStore(now)
  })
  after(() => store.close())

  const signIn = (amr: string[]) => ({ account: 'ada', session: 's', acr: 'aal2', amr })

  it('count sign-ins and tokens of single apps, of those that are declared', async () => {
    const figures = figuresOf({ store, now })
    const emit = recorder([figures.observer], now, () => {})
    const used = async (client: string) => {
      await emit('session.joined', { account: 'ada', session: 's', client })
      for (const type of ['authorization_code', 'refresh_token']) await emit('grant.issued', { client, type })
    }
    for (const client of ['shop', 'shop', 'bank', 'app_1', 'https://a.example/app.json', 'x/day']) await used(client)
    await new Promise(setImmediate)
    await figures.flush()
    expect(await figures.ofApp('shop', 'day')).to.deep.equal({ signIns: 2, tokens: 4 })
    expect(await figures.ofApp('bank', 'quarter')).to.deep.equal({ signIns: 1, tokens: 2 })
    for (const each of ['app_1', 'https://a.example/app.json', 'x/day', 'nobody'])
      expect(await figures.ofApp(each, 'week'), each).to.deep.equal({ signIns: 0, tokens: 0 })
  })

  it('count what happened in all processes, by the hour and by the day', async () => {
    const processes = [1, 2].map(() => {
      const figures = figuresOf({ store, now })
      return { ...figures, emit: recorder([figures.observer], now, () => {}) }
    })
    const everywhere = async (amr: string[]) => {
      for (const { emit } of processes) await emit('session.started', signIn(amr))
    }
    await everywhere(['pwd', 'otp'])
    await everywhere(['pop'])
    at += hour
    await everywhere(['pop'])
    for (const { emit } of processes) {
      await emit('factor.proved', { account: 'ada', factor: 'totp', credential: 'c' })
      await emit('factor.proved', { account: 'ada', factor: 'one of another version', credential: 'c' })
      await emit('factor.refused', { factor: 'totp', code: 'wrong_code' })
    }
    await new Promise(setImmediate)
    // Twice: what was written is not written again.
    for (const { flush } of [...processes, ...processes]) await flush()
    const [{ read }] = processes as [(typeof processes)[number]]
    const hours = await read('sign-ins', 'day')
    expect(hours).to.have.length(24)
    expect(hours.slice(-2)).to.deep.equal([
      { at: Date.UTC(2026, 0, 5, 12), count: 4 },
      { at: Date.UTC(2026, 0, 5, 13), count: 2 },
    ])
    const days = await read('sign-ins', 'week')
    expect(days.map(({ count }) => count)).to.deep.equal([0, 0, 0, 0, 0, 0, 6])
    expect((await read('sign-ins', 'quarter')).at(-1)).to.deep.equal({ at: Date.UTC(2026, 0, 5), count: 6 })
    const sum = async (name: Parameters<typeof read>[0]) =>
      (await read(name, 'day')).reduce((total, { count }) => total + count, 0)
    expect(await sum('passkeys')).to.equal(4)
    expect(await sum('factor-totp')).to.equal(2)
    expect(await sum('failures')).to.equal(2)
  })

  it('are forgotten once no period shows them', async () => {
    const { read } = figuresOf({ store, now })
    at += 91 * day
    for (const period of ['day', 'week', 'quarter'] as const)
      expect((await read('sign-ins', period)).every(({ count }) => count === 0)).to.equal(true)
    at += day
    const stored = declare({ name: 'figures', shape: z.looseObject({ id: z.string() }) })
    expect(await store.collection(stored).find({}, { limit: 10 })).to.deep.equal([])
  })
})
