import { expect } from 'chai'
import { recorder } from '../../src/events.ts'
import { audit, auditDeclaration } from '../../src/observers/audit.ts'
import type { Store } from '../../src/store/collection.ts'
import { testStore } from '../support/store.ts'

describe('audit', () => {
  let store: Store
  let clock = 1_700_000_000_000
  const now = () => clock
  const fault = (met: unknown) => {
    throw met
  }

  beforeEach(async () => {
    store = await testStore()
  })
  afterEach(() => store.close())

  it('has kept an event once record resolves', async () => {
    const record = recorder([audit({ store })], now, fault)
    await record('account.created', { account: 'a1' }, { address: '192.0.2.7', agent: 'Probe/1', request: 'r1' })

    const [kept] = await store.collection(auditDeclaration).find({})
    expect(kept).to.deep.include({
      at: clock,
      name: 'account.created',
      level: 'info',
      data: { account: 'a1' },
      origin: { address: '192.0.2.7', agent: 'Probe/1', request: 'r1' },
    })
  })

  it('does not keep what is routine', async () => {
    const record = recorder([audit({ store })], now, fault)
    await record('grant.issued', { client: 'trading', type: 'client_credentials' })
    expect(await store.collection(auditDeclaration).find({})).to.deep.equal([])
  })

  it('pages through what happened, in order, within a millisecond and over a clock that is set back', async () => {
    const record = recorder([audit({ store })], now, fault)
    const told: string[] = []
    const tell = async (at: number) => {
      clock = at
      told.push(`k${told.length}`)
      await record('keys.created', { kid: told.at(-1) as string, alg: 'ES256' })
    }
    for (let turn = 0; turn < 40; turn += 1) await tell(1_700_000_000_000)
    await tell(1_700_000_000_001)
    await tell(1_600_000_000_000)
    await tell(1_700_000_000_002)

    const kept = store.collection(auditDeclaration)
    const paged: string[] = []
    for (let after: string | undefined; ; ) {
      const page = await kept.find({}, { limit: 7, ...(after !== undefined && { after }) })
      if (page.length === 0) break
      paged.push(...page.map(each => String(each.data.kid)))
      after = page.at(-1)?.id
    }
    expect(paged).to.deep.equal(told)
  })

  it('keeps events that are told at once under ids of their own', async () => {
    const observers = [audit({ store }), audit({ store })]
    const record = recorder(observers, now, fault)
    await Promise.all(Array.from({ length: 20 }, (_, turn) => record('account.created', { account: `a${turn}` })))
    expect(await store.collection(auditDeclaration).find({}, { limit: 100 })).to.have.length(40)
  })

  it('fails the act that could not be written down', async () => {
    const kept = store.collection(auditDeclaration)
    const away = new Error('the store is away')
    const broken = { ...store, collection: () => ({ ...kept, insert: () => Promise.reject(away) }) } as unknown as Store
    const record = recorder([audit({ store: broken })], now, fault)
    const met = await record('account.created', { account: 'a1' }).catch((thrown: unknown) => thrown)
    expect(met).to.equal(away)
  })
})
