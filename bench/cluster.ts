import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasher } from '../src/crypto/hash.ts'
import { keyring } from '../src/crypto/keyring.ts'
import { lineTo } from '../test/support/line.ts'
import { freePorts } from '../test/support/ports.ts'
import { balancer } from './balancer.ts'
import { type Child, serve, start } from './child.ts'
import { authorized, declared, measuredSecrets, password, settle } from './people.ts'

/** A line of the log about a request that was not answered well. */
interface Refused {
  status: number
  reason: string
}

/** Starts Latchkeys on one PostgreSQL, each with a port, a folder and a line to the database of its own, behind what shares requests out. */
export async function cluster({
  people,
  database,
  machines: count = 2,
  patience,
}: {
  people: number
  database: string
  machines?: number
  /** Seconds for which a Latchkey may say nothing to a request. */
  patience?: number
}) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-machines-'))
  const [port = 0, ...ports] = await freePorts(count + 1)
  const issuer = `http://localhost:${port}`
  const hash = await hasher({ keyring: keyring([measuredSecrets]), queue: 64 }).hash(password)
  const { crowd } = await settle(database, { people, holders: 0, hash, issuer })
  const machines = await Promise.all(
    ports.map((own, at) => machine(join(folder, `machine-${at + 1}`), own, issuer, database)),
  )
  const front = await balancer(port, ports, join(folder, 'front'), patience)
  return {
    url: issuer,
    front: front.name,
    machines,
    /** Signs the next person in for the app, up to the code. */
    nextCode: async () => {
      const person = crowd.pop()
      if (!person) throw new Error('there is nobody')
      // By their next turn their authenticator shows another code.
      crowd.unshift(person)
      return (await authorized(issuer, person)).form
    },
    stop: async () => {
      await front.stop()
      for (const each of machines) await each.stop()
      for (const each of machines) await each.line.cut()
      rmSync(folder, { recursive: true })
    },
  }
}

async function machine(folder: string, port: number, issuer: string, database: string) {
  mkdirSync(folder)
  const clients = join(folder, 'clients.json')
  const log = join(folder, 'log')
  writeFileSync(clients, JSON.stringify(declared([])))
  writeFileSync(log, '')
  const line = await lineTo(new URL(database))
  const env = {
    LATCHKEY_ISSUER: issuer,
    LATCHKEY_LISTEN: `127.0.0.1:${port}`,
    LATCHKEY_STORE: line.url,
    LATCHKEY_CLIENTS: clients,
    LATCHKEY_SECRETS: measuredSecrets,
    LATCHKEY_TRUST_PROXY: '127.0.0.1,::1',
  }
  const serving = (): Promise<Child> => start(serve, { port, ready: '/health/ready', env, log })
  let child = await serving()
  return {
    line,
    /** Stops as an operator would, and starts anew. */
    restart: async () => {
      await child.stop()
      child = await serving()
    },
    /** Stops all that it does, or lets it go on. */
    freeze: (on: boolean) => void process.kill(-child.pid, on ? 'SIGSTOP' : 'SIGCONT'),
    ready: async (): Promise<boolean> => {
      const signal = AbortSignal.timeout(3_000)
      return (await fetch(`http://127.0.0.1:${port}/health/ready`, { signal }).catch(() => undefined))?.ok ?? false
    },
    /** How long its log is. */
    logged: () => statSync(log).size,
    /** What its log says since then of requests that failed at the server's side, each with its reason. */
    failures: (since: number): Refused[] => {
      const lines = readFileSync(log).subarray(since).toString().split('\n')
      const said = lines.filter(each => each.startsWith('{')).map(each => JSON.parse(each))
      return said
        .filter(each => each.status >= 500)
        .map(({ status, failed = '', why }) => ({ status, reason: why ? `${failed} (${why})` : failed }))
    },
    stop: async () => {
      await child.stop()
    },
  }
}
