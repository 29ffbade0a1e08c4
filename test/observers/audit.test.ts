import { expect } from 'chai'
import { audit } from '../../src/observers/audit.ts'
import { recorder } from '../../src/observers/recorder.ts'

import type { Store } from '../../src/store/collection.ts'
import { entriesOf } from '../support/audit.ts'
import { testStore } from '../support/store.ts'

describe('audit', () => {
  let store: Store
  const now = () => 1_700_000_000_000
  const fault = (met: unknown) => {
    throw met
  }
  const kept = () => entriesOf(store)

  beforeEach(async () => {
    store = await testStore()
  })
  afterEach(() => store.close())

  it('has kept an event once record resolves', async () => {
    const emit = recorder([audit({ store })], now, fault)
    await emit('account.created', { account: 'a1' }, { address: '192.0.2.7', agent: 'Probe/1', request: 'r1' })

    const [entry, ...more] = await kept()
    expect(more).to.deep.equal([])
    expect(entry).to.deep.include({
      sequence: 1,
      at: now(),
      name: 'account.created',
      level: 'info',
      data: { account: 'a1' },
      origin: { address: '192.0.2.7', agent: 'Probe/1', request: 'r1' },
    })
  })

  it('does not keep what is routine', async () => {
    const emit = recorder([audit({ store })], now, fault)
    await emit('grant.issued', { client: 'trading', type: 'client_credentials' })
    expect(await kept()).to.deep.equal([])
  })

  it('fails the act that could not be written down', async () => {
    const away = new Error('the store is away')
    const broken: Store = {
      ...store,
      collection: declaration => ({ ...store.collection(declaration), insert: () => Promise.reject(away) }),
    }
    const emit = recorder([audit({ store: broken })], now, fault)
    const met = await emit('account.created', { account: 'a1' }).catch((thrown: unknown) => thrown)
    expect(met).to.equal(away)
  })
})
