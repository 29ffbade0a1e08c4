import { availableParallelism, loadavg } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { dropPostgres, freshPostgres } from '../test/support/store.ts'
import { app } from './clients.ts'
import { cluster } from './cluster.ts'
import { auditFaults } from './killing.ts'
import { caller } from './load.ts'
import { loading, type Outcome } from './loading.ts'
import { postgresPair } from './postgres-pair.ts'

// npm run bench:machines -- [--scenes rolling,freeze,cut,failover] [--machines 2] [--freeze 30] [--cut 10] [--within 5]: several Latchkeys on one
// PostgreSQL behind nginx, as on several machines: what apps and people feel of a rolling restart, a frozen process, a cut network and a failover.
// Without the failover it runs on the server that LATCHKEY_TEST_POSTGRES names; else it starts a primary and a standby.
const { values } = parseArgs({
  options: {
    scenes: { type: 'string', default: 'rolling,freeze,cut,failover' },
    machines: { type: 'string', default: '2' },
    freeze: { type: 'string', default: '30' },
    cut: { type: 'string', default: '10' },
    within: { type: 'string', default: '5' },
    people: { type: 'string', default: '600' },
  },
})
/** Sessions that are used side by side, and people who redeem a code twice at once. */
const lines = 8
const racers = 2
/** Milliseconds before and after each fault, and those after which a fault counts as not mended. */
const calm = 2_000
const hopeless = 120_000
/** Nothing here takes longer than this; then it ends by itself. */
setTimeout(() => process.exit(2), 20 * 60_000).unref()

const scenes = values.scenes.split(',')
const named = scenes.includes('failover') ? undefined : freshPostgres()
const pair = named === undefined ? await postgresPair() : undefined
let database = named ?? pair?.primary ?? ''
const here = await cluster({ people: Number(values.people), database, machines: Number(values.machines) })
const [first] = here.machines
if (!first) throw new Error('there is no machine')
process.stdout.write(
  `node ${process.version}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(2)}, ${here.machines.length} Latchkeys behind ${here.front}, ` +
    `PostgreSQL ${pair ? `${pair.version} with a synchronous standby` : 'as named'}\n`,
)

const calls = caller(here.url, app, lines * 4)
let outcomes: Outcome[] = []
const load = loading({
  url: here.url,
  calls,
  // What nginx says when a server did not answer, and what Latchkey says while its database is away.
  again: [502, 503, 504],
  onOutcome: each => outcomes.push(each),
  signIn: async () => {
    const form = await here.nextCode()
    const answer = await load.answered(() => calls.post('/token', form))
    if (answer === undefined) throw new Error('it is over')
    return String(answer.refresh_token)
  },
})
const raced = { codes: 0 }
let stopped = false
/** Redeems codes twice at once, which reaches two machines: one at most may be given tokens. */
const racing = async (): Promise<void> => {
  while (!stopped) {
    const form = await here.nextCode().catch(() => undefined)
    const both = form ? [calls.post('/token', form), calls.post('/token', form)] : []
    const given = (await Promise.allSettled(both)).filter(({ status }) => status === 'fulfilled')
    if (given.length > 0) raced.codes++
    if (given.length > 1) load.faults.push('a code was redeemed twice')
    await wait(200)
  }
}

const failed = (status?: number) => outcomes.filter(each => each.fault !== undefined && each.status === status).length
/** Waits until the log and the load have shown that the database is away, and so long at least. */
const away = async (seconds: number): Promise<void> => {
  await wait(seconds * 1_000)
  for (let waited = 0; failed(503) === 0 && waited < hopeless; waited += 50) await wait(50)
  if (failed(503) === 0) load.faults.push('nobody was told 503 while the database was away')
}
/** What each scene breaks and mends; it ends when all is mended. */
const acts: Record<string, { name: string; act(): Promise<void> }> = {
  rolling: {
    name: 'each restarted in turn',
    act: async () => {
      // nginx sends nothing for two seconds to a server that refused it.
      for (const each of here.machines) await each.restart().then(() => wait(calm + 1_000))
    },
  },
  freeze: {
    name: `one frozen for ${values.freeze} s`,
    act: async () => {
      first.freeze(true)
      await wait(Number(values.freeze) * 1_000)
      first.freeze(false)
    },
  },
  cut: {
    name: `one cut from the database for ${values.cut} s`,
    act: async () => {
      first.line.hold(true)
      await away(Number(values.cut))
      first.line.hold(false)
    },
  },
  failover: {
    name: 'primary killed, standby promoted',
    act: async () => {
      if (!pair) return
      await pair.kill()
      await away(2)
      database = pair.standby
      for (const { line } of here.machines) line.lead(new URL(database))
      await pair.promote()
    },
  },
}

