import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { availableParallelism, loadavg } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { accounts } from '../src/accounts/account.ts'
import { adminScopes, roles } from '../src/accounts/role.ts'
import { openStore } from '../src/store/open.ts'
import { attack, groundOf, hostileRequests, sendRaw } from '../test/support/hostile-requests.ts'
import { jar } from '../test/support/jar.ts'
import type { Route } from '../test/support/routes.ts'
import { latchkey } from './latchkey.ts'
import { drive } from './load.ts'

// npm run bench:hostile -- [--requests 100000] [--idle 10000] [--seed N]: requests meant to hurt, to every route; then slow bodies, idle connections
// and floods of headers. The same seed sends the same requests; who is signed in, and from where, is the same as well.
const { values } = parseArgs({
  options: { requests: { type: 'string' }, idle: { type: 'string' }, seed: { type: 'string' } },
})
const requests = Number(values.requests ?? 100_000)
const idle = Number(values.idle ?? 10_000)
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
const robot = { client_id: 'robot', client_secret: 'robot-secret-of-thirty-two-characters' }
/** Sent before others sign in: by then these may have signed out, or closed their account. */
const batch = 500
const atOnce = 8
const batches = Math.ceil(requests / batch)

const here = await latchkey({
  people: batches + 1,
  holders: batches + 1,
  apps: issuer => [
    {
      ...robot,
      client_name: 'Robot',
      development: true,
      grant_types: ['client_credentials'],
      apis: { [`${issuer}/admin/api`]: adminScopes },
    },
  ],
  environment: {
    LATCHKEY_REGISTRATION: 'open',
    NODE_OPTIONS: ['bench/report.ts', 'bench/routes.ts']
      .map(each => `--import=${new URL(`../${each}`, import.meta.url)}`)
      .join(' '),
  },
})
const { url } = here
const store = await openStore(here.store, { now: Date.now, sweep: false })
const known = accounts(store)
const staff: string[] = []
for (let at = 0; at <= batches; at++) {
  const { id } = (await known.byEmail(`holder-${at}@example.com`)) ?? {}
  if (id === undefined) throw new Error('nobody has a passkey')
  await roles({ store, now: Date.now }).give(id, 'admin')
  staff.push(id)
}
await store.close()

const ground = await groundOf(url, await here.ask<Route[]>('routes'))

const token = async (): Promise<string> => {
  const form = { grant_type: 'client_credentials', resource: `${url}/admin/api`, scope: adminScopes.join(' ') }
  const authorization = `Basic ${Buffer.from(Object.values(robot).map(encodeURIComponent).join(':')).toString('base64')}`
  const answer = await fetch(`${url}/token`, {
    method: 'POST',
    headers: { authorization },
    body: new URLSearchParams(form),
  })
  return ((await answer.json()) as { access_token?: string }).access_token ?? ''
}

const statuses: Record<string, number> = {}
const faults: string[] = []
const memory: number[] = [(await here.cost()).memory]
for (let at = 0; at < batches; at++) {
  const browsers = [await here.passkeySignIn(at), await here.signIn(), jar()] as const
  const flow = (await browsers[2].get(`${url}/sign-in`)).url.split('/').at(-1) ?? ''
  const cookies = ['', ...(await Promise.all(browsers.map(each => each.cookies.getCookieString(url))))]
  const bearers = ['', await token()]
  const ids = [flow, staff[at] ?? '', staff[0] ?? '', 'password', 'totp', 'passkey']
  const all = fc.sample(hostileRequests({ ...ground, known: ids }), {
    seed: seed + at,
    numRuns: Math.min(batch, requests - at * batch),
  })
  await drive(all.length, atOnce, async () => {
    const request = all.pop()
    if (!request) return
    // Each from an address of its own: what one address may do is another measurement (bench:flood).
    const from = { 'X-Forwarded-For': `198.51.${request.cookies % 256}.${request.bearer % 256}` }
    const { bytes, status, traced } = await attack(url, request, { cookies, bearers }, from)
    statuses[status] = (statuses[status] ?? 0) + 1
    if (status === 500 || status === 0 || traced) faults.push(`${status} for ${bytes.slice(0, 600)}`)
  })
  if ((at + 1) % Math.max(1, Math.floor(batches / 4)) === 0) memory.push((await here.cost()).memory)
}

/** Opens connections that say `begin` and no more; resolves to them once all are open. */
async function open(count: number, begin: string): Promise<Socket[]> {
  const all: Socket[] = []
  await drive(count, 64, async () => {
    const socket = connect(Number(new URL(url).port), 'localhost')
    socket.on('error', () => undefined)
    await Promise.race([once(socket, 'connect'), once(socket, 'close')])
    if (begin !== '') socket.write(begin)
    all.push(socket)
  })
  return all
}
/** Milliseconds that a page takes somebody who comes meanwhile: the median of twenty. */
async function page(): Promise<number> {
  const took: number[] = []
  for (let at = 0; at < 20; at++) {
    const begun = performance.now()
    const { status } = await jar().get(`${url}/sign-in`)
    if (status !== 200) faults.push(`${status} for somebody's page`)
    took.push(performance.now() - begun)
  }
  return took.sort((a, b) => a - b)[10] ?? Number.NaN
}
const meanwhile: string[] = [`${(await page()).toFixed(1)} ms alone`]
const head =
  'POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 60000\r\n\r\nemail='
for (const [what, count, begin] of [
  ['slow bodies', Math.min(500, idle), head],
  ['idle connections', idle, ''],
] as const) {
  const all = await open(count, begin)
  const still = all.filter(each => !each.destroyed).length
  meanwhile.push(`${(await page()).toFixed(1)} ms beside ${still} ${what}`)
  memory.push((await here.cost()).memory)
  for (const each of all) each.destroy()
}
const flood = `GET /sign-in HTTP/1.1\r\nHost: localhost\r\n${'X-Filler: 0123456789\r\n'.repeat(5_000)}\r\n`
const refused = await Promise.all(Array.from({ length: 200 }, () => sendRaw(url, flood)))
if (refused.some(({ status }) => status !== 431))
  faults.push(`${refused.find(({ status }) => status !== 431)?.status} for a flood of headers`)
meanwhile.push(`${(await page()).toFixed(1)} ms after 200 floods of headers`)
await wait(2_000)
memory.push((await here.cost()).memory)
await Promise.all([here.passkeySignIn(batches), here.signIn()])
await here.stop()

const mib = memory.map(each => each.toFixed(0))
process.stdout.write(
  [
    `node ${process.version}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(2)}, seed ${seed}`,
    `${requests} requests to ${ground.routes.length} routes with ${ground.members.length} members: ${Object.entries(
      statuses,
    )
      .map(([status, times]) => `${times} × ${status}`)
      .join(', ')}`,
    `somebody's page: ${meanwhile.join(', ')}`,
    `resident memory in MiB, at the start, by quarters, and beside each of the connections: ${mib.join(', ')}`,
    `answers of 500, stack traces, connections that just closed: ${faults.length} (goal: 0)`,
    ...faults.slice(0, 10),
    '',
  ].join('\n'),
)
process.exitCode = faults.length === 0 ? 0 : 1
