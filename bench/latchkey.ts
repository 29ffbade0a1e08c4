import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as oidc from 'openid-client'
import { generateSecret } from 'otplib'
import { accounts } from '../src/accounts/account.ts'
import { credentials, type NewCredential } from '../src/accounts/credential.ts'
import { passwordKinds } from '../src/accounts/password-kinds.ts'
import { sessionBook } from '../src/accounts/session.ts'
import { keys } from '../src/api-keys/api-keys.ts'
import type { OwnKey } from '../src/api-keys/rfc9421.ts'
import { type Hasher, hasher } from '../src/crypto/hash.ts'
import { keyring } from '../src/crypto/keyring.ts'
import { id } from '../src/crypto/random.ts'
import { sealer } from '../src/crypto/seal.ts'
import { passkey } from '../src/factors/passkey.ts'
import { openStore } from '../src/store/open.ts'
import { type Authenticator, authenticator } from '../test/support/authenticator.ts'
import { totpAt } from '../test/support/codes.ts'
import { type Jar, jar, type Page } from '../test/support/jar.ts'
import { dropMongo, dropPostgres } from '../test/support/store.ts'
import { type Child, freePort, serve, start } from './child.ts'
import { api, app, machine } from './clients.ts'
import { keysOf } from './signed.ts'

/** What seals and peppers in a measurement, so that commands can open its store. */
export const measuredSecrets = 'what seals and peppers in a measurement and nowhere else'
/** How many people sign in side by side. */
export const peopleAtOnce = 4
/** Everybody's. */
export const password = 'plover-gantry-sextant-71'

interface Person {
  email: string
  /** Of the authenticator, base32. */
  totp: string
}

/** A Latchkey of its own: a fresh store, the settings that production has, and people who can sign in. */
export interface Measured extends Child {
  hasher: Hasher
  /** A hash of `password`. */
  hash: string
  /** Milliseconds from the start of the process to its first token. */
  firstToken: number
  /** The file of the embedded store. */
  file: string
  /** The URL of the store. */
  store: string
  /** Ends the process, and leaves the store. */
  stopServing(): Promise<void>
  /** Starts again on the same store and port, once it was stopped or killed; resolves once it is ready. */
  restart(): Promise<void>
  /** Signs the next person in, by password and authenticator, from an address of theirs if it is told; everybody signs in once, because a code counts once. Resolves to their browser. */
  signIn(address?: string): Promise<Jar>
  /** Signs one of those in who have a passkey: each worker has one of its own, and may do so again and again. Resolves to their browser. */
  passkeySignIn(worker: number): Promise<Jar>
  /** Signs the next person in for the app; resolves to its refresh token. */
  refreshToken(): Promise<string>
  /** Somebody's API keys: one with a secret, one with a key pair. */
  keys: { hmac: OwnKey; ed25519: OwnKey }
}

interface Wanted {
  people: number
  /** People who have a passkey; as many as sign in side by side, unless told. */
  holders?: number
  /** People who are only there, each with five sessions. */
  others?: number
  /** A hash of another product, which every other of the people has, as an import would have left them. */
  imported?: string
  /** The URL of a fresh database on a server, dropped at the end; without it the store is embedded, on disk. */
  database?: string | undefined
  /** Asks the Latchkey at a URL for its first token. */
  firstToken?(url: string): Promise<void>
  /** More apps than those that are measured, and more of the environment. */
  apps?: readonly object[] | ((issuer: string) => readonly object[])
  environment?: Readonly<Record<string, string>>
}

/** Starts Latchkey with so many people. */
export async function latchkey(wanted: Wanted): Promise<Measured> {
  const { database, firstToken, apps = [], environment } = wanted
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  const file = join(folder, 'latchkey.db')
  const store = database ?? `sqlite:${file}`
  const clients = join(folder, 'clients.json')
  const ring = keyring([measuredSecrets])
  const hashing = hasher({ keyring: ring, queue: 64 })
  const hash = await hashing.hash(password)
  const port = await freePort()
  const issuer = `http://localhost:${port}`
  writeFileSync(clients, JSON.stringify(declared(typeof apps === 'function' ? apps(issuer) : apps)))
  const { crowd, keys, holders } = await settle(store, { ...wanted, hash, issuer })
  const begun = performance.now()
  const env = {
    LATCHKEY_ISSUER: issuer,
    LATCHKEY_STORE: store,
    LATCHKEY_CLIENTS: clients,
    LATCHKEY_SECRETS: measuredSecrets,
    LATCHKEY_TRUST_PROXY: '127.0.0.1,::1',
    ...environment,
  }
  const serving = () => start(serve, { port, ready: '/health/ready', env })
  let child = await serving()
  await firstToken?.(issuer)
  const took = performance.now() - begun
  const next = () => {
    const person = crowd.pop()
    if (!person) throw new Error('everybody has signed in')
    return person
  }
  return {
    url: issuer,
    ask: message => child.ask(message),
    cost: () => child.cost(),
    pid: child.pid,
    signal: name => child.signal(name),
    kill: () => child.kill(),
    hasher: hashing,
    hash,
    firstToken: took,
    file,
    store,
    stopServing: () => child.stop(),
    restart: async () => {
      child = await serving()
    },
    signIn: async address => {
      const browser = jar(address === undefined ? {} : { 'x-forwarded-for': address })
      arrived(await prove(await browser.get(`${issuer}/sign-in`), next()))
      return browser
    },
    passkeySignIn: async worker => {
      const browser = jar()
      const start = await browser.get(`${issuer}/sign-in`)
      const options = JSON.parse(start.find('[data-passkey]')?.attributes['data-options'] ?? '{}')
      const proof = await (holders[worker] as Authenticator).get(options, issuer)
      arrived(await browser.post(`${start.url}/passkey`, { response: JSON.stringify(proof) }))
      return browser
    },
    refreshToken: async () => refreshToken(issuer, next()),
    keys,
    stop: async () => {
      await child.stop()
      if (database !== undefined) await (database.startsWith('postgres') ? dropPostgres : dropMongo)(database)
      rmSync(folder, { recursive: true })
    },
  }
}

