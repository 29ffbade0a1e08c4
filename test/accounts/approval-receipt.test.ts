import { expect } from 'chai'
import { type Receipts, receipts } from '../../src/accounts/approval-receipt.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import type { Store } from '../../src/store/collection.ts'
import { slow, testStore } from '../support/store.ts'

const old = 'a secret of the tests, 32 or longer'
const now = () => 1_000

describe('receipts', () => {
  let store: Store
  let kept: Receipts<{ to: string }>
  const on = (through: Store, secrets = [old]) =>
    receipts<{ to: string }>({ store: through, sealer: sealer(keyring(secrets)), now })
  const receipt = { id: 'r', account: 'ada', client: 'wallet', at: 1_000, content: { to: 'bc1q-secret' } }
  beforeEach(async () => {
    store = await testStore()
    kept = on(store)
  })
  afterEach(() => store.close())

  it('are kept once, and read as they were', async () => {
    expect(await kept.keep(receipt, 'bc1q')).to.equal(true)
    expect(await kept.keep({ ...receipt, account: 'eve' }, 'bc1q')).to.equal(false)
    expect(await kept.get('r')).to.deep.equal(receipt)
    expect(await kept.of('ada')).to.deep.equal([receipt])
    expect(await kept.of('eve')).to.deep.equal([])
    expect(await kept.get('x')).to.equal(undefined)
  })

  it('know whom an account paid, and nobody else’s payees, under a new secret too', async () => {
    await kept.keep(receipt, 'bc1q')
    expect(await kept.knows('ada', 'bc1q')).to.equal(true)
    expect(await kept.knows('ada', 'bc1p')).to.equal(false)
    expect(await kept.knows('eve', 'bc1q')).to.equal(false)
    expect(await on(store, ['a newer secret of the tests, or more', old]).knows('ada', 'bc1q')).to.equal(true)
  })

  it('are redeemed once, of ten at once', async () => {
    await kept.keep(receipt, 'bc1q')
    const late = on(slow(store, 10))
    const won = await Promise.all(Array.from({ length: 10 }, () => late.redeem('r')))
    expect(won.filter(Boolean)).to.deep.equal([receipt])
    expect(await kept.redeem('r')).to.equal(undefined)
    expect(await kept.redeem('x')).to.equal(undefined)
  })
})
