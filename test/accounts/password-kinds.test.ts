import { expect } from 'chai'
import { credentials, credentialsDeclaration } from '../../src/accounts/credential.ts'
import { drawn, passwordKinds } from '../../src/accounts/password-kinds.ts'
import { kindOf } from '../../src/crypto/foreign-hash.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer as sealerOf } from '../../src/crypto/seal.ts'
import type { Store } from '../../src/store/collection.ts'
import { failing } from '../support/failing.ts'
import { bcrypt } from '../support/people-store.ts'
import { testStore } from '../support/store.ts'

const ring = keyring(['the secret of these tests has 32 or more'])
const key = ring.newest('decoys').bytes
const sealer = sealerOf(ring)
const own = `aaaaaaaa$argon2id$v=19$m=8,t=1,p=1$${'c'.repeat(22)}$${'d'.repeat(43)}`
const pbkdf2 = `$pbkdf2-sha256$i=27500$${'b'.repeat(22)}$${'e'.repeat(43)}`
const current = kindOf(own)
const day = 24 * 3_600_000
const addresses = Array.from({ length: 2_000 }, (_, at) => `nobody-${at}@example.com`)

describe('the kind of hash in whose time an unknown address is answered', () => {
  const of = (shares: Record<string, number>) => Object.entries(shares).map(([kind, held]) => ({ kind, held }))
  const draw = (shares: Record<string, number>) => addresses.map(each => drawn(each, of(shares), key))

  it('is as frequent among unknown addresses as among people, and the same for an address each time', () => {
    const kinds = draw({ ours: 600, bcrypt: 300, pbkdf2: 99, rare: 1 })
    for (const [kind, share] of Object.entries({ ours: 0.6, bcrypt: 0.3, pbkdf2: 0.099, rare: 0.001 })) {
      const found = kinds.filter(each => each === kind).length
      const spread = Math.sqrt(addresses.length * share * (1 - share))
      expect(found, kind).to.be.within(addresses.length * share - 3 * spread, addresses.length * share + 3 * spread)
    }
    expect(draw({ rare: 1, pbkdf2: 99, bcrypt: 300, ours: 600 })).to.deep.equal(kinds)
    const other = keyring(['another secret of these tests, of 32 or more']).newest('decoys').bytes
    expect(addresses.some((each, at) => drawn(each, of({ ours: 600, bcrypt: 300 }), other) !== kinds[at])).to.equal(
      true,
    )
  })

  it('never changes to one that grew rarer, and stays where it was ours', () => {
    const [before, after] = [
      draw({ ours: 600, bcrypt: 300, pbkdf2: 100 }),
      draw({ ours: 800, bcrypt: 100, pbkdf2: 100 }),
    ]
    const moved = addresses.flatMap((_, at) => (before[at] === after[at] ? [] : `${before[at]} to ${after[at]}`))
    expect([...new Set(moved)].sort()).to.deep.equal(['bcrypt to ours', 'bcrypt to pbkdf2', 'pbkdf2 to ours'])
    expect(draw({})).to.deep.equal(addresses.map(() => undefined))
  })
})

