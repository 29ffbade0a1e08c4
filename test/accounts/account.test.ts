import { expect } from 'chai'
import { type Account, type Accounts, accounts, accountsDeclaration } from '../../src/accounts/account.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
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
    const changes = Array.from({ length: 10 }, (_, each) => patient.amend(ada, { locale: `${each}` }, stamps))
    expect((await Promise.all(changes)).filter(each => each !== undefined)).to.have.length(1)
    expect((await kept.get('ada'))?.securityStamp).to.equal(1)
    expect(await kept.raiseStamp('ada', undefined)).to.equal(undefined)
    expect(await kept.amend(ada, {}, stamps)).to.equal(undefined)
    expect((await kept.raiseStamp('ada', 1))?.securityStamp).to.equal(2)
  })

  it('lose no quiet change to a stamped one, nor a stamped one to a quiet one', async () => {
    const patient = accounts(slow(store, 2))
    const both = [patient.amend(ada, { locale: 'a' }, stamps), patient.amend(ada, { locale: 'b' }, { stamps: false })]
    expect((await Promise.all(both)).filter(each => each !== undefined)).to.have.length(1)
  })

  it('keep anti-phishing phrases sealed, each account’s for itself', async () => {
    const seals = sealer(keyring(['a secret of thirty-two characters, or more']))
    const sealing = accounts(store, seals)
    expect((await sealing.patch('ada', { antiPhishingPhrase: 'blue heron' }))?.antiPhishingPhrase).to.equal(
      'blue heron',
    )
    expect((await sealing.get('ada'))?.antiPhishingPhrase).to.equal('blue heron')
    expect((await sealing.byEmail(ada.email))?.antiPhishingPhrase).to.equal('blue heron')
    const was = {
      id: 'c',
      at,
      came: [],
      went: [],
      replaced: ['antiPhishingPhrase' as const],
      was: { antiPhishingPhrase: 'blue heron' },
    }
    const amended = await sealing.amend(ada, { antiPhishingPhrase: 'grey heron', changes: [was] }, stamps)
    expect(amended).to.deep.include({ antiPhishingPhrase: 'grey heron', changes: [was] })
    const stored = store.collection(accountsDeclaration)
    const kept = await stored.get('ada')
    expect(JSON.stringify(kept)).to.not.contain('heron')
    await sealing.insert({ ...ada, id: 'eve', email: 'eve@example.com' })
    await stored.patch('eve', { antiPhishingPhrase: kept?.antiPhishingPhrase })
    expect((await sealing.get('eve').catch(fault => fault)).name).to.equal('SealError')
    expect((await accounts(store).get('ada'))?.antiPhishingPhrase).to.equal(kept?.antiPhishingPhrase)
    expect((await sealing.patch('ada', { antiPhishingPhrase: undefined }))?.antiPhishingPhrase).to.equal(undefined)
  })

  it('take no change once they are closed', async () => {
    await kept.patch('ada', { status: 'closed' })
    expect(await kept.raiseStamp('ada', undefined)).to.equal(undefined)
    expect(await kept.amend(ada, {}, stamps)).to.equal(undefined)
  })

  it('take no address that is another’s', async () => {
    await kept.insert({ ...ada, id: 'grace', email: 'grace@example.com' })
    const fault = await kept.amend(ada, { email: 'grace@example.com' }, stamps).catch((met: unknown) => met)
    expect(fault).to.be.instanceOf(Conflict)
    expect(await kept.get('ada'))
      .to.include({ email: 'ada@example.com' })
      .and.to.not.have.property('securityStamp')
  })
})
