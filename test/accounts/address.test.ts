import { expect } from 'chai'
import { accounts as accountsOf } from '../../src/accounts/account.ts'
import { type Addresses, addresses as addressesOf } from '../../src/accounts/address.ts'
import { regret } from '../../src/accounts/credential.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import { Conflict, type Store } from '../../src/store/collection.ts'
import { commits, testSealer } from '../support/commits.ts'
import { slow, testStore } from '../support/store.ts'
import { watched } from '../support/watched.ts'

const day = 24 * 3_600_000
const ten = Array.from({ length: 10 }, (_, each) => each)

describe('addresses', () => {
  let at = Date.UTC(2026, 0, 1)
  const now = () => at
  let store: Store
  const on = (through: Store): Addresses =>
    addressesOf({ store: through, sealer: testSealer, accounts: accountsOf(through), now })
  const conflict = (claim: Promise<void>) =>
    claim.then(
      () => false,
      fault => fault instanceof Conflict || expect.fail(String(fault)),
    )
  const person = (id: string, email: string) => ({
    ...{ id, email, locale: 'en', status: 'active' as const },
    ...{ createdAt: at, updatedAt: at },
  })
  beforeEach(async () => {
    at = Date.UTC(2026, 0, 1)
    store = await testStore(now)
  })
  afterEach(() => store.close())

  it('are one account’s to claim, of ten at once', async () => {
    const book = on(slow(store, 2))
    const refused = await Promise.all(ten.map(each => conflict(book.claim('ada@example.com', `a${each}`))))
    expect(refused.filter(each => !each)).to.have.length(1)
    const again = await Promise.all(ten.map(() => conflict(book.claim('eve@example.com', 'eve'))))
    expect(again).to.deep.equal(ten.map(() => false))
  })

  it('are nobody else’s for as long as a change can be undone, and anybody’s soon after', async () => {
    const book = on(store)
    await book.claim('ada@example.com', 'ada')
    await book.reserve('ada@example.com', 'ada')
    at += regret
    expect(await conflict(book.claim('ada@example.com', 'eve'))).to.equal(true)
    expect(await conflict(book.claim('ada@example.com', 'ada'))).to.equal(false)
    expect(await book.whose('ada@example.com')).to.deep.equal({ account: 'ada', current: false })
    at += 2 * day
    expect(await book.whose('ada@example.com')).to.equal(undefined)
    expect(await conflict(book.claim('ada@example.com', 'eve'))).to.equal(false)
  })

  it('are never given up by one account and taken by another at once, whichever comes first', async () => {
    for (const lead of ten) {
      const ada = `ada${lead}@example.com`
      const made = commits({ store: slow(store, 1 + (lead % 3)), now })
      await made.accounts.insert(person(`ada${lead}`, ada))
      const owner = (await made.accounts.get(`ada${lead}`)) ?? expect.fail()
      // Somebody had proved the address before it came to this account, and ends their sign-up now.
      const moves = made.commit(
        owner,
        { fields: { email: `new-${ada}` }, events: [] },
        { device: 'd', address: '', agent: '' },
      )
      const takes = (async () => {
        await on(slow(store, 1 + ((lead + 1) % 3))).claim(ada, `eve${lead}`)
        await made.accounts.insert(person(`eve${lead}`, ada))
      })()
      const [moved, taken] = await Promise.allSettled([moves, takes])
      expect([moved.status, taken.status], String(lead)).to.not.deep.equal(['fulfilled', 'fulfilled'])
    }
  })

  it('are remembered for a year, by a digest and sealed', async () => {
    const seen = watched(store)
    const book = on(seen.store)
    await book.note('ada', { kind: 'email', address: 'old@example.com' })
    at += day
    await book.note('ada', { kind: 'phone', address: '+436641' })
    await book.note('bob', { kind: 'email', address: 'old@example.com' })
    expect(await book.last('old@example.com')).to.equal('bob')
    expect((await book.of('ada')).map(each => [each.kind, each.address])).to.deep.equal([
      ['phone', '+436641'],
      ['email', 'old@example.com'],
    ])
    expect(seen.written()).to.not.contain('old@example.com')
    // By whoever has another secret, it is not found.
    const stranger = sealer(keyring(['another secret of the tests, 32 or longer']))
    const other = addressesOf({ store, sealer: stranger, accounts: accountsOf(store), now })
    expect(await other.last('old@example.com')).to.equal(undefined)
    at += 365 * day
    expect(await book.last('old@example.com')).to.equal(undefined)
    expect(await book.of('ada')).to.deep.equal([])
  })
})
