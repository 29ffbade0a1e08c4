import { generateKeyPairSync } from 'node:crypto'
import { accounts as accountsOf } from '../../src/accounts/account.ts'
import { holding } from '../../src/accounts/hold.ts'
import { throttle } from '../../src/accounts/throttle.ts'
import { type ApiKey, type Keys, keys as keysOf, type Scope } from '../../src/api-keys/api-keys.ts'
import { exchange, type Method } from '../../src/api-keys/exchange-scheme.ts'
import { type Owner, owner as ownerOf } from '../../src/api-keys/owner.ts'
import { query } from '../../src/api-keys/query.ts'
import { rfc9421 } from '../../src/api-keys/rfc9421.ts'
import type { Material, Scheme } from '../../src/api-keys/scheme.ts'
import { type Verification, verification as verificationOf } from '../../src/api-keys/verification.ts'
import { failures, nonces } from '../../src/api-keys/verification-records.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer as sealerOf } from '../../src/crypto/seal.ts'
import { type Emit, type EventName, events, type Origin } from '../../src/events.ts'
import type { Store } from '../../src/store/collection.ts'
import { mailbox, type SentMail } from './mails.ts'
import type { Held } from './signing.ts'
import { testStore } from './store.ts'

/** A mail that the owner of a key would get. */
/** The room of API keys by itself: a store, an owner, a clock that stands still, and what it told. */
export interface Room {
  store: Store
  keys: Keys
  owner: Owner
  verification: Verification
  account: { id: string; email: string; locale: string }
  clock: { now(): number; pass(ms: number): void }
  told: { name: EventName; data: Record<string, unknown>; origin: Origin }[]
  mailed: SentMail[]
  /** How often a signature was held against a key. */
  tries: number
  /** A key of the owner's, and what its owner holds. */
  make(more?: {
    scopes?: Scope[]
    addresses?: string[]
    endsAt?: number
    pair?: boolean
  }): Promise<Held & { key: ApiKey }>
  close(): Promise<void>
}

/** The methods that the room's exchange scheme takes. */
export const methods = new Map<string, Method>([
  ['private/get-order-detail', { scope: 'read', params: { order_id: 'text' } }],
  ['private/create-order', { scope: 'trade', params: { price: 'text', quantity: 'text', note: 'text?' } }],
  ['private/create-orders', { scope: 'trade', params: { orders: [{ price: 'text', quantity: 'text' }] } }],
])

/** An Ed25519 key pair in PEM. */
export function pair(): { privateKey: string; publicKey: string } {
  const made = generateKeyPairSync('ed25519')
  return {
    privateKey: String(made.privateKey.export({ format: 'pem', type: 'pkcs8' })),
    publicKey: made.publicKey.export({ format: 'jwk' }).x ?? '',
  }
}

/** The public key that a signature is held against, as base64url. */
export function publicIn({ value }: Material): string | undefined {
  return typeof value === 'string' ? value : value.export({ format: 'jwk' }).x
}

/** Opens a room on a fresh store, or on `through` of it. */
export async function apiKeyRoom(through: (store: Store) => Store = store => store): Promise<Room> {
  let at = Date.UTC(2026, 2, 3, 9, 41)
  const now = () => at
  const fresh = await testStore(now)
  const store = through(fresh)
  const told: Room['told'] = []
  const { sent: mailed, sendMail } = mailbox()
  const emit = async (name: EventName, data: unknown, origin: Origin = {}) => {
    told.push({ name, data: events[name].data.parse(data) as Record<string, unknown>, origin })
  }
  const accounts = accountsOf(store)
  const account = { id: 'ada', email: 'ada@example.com', locale: 'en' }
  await accountsOf(fresh).insert({ ...account, status: 'active', createdAt: at, updatedAt: at })
  const sealer = sealerOf(keyring(['a secret of the tests, 32 or longer']))
  const keys = keysOf({ store, sealer, now })
  const hold = holding({ accounts, emit: emit as Emit, hold: 24 * 3_600_000, now })
  const words = {
    whence: (locale: string, { address = '' }) => ({ device: `device in ${locale}`, place: `near ${address}` }),
    moment: (_: string, at: number, zone = 'UTC') => `${new Date(at).toISOString()} ${zone}`,
  }
  const owner = ownerOf({ keys, accounts, throttle: throttle({ store, now }), hold, sendMail, words, emit, now })
  const counted = (scheme: Scheme): Scheme => ({
    ...scheme,
    verify: (claim, material) => {
      room.tries += 1
      return scheme.verify(claim, material)
    },
  })
  const schemes = { rfc9421: counted(rfc9421), exchange: counted(exchange(methods)), query: counted(query) }
  const verification = verificationOf({
    schemes,
    keys,
    accounts,
    nonces: nonces({ store }),
    failures: failures({ store, now }),
    warn: owner.warn,
    emit,
    now,
  })
  const room: Room = {
    store: fresh,
    keys,
    owner,
    verification,
    account,
    clock: {
      now,
      pass: ms => {
        at += ms
      },
    },
    told,
    mailed,
    tries: 0,
    make: async ({ scopes, addresses = [], endsAt, pair: own = false } = {}) => {
      const { privateKey, publicKey } = pair()
      const may: Scope[] = scopes ?? ['read', 'trade']
      const wanted = { account: account.id, name: 'Bot', scopes: may, addresses, endsAt }
      const { key, secret } = await keys.add(wanted, own ? publicKey : undefined)
      return { key, id: key.id, secret: secret ?? privateKey }
    },
    close: () => fresh.close(),
  }
  return room
}
