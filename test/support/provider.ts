import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import Koa, { type Context } from 'koa'
import { type Quota, quota as quotaOf } from '../../src/accounts/quota.ts'
import { throttle } from '../../src/accounts/throttle.ts'
import type { Acr } from '../../src/acr.ts'
import { parseClients } from '../../src/clients/declared.ts'
import { registrations } from '../../src/clients/registrations.ts'
import { type Clients, registry } from '../../src/clients/registry.ts'
import { storedApps } from '../../src/clients/stored-apps.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import { type EventData, type EventName, events, type Origin } from '../../src/events.ts'
import { type Ring, signingRing } from '../../src/keys/signing-keys.ts'
import { createProvider, type Oidc } from '../../src/oidc/provider.ts'
import type { Store } from '../../src/store/collection.ts'
import { jar } from './jar.ts'
import { type App, relyingParty } from './party.ts'
import { renderers } from './plain-pages.ts'
import { testStore } from './store.ts'

/** One event as it was recorded. */
export interface Told {
  name: EventName
  data: Record<string, unknown>
  origin: Origin
}

/** What the fake sign-in proves of whoever comes. */
export interface Proof {
  accountId: string
  acr: Acr
  amr: string[]
}

/** A provider on loopback with a sign-in that believes everybody, and apps that can be logged out of. */
export interface Running {
  issuer: string
  oidc: Oidc
  keys: Ring
  store: Store
  clients: Clients
  told: Told[]
  faults: unknown[]
  /** Whom the next sign-in proves; one without an app waits for what `entitled` says, and keeps its headers where it fails, as our pages do. */
  proof: Proof & { entitled?: () => Promise<unknown> }
  /** What the interactions that came by were: their details, in order. */
  met: Awaited<ReturnType<Oidc['interactions']['details']>>[]
  /** What an interaction page does instead of finishing with `proof`, or allowing what is asked. */
  meet: ((ctx: Context, oidc: Oidc) => Promise<void>) | undefined
  /** Apps answer logout tokens with this status, or with 503. */
  deaf: boolean | number
  /** Logout tokens that apps received, with the path that they came to. */
  logouts: { path: string; token: string }[]
  /** Moves the provider's clock on by so many milliseconds. */
  pass(milliseconds: number): void
  of<N extends EventName>(name: N): EventData<N>[]
  app(id: string): Promise<App>
  close(): Promise<void>
}

export const secrets = ['a development secret of 32 characters or more']

export const accounts: Record<string, { email: string; phone?: string; status: 'active' | 'closed' }> = {
  ada: { email: 'ada@example.com', phone: '+15005550006', status: 'active' },
  bob: { email: 'bob@example.com', status: 'active' },
  eve: { email: 'eve@example.com', status: 'closed' },
}

const api = (name: string) => `https://api.latchkey.example/${name}`
export const wallet = api('wallet')
export const trading = api('trading')

/** The clients of the tests: the suite's kinds, on this server's own callback paths. */
export function declared(origin: string): unknown {
  const app = (id: string, more: object) => ({
    client_id: id,
    client_name: id,
    first_party: true,
    development: true,
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [`${origin}/${id}/callback`],
    post_logout_redirect_uris: [`${origin}/${id}`],
    backchannel_logout_uri: `${origin}/${id}/backchannel-logout`,
    apis: { [wallet]: ['read', 'transfer'] },
    ...more,
  })
  const secret = (id: string) => `${id}-secret-for-development-only-0000`
  return {
    apis: [
      { resource: wallet, name: 'Wallet', scopes: ['read', 'transfer'] },
      { resource: trading, name: 'Trading', scopes: ['read', 'trade'], access_token_signed_response_alg: 'EdDSA' },
    ],
    clients: [
      app('trading', { client_secret: secret('trading'), apis: { [trading]: ['read', 'trade'], [wallet]: ['read'] } }),
      app('wallet', { token_endpoint_auth_method: 'none', dpop_bound_access_tokens: true }),
      app('card', { client_secret: secret('card'), require_pushed_authorization_requests: true }),
      app('guest', { client_secret: secret('guest'), first_party: false }),
      {
        client_id: 'service',
        client_name: 'Service',
        development: true,
        grant_types: ['client_credentials'],
        client_secret: secret('service'),
        apis: { [trading]: ['read'], [wallet]: ['read', 'transfer'] },
      },
    ],
  }
}

