import { expect } from 'chai'
import { type Account, type Accounts, accounts } from '../../src/accounts/account.ts'
import { Conflict, type Store } from '../../src/store/collection.ts'
import { slow, testStore } from '../support/store.ts'

const stamps = { stamps: true }

describe('accounts', () => {
  let store: Store
  let kept: Accounts
  const at = Date.UTC(2026, 0, 1)
  const ada: Account = {
    id: 'ada',
    email: 'ada@example.com',
    locale: 'en',
    status: 'active',
    createdAt: at,
    updatedAt: at,
  }
  beforeEach(async () => {
    store = await testStore(() => at)
    kept = accounts(store)
    await kept.insert(ada)
  })
  afterEach(() => store.close())

  it('are changed one change at a time: of ten side by side, one', async () => {
    const patient = accounts(slow(store, 2))
    const changes = Array.from({ length: 10 }, (_, each) => patient.amend(ada, { phrase: `${each}` }, stamps))
    expect((await Promise.all(changes)).filter(each => each !== undefined)).to.have.length(1)
    expect((await kept.get('ada'))?.guard).to.equal(1)
    expect(await kept.guarded('ada', undefined)).to.equal(undefined)
    expect(await kept.amend(ada, {}, stamps)).to.equal(undefined)
    expect((await kept.guarded('ada', 1))?.guard).to.equal(2)
  })

  it('lose no quiet change to a stamped one, nor a stamped one to a quiet one', async () => {
    const patient = accounts(slow(store, 2))
    const both = [patient.amend(ada, { phrase: 'a' }, stamps), patient.amend(ada, { phrase: 'b' }, { stamps: false })]
    expect((await Promise.all(both)).filter(each => each !== undefined)).to.have.length(1)
  })

  it('take no change once they are closed', async () => {
    await kept.patch('ada', { status: 'closed' })
    expect(await kept.guarded('ada', undefined)).to.equal(undefined)
    expect(await kept.amend(ada, {}, stamps)).to.equal(undefined)
  })

  it('take no address that is another’s', async () => {
    await kept.insert({ ...ada, id: 'grace', email: 'grace@example.com' })
    const fault = await kept.amend(ada, { email: 'grace@example.com' }, stamps).catch((met: unknown) => met)
    expect(fault).to.be.instanceOf(Conflict)
    expect(await kept.get('ada'))
      .to.include({ email: 'ada@example.com' })
      .and.to.not.have.property('guard')
  })
})
