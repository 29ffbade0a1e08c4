import type { RequestListener } from 'node:http'
import { configure } from '../../src/config.ts'
import type { Cost } from '../../src/crypto/hash.ts'
import { latchkey } from '../../src/latchkey.ts'
import { type Place, serving } from '../../src/serving.ts'
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
  /** Lets so many milliseconds pass as somebody who is there all the time sees them, sweeping now and then. */
  live(ms: number): Promise<void>
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
  /** PEM files to serve https with. */
  tls?: { cert: string; key: string }
  /** A PEM file of authorities: apps show certificates at a port of its own. */
  authorities?: string
  /** What a password hash costs; next to nothing unless told. */
  cost?: Cost
}

const secret = 'a secret of the journeys, 32 or longer'

export { secret as journeySecret }

/** A real one, but for its clock, its cheap password hashes and a store that is gone afterwards. */
export async function startLatchkey({
  through,
  clients,
  environment,
  port = 0,
  tls,
  authorities,
  cost = { memory: 64, passes: 1 },
}: Options = {}): Promise<Running> {
  let passed = 0
  const now = () => Date.now() + passed
  const store = await testStore(now)
  const lines: string[] = []
  const told = (fault: unknown) => void lines.push(String(fault))
  // Its ports are part of its configuration, so they are open before it is there.
  const opened = (more: Partial<Place>, listener: () => RequestListener) =>
    serving(
      (req, res) => listener()(req, res),
      { host: 'localhost', port: 0, tls, ...more },
      { grace: 0, onFault: told },
    )
  const front = await opened({ port }, () => made.listener)
  const certified = authorities ? await opened({ certificates: true }, () => made.certified) : undefined
  const issuer = `${tls ? 'https' : 'http'}://localhost:${front.port}`
  const config = configure({
    LATCHKEY_ISSUER: issuer,
    LATCHKEY_LOG: 'debug',
    ...(clients !== undefined && { LATCHKEY_CLIENTS: clients }),
    ...(tls && { LATCHKEY_TLS_CERT: tls.cert, LATCHKEY_TLS_KEY: tls.key }),
    ...(certified && {
      LATCHKEY_MTLS_URL: `https://localhost:${certified.port}`,
      LATCHKEY_MTLS_LISTEN: `localhost:${certified.port}`,
      LATCHKEY_MTLS_CA: authorities,
    }),
    ...environment,
  })
  const secrets = new Set([secret])
  const made = await latchkey(config, {
    store: through ? through(store) : store,
    secrets: [secret],
    now,
    log: { write: line => void lines.push(line) },
    cost,
  })
  const outbox = async (to?: string) => {
    const query = to === undefined ? '' : `?to=${encodeURIComponent(to)}`
    const answer = await fetch(`${issuer}/dev/outbox.json${query}`)
    // There is none in production.
    return answer.status === 404 ? [] : ((await answer.json()) as Message[])
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
    reload: made.reload,
    sweep: made.sweep,
    live: async ms => {
      const [end, step] = [now() + ms, 50 * 60_000]
      // Only the last day counts for whether the clock is steady.
      passed += Math.max(0, ms - 25 * 3_600_000)
      await made.sweep()
      while (now() < end) {
        passed += Math.min(step, end - now())
        await made.sweep()
      }
    },
    stop: async () => {
      for (const { code, to, link } of await outbox())
        for (const each of [code, to, /[\w-]{20,}$/.exec(link ?? '')?.[0]]) if (each) secrets.add(each)
      await Promise.all([front.close(), certified?.close()])
      await made.stop()
      await store.close()
      // Signed heads of the audit log are public, and look like tokens.
      const logged = lines.filter(line => !/"head":"[\w.-]+"\}\n$/.test(line)).join('')
      const leaked = [...secrets].filter(each => new RegExp(`(?<![\\w-])${RegExp.escape(each)}(?![\\w-])`).test(logged))
      // Signed tokens, too, whoever they are for; a digest may begin like one.
      if (leaked.length > 0 || /eyJ[\w-]{10,}\.[\w-]{10}/.test(logged))
        throw new Error(`logged what is secret: ${leaked.join(', ')}`)
    },
  }
}

/** What `start` starts, for the tests of the describe block that calls this: started before them, stopped after them, and empty until then. */
export function whileTesting<R extends { stop(): Promise<void> }>(start: () => Promise<R>): R {
  const running = {} as R
  before(async () => {
    Object.assign(running, await start())
  })
  after(() => running.stop?.())
  return running
}