/** Resolves to the milliseconds until every machine is ready and every session has gone on. */
const recovery = async (): Promise<number> => {
  const begun = performance.now()
  const before = [...load.done]
  const again = async () =>
    Array.from({ length: lines }).every((_, line) => (load.done[line] ?? 0) > (before[line] ?? 0)) &&
    (await Promise.all(here.machines.map(each => each.ready()))).every(Boolean)
  while (!(await again())) {
    if (performance.now() - begun > hopeless) {
      load.faults.push('it did not recover')
      break
    }
    await wait(20)
  }
  return performance.now() - begun
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`
let late = 0
const perform = async ({ name, act }: (typeof acts)[string]): Promise<void> => {
  await wait(calm)
  outcomes = []
  const known = load.faults.length
  const since = here.machines.map(each => each.logged())
  await act()
  const recovered = await recovery()
  await wait(calm)
  await load.revokedStayRevoked()
  const said = here.machines.flatMap((each, at) => each.failures(since[at] ?? 0))
  if (said.some(({ status }) => status === 500)) load.faults.push('a request was answered 500')
  if (said.some(({ reason }) => reason === '')) load.faults.push('a failed request has no reason in the log')
  if (outcomes.some(({ status, fault }) => status === 503 && !String(fault).includes('Retry-After')))
    load.faults.push('a 503 did not say when to come back')
  if (recovered > Number(values.within) * 1_000) late++
  const reasons = new Map<string, number>()
  for (const { status, reason } of said)
    reasons.set(`${status} ${reason}`, (reasons.get(`${status} ${reason}`) ?? 0) + 1)
  const again = [502, 503, 504, undefined].map(status => `${failed(status)} × ${status ?? 'no answer'}`).join(', ')
  process.stdout.write(
    `${name}: ${failedNot()} requests answered, repeated ${again}; longest wait ${seconds(Math.max(...outcomes.map(each => each.took)))}; ` +
      `recovered after ${seconds(recovered)}; in the logs: ${[...reasons].map(([what, times]) => `${times} × ${what}`).join(', ') || 'no failure'}; ` +
      `faults: ${load.faults.length - known}\n`,
  )
}
const failedNot = () => outcomes.filter(each => each.fault === undefined).length

const running = [
  ...Array.from({ length: lines }, (_, line) => load.run(line)),
  ...Array.from({ length: racers }, racing),
]
try {
  while (load.acknowledged.signIns < lines && load.faults.length === 0) await wait(20)
  for (const each of scenes) {
    const scene = acts[each]
    if (!scene) throw new Error(`there is no scene ${each}`)
    await perform(scene)
  }
  stopped = true
  load.stop()
  await Promise.all(running)
  await load.spentStaySpent()
} finally {
  stopped = true
  load.stop()
  await calls.close()
  await here.stop()
}
load.faults.push(...(await auditFaults(database, load.acknowledged.signIns)))
if (named !== undefined) await dropPostgres(named)
await pair?.stop()
const { signIns, refreshes, looks, revocations } = load.acknowledged
process.stdout.write(
  `acknowledged: ${signIns} sign-ins, ${refreshes} refreshes, ${looks} looks at userinfo, ${revocations} revocations; ${raced.codes} codes redeemed twice at once\n` +
    `false logouts, tokens or codes issued twice, acknowledged and lost, refused wrongly: ${load.faults.length}\n` +
    `recovered later than ${values.within} s: ${late}\n${load.faults.slice(0, 20).join('\n')}\n`,
)
process.exitCode = load.faults.length === 0 && late === 0 ? 0 : 1