interface Settings {
  store?: Store
  quota?: Quota
  session?: { idle: number; max: number }
  registration?: 'off' | 'token' | 'open'
  production?: boolean
  /** Changes what `declared` declares. */
  declare?(origin: string): unknown
  /** Milliseconds after which its signing keys are replaced; never unless told. */
  age?: number
  /** Milliseconds between two looks at them, once it looks by itself. */
  poll?: number
}

/** Starts a provider of its own on a free port of loopback. */
export async function running({
  store: given,
  quota,
  session = { idle: 3_600_000, max: 86_400_000 },
  registration = 'off',
  production = false,
  declare = declared,
  age = 0,
  poll = 5_000,
}: Settings = {}): Promise<Running> {
  let ahead = 0
  const now = () => Date.now() + ahead
  const store = given ?? (await testStore(now))
  const server: Server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const ring = keyring(secrets)
  const told: Told[] = []
  const emit = async (name: EventName, data: unknown, origin: Origin = {}) => {
    told.push({ name, data: events[name].data.parse(data), origin })
  }
  const clients = registry(parseClients(declare(issuer), { local: true, production: false }), {
    registrations: registrations(store),
    stored: storedApps(store),
    hosts: 'off',
  })
  const faults: unknown[] = []
  const keys = await signingRing({
    ...{ store, sealer: sealer(ring), emit, now, age, poll, hints: session.max },
    onFault: fault => void faults.push(fault),
  })
  const oidc = await createProvider({
    ...{ issuer, session, store, keys, clients, registration },
    standing: { local: true, production },
    documents: 'off',
    ...{ throttle: throttle({ store, now }), quota: quota ?? quotaOf({ store, now }) },
    keyring: ring,
    accounts: {
      get: async id => {
        const found = accounts[id]
        return found && { id, locale: 'en', createdAt: 0, updatedAt: 1_000, ...found }
      },
      byEmail: async () => undefined,
    },
    requests: { pushed: false, nonces: false, refreshing: 90 * 86_400_000 },
    salt: 'a salt of pairwise subjects',
    ...{ sendMail: nothing, postPing: nothing },
    verifySigned: async () => ({ active: false, code: 40001, reason: 'BAD_REQUEST' }),
    bars: async () => [],
    ...{ redeem: async () => undefined, waits: async () => false },
    locales: ['en', 'de'],
    emit,
    postLogout: logout =>
      oidc.tellApp(logout).then(
        () => {},
        () => {},
      ),
    onFault: fault => void faults.push(fault),
    renderers,
    now,
    servedSince: at => now() - at,
  })
  const self: Running = {
    issuer,
    oidc,
    keys,
    store,
    clients,
    told,
    faults,
    proof: { accountId: 'ada', acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] },
    met: [],
    meet: undefined,
    logouts: [],
    deaf: false,
    pass: milliseconds => {
      ahead += milliseconds
    },
    of: name => JSON.parse(JSON.stringify(told.filter(each => each.name === name).map(each => each.data))),
    app: id => relyingParty(issuer, id),
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
      if (!given) await store.close()
    },
  }
  const koa = new Koa()
  koa.keys = oidc.provider.keys
  koa.on('error', fault => void faults.push(fault))
  koa.use(oidc.discovery.middleware).use(oidc.associations)
  koa.use(oidc.endpoints)
  koa.use(ctx => answer(ctx, self))
  const listener = koa.callback()
  server.on('request', (req, res) => oidc.discovery.fromMemory(req, res) || void listener(req, res))
  return self
}

const nothing = async () => {}

async function answer(ctx: Context, self: Running): Promise<void> {
  const { interactions, sessions } = self.oidc
  if (ctx.path.startsWith('/interaction/')) {
    const details = await interactions.details(ctx)
    self.met.push(details)
    if (self.meet) return self.meet(ctx, self.oidc)
    return details.prompt === 'consent' ? interactions.consent(ctx) : interactions.finish(ctx, self.proof)
  }
  if (ctx.path.endsWith('/backchannel-logout')) {
    const token = new URLSearchParams(await text(ctx.req)).get('logout_token') ?? ''
    self.logouts.push({ path: ctx.path, token })
    ctx.status = self.deaf === true ? 503 : self.deaf || 200
    if (self.deaf === 302) ctx.set('Location', '/elsewhere')
    return
  }
  if (ctx.path === '/mine') ctx.body = (await sessions.current(ctx)) ?? {}
  else if (ctx.path === '/start')
    await sessions.start(ctx, self.proof, self.proof.entitled?.()).catch(fault => self.faults.push(fault))
  else if (ctx.path === '/end') await sessions.end(ctx, 'signed-out')
  else ctx.body = 'app'
  ctx.status = 200
}

/** A browser that knows nothing yet. */
export const browser = jar
