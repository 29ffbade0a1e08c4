import { expect } from 'chai'
import { z } from 'zod'
import { accounts as accountsOf, keyEnded, phraseContext } from '../../src/accounts/account.ts'
import {
  type Credentials,
  credentialsDeclaration,
  credentials as credentialsOf,
} from '../../src/accounts/credential.ts'
import { devices as devicesOf } from '../../src/accounts/device.ts'
import { links as linksOf } from '../../src/accounts/link.ts'
import { keys as apiKeys } from '../../src/api-keys/api-keys.ts'
import { invitations as invitationsOf } from '../../src/clients/invitations.ts'
import { sha256 } from '../../src/crypto/digest.ts'
import { flows as flowsOf } from '../../src/flows/flow-store.ts'
import { type Collection, type Doc, declare, type Store } from '../../src/store/collection.ts'
import { migrations } from '../../src/store/migrations.ts'
import { testSealer } from '../support/commits.ts'
import { testStore } from '../support/store.ts'

const day = 24 * 3_600_000
const [listCredentials, renameFields, dateInvitations] = migrations.map(({ up }) => up)

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
    await listCredentials?.(store)
    await listCredentials?.(store)
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

describe('accounts of a Latchkey that called the security stamp a guard', () => {
  const at = Date.UTC(2026, 0, 10)
  const now = () => at
  let store: Store
  beforeEach(async () => {
    store = await testStore(now)
  })
  afterEach(() => store.close())

  const raw = (name: string) => {
    const unique = name === 'accounts' ? { unique: ['email'], indexes: ['closesAt'] } : {}
    return store.collection(
      declare<Doc & Record<string, unknown>>({ name, shape: z.looseObject({ id: z.string() }), ...unique }),
    )
  }
  const upgrade = async (on = store) => {
    await renameFields?.(on)
    await renameFields?.(on)
  }
  const ada = { id: 'ada', email: 'ada@example.com', locale: 'en', status: 'active', createdAt: 0, updatedAt: 0 }
  const sealed = testSealer.seal('blue heron', phraseContext(ada))
  const change = { id: 'c', at, came: [], went: [], replaced: ['travel', 'texts', 'phrase'], was: { phrase: sealed } }

  it('keep their stamp, their words and their alerts, and what a change can bring back', async () => {
    await raw('accounts').insert({ ...ada, guard: 3, stampedIn: 's', phrase: sealed, texts: true, changes: [change] })
    await raw('accounts').insert({
      ...ada,
      id: 'bob',
      email: 'bob@example.com',
      changes: [{ ...change, replaced: [], was: {} }],
    })
    await upgrade()
    const people = accountsOf(store, testSealer)
    expect(await people.get('ada')).to.deep.equal({
      ...{ ...ada, securityStamp: 3, stampedIn: 's', antiPhishingPhrase: 'blue heron', smsAlerts: true },
      changes: [
        {
          ...change,
          replaced: ['travel', 'smsAlerts', 'antiPhishingPhrase'],
          was: { antiPhishingPhrase: 'blue heron' },
        },
      ],
    })
    expect(await people.get('bob')).to.deep.include({ id: 'bob', changes: [{ ...change, replaced: [], was: {} }] })
    expect(await people.get('bob')).to.not.have.any.keys('guard', 'securityStamp')
    expect(await people.raiseStamp('ada', 3)).to.include({ securityStamp: 4 })
  })

  it('go on with what they began, were mailed, trust and sign with under that stamp, and with nothing older', async () => {
    await raw('accounts').insert({ ...ada, guard: 3, keysFrom: 3 })
    for (const [stamp, end] of [
      [3, 'new'],
      [2, 'old'],
      [undefined, 'first'],
    ] as const) {
      const guard = stamp === undefined ? {} : { guard: stamp }
      await raw('attempts').insert({ id: `flow-${end}`, device: 'd', ...guard, expiresAt: at + day })
      await raw('links').insert({ id: sha256(end), purpose: 'reset', account: 'ada', ...guard, expiresAt: at + day })
      await raw('devices').insert({ id: `ada.${end}`, account: 'ada', device: end, trustedUntil: at + day, ...guard })
      await raw('api_keys').insert({ id: `key-${end}`, account: 'ada', ...guard })
      const payload = { kind: 'Interaction', result: { login: { accountId: 'ada', ...guard }, consent: {} } }
      await raw('interactions').insert({ id: end, payload, expiresAt: at + day })
    }
    await raw('interactions').insert({ id: 'waits', payload: { kind: 'Interaction' } })
    await upgrade()

    const owner = await accountsOf(store).get('ada')
    if (!owner) throw new Error('gone')
    const [links, devices] = [linksOf({ store, now }), devicesOf({ store, trustFor: day, now })]
    const quota = { spend: async () => {} }
    for (const [stamp, end] of [
      [3, 'new'],
      [2, 'old'],
      [undefined, 'first'],
    ] as const) {
      expect((await flowsOf({ store, quota, now }).get(`flow-${end}`, 'd')).securityStamp).to.equal(stamp)
      expect((await links.look(end, 'reset'))?.securityStamp).to.equal(stamp)
      expect(await devices.trusted(end, owner), end).to.equal(stamp === 3)
      const key = await apiKeys({ store, sealer: testSealer, now }).get(`key-${end}`)
      expect(key && keyEnded(owner, key), end).to.equal(stamp !== 3)
      const kept = await raw('interactions').get(end)
      const login = { accountId: 'ada', ...(stamp !== undefined && { securityStamp: stamp }) }
      expect(kept?.payload).to.deep.equal({ kind: 'Interaction', result: { login, consent: {} } })
    }
    expect(await raw('interactions').get('waits')).to.deep.equal({ id: 'waits', payload: { kind: 'Interaction' } })
  })

  it('lose nothing that another process changes meanwhile', async () => {
    await raw('accounts').insert({ ...ada, guard: 3 })
    let raced = false
    const racing: Store = {
      ...store,
      collection: declaration => {
        const inner = store.collection(declaration)
        return {
          ...inner,
          patch: async (...given) => {
            if (!raced && declaration.name === 'accounts') await raw('accounts').patch('ada', { guard: 4 })
            raced = true
            return inner.patch(...given)
          },
        }
      },
    }
    await upgrade(racing)
    expect(raced).to.equal(true)
    expect(await raw('accounts').get('ada')).to.deep.equal({ ...ada, securityStamp: 4 })
  })
})

describe('invitations of a Latchkey that kept each for as long as it was valid', () => {
  it('say until when they are valid, and still register as many apps', async () => {
    const now = () => Date.UTC(2026, 0, 10)
    const store = await testStore(now)
    try {
      const shape = z.looseObject({ id: z.string() })
      const old = store.collection(declare<Doc & Record<string, unknown>>({ name: 'invitations', shape }))
      const made = { id: sha256('of old', 'hex'), policy: 'partner', uses: 2, expiresAt: now() + day }
      await old.insert(made)
      for (let twice = 0; twice < 2; twice++) await dateInvitations?.(store)
      const { find, stateOf, spend } = invitationsOf({ store, now })
      const found = (await find('of old')) ?? expect.fail('it is gone')
      expect(found).to.include({ ...made, until: made.expiresAt })
      expect(stateOf(found)).to.equal('open')
      expect([await spend(made.id), await spend(made.id), await spend(made.id)]).to.deep.equal([true, true, false])
    } finally {
      await store.close()
    }
  })
})
