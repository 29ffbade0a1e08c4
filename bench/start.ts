import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { children, freePort, serve, start } from './child.ts'
import { api, app, machine } from './clients.ts'
import { latchkey, type Measured } from './latchkey.ts'
import { lean } from './lean.ts'
import { caller, drive } from './load.ts'
import { peopleAtOnce } from './people.ts'

// npm run bench:start [-- --only first,memory,parts,workers] [--node='--max-semi-space-size=16'], which are options of Node in place of those of ./latchkey
const { values: options } = parseArgs({ options: { only: { type: 'string' }, node: { type: 'string' } } })
const command = options.node === undefined ? serve : `exec node ${options.node} src/main.ts`
const wanted = (part: string): boolean => (options.only?.split(',') ?? [part]).includes(part)

/** What ./latchkey tells Node, unless told otherwise. */
const [, usual = ''] = /lean='(.+)'/.exec(readFileSync(new URL('../latchkey', import.meta.url), 'utf8')) ?? []
const flags = options.node ?? usual

const starts = 5
/** What the load of the memory rows consists of. */
const load = { tokens: 10_000, refreshes: 3_000, signIns: 40, clients: 16 }
const rate = { tokens: 12_000, rounds: 5 }
const credentials = { grant_type: 'client_credentials', resource: api.resource, scope: 'read' }

const folder = mkdtempSync(join(tmpdir(), 'latchkey-start-'))
let caches = 0
/** The environment of a measured server, with the folder in which Node keeps what it compiled. */
const environment = (cache: string, more: Readonly<Record<string, string>> = {}) => ({
  NODE_COMPILE_CACHE: cache,
  ...more,
})
const empty = (): string => join(folder, `compiled-${caches++}`)
const kept = empty()

