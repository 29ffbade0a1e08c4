import { expect } from 'chai'
import { quota } from '../../src/accounts/quota.ts'
import { throttle } from '../../src/accounts/throttle.ts'
import { parseClients } from '../../src/clients/declared.ts'
import { registrations } from '../../src/clients/registrations.ts'
import { registry } from '../../src/clients/registry.ts'
import { storedApps } from '../../src/clients/stored-apps.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import type { Emit } from '../../src/events.ts'
import { signingRing } from '../../src/keys/signing-keys.ts'
import { configuration, sessionLife } from '../../src/oidc/configuration.ts'
import { records } from '../../src/records/adapter.ts'
import { consents, mutes } from '../../src/records/consents.ts'
import type { Store } from '../../src/store/collection.ts'
import { testStore } from '../support/store.ts'

const now = () => 1_000_000_000
const nothing = async () => {}

describe('the configuration of oidc-provider', () => {
  let store: Store
  before(async () => {
    store = await testStore()
  })
  after(() => store.close())

  const told = async (issuer: string, local: boolean) => {
    const ring = keyring(['a secret of thirty-two characters or more'])
    const kept = records(store, sealer(ring), now)
    return configuration(
      {
        ...{ issuer, store, quota: quota({ store, now }), servedSince: at => now() - at },
        standing: { local, production: false },
        registration: 'off',
        documents: 'off',
        throttle: throttle({ store, now }),
        session: { idle: 60_000, max: 600_000 },
        keyring: ring,
        keys: await signingRing({
          ...{ store, sealer: sealer(ring), emit: nothing as Emit, now },
          ...{ age: 0, onFault: nothing },
        }),
        clients: registry(parseClients({ apis: [], clients: [] }, { local, production: false }), {
          registrations: registrations(store),
          stored: storedApps(store),
          hosts: 'off',
        }),
        bars: async () => [],
        redeem: async () => undefined,
        waits: async () => false,
        accounts: { get: async () => undefined, byEmail: async () => undefined },
        ...{ sendMail: nothing, postLogout: nothing, postPing: nothing },
        verifySigned: async () => ({ active: false, code: 40001, reason: 'BAD_REQUEST' }),
        emit: nothing as Emit,
        onFault: () => {},
        locales: ['en'],
        requests: { pushed: false, nonces: false, refreshing: 1 },
        salt: 'a salt',
        renderers: { error: nothing, logout: nothing, loggedOut: nothing, formPost: nothing, leaving: nothing },
        now,
      },
      {
        records: kept,
        consents: consents(store, kept, now),
        adapters: {},
        mutes: mutes(store, now),
        guard: (_, adapter) => adapter,
      },
    )
  }

  it('names cookies on https so that only this host can set them', async () => {
    expect((await told('https://id.example', false)).cookies?.names).to.deep.equal({
      session: '__Host-latchkey_session',
      interaction: '__Secure-latchkey_interaction',
      resume: '__Secure-latchkey_resume',
    })
    expect((await told('http://localhost:3000', true)).cookies?.names?.session).to.equal('latchkey_session')
  })

  it('sends its own requests to internal addresses only on a developer’s machine', async () => {
    // Nobody listens there: it is refused, or it is not allowed.
    const why = async (local: boolean) =>
      (await told('http://localhost:3000', local))
        .fetch?.('http://127.0.0.1:1/')
        .catch(fault => fault.code ?? fault.name)
    expect(await why(true)).to.equal('ECONNREFUSED')
    expect(await why(false)).to.equal('Unreachable')
  })

  it('holds no private key, accepts no RS256 in proofs of a key, and accepts shared secrets only for client authentication', async () => {
    const { jwks, enabledJWA } = await told('https://id.example', false)
    expect(JSON.stringify(jwks)).to.not.include('"d"')
    const { clientAuthSigningAlgValues, ...others } = enabledJWA ?? {}
    expect(clientAuthSigningAlgValues).to.include('HS256')
    expect(JSON.stringify(others)).to.not.match(/"HS\d|none/)
    expect(JSON.stringify(others.dPoPSigningAlgValues)).to.not.match(/"RS\d/)
  })

  it('ends a session when it is idle or at its maximum age, whichever comes first', () => {
    const session = { idle: 60_000, max: 600_000 }
    const seconds = now() / 1_000
    expect(sessionLife(seconds, { session, now })).to.equal(60)
    expect(sessionLife(seconds - 580, { session, now })).to.equal(20)
    expect(sessionLife(seconds - 700, { session, now })).to.equal(1)
    expect(sessionLife(undefined, { session, now })).to.equal(3_600)
  })
})
