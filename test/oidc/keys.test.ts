import { expect } from 'chai'
import { sealer } from '../../src/crypto/seal.ts'
import { keyring } from '../../src/crypto/secrets.ts'
import type { Record } from '../../src/events.ts'
import { cookieKeys, signingKeys } from '../../src/oidc/keys.ts'
import type { Store } from '../../src/store/collection.ts'
import { slow, testStore } from '../support/store.ts'
import { watched } from '../support/watched.ts'

const old = 'an old secret of thirty-two characters'
const fresh = 'a fresh secret of thirty-two characters'

describe('signing keys', () => {
  let store: Store
  const told: unknown[] = []
  const record = (async (...event: unknown[]) => void told.push(event)) as unknown as Record
  const start = (on: Store, secrets = [old]) =>
    signingKeys({ store: on, sealer: sealer(keyring(secrets)), record, now: Date.now })

  beforeEach(async () => {
    told.length = 0
    store = await testStore()
  })
  afterEach(() => store.close())

  it('are made once: ES256 and Ed25519, each recorded', async () => {
    const made = await start(store)
    expect(made.map(({ alg, kty, crv, use }) => ({ alg, kty, crv, use }))).to.deep.equal([
      { alg: 'ES256', kty: 'EC', crv: 'P-256', use: 'sig' },
      { alg: 'EdDSA', kty: 'OKP', crv: 'Ed25519', use: 'sig' },
    ])
    expect(told).to.have.deep.members(made.map(({ kid, alg }) => ['keys.created', { kid, alg }]))
    expect(await start(store)).to.deep.equal(made)
    expect(told).to.have.lengthOf(2)
  })

  it('are the same for processes that start together', async () => {
    const rings = await Promise.all(Array.from({ length: 5 }, () => start(slow(store, 5))))
    for (const ring of rings) expect(ring).to.deep.equal(rings[0])
    expect(told).to.have.lengthOf(2)
  })

  it('are sealed in the store, and open after the secret was rotated', async () => {
    const { store: seen, written } = watched(store)
    const made = await start(seen)
    for (const { d } of made) expect(written()).to.not.include(d)
    expect(await start(store, [fresh, old])).to.deep.equal(made)
    expect(await start(store, [fresh]).catch(each => each)).to.have.property('name', 'SealError')
  })
})

describe('cookie keys', () => {
  it('sign with the newest secret and believe the others', () => {
    const before = cookieKeys(keyring([old]))
    const after = cookieKeys(keyring([fresh, old]))
    const signature = before.sign('session=1')
    expect(after.index('session=1', signature)).to.equal(1)
    expect(after.index('session=1', after.sign('session=1'))).to.equal(0)
    expect(after.verify('session=1', signature)).to.equal(true)
    expect(before.verify('session=1', after.sign('session=1'))).to.equal(false)
    expect(after.verify('session=2', signature)).to.equal(false)
  })
})
