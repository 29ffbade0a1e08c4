import { expect } from 'chai'
import { type Credentials, credentials, credentialsDeclaration, regret } from '../../src/accounts/credential.ts'
import { SealError, sealer } from '../../src/crypto/seal.ts'
import { keyring } from '../../src/crypto/secrets.ts'
import { Conflict, type Store } from '../../src/store/collection.ts'
import { slow, testStore } from '../support/store.ts'

describe('credentials', () => {
  let store: Store
  let kept: Credentials
  let at = Date.UTC(2026, 0, 1)
  const now = () => at++
  const sealing = sealer(keyring(['a secret of the tests, 32 or longer']))

  beforeEach(async () => {
    store = await testStore(now)
    kept = credentials({ store, sealer: sealing, now })
  })
  afterEach(() => store.close())

  it('come back as they were added, oldest first', async () => {
    await kept.add({ account: 'ada', factor: 'password', secret: { hash: 'x' } })
    await kept.add({ account: 'ada', factor: 'totp', label: 'Phone', secret: { key: 'y' } })
    await kept.add({ account: 'bob', factor: 'totp', secret: {} })
    const held = await kept.of('ada')
    expect(held.map(({ factor, label, secret }) => ({ factor, label, secret }))).to.deep.equal([
      { factor: 'password', label: undefined, secret: { hash: 'x' } },
      { factor: 'totp', label: 'Phone', secret: { key: 'y' } },
    ])
  })

  it('are sealed in the store, each for its own id', async () => {
    const one = await kept.add({ account: 'ada', factor: 'totp', secret: { key: 'JBSWY3DP' } })
    const other = await kept.add({ account: 'bob', factor: 'totp', secret: { key: 'KRUGS4ZA' } })
    const raw = store.collection(credentialsDeclaration)
    const stolen = await raw.get(one)
    expect(JSON.stringify(stolen)).to.not.contain('JBSWY3DP')
    await raw.patch(other, { secret: stolen?.secret ?? '' })
    const [swapped] = await kept.of('bob')
    expect(() => swapped?.secret).to.throw(SealError)
  })

  it('are found by their lookup, which no two share', async () => {
    await kept.add({ account: 'ada', factor: 'passkey', lookup: 'p1', secret: {} })
    expect((await kept.byLookup('p1'))?.account).to.equal('ada')
    expect(await kept.byLookup('p2')).to.equal(undefined)
    const twice = await kept
      .add({ account: 'bob', factor: 'passkey', lookup: 'p1', secret: {} })
      .catch((fault: unknown) => fault)
    expect(twice).to.be.instanceOf(Conflict)
  })

  it('change once for each proof, of ten proofs side by side too', async () => {
    const patient = credentials({ store: slow(store, 10), sealer: sealing, now })
    await patient.add({ account: 'ada', factor: 'totp', secret: { step: 1 } })
    const [credential] = await patient.of('ada')
    if (!credential) return expect.fail('no credential')
    const won = await Promise.all(Array.from({ length: 10 }, () => patient.prove(credential, { step: 2 })))
    expect(won.filter(Boolean)).to.have.length(1)
    expect((await kept.of('ada'))[0]).to.deep.include({ secret: { step: 2 }, rev: 1 })
  })

  it('remember when they were used, though nothing was spent', async () => {
    await kept.add({ account: 'ada', factor: 'email', secret: {} })
    const [credential] = await kept.of('ada')
    if (!credential) return expect.fail('no credential')
    expect(await kept.prove(credential)).to.equal(true)
    expect((await kept.of('ada'))[0])
      .to.include({ rev: 0 })
      .and.to.have.property('usedAt')
  })

  it('are gone when removed, and prove nothing then', async () => {
    await kept.add({ account: 'ada', factor: 'totp', secret: {} })
    const [credential] = await kept.of('ada')
    if (!credential) return expect.fail('no credential')
    await kept.remove(credential.id)
    expect(await kept.of('ada')).to.be.empty
    expect(await kept.prove(credential, {})).to.equal(false)
  })

  it('take a name of their owner’s, and a place before the others', async () => {
    const id = await kept.add({ account: 'ada', factor: 'passkey', secret: {} })
    expect(await kept.rename(id, 'Work key')).to.equal(true)
    expect(await kept.prefer(id)).to.equal(true)
    expect((await kept.of('ada'))[0])
      .to.include({ label: 'Work key' })
      .and.to.have.property('preferredAt')
    await kept.retire(id)
    expect([await kept.rename(id, 'x'), await kept.prefer(id)]).to.deep.equal([false, false])
  })

  it('prove nothing once they are out of use, and can be put back for a week', async () => {
    const id = await kept.add({ account: 'ada', factor: 'passkey', lookup: 'p1', secret: { key: 'x' } })
    const [credential] = await kept.of('ada')
    if (!credential) return expect.fail('no credential')
    expect(await Promise.all([kept.retire(id), kept.retire(id)])).to.have.members([true, false])
    expect(await kept.of('ada')).to.be.empty
    expect(await kept.byLookup('p1')).to.equal(undefined)
    expect(await kept.prove(credential)).to.equal(false)
    expect(await kept.prove(credential, { key: 'y' })).to.equal(false)
    expect((await kept.out('ada')).map(each => each.secret)).to.deep.equal([{ key: 'x' }])

    expect(await kept.restore(id)).to.equal(true)
    expect(await kept.restore(id)).to.equal(false)
    expect(await kept.byLookup('p1')).to.include({ account: 'ada' })
    at += 2 * regret
    expect(await kept.of('ada')).to.have.length(1)

    await kept.retire(id)
    at += regret
    expect(await kept.out('ada')).to.be.empty
    expect(await kept.restore(id)).to.equal(false)
  })
})
