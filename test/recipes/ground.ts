import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Running, startLatchkey } from '../support/latchkey.ts'
import { freePorts } from '../support/ports.ts'
import { documents } from './documents.ts'
import { folder, names } from './names.ts'

/** Where each recipe's files say that its app is; here each has a port of its own. */
export const written = 'http://localhost:4000'

/** One Latchkey for all recipes, and where the app of each one is. */
export interface Ground {
  latchkey: Running
  urlOf(name: string): string
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
  const ports = await freePorts(names.length)
  const urlOf = (name: string) => `http://localhost:${ports[names.indexOf(name)]}`
  const read = <T>(name: string, file: string): T | undefined => {
    const path = join(folder, name, file)
    return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8').replaceAll(written, urlOf(name))) : undefined
  }
  const every = (named: string) => names.flatMap(name => read<object>(name, named) ?? [])
  const place = mkdtempSync(join(tmpdir(), 'latchkey-recipes-'))
  const file = join(place, 'clients.json')
  const declared = { apis: every('api.json'), clients: every('client.json'), policies: merged(every('policy.json')) }
  writeFileSync(file, JSON.stringify(declared))
  const docs = await documents()
  const environment = { LATCHKEY_REGISTRATION: 'open', LATCHKEY_CIMD: docs.host }
  const latchkey = await startLatchkey({ clients: file, environment })
  const stop = async () => {
    await latchkey.stop()
    await docs.close()
    rmSync(place, { recursive: true })
  }
  return { latchkey, urlOf, read, documented: docs.addressOf, stop }
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
