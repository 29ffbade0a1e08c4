import { expect } from 'chai'
import { isPrivate } from '../../src/crypto/jws.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import type { Emit } from '../../src/events.ts'
import { type Keys, keys, publication, type RingKey, signedLife } from '../../src/keys/signing-keys.ts'
import type { Store } from '../../src/store/collection.ts'
import { slow, testStore } from '../support/store.ts'
import { watched } from '../support/watched.ts'

const old = 'an old secret of thirty-two characters'
const fresh = 'a fresh secret of thirty-two characters'
const minute = 60_000

describe('signing keys', () => {
  let store: Store
  let time: number
  const now = () => time
  const told: unknown[] = []
  const emit = (async (...event: unknown[]) => void told.push(event)) as unknown as Emit
  const open = (on: Store, secrets = [old]): Keys => keys({ store: on, sealer: sealer(keyring(secrets)), emit, now })
  const states = (ring: readonly RingKey[]) => ring.map(({ state, jwk }) => [state, isPrivate(jwk)])

  beforeEach(async () => {
    told.length = 0
    time = 1_000_000_000_000
    store = await testStore(now)
  })
  afterEach(() => store.close())

  it('are made once for an algorithm, with an event, and sign at once', async () => {
    const ring = open(store)
    await ring.first('ES256')
    await ring.first('ES256')
    const [made, ...more] = await ring.list()
    expect(more).to.deep.equal([])
    expect(made).to.deep.include({ alg: 'ES256', state: 'current', signsAt: time, until: undefined })
    expect(told).to.deep.equal([['keys.created', { kid: made?.jwk.kid, alg: 'ES256' }]])
  })

  it('are the same for processes that start together', async () => {
    const processes = Array.from({ length: 5 }, () => open(slow(store, 5)))
    await Promise.all(processes.map(each => each.first('ES256')))
    expect(await open(store).list()).to.have.lengthOf(1)
    expect(told).to.have.lengthOf(1)
  })

  it('wait until everybody can know them, sign, and are published until the last they signed has expired', async () => {
    const ring = open(store)
    await ring.first('ES256')
    await ring.rotate('ES256')
    const [first, second] = await ring.list()
    expect(second).to.include({ state: 'next', signsAt: time + publication })
    expect(told.at(-1)).to.deep.equal(['keys.rotated', { kid: second?.jwk.kid, alg: 'ES256', former: first?.jwk.kid }])

    time += publication - 1
    await ring.retire()
    expect((await ring.list()).map(each => each.jwk)).to.deep.equal([first?.jwk, second?.jwk])
    time += 1
    expect((await ring.list()).map(each => each.jwk)).to.deep.equal([second?.jwk, first?.jwk])
    expect(states(await ring.list())).to.deep.equal([
      ['current', true],
      ['retired', true],
    ])

    time += minute
    await ring.retire()
    expect(states(await ring.list())).to.deep.equal([
      ['current', true],
      ['retired', false],
    ])
    expect(told.at(-1)).to.deep.equal(['keys.retired', { kid: first?.jwk.kid, alg: 'ES256' }])
    time += signedLife - 1
    expect(await ring.list()).to.have.lengthOf(2)
    time += 1
    expect((await ring.list()).map(each => each.jwk)).to.deep.equal([second?.jwk])
  })

  it('are rotated once, however many processes want to at once', async () => {
    await open(store).first('EdDSA')
    await Promise.all(Array.from({ length: 10 }, () => open(slow(store, 5)).rotate('EdDSA')))
    expect(await open(store).list()).to.have.lengthOf(2)
    await open(store).rotate('EdDSA')
    expect(await open(store).list()).to.have.lengthOf(2)
    expect(told.filter(each => (each as string[])[0] === 'keys.rotated')).to.have.lengthOf(1)
  })

  it('are retired once, however many processes want to at once', async () => {
    await open(store).first('EdDSA')
    await open(store).rotate('EdDSA')
    time += publication + minute
    await Promise.all(Array.from({ length: 10 }, () => open(slow(store, 5)).retire()))
    expect(told.filter(each => (each as string[])[0] === 'keys.retired')).to.have.lengthOf(1)
  })

  it('are replaced all at once when one has leaked: nothing of before is published', async () => {
    const ring = open(store)
    await ring.first('ES256')
    await ring.rotate('ES256')
    const before = await ring.list()
    told.length = 0
    await ring.replace('ES256')
    const [fresh, ...more] = await ring.list()
    expect(more).to.deep.equal([])
    expect(fresh).to.include({ state: 'current', signsAt: time })
    expect(before.map(each => each.jwk.kid)).to.not.include(fresh?.jwk.kid)
    const withdrawn = before.map(each => ['keys.withdrawn', { kid: each.jwk.kid, alg: 'ES256' }])
    expect(told.slice(1)).to.have.deep.members(withdrawn)
    await ring.rotate('ES256')
    expect((await ring.list()).map(each => each.state)).to.deep.equal(['current', 'next'])
  })

  it('sign on behind a clock that is slow, whatever others retired', async () => {
    const ring = open(store)
    await ring.first('ES256')
    await ring.rotate('ES256')
    time += publication + minute
    await ring.retire()
    time -= publication
    expect(states(await ring.list())).to.deep.equal([
      ['current', true],
      ['retired', false],
    ])
  })

  it('are sealed in the store, private or public, and open after the secret was rotated', async () => {
    const { store: seen, written } = watched(store)
    const ring = open(seen)
    await ring.first('ES256')
    await ring.rotate('ES256')
    const made = await ring.list()
    time += publication + minute
    await ring.retire()
    for (const { jwk } of made) expect(written()).to.not.include(jwk.d).and.not.include(jwk.x)
    expect(await open(store, [fresh, old]).list()).to.have.lengthOf(2)
    expect(
      await open(store, [fresh])
        .list()
        .catch(each => each),
    ).to.have.property('name', 'SealError')
  })
})
