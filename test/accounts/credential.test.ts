import { expect } from 'chai'
import { accountsDeclaration } from '../../src/accounts/account.ts'
import { type Credentials, credentials, credentialsDeclaration, regret } from '../../src/accounts/credential.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { SealError, sealer } from '../../src/crypto/seal.ts'
import { Conflict, type Store } from '../../src/store/collection.ts'
import { holding } from '../support/holding.ts'
import { slow, testStore } from '../support/store.ts'

describe('credentials', () => {
  let store: Store
  let kept: Credentials
  let at = Date.UTC(2026, 0, 1)
  const now = () => at++
  let give: ReturnType<typeof holding>['give']
  let retire: ReturnType<typeof holding>['retire']
  const person = (id: string) => ({
    ...{ id, email: `${id}@example.com`, locale: 'en', status: 'active' as const },
    ...{ createdAt: at, updatedAt: at },
  })
  const sealing = sealer(keyring(['a secret of the tests, 32 or longer']))

  beforeEach(async () => {
    store = await testStore(now)
    kept = credentials({ store, sealer: sealing, now })
    for (const id of ['ada', 'bob']) await store.collection(accountsDeclaration).insert(person(id))
    ;({ give, retire } = holding(store, kept, now))
  })
  afterEach(() => store.close())

  it('come back as they were added, oldest first', async () => {
    await give({ account: 'ada', factor: 'password', secret: { hash: 'x' } })
    await give({ account: 'ada', factor: 'totp', label: 'Phone', secret: { key: 'y' } })
    await give({ account: 'bob', factor: 'totp', secret: {} })
    const held = await kept.of('ada')
    expect(held.map(({ factor, label, secret }) => ({ factor, label, secret }))).to.deep.equal([
      { factor: 'password', label: undefined, secret: { hash: 'x' } },
      { factor: 'totp', label: 'Phone', secret: { key: 'y' } },
    ])
  })

  it('are sealed in the store, each for its own id', async () => {
    const one = await give({ account: 'ada', factor: 'totp', secret: { key: 'JBSWY3DP' } })
    const other = await give({ account: 'bob', factor: 'totp', secret: { key: 'KRUGS4ZA' } })
    const raw = store.collection(credentialsDeclaration)
    const stolen = await raw.get(one)
    expect(JSON.stringify(stolen)).to.not.contain('JBSWY3DP')
    await raw.patch(other, { secret: stolen?.secret ?? '' })
    const [swapped] = await kept.of('bob')
    expect(() => swapped?.secret).to.throw(SealError)
  })

  it('are found by their lookup, which no two share', async () => {
    await give({ account: 'ada', factor: 'passkey', lookup: 'p1', secret: {} })
    expect((await kept.byLookup('p1'))?.account).to.equal('ada')
    expect(await kept.byLookup('p2')).to.equal(undefined)
    const twice = await give({ account: 'bob', factor: 'passkey', lookup: 'p1', secret: {} }).catch(
      (fault: unknown) => fault,
    )
    expect(twice).to.be.instanceOf(Conflict)
  })

  it('change once for each proof, of ten proofs side by side too', async () => {
    const patient = credentials({ store: slow(store, 10), sealer: sealing, now })
    await give({ account: 'ada', factor: 'totp', secret: { step: 1 } })
    const [credential] = await patient.of('ada')
    if (!credential) return expect.fail('no credential')
    const won = await Promise.all(Array.from({ length: 10 }, () => patient.prove(credential, { step: 2 })))
    expect(won.filter(Boolean)).to.have.length(1)
    expect((await kept.of('ada'))[0]).to.deep.include({ secret: { step: 2 }, rev: 1 })
  })

  it('remember when they were used, though nothing was spent', async () => {
    await give({ account: 'ada', factor: 'email', secret: {} })
    const [credential] = await kept.of('ada')
    if (!credential) return expect.fail('no credential')
    expect(await kept.prove(credential)).to.equal(true)
    await kept.used(credential)
    expect((await kept.of('ada'))[0])
      .to.include({ rev: 0 })
      .and.to.have.property('usedAt')
  })

  it('are gone when removed, and prove nothing then', async () => {
    await give({ account: 'ada', factor: 'totp', secret: {} })
    const [credential] = await kept.of('ada')
    if (!credential) return expect.fail('no credential')
    await kept.remove(credential.id)
    expect(await kept.of('ada')).to.be.empty
    expect(await kept.prove(credential, {})).to.equal(false)
  })

  it('take a name of their owner’s, and a place before the others', async () => {
    const id = await give({ account: 'ada', factor: 'passkey', secret: {} })
    expect(await kept.rename(id, 'Work key')).to.equal(true)
    expect(await kept.prefer(id)).to.equal(true)
    expect((await kept.of('ada'))[0])
      .to.include({ label: 'Work key' })
      .and.to.have.property('preferredAt')
    await kept.remove(id)
    expect([await kept.rename(id, 'x'), await kept.prefer(id)]).to.deep.equal([false, false])
  })

  it('prove nothing once they are out of use, and can be put back for a week', async () => {
    const id = await give({ account: 'ada', factor: 'passkey', lookup: 'p1', secret: { key: 'x' } })
    const [credential] = await kept.of('ada')
    if (!credential) return expect.fail('no credential')
    await retire('ada', id)
    expect(await kept.of('ada')).to.be.empty
    expect(await kept.byLookup('p1')).to.equal(undefined)
    expect(await kept.prove(credential)).to.equal(false)
    expect(await kept.prove(credential, { key: 'y' })).to.equal(false)
    expect((await kept.out('ada')).map(each => each.id)).to.deep.equal([id])
    await kept.tidy('ada')
    expect(await kept.out('ada')).to.have.length(1)
    at += regret
    expect(await kept.out('ada')).to.be.empty
    await kept.tidy('ada')
    expect(await store.collection(credentialsDeclaration).get(id)).to.equal(undefined)
  })

  it('are in force only once their account names them', async () => {
    const id = await kept.add({ account: 'ada', factor: 'passkey', lookup: 'p1', secret: {} })
    expect(await kept.of('ada')).to.be.empty
    expect(await kept.byLookup('p1')).to.equal(undefined)
    expect(await kept.out('ada')).to.be.empty
    const stored = { id, account: 'ada', factor: 'passkey', secret: {}, rev: 0, createdAt: at }
    expect(await kept.prove(stored)).to.equal(false)
  })

  it('leave nothing that a crash left behind, and keep what may still be on its way', async () => {
    const id = await kept.add({ account: 'ada', factor: 'passkey', lookup: 'p1', secret: {} })
    const again = () => kept.add({ account: 'bob', factor: 'passkey', lookup: 'p1', secret: {} })
    await kept.tidy('ada')
    expect(await again().catch((fault: unknown) => fault)).to.be.instanceOf(Conflict)
    at += 3_600_000
    expect(await again()).to.be.a('string')
    expect(await store.collection(credentialsDeclaration).get(id)).to.equal(undefined)
  })
})
