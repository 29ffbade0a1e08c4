import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Running, startLatchkey } from '../support/latchkey.ts'
import { freePorts } from '../support/ports.ts'
import { documents } from './documents.ts'
import { folder, names } from './names.ts'

/** Ports that each recipe's files name, from 4000 on: of its app, and of what stands behind or beside it. */
const portsEach = 3
/** What scrapes of that one have to show. */
export const metricsToken = 'a token of the metrics that is long enough'

/** One Latchkey for all recipes, and where the app of each one is. */
export interface Ground {
  latchkey: Running
  /** Where a recipe's app is, or what stands beside it. */
  urlOf(name: string, beside?: number): string
  /** A recipe's text, with the ports that it has here in the place of those that it names. */
  moved(name: string, text: string): string
  /** The id of a client that is known by a document, and by nothing else (CIMD). */
  documented(name: string): string
  /** A file of a recipe as JSON, with its app where it is here. */
  read<T>(name: string, file: string): T | undefined
}

let started: Promise<Ground & { stop(): Promise<void> }> | undefined

/** Starts Latchkey with the client, and the API if it is one, that every recipe declares. */
export function ground(): Promise<Ground> {
  started ??= start()
  return started
}

async function start(): Promise<Ground & { stop(): Promise<void> }> {
  const ports = await freePorts(names.length * portsEach)
  const portOf = (name: string, beside: number) => Number(ports[names.indexOf(name) * portsEach + beside])
  const urlOf = (name: string, beside = 0) => `http://localhost:${portOf(name, beside)}`
  const own = (name: string, text: string) =>
    text.replace(/((?:localhost|127\.0\.0\.1):)400(\d)/g, (_, host, digit) => host + portOf(name, Number(digit)))
  const read = <T>(name: string, file: string): T | undefined => {
    const path = join(folder, name, file)
    return existsSync(path) ? JSON.parse(own(name, readFileSync(path, 'utf8'))) : undefined
  }
  const every = (named: string) => names.flatMap(name => read<object>(name, named) ?? [])
  const place = mkdtempSync(join(tmpdir(), 'latchkey-recipes-'))
  const file = join(place, 'clients.json')
  const declared = { apis: every('api.json'), clients: every('client.json'), policies: merged(every('policy.json')) }
  writeFileSync(file, JSON.stringify(declared))
  const docs = await documents()
  const environment = {
    ...{ LATCHKEY_REGISTRATION: 'open', LATCHKEY_CIMD: docs.host, LATCHKEY_METRICS_TOKEN: metricsToken },
  }
  const latchkey = await startLatchkey({ clients: file, environment })
  const stop = async () => {
    await latchkey.stop()
    await docs.close()
    rmSync(place, { recursive: true })
  }
  const moved = (name: string, text: string) =>
    own(name, text.replaceAll('localhost:3000', new URL(latchkey.issuer).host))
  return { latchkey, urlOf, moved, read, documented: docs.addressOf, stop }
}

/** One policy of all that have its name: whoever registers may have the APIs of every recipe. */
function merged(policies: readonly { policy?: string; apis?: object }[]): object[] {
  const byName = Map.groupBy(policies, each => each.policy)
  return [...byName.values()].map(same => ({ ...same[0], apis: Object.assign({}, ...same.map(each => each.apis)) }))
}

after(async () => {
  const running = started
  started = undefined
  await (await running)?.stop()
})
