import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Running, startLatchkey } from '../support/latchkey.ts'
import { freePorts } from '../support/ports.ts'
import { folder, names } from './names.ts'

/** Where each recipe's files say that its app is; here each has a port of its own. */
export const written = 'http://localhost:4000'

/** One Latchkey for all recipes, and where the app of each one is. */
export interface Ground {
  latchkey: Running
  urlOf(name: string): string
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
  const every = (file: string) => names.flatMap(name => read<object>(name, file) ?? [])
  const place = mkdtempSync(join(tmpdir(), 'latchkey-recipes-'))
  const clients = join(place, 'clients.json')
  writeFileSync(clients, JSON.stringify({ apis: every('api.json'), clients: every('client.json') }))
  const latchkey = await startLatchkey({ clients, environment: { LATCHKEY_REGISTRATION: 'open' } })
  const stop = async () => {
    await latchkey.stop()
    rmSync(place, { recursive: true })
  }
  return { latchkey, urlOf, read, stop }
}

after(async () => {
  const running = started
  started = undefined
  await (await running)?.stop()
})
