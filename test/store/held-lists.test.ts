import { expect } from 'chai'
import { accounts as accountsOf } from '../../src/accounts/account.ts'
import {
  type Credentials,
  credentialsDeclaration,
  credentials as credentialsOf,
} from '../../src/accounts/credential.ts'
import type { Collection, Doc, Store } from '../../src/store/collection.ts'
import { listHeld } from '../../src/store/held-lists.ts'
import { testSealer } from '../support/commits.ts'
import { testStore } from '../support/store.ts'

const day = 24 * 3_600_000

describe('accounts of a Latchkey in which each credential said for itself whether it was in force', () => {
  let at = Date.UTC(2026, 0, 10)
  const now = () => at
  let store: Store
  let kept: Credentials
  beforeEach(async () => {
    at = Date.UTC(2026, 0, 10)
    store = await testStore(now)
    kept = credentialsOf({ store, sealer: testSealer, now })
    for (let each = 0; each < 205; each++) {
      const person = { id: `p${each}`, email: `p${each}@example.com`, locale: 'en', status: 'active' as const }
      await accountsOf(store).insert({ ...person, createdAt: 0, updatedAt: 0 })
    }
  })
  afterEach(() => store.close())

  const stored = async (account: string, retiredAt?: number) => {
    const id = await kept.add({ account, factor: 'passkey', secret: {} })
    const raw = store.collection(credentialsDeclaration) as unknown as Collection<Doc & { retiredAt?: number }>
    if (retiredAt !== undefined) await raw.patch(id, { retiredAt, expiresAt: retiredAt + 7 * day })
    return id
  }

  it('hold what was in force, and can undo for as long as before', async () => {
    const [held, out, last] = [await stored('p7'), await stored('p7', at - day), await stored('p204')]
    await listHeld(store)
    await listHeld(store)
    const ids = async (list: Promise<{ id: string }[]>) => (await list).map(({ id }) => id)
    expect(await ids(kept.of('p7'))).to.deep.equal([held])
    expect(await ids(kept.out('p7'))).to.deep.equal([out])
    expect(await ids(kept.of('p204'))).to.deep.equal([last])
    expect(await ids(kept.of('p8'))).to.deep.equal([])
    at += 5 * day
    expect(await ids(kept.out('p7'))).to.deep.equal([out])
    at += 2 * day
    expect(await ids(kept.out('p7'))).to.deep.equal([])
  })
})