function declared(apps: readonly object[]): object {
  const apis = { [api.resource]: api.scopes }
  const { redirect_uris: _, response_types: __, ...service } = machine
  return {
    apis: [api],
    clients: [{ ...app, scope: 'openid offline_access', first_party: true, apis }, { ...service, apis }, ...apps],
  }
}

/** Puts people into the store, as sign-up would have left them. */
async function settle(
  url: string,
  wanted: Wanted & { hash: string; issuer: string },
): Promise<{ crowd: Person[]; keys: Measured['keys']; holders: Authenticator[] }> {
  const { people, holders: holding = peopleAtOnce, others = 0, imported, hash, issuer } = wanted
  // Sweeping, as the measured process does: MongoDB refuses an index that differs from the one of the same name.
  const store = await openStore(url, { now: Date.now })
  const known = accounts(store)
  const held = credentials({ store, sealer: sealer(keyring([measuredSecrets])), now: Date.now })
  const crowd = Array.from({ length: people }, (_, at) => ({
    email: `person-${at}@example.com`,
    totp: generateSecret({ length: 20 }),
  }))
  const at = Date.now()
  const begin = async (email: string, factors: Omit<NewCredential, 'account'>[], account = id()): Promise<string> => {
    const holds: string[] = []
    for (const each of factors) holds.push(await held.add({ account, ...each }))
    await known.insert({ id: account, email, locale: 'en', status: 'active', holds, createdAt: at, updatedAt: at })
    return account
  }
  const holders: Authenticator[] = []
  for (let worker = 0; worker < holding; worker++) {
    const account = id()
    const { device, ...enrolled } = await newPasskey(account, issuer)
    holders.push(device)
    await begin(`holder-${worker}@example.com`, [{ factor: 'passkey', ...enrolled }], account)
  }
  for (const [which, { email, totp }] of crowd.entries()) {
    await begin(email, [
      { factor: 'password', secret: { hash: which % 2 === 1 && imported ? imported : hash } },
      { factor: 'totp', secret: { secret: totp, step: 0 } },
    ])
  }
  if (imported) await passwordKinds({ store, sealer: sealer(keyring([measuredSecrets])), now: Date.now }).begin()
  const book = sessionBook({ store, longest: 30 * 24 * 3_600_000, now: Date.now })
  const other = async (which: number): Promise<void> => {
    const account = await begin(`other-${which}@example.com`, [{ factor: 'password', secret: { hash } }])
    const place = { address: '192.0.2.1', country: undefined, agent: {} }
    const session = { account, device: id(), ...place, acr: 'mfa', amr: ['pwd'] }
    await Promise.all(Array.from({ length: 5 }, () => book.started({ id: id(), ...session })))
  }
  // A thousand at once share the commits; all at once would not fit into memory.
  for (let from = 0; from < others; from += 1_000)
    await Promise.all(Array.from({ length: 1_000 }, (_, at) => other(from + at)))
  const trader = (await known.byEmail(crowd[0]?.email ?? ''))?.id ?? ''
  const own = await keysOf(keys({ store, sealer: sealer(keyring([measuredSecrets])), now: Date.now }), trader)
  await store.close()
  return { crowd, keys: own, holders }
}

async function newPasskey(account: string, issuer: string) {
  const { enrol } = passkey({ name: 'Latchkey', issuer })
  const who = { account, email: undefined, credentials: [], locale: 'en', now: Date.now(), towards: undefined }
  const asked = await enrol.begin?.(who, {})
  if (!asked) throw new Error('nothing is asked')
  const device = authenticator({ synced: true })
  const made = await device.create(asked.page?.options as Parameters<Authenticator['create']>[0], issuer)
  return { device, ...(await enrol.finish({ response: JSON.stringify(made) }, asked.state, who)) }
}

function arrived({ url, text }: Page): void {
  if (!url.endsWith('/account')) throw new Error(`signed in to ${url}: ${text.slice(0, 200)}`)
}

/** From the first page of a sign-in to where it leads. */
async function prove(page: Page, { email, totp }: Person): Promise<Page> {
  const asked = await page.submit({ email, password }, 'Sign in')
  return asked.submit({ code: totpAt(totp, Date.now()) }, { field: 'code' })
}

async function refreshToken(issuer: string, person: Person): Promise<string> {
  const options = { execute: [oidc.allowInsecureRequests] }
  const provider = await oidc.discovery(new URL(issuer), app.client_id, app.client_secret, undefined, options)
  const verifier = oidc.randomPKCECodeVerifier()
  const url = oidc.buildAuthorizationUrl(provider, {
    redirect_uri: app.redirect_uris[0] ?? '',
    scope: 'openid offline_access read',
    resource: api.resource,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  })
  const page = await prove(await jar().get(url.href), person)
  if (page.location === undefined) throw new Error(`stays at ${page.url}: ${page.text.slice(0, 200)}`)
  const checks = { pkceCodeVerifier: verifier }
  const tokens = await oidc.authorizationCodeGrant(provider, new URL(page.location), checks, { resource: api.resource })
  if (tokens.refresh_token === undefined) throw new Error('there is no refresh token')
  return tokens.refresh_token
}
