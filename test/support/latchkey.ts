import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { configure } from '../../src/config.ts'
import type { Cost } from '../../src/crypto/hash.ts'
import { latchkey } from '../../src/latchkey.ts'
import type { Store } from '../../src/store/collection.ts'
import { testStore } from './store.ts'

export interface Message {
  id: string
  at: number
  channel: 'email' | 'sms'
  to: string
  subject: string
  text: string
  code?: string
  link?: string
}

/** A whole Latchkey in this process, on a free port of localhost. */
export interface Running {
  issuer: string
  store: Store
  /** Time as Latchkey's own rooms see it; what passes here does not pass for the token library. */
  clock: { now(): number; pass(ms: number): void }
  /** Everything it logged. */
  logged(): string
  /** Notes something that must never be logged: `stop` reads the whole log for all of it, and for every code and token that it saw. */
  keepOut(...secrets: string[]): void
  outbox(to?: string): Promise<Message[]>
  /** Reads the file of clients anew. */
  reload(): Promise<void>
  /** Does what it does by itself every minute. */
  sweep(): Promise<void>
  stop(): Promise<void>
}

interface Options {
  /** Wraps the store that Latchkey sees: with a slow line, say. */
  through?: (store: Store) => Store
  /** A file of clients. */
  clients?: string
  /** More of the environment. */
  environment?: Record<string, string>
  port?: number
  /** What a password hash costs; next to nothing unless told. */
  cost?: Cost
}

const secret = 'a secret of the journeys, 32 or longer'

/** A real one, but for its clock, its cheap password hashes and a store that is gone afterwards. */
export async function startLatchkey({
  through,
  clients,
  environment,
  port = 0,
  cost = { memory: 64, passes: 1 },
}: Options = {}): Promise<Running> {
  let passed = 0
  const now = () => Date.now() + passed
  const store = await testStore(now)
  const server: Server = createServer()
  await new Promise<void>(resolve => server.listen(port, 'localhost', resolve))
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`
  const config = configure({
    LATCHKEY_ISSUER: issuer,
    LATCHKEY_LOG: 'debug',
    ...(clients !== undefined && { LATCHKEY_CLIENTS: clients }),
    ...environment,
  })
  const lines: string[] = []
  const secrets = new Set([secret])
  const { listener, reload, sweep, stop } = await latchkey(config, {
    store: through ? through(store) : store,
    secrets: [secret],
    now,
    log: { write: line => void lines.push(line) },
    cost,
  })
  server.on('request', listener)
  const outbox = async (to?: string) => {
    const query = to === undefined ? '' : `?to=${encodeURIComponent(to)}`
    const answer = await fetch(`${issuer}/dev/outbox.json${query}`)
    return (await answer.json()) as Message[]
  }
  return {
    issuer,
    store,
    clock: {
      now,
      pass: ms => {
        passed += ms
      },
    },
    logged: () => lines.join(''),
    keepOut: (...more) => {
      for (const each of more) if (each !== '') secrets.add(each)
    },
    outbox,
    reload,
    sweep,
    stop: async () => {
      for (const { code, to, link } of await outbox())
        for (const each of [code, to, link?.split('/').at(-1)]) if (each) secrets.add(each)
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
      await stop()
      await store.close()
      const logged = lines.join('')
      const leaked = [...secrets].filter(each => new RegExp(`(?<![\\w-])${RegExp.escape(each)}(?![\\w-])`).test(logged))
      // Signed tokens, too, whoever they are for; a digest may begin like one.
      if (leaked.length > 0 || /eyJ[\w-]{10,}\.[\w-]{10}/.test(logged))
        throw new Error(`logged what is secret: ${leaked.join(', ')}`)
    },
  }
}
