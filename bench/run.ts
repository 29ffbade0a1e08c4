import { availableParallelism, cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { freshMongo } from '../test/support/store.ts'
import { freePort, start } from './child.ts'
import { api, app, machine } from './clients.ts'
import { latchkey, type Measured } from './latchkey.ts'
import { type Caller, caller, drive } from './load.ts'
import { serverOf } from './mongo.ts'
import { type Column, columns, measure, type Operation, type Side, table } from './operations.ts'
import { peopleAtOnce } from './people.ts'
import { signedAhead } from './signed.ts'

// [LATCHKEY_TEST_MONGO=mongodb://…] npm run bench -- [--only token,refresh] [--count 3000]
const rounds = 3
const clientsAtOnce = 16
const { values: options } = parseArgs({ options: { only: { type: 'string' }, count: { type: 'string' } } })
const only = options.only?.split(',')
const count = Number(options.count ?? 3_000)

const credentials = { grant_type: 'client_credentials', resource: api.resource, scope: 'read' }
// A sign-in costs as much as dozens of the others.
const signIns = Math.ceil(count / 75)
// One sign-in each: the warm-up's, every round's, and those whose refresh tokens rotate.
const people = (1 + rounds) * signIns + clientsAtOnce

const port = { signer: await freePort(), bare: await freePort() }
const signer = await start(`exec node bench/signer.ts ${port.signer}`, { port: port.signer, ready: '/' })
const bare = await start(`exec node bench/bare.ts ${port.bare}`, {
  port: port.bare,
  ready: '/.well-known/openid-configuration',
})
const firstToken = async (url: string) => {
  const first = caller(url, machine, 1)
  await first.post((await endpoints(url)).token, credentials)
  await first.close()
}
const measured = await latchkey({ people, firstToken })
const idle = await measured.cost()

const verifies = ['verify', 'verify-ed25519'].some(name => only === undefined || only.includes(name))
const mongo = verifies ? freshMongo() : undefined
const onMongo = mongo === undefined ? undefined : await latchkey({ people: 1, database: mongo, firstToken })

const servers = { signer, bare, latchkey: measured }
const machines = every(url => caller(url, machine, clientsAtOnce))
const apps = every(url => caller(url, app, clientsAtOnce))
const mongoMachine = onMongo && caller(onMongo.url, machine, clientsAtOnce)
const tokens = {
  bare: await bare.ask<string[]>('tokens'),
  latchkey: await Promise.all(Array.from({ length: clientsAtOnce }, () => measured.refreshToken())),
}

const paths = {
  signer: { token: '/', keys: '', userinfo: '', introspection: '' },
  bare: await endpoints(bare.url),
  latchkey: await endpoints(measured.url),
}

async function endpoints(url: string) {
  const told = (await (await fetch(`${url}/.well-known/openid-configuration`)).json()) as Record<string, string>
  const path = (name: string) => new URL(told[name] ?? '', url).pathname
  return {
    token: path('token_endpoint'),
    keys: path('jwks_uri'),
    userinfo: path('userinfo_endpoint'),
    introspection: path('introspection_endpoint'),
  }
}
function every(make: (url: string) => Caller): Record<keyof typeof servers, Caller> {
  return { signer: make(signer.url), bare: make(bare.url), latchkey: make(measured.url) }
}
function side(server: keyof typeof servers, step: (worker: number) => Promise<unknown>): Side {
  return { cost: servers[server].cost, step: async worker => void (await step(worker)) }
}
const token = (server: keyof typeof servers) =>
  side(server, () => machines[server].post(paths[server].token, credentials))
const get = (server: 'bare' | 'latchkey', path: string) => side(server, () => machines[server].get(path))
const rotate = (server: 'bare' | 'latchkey') =>
  side(server, async worker => {
    const form = { grant_type: 'refresh_token', refresh_token: tokens[server][worker] ?? '', resource: api.resource }
    const { access_token: access, refresh_token: next } = await apps[server].post(paths[server].token, form)
    if (typeof next !== 'string' || next === form.refresh_token) throw new Error('the refresh token did not rotate')
    if (String(access).split('.').length !== 3) throw new Error('the access token is no JWT')
    tokens[server][worker] = next
  })
/** Each worker's access token for userinfo, got anew before it ends. */
const opaque = (server: 'bare' | 'latchkey') => {
  const held: { token: string; until: number }[] = []
  return async (worker: number): Promise<string> => {
    const known = held[worker]
    if (known && performance.now() < known.until) return known.token
    const form = { grant_type: 'refresh_token', refresh_token: tokens[server][worker] ?? '', scope: 'openid' }
    const { access_token: token, refresh_token: next } = await apps[server].post(paths[server].token, form)
    tokens[server][worker] = String(next)
    held[worker] = { token: String(token), until: performance.now() + 200_000 }
    return String(token)
  }
}
const opaqueOf = { bare: opaque('bare'), latchkey: opaque('latchkey') }
const userinfo = (server: 'bare' | 'latchkey') =>
  side(server, async worker => apps[server].get(paths[server].userinfo, await opaqueOf[server](worker)))
const introspected = (server: 'bare' | 'latchkey') =>
  side(server, async worker => {
    const token = await opaqueOf[server](worker)
    const { active } = await apps[server].post(paths[server].introspection, { token })
    if (active !== true) throw new Error('the token is not active')
  })
const verifying = (key: keyof Measured['keys'], asked: Measured, { ask }: Caller): Side => {
  const signed = signedAhead(asked.keys[key])
  const step = async () => {
    const { active } = await ask('/api-keys/verify', await signed())
    if (active !== true) throw new Error('a signed request did not pass')
  }
  return { cost: asked.cost, step }
}
const verify = (key: keyof Measured['keys']) => ({
  latchkey: verifying(key, measured, machines.latchkey),
  ...(onMongo && mongoMachine && { mongoose: verifying(key, onMongo, mongoMachine) }),
})
const both = (make: (server: 'bare' | 'latchkey') => Side) => ({ bare: make('bare'), latchkey: make('latchkey') })
const hash: Side = {
  cost: async () => {
    const { user, system } = process.cpuUsage()
    return { cpu: (user + system) / 1_000, memory: process.memoryUsage.rss() / 1_048_576 }
  },
  step: async () => void (await measured.hasher.verify(measured.hash, 'another password, as long')),
}

const operations: Record<string, Operation> = {
  token: {
    name: 'client_credentials, JWT',
    count,
    concurrency: clientsAtOnce,
    sides: { signer: token('signer'), ...both(token) },
    over: 'bare',
    goal: { ratio: 1.05, signers: 2 },
  },
  refresh: {
    name: 'refresh with rotation',
    count,
    concurrency: clientsAtOnce,
    sides: both(rotate),
    over: 'bare',
    goal: { ratio: 1.2 },
  },
  userinfo: {
    name: 'userinfo',
    count,
    concurrency: clientsAtOnce,
    sides: both(userinfo),
    over: 'bare',
    goal: { ratio: 1.2 },
  },
  introspection: {
    name: 'introspection',
    count,
    concurrency: clientsAtOnce,
    sides: both(introspected),
    over: 'bare',
    goal: { ratio: 1.2 },
  },
  discovery: {
    name: 'discovery',
    count,
    concurrency: clientsAtOnce,
    sides: both(server => get(server, '/.well-known/openid-configuration')),
    goal: { ms: 0.04 },
  },
  jwks: {
    name: 'JWKS',
    count,
    concurrency: clientsAtOnce,
    sides: both(server => get(server, paths[server].keys)),
    goal: { ms: 0.035 },
  },
  verify: {
    name: 'verify a signed request, hmac-sha256',
    count,
    concurrency: clientsAtOnce,
    sides: verify('hmac'),
    goal: { ms: 0.25 },
  },
  'verify-ed25519': {
    name: 'verify a signed request, ed25519',
    count,
    concurrency: clientsAtOnce,
    sides: verify('ed25519'),
    goal: { ms: 0.35 },
  },
  'sign-in': {
    name: 'password and authenticator sign-in',
    count: signIns,
    concurrency: peopleAtOnce,
    sides: { hash, latchkey: side('latchkey', () => measured.signIn()) },
    over: 'hash',
    goal: { beyond: 5 },
  },
  passkey: {
    name: 'passkey sign-in',
    count: signIns,
    concurrency: peopleAtOnce,
    sides: { latchkey: side('latchkey', measured.passkeySignIn) },
    goal: { ms: 5 },
  },
}

const chosen = Object.entries(operations).filter(([name]) => only === undefined || only.includes(name))
const figures = await measure(
  chosen.map(([, operation]) => operation),
  rounds,
)
const loaded = await measured.cost()

/** How many of an operation one side does in a second of the clock, with the load on the same machine. */
async function rate({ step }: Side): Promise<number> {
  const begun = performance.now()
  await drive(count, clientsAtOnce, step)
  return Math.round(count / ((performance.now() - begun) / 1_000))
}
const verified = chosen.filter(([name]) => name.startsWith('verify'))
const rates: string[] = []
for (const [, { name, sides }] of verified) {
  for (const [column, one] of Object.entries(sides))
    rates.push(`${name}, ${columns[column as Column]}: ${await rate(one)} in a second`)
}
const engine =
  mongo === undefined
    ? 'Verification on mongoose is left out: LATCHKEY_TEST_MONGO names no server'
    : `Latchkey on mongoose: CPU time of Latchkey's process, not the server's; LATCHKEY_TEST_MONGO names ${await serverOf(mongo)}`

const lines = [
  `node ${process.version}, ${availableParallelism()} cores (${cpus()[0]?.model.trim()}), load ${loadavg()[0]?.toFixed(2)}`,
  `CPU time of the server process alone; medians of ${rounds} interleaved rounds after a warm-up; Latchkey on the embedded store, every write durable`,
  ...(verifies ? [engine] : []),
  '',
  table(figures),
  '',
  ...rates,
  `First token ${Math.round(measured.firstToken)} ms after start; memory ${Math.round(idle.memory)} MiB idle, ${Math.round(loaded.memory)} MiB loaded`,
]
process.stdout.write(`${lines.join('\n')}\n`)

await Promise.all([...Object.values(machines), ...Object.values(apps), mongoMachine].map(each => each?.close()))
await Promise.all([...Object.values(servers), onMongo].map(server => server?.stop()))