describe('how many passwords of each kind there are', () => {
  let store: Store
  let at: number
  const now = () => at
  const process = () => passwordKinds({ store, sealer, now })
  type Process = ReturnType<typeof process>
  beforeEach(async () => {
    at = Date.UTC(2026, 0, 1)
    store = await testStore(now)
  })
  afterEach(() => store.close())

  const hold = (hash: string, factor = 'password') =>
    credentials({ store, sealer, now }).add({ account: 'ada', factor, secret: { hash } } as never)
  const signedIn = async (credential: string) => {
    const secret = sealer.seal(JSON.stringify({ hash: own }), `credential:${credential}`)
    await store.collection(credentialsDeclaration).patch(credential, { secret })
  }
  /** The share of a kind among unknown addresses. */
  const share = async (by: Process, kind = kindOf(bcrypt)) => {
    const some = addresses.slice(0, 400)
    let found = 0
    for (const each of some) if ((await by.likeness(each, key)) === kind) found++
    return found / some.length
  }

  it('is unknown before the first import, counted then, and foreseen before people come', async () => {
    const serving = process()
    await hold(own)
    expect(await serving.likeness('nobody@example.com', key)).to.equal(undefined)
    const importing = process()
    await importing.begin()
    await importing.foresee([bcrypt, bcrypt, bcrypt])
    at += 30_000
    expect(await share(serving)).to.be.within(0.65, 0.85)
    // Every process draws alike.
    const other = process()
    for (const each of addresses.slice(0, 50))
      expect(await other.likeness(each, key)).to.equal(await serving.likeness(each, key))
  })

  it('is counted anew once a day, once an import is through, and no more when only hashes of ours are left', async () => {
    const [one, other] = [process(), process()]
    await one.begin()
    const held = await Promise.all([hold(bcrypt), hold(bcrypt), hold(own), hold(own), hold('no password', 'totp')])
    await one.foresee([bcrypt, bcrypt, bcrypt, bcrypt])
    await one.recount(current)
    expect(await share(process())).to.equal(1)
    await one.end()
    await Promise.all([one.recount(current), other.recount(current)])
    expect(await share(process())).to.be.within(0.4, 0.6)
    await signedIn(held[0])
    await one.recount(current)
    expect(await share(process())).to.be.within(0.4, 0.6)
    at += day
    await other.recount(current)
    expect(await share(process())).to.be.within(0.15, 0.35)
    await signedIn(held[1])
    at += day
    await one.recount(current)
    expect([await share(process()), await share(process(), current)]).to.deep.equal([0, 1])
    // Nothing is counted from then on, until somebody is imported.
    await hold(pbkdf2)
    at += day
    await one.recount(current)
    expect(await share(process(), kindOf(pbkdf2))).to.equal(0)
    await one.begin()
    expect(await share(process(), kindOf(pbkdf2))).to.be.above(0)
  })

  it('keeps what an import adds during a count, passes over what cannot be opened, and stops when told', async () => {
    const one = process()
    await hold(own)
    const lost = await hold(bcrypt)
    await one.begin()
    await store.collection(credentialsDeclaration).patch(lost, { secret: 'sealed under another secret' })
    at += day
    const counting = one.recount(current)
    await Promise.all([counting, process().foresee([pbkdf2, pbkdf2, pbkdf2])])
    expect(await share(process(), kindOf(pbkdf2))).to.be.above(0)
    at += day
    await one.recount(current)
    expect(await share(process())).to.equal(0)
  })

  it('stays as it was read while the store is away, and is read once for all who ask at the same time', async () => {
    const broken = failing(store)
    const serving = passwordKinds({ store: broken.store, sealer, now })
    broken.failAt(0, { after: false, dead: true })
    expect(await serving.likeness('nobody@example.com', key)).to.equal(undefined)
    broken.heal()
    await hold(bcrypt)
    await process().begin()
    expect(await Promise.all([share(serving), share(serving)])).to.deep.equal([1, 1])
    expect(broken.calls()).to.equal(1)
    at += 30_000
    broken.failAt(0, { after: false, dead: true })
    expect(await share(serving)).to.equal(1)
    broken.heal()
    await process().foresee(Array(9).fill(own))
    expect(await share(serving)).to.be.within(0.03, 0.2)
  })

  it('holds nothing of anybody’s hash', async () => {
    const one = process()
    await hold(bcrypt)
    await one.begin()
    await one.foresee([pbkdf2, own])
    const kept = JSON.stringify(await Promise.all(addresses.slice(0, 20).map(each => one.likeness(each, key))))
    for (const each of [bcrypt.slice(7), 'bbbb', 'cccc', 'dddd', 'eeee']) expect(kept).to.not.include(each)
  })
})
