import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { OwnKey } from '../src/api-keys/rfc9421.ts'
import { type Hasher, hasher } from '../src/crypto/hash.ts'
import { keyring } from '../src/crypto/keyring.ts'
import type { Authenticator } from '../test/support/authenticator.ts'
import { type Jar, jar } from '../test/support/jar.ts'
import { dropMongo, dropPostgres } from '../test/support/store.ts'
import { type Child, freePort, serve, start } from './child.ts'
import { app } from './clients.ts'
import {
  arrived,
  declared,
  measuredSecrets,
  type Person,
  password,
  prove,
  refreshToken,
  type Settled,
  type Signing,
  settle,
} from './people.ts'

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
  /** Signs one of those in who have a passkey, in a new browser unless told: each worker has one of its own, and may do so again and again. Resolves to their browser. */
  passkeySignIn(worker: number, browser?: Jar): Promise<Jar>
  /** Signs the next person in for an app, the usual one unless told; resolves to its refresh token. */
  refreshToken(as?: Signing): Promise<string>
  /** All who sign in by password and authenticator: a code counts once, and half a minute later there is another. */
  crowd: readonly Person[]
  /** Somebody's API keys: one with a secret, one with a key pair. */
  keys: { hmac: OwnKey; ed25519: OwnKey }
}

interface Wanted extends Settled {
  /** The URL of a fresh database on a server, dropped at the end; without it the store is embedded, on disk. */
  database?: string | undefined
  /** The port of its issuer, and the one that it listens at where that is a proxy's. */
  port?: number
  behind?: number
  /** What starts it; `npm run serve` unless told. */
  command?: string
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
  const { port = await freePort(), behind = port, command = serve } = wanted
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
    ...(behind !== port && { LATCHKEY_LISTEN: `localhost:${behind}` }),
    ...environment,
  }
  const serving = () => start(command, { port: behind, ready: '/health/ready', env })
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
    passkeySignIn: async (worker, browser = jar()) => {
      const start = await browser.get(`${issuer}/sign-in`)
      const options = JSON.parse(start.find('[data-passkey]')?.attributes['data-options'] ?? '{}')
      const proof = await (holders[worker] as Authenticator).get(options, issuer)
      arrived(await browser.post(`${start.url}/passkey`, { response: JSON.stringify(proof) }))
      return browser
    },
    refreshToken: async (as = app) => refreshToken(issuer, next(), as),
    crowd: [...crowd],
    keys,
    stop: async () => {
      await child.stop()
      if (database !== undefined) await (database.startsWith('postgres') ? dropPostgres : dropMongo)(database)
      rmSync(folder, { recursive: true })
    },
  }
}
