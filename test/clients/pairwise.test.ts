import { expect } from 'chai'
import type { Client } from 'oidc-provider'
import { pairwiseSalt, subjectFor } from '../../src/clients/pairwise.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import type { Store } from '../../src/store/collection.ts'
import { slow, testStore } from '../support/store.ts'

const [older, newer] = ['an older secret of 32 characters or more', 'a newer secret of 32 characters or more']

describe('pairwise subjects', () => {
  let store: Store
  beforeEach(async () => {
    store = await testStore()
  })
  afterEach(() => store.close())

  it('have one salt, even if ten processes start at the same time', async () => {
    const services = { store: slow(store, 10), sealer: sealer(keyring([older])) }
    const salts = await Promise.all(Array.from({ length: 10 }, () => pairwiseSalt(services)))
    expect(new Set(salts).size).to.equal(1)
  })

  it('stay the same when the operator’s secrets change', async () => {
    const before = await pairwiseSalt({ store, sealer: sealer(keyring([older])) })
    expect(await pairwiseSalt({ store, sealer: sealer(keyring([newer, older])) })).to.equal(before)
  })

  it('depend on the sector and the account; public subjects are the account id', () => {
    const client = (sectorIdentifier: string, subjectType = 'pairwise') =>
      ({ subjectType, sectorIdentifier }) as unknown as Client
    const subject = subjectFor('salt', 'ada', client('a.example'))
    expect(subjectFor('salt', 'ada', client('a.example'))).to.equal(subject)
    expect(subjectFor('salt', 'ada', client('b.example'))).to.not.equal(subject)
    expect(subjectFor('salt', 'bob', client('a.example'))).to.not.equal(subject)
    expect(subjectFor('pepper', 'ada', client('a.example'))).to.not.equal(subject)
    expect(subjectFor('salt', 'ada', client('a.example', 'public'))).to.equal('ada')
  })
})
