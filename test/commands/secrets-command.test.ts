import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { documentContext, documentsDeclaration } from '../../src/account-recovery/identity-documents.ts'
import { accounts, accountsDeclaration } from '../../src/accounts/account.ts'
import { receipts } from '../../src/accounts/approval-receipt.ts'
import { type Credentials, credentials } from '../../src/accounts/credential.ts'
import { keys as apiKeys } from '../../src/api-keys/api-keys.ts'
import { pairwiseSalt } from '../../src/clients/pairwise.ts'
import { clientContext, registrationsDeclaration } from '../../src/clients/registrations.ts'
import { secretsReseal } from '../../src/commands/secrets-command.ts'
import { hasher } from '../../src/crypto/hash.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import { outbox } from '../../src/delivery/outbox.ts'
import { keys } from '../../src/keys/signing-keys.ts'
import type { Store } from '../../src/store/collection.ts'
import { openStore } from '../../src/store/open.ts'
import { latchkeyCli, within } from '../support/cli.ts'
import { type Database, testDatabase } from '../support/store.ts'

const old = 'an old secret of thirty-two characters'
const fresh = 'a fresh secret of thirty-two characters'
const now = Date.now

describe('latchkey secrets reseal', () => {
  let folder: string
  let database: Database
  let url: string
  let store: Store

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-secrets-'))
    database = testDatabase(folder)
    url = database.url
    store = await openStore(url, { now, sweep: false })
  })
  afterEach(async () => {
    await store.close()
    await database.drop()
    rmSync(folder, { recursive: true })
  })

  const environment = (...secrets: string[]) => ({ LATCHKEY_STORE: url, LATCHKEY_SECRETS: secrets.join() })
  const reseal = (...secrets: string[]) => within({ reseal: secretsReseal }, ['reseal'], environment(...secrets))
  const under = (...secrets: string[]) => {
    const ring = keyring(secrets)
    const services = { store, sealer: sealer(ring), emit: async () => {}, now }
    return {
      accounts: accounts(store, services.sealer),
      keys: keys(services),
      receipts: receipts<string>(services),
      salt: () => pairwiseSalt(services),
      credentials: credentials(services),
      apiKeys: apiKeys(services),
      hasher: hasher({ keyring: ring, queue: 1, cost: { memory: 64, passes: 1 } }),
      outbox: outbox({ ...services, channels: { sms: async () => {} }, onEvent: async () => {} }),
    }
  }
  const add = (to: Credentials, account: string, factor: string, secret: unknown) => to.add({ account, factor, secret })

  it('seals anew whatever is sealed, and the older secret opens nothing more', async () => {
    const before = under(old)
    await before.keys.first('ES256')
    const person = { locale: 'en', status: 'active', createdAt: 1, updatedAt: 1 } as const
    const spelled = 'blue heron, grey heron and another one at the old harbour'
    // As phrases were kept before they were sealed.
    await store
      .collection(accountsDeclaration)
      .insert({ ...person, id: 'bob', email: 'bob@example.com', antiPhishingPhrase: 'red' })
    expect((await before.accounts.get('bob'))?.antiPhishingPhrase).to.equal('red')
    const totp = await add(before.credentials, 'ada', 'totp', { seed: 'ada’s' })
    const ada = { ...person, id: 'ada', email: 'ada@example.com', holds: [totp], antiPhishingPhrase: spelled }
    await before.accounts.insert(ada)
    const { key } = await before.apiKeys.add({ account: 'ada', name: 'bot', scopes: ['read'], addresses: [] })
    const rotated = await before.apiKeys.rotate(key)
    await before.receipts.keep({ id: 'r', account: 'ada', client: 'wallet', at: 1, content: 'paid' }, 'bob')
    const salt = await before.salt()
    const piece = { id: 'd.0', case: 'c', expiresAt: now() + 60_000 }
    const scanned = sealer(keyring([old])).seal('scanned', documentContext(piece))
    await store.collection(documentsDeclaration).insert({ ...piece, sealed: scanned })
    const registered = { policy: 'third-party', metadata: {}, registeredAt: 1 }
    const shared = sealer(keyring([old])).seal('shared', clientContext({ id: 'app' }))
    await store.collection(registrationsDeclaration).insert({ ...registered, id: 'app', secret: shared })
    await store.collection(registrationsDeclaration).insert({ ...registered, id: 'phone' })
    const text = { channel: 'sms', to: '+15005550006', text: 'hello', purpose: 'code' } as never
    await before.outbox.post(text)

    const { code, out } = await latchkeyCli(['secrets', 'reseal'], environment(fresh, old))
    expect(code).to.equal(0)
    expect(out).to.include('signing keys: 1, 1 sealed anew\n')
    expect(out).to.include('credentials: 1, 1 sealed anew\n')
    expect(out).to.include('anti-phishing phrases: 2, 2 sealed anew\n')
    expect(out).to.include('API keys: 1, 1 sealed anew\n')
    expect(out).to.include('salts of subjects: 1, 1 sealed anew\n')
    expect(out).to.include('clients that registered: 2, 1 sealed anew\n')
    expect(out).to.include('identity checks: 0, 0 sealed anew\npieces of documents: 1, 1 sealed anew\n')
    expect(out).to.include('receipts: 1, 1 sealed anew\n')
    expect(out).to.include('messages that wait: 1, 1 sealed anew\n')
    expect(out).to.match(/Nothing needs an older secret/)

    const after = under(fresh)
    const phrases = (await store.collection(accountsDeclaration).find({})).map(
      ({ antiPhishingPhrase }) => antiPhishingPhrase,
    )
    for (const each of [spelled, 'red']) expect(phrases).to.not.include(each)
    expect([
      (await after.accounts.get('ada'))?.antiPhishingPhrase,
      (await after.accounts.get('bob'))?.antiPhishingPhrase,
    ]).to.deep.equal([spelled, 'red'])
    expect(await after.keys.list()).to.have.lengthOf(1)
    expect((await after.credentials.of('ada')).map(each => each.secret)).to.deep.equal([{ seed: 'ada’s' }])
    expect((await after.receipts.get('r'))?.content).to.equal('paid')
    expect(await after.salt()).to.equal(salt)
    const { secret = '' } = (await store.collection(registrationsDeclaration).get('app')) ?? {}
    expect(sealer(keyring([fresh])).open(secret, clientContext({ id: 'app' }))).to.equal('shared')
    const kept = await after.apiKeys.get(key.id)
    expect(after.apiKeys.open(kept, 'hmac-sha256', 'current').value).to.equal(rotated.secret)
    expect(after.apiKeys.open(kept, 'hmac-sha256', 'former').value).to.match(/^lks_/)
    expect((await reseal(fresh)).out)
      .to.include('API keys: 1, 0 sealed anew\n')
      .and.include('messages that wait: 1, 0')
  })

  it('leaves public keys and what was revoked as they are', async () => {
    const before = under(old)
    const { key } = await before.apiKeys.add({ account: 'ada', name: 'bot', scopes: ['read'], addresses: [] })
    await before.apiKeys.revoke(key.id)
    await before.apiKeys.add({ account: 'ada', name: 'open', scopes: ['read'], addresses: [] }, 'a public key')
    expect((await reseal(fresh, old)).out).to.include('API keys: 2, 0 sealed anew\n')
  })

  it('counts the passwords that only their owners can move', async () => {
    const before = under(old)
    await add(before.credentials, 'ada', 'password', { hash: await before.hasher.hash('one') })
    await add(before.credentials, 'bob', 'password', { hash: await under(fresh).hasher.hash('two') })
    const { code, out } = await reseal(fresh, old)
    expect(code).to.equal(0)
    expect(out).to.include('credentials: 2, 2 sealed anew\n').and.include('passwords under an older secret: 1;')
    expect(out).not.to.include('Nothing needs')
  })

  it('says what no secret of the list opens, and goes on with the rest', async () => {
    await add(under('a secret that has left the list too early').credentials, 'eve', 'password', { hash: '' })
    await add(under(old).credentials, 'ada', 'totp', {})
    const { code, out } = await reseal(fresh, old)
    expect(code).to.equal(1)
    expect(out).to.include('credentials: 2, 1 sealed anew, 1 sealed under a secret that is not in the list\n')
    expect(out).not.to.include('Nothing needs')
  })

  it('runs beside processes that change the same secrets, and undoes nothing of theirs', async () => {
    const { credentials: serving } = under(fresh, old)
    for (let at = 0; at < 40; at++) await add(under(old).credentials, 'ada', 'totp', { step: 0 })
    const prove = async () => {
      for (const each of await serving.of('ada')) expect(await serving.prove(each, { step: 1 })).to.equal(true)
    }
    const [{ code }] = await Promise.all([reseal(fresh, old), prove(), reseal(fresh, old)])
    expect(code).to.equal(0)
    for (const { rev, secret } of await under(fresh).credentials.of('ada')) expect(secret).to.deep.equal({ step: rev })
  })
})