async function firstToken(url: string): Promise<void> {
  const first = caller(url, machine, 1)
  await first.post('/token', credentials)
  await first.close()
}
const median = (figures: readonly number[]): number =>
  [...figures].sort((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0
const say = (line: string): void => void process.stdout.write(`${line}\n`)
/** Resident MiB of a process. */
function resident(pid: number): number {
  const [, pages = '0'] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(pages) / 1_024
}

async function starting(cache: () => string, times: number): Promise<string> {
  const took: number[] = []
  const cpu: number[] = []
  for (let each = 0; each < times; each++) {
    const one = await latchkey({ people: 1, firstToken, command, environment: environment(cache()) })
    took.push(one.firstToken)
    cpu.push((await one.cost()).cpu)
    await one.stop()
  }
  return `${Math.round(median(took))} ms after start (${Math.round(Math.min(...took))} at best), ${Math.round(median(cpu))} ms of CPU`
}

async function loaded(one: Measured): Promise<number> {
  const machines = caller(one.url, machine, load.clients)
  const before = (await one.cost()).cpu
  await drive(load.tokens, load.clients, async () => void (await machines.post('/token', credentials)))
  const each = ((await one.cost()).cpu - before) / load.tokens
  const apps = caller(one.url, app, load.clients)
  const tokens = await Promise.all(Array.from({ length: load.clients }, () => one.refreshToken()))
  await drive(load.refreshes, load.clients, async worker => {
    const form = { grant_type: 'refresh_token', refresh_token: tokens[worker] ?? '', resource: api.resource }
    tokens[worker] = String((await apps.post('/token', form)).refresh_token)
  })
  await drive(load.signIns, peopleAtOnce, async () => void (await one.signIn()))
  await Promise.all([machines.close(), apps.close()])
  return each
}

async function memory(): Promise<void> {
  const people = load.signIns + load.clients
  const one = await latchkey({ people, firstToken, command, environment: environment(kept) })
  await wait(3_000)
  const idle = resident(one.pid)
  const each = await loaded(one)
  const most = resident(one.pid)
  await wait(60_000)
  say(
    `memory: ${Math.round(idle)} MiB idle, ${Math.round(most)} after ${load.tokens} tokens, ${load.refreshes} refreshes and ${load.signIns} sign-ins, ${Math.round(resident(one.pid))} a minute later; ${each.toFixed(3)} ms of CPU a token`,
  )
  await one.stop()
}

/** Each is loaded after those before it, in a process that does nothing else. */
const parts = {
  'Node by itself': [],
  'what keeps workers serving': ['../src/workers.ts'],
  zod: ['zod'],
  'settings and the port of the store': ['../src/config.ts', '../src/store/open.ts'],
  'oidc-provider, jose, Koa and OpenID Connect': ['../src/oidc/provider.ts'],
  "factors and the staff's operations": ['../src/admin/index.ts'],
  pages: ['../src/web/app.ts'],
  'the rest of the program': ['../src/program.ts'],
}
async function resting(modules: readonly string[]): Promise<number> {
  const port = await freePort()
  const script = [
    "const http = process.getBuiltinModule('node:http')",
    "for (const name of ['WebSocket', 'CloseEvent', 'MessageEvent']) delete http[name]",
    ...modules.map(each => `await import(${JSON.stringify(import.meta.resolve(each))})`),
    "process.on('SIGTERM', () => process.exit(0))",
    `http.createServer((_, res) => res.end()).listen(${port}, 'localhost')`,
  ]
  // By itself with the text of a script: what loads files of TypeScript would count as a part.
  const command = `exec node ${flags} --input-type=module -e "$SCRIPT"`
  const env = { ...environment(kept), NODE_OPTIONS: '', SCRIPT: script.join(';') }
  const figures: number[] = []
  for (let each = 0; each < 3; each++) {
    const child = await start(command, { port, ready: '/', env })
    await wait(500)
    figures.push(resident(child.pid))
    await child.stop()
  }
  return median(figures)
}
async function partByPart(): Promise<void> {
  const modules: string[] = []
  let before = 0
  for (const [name, own] of Object.entries(parts)) {
    modules.push(...own)
    const now = await resting(modules)
    say(`memory, ${name}: ${Math.round(now - before)} MiB, ${Math.round(now)} in all`)
    before = now
  }
}

async function workers(): Promise<void> {
  const of = async (count: number) => {
    const more = { LATCHKEY_WORKERS: String(count) }
    const one = await latchkey({ people: 1, firstToken, command, environment: environment(kept, more) })
    await wait(3_000)
    const held = [one.pid, ...children(one.pid)].map(resident)
    return { one, held, rates: [] as number[] }
  }
  const [single, double] = [await of(1), await of(2)]
  for (let round = 0; round < rate.rounds; round++)
    for (const { one, rates } of [single, double])
      rates.push(await lean(one.url, machine, credentials, { count: rate.tokens, connections: load.clients }))
  const [alone, both] = [median(single.rates), median(double.rates)]
  const [primary = 0, ...serving] = double.held
  say(
    `two workers: ${Math.round(both)} tokens a second, one: ${Math.round(alone)}, ${(both / alone).toFixed(2)} times as many, by a client on the same ${availableParallelism()} cores; the process that keeps them serving holds ${Math.round(primary)} MiB, each of them ${serving.map(Math.round).join(' and ')}, one alone ${Math.round(single.held[0] ?? 0)}`,
  )
  await Promise.all([single.one.stop(), double.one.stop()])
}

say(
  `node ${process.version}, ${availableParallelism()} cores (${cpus()[0]?.model.trim()}), load ${loadavg()[0]?.toFixed(2)}`,
)
if (wanted('first')) say(`first token, nothing compiled: ${await starting(empty, starts)}`)
await starting(() => kept, 1)
if (wanted('first')) say(`first token, compiled before: ${await starting(() => kept, starts)}`)
if (wanted('memory')) await memory()
if (wanted('parts')) await partByPart()
if (wanted('workers')) await workers()
rmSync(folder, { recursive: true })
