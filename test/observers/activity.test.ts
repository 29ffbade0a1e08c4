import { expect } from 'chai'
import { Problem } from '../../src/errors.ts'
import { activity, kindOf, kinds } from '../../src/observers/activity.ts'
import type { Happening } from '../../src/observers/chain.ts'
import { leaves, ledger, places } from '../../src/observers/ledger.ts'
import type { Store } from '../../src/store/collection.ts'
import { happening } from '../support/audit.ts'
import { testStore } from '../support/store.ts'

describe('activity', () => {
  let store: Store
  const tell = async (account: string, ...more: Partial<Happening>[]) => {
    const { append } = ledger({ store })
    await Promise.all(more.map(each => append(happening(account, each))))
  }
  const times = async (part = {}, account = 'ada') =>
    (await activity({ store }).page(account, part)).entries.map(({ at }) => at)

  beforeEach(async () => {
    store = await testStore()
  })
  afterEach(() => store.close())

  it('is what concerns one account, newest first, and nothing of another’s', async () => {
    await tell('ada', { at: 10 }, { at: 30 })
    await tell('bob', { at: 15 }, { at: 25 })
    await tell('ada', { at: 20 })
    await ledger({ store }).append(happening('', { at: 22, data: { kid: 'k1' } }))
    expect(await times()).to.deep.equal([30, 20, 10])
    expect(await times({}, 'bob')).to.deep.equal([25, 15])
    expect(await times({}, 'eve')).to.deep.equal([])
  })

  it('does not say which of the staff it was', async () => {
    await tell('ada', { name: 'identity.approved', data: { account: 'ada', case: 'c-1', staff: 'eve' } })
    const read = activity({ store })
    const all = []
    for await (const entry of read.all('ada', {})) all.push(entry)
    for (const { data } of [...all, ...(await read.page('ada', {})).entries])
      expect(data).to.deep.equal({ account: 'ada', case: 'c-1' })
  })

  it('keeps what happened in one millisecond in its order', async () => {
    const { append } = ledger({ store })
    const names = Array.from({ length: 12 }, (_, turn) => `n${turn}`)
    for (const name of names.slice(0, 6)) await append(happening('ada', { name }))
    await Promise.all(names.slice(6).map(name => append(happening('ada', { name }))))
    const { entries } = await activity({ store }).page('ada', {})
    expect(entries.map(({ name }) => name)).to.deep.equal(names.toReversed())
  })

  it('is asked for by time and by kind', async () => {
    await tell('ada', { at: 10 }, { at: 20, name: 'session.started' }, { at: 30, name: 'factor.refused' })
    await tell('ada', { at: 40, name: 'factor.enrolled' }, { at: 50, name: 'consent.granted' })
    expect(await times({ from: 20, until: 40 })).to.deep.equal([30, 20])
    expect(await Promise.all(kinds.map(kind => times({ kind })))).to.deep.equal([[30, 20], [40], [50], [10]])
    expect(await times({ kind: 'sign-in', from: 30 })).to.deep.equal([30])
    expect(await times({ from: 60 })).to.deep.equal([])
  })

  it('files whatever it does not know under security', () => {
    expect(['constructor', 'device.trusted', 'recovery.started'].map(kindOf)).to.deep.equal([
      'security',
      'security',
      'security',
    ])
  })

  it('comes in pages of 50, and whole', async () => {
    const ats = Array.from({ length: 120 }, (_, turn) => turn)
    await tell('ada', ...ats.map(at => ({ at })))
    const read = activity({ store })
    const sizes: number[] = []
    const seen: number[] = []
    for (let after: string | undefined; ; ) {
      const { entries, older } = await read.page('ada', {}, after)
      sizes.push(entries.length)
      seen.push(...entries.map(({ at }) => at))
      if (older === undefined) break
      after = older
    }
    expect(sizes).to.deep.equal([50, 50, 20])
    expect(seen).to.deep.equal(ats.toReversed())
    const whole: number[] = []
    for await (const { at } of read.all('ada', { until: 110 })) whole.push(at)
    expect(whole).to.deep.equal(ats.slice(0, 110).toReversed())
  })

  it('says of exactly 50 that there is no more', async () => {
    await tell('ada', ...Array.from({ length: 50 }, (_, at) => ({ at })))
    expect((await activity({ store }).page('ada', {})).older).to.equal(undefined)
  })

  it('goes on from nobody else’s page, nor from one that never was', async () => {
    await tell('ada', { at: 10 })
    await tell('bob', { at: 20 })
    const [theirs] = await store.collection(places).find({ account: 'bob' })
    for (const after of [theirs?.id ?? '', 'nothing']) {
      const met = await activity({ store })
        .page('ada', {}, after)
        .catch(each => each)
      expect(met).to.be.an.instanceof(Problem).and.to.include({ code: 'not_found' })
    }
  })

  it('leaves out what failed because it could not be written down', async () => {
    await tell('ada', { at: 10 })
    await tell('ada', { at: 20 })
    const last = (await store.collection(leaves).find({})).at(-1)
    await store.collection(leaves).remove({ id: last?.id ?? '' })
    expect(await times()).to.deep.equal([10])
  })
})
