import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readClients } from '../../examples/suite/clients.ts'
import { serveSuite } from '../../examples/suite/serve.ts'
import { type Running, startLatchkey } from './latchkey.ts'
import { freePorts } from './ports.ts'

export type AppName = 'trading' | 'staking' | 'wallet' | 'card'

/** Latchkey and its four relying parties, each on a free port. */
export interface RunningSuite extends Running {
  apps: Record<AppName, string>
  /** Stops the apps alone. */
  closeApps(): Promise<void>
}

interface Options extends Omit<Parameters<typeof startLatchkey>[0] & object, 'clients'> {
  /** More clients than the repository's own. */
  more?: readonly object[]
}

/** Starts the whole suite with the repository's clients.json, moved to free ports. */
export async function startSuite({ more = [], ...options }: Options = {}): Promise<RunningSuite> {
  const ports = await freePorts(4)
  const declared = readFileSync(new URL('../../clients.json', import.meta.url), 'utf8')
  const moved = declared.replace(/localhost:300([1-4])/g, (_, each) => `localhost:${ports[Number(each) - 1]}`)
  const { apis, clients } = JSON.parse(moved)
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-suite-'))
  const file = join(folder, 'clients.json')
  writeFileSync(file, JSON.stringify({ apis, clients: [...clients, ...more] }))
  const latchkey = await startLatchkey({ ...options, clients: file })
  const suite = await serveSuite({ issuer: latchkey.issuer, clients: readClients(file) })
  return {
    ...latchkey,
    apps: Object.fromEntries(suite.apps.map(({ id, url }) => [id, url])) as Record<AppName, string>,
    closeApps: suite.close,
    stop: async () => {
      await suite.close()
      await latchkey.stop()
      rmSync(folder, { recursive: true })
    },
  }
}
