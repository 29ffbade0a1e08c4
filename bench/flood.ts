import { fork } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ledger } from '../src/observers/ledger.ts'
import { openStore } from '../src/store/open.ts'
import { till } from '../test/support/strangers.ts'
import { latchkey } from './latchkey.ts'

// npm run bench:flood -- [--seconds 60] [--workers 1] [--connections 16]: what a flood from one address costs the store, and people.
const { values } = parseArgs({
  options: { seconds: { type: 'string' }, workers: { type: 'string' }, connections: { type: 'string' } },
})
const seconds = Number(values.seconds ?? 60)
const workers = values.workers ?? '1'
const connections = values.connections ?? '16'
const goal = { bytes: 5 * 1_048_576, ratio: 2 }
/** People who sign in side by side, and milliseconds between two sign-ins of theirs. */
const lines = 2
const pause = 200

const most = Math.ceil((2.2 * lines * seconds * 1_000) / pause)
const measured = await latchkey({ people: most, apps: [till], environment: { LATCHKEY_WORKERS: workers } })
const size = () =>
  ['', '-wal'].reduce((sum, end) => sum + (statSync(measured.file + end, { throwIfNoEntry: false })?.size ?? 0), 0)

let come = 0
/** Has people sign in for so many seconds, each from an address of their own; resolves to how long each took, in milliseconds, shortest first. */
async function signIns(lasting: number): Promise<number[]> {
  const until = performance.now() + lasting * 1_000
  const took: number[] = []
  const line = async (): Promise<void> => {
    while (performance.now() < until) {
      const begun = performance.now()
      const at = come++
      await measured.signIn(`203.0.${at >> 8}.${at & 255}`)
      took.push(performance.now() - begun)
      await wait(pause)
    }
  }
  await Promise.all(Array.from({ length: lines }, line))
  return took.sort((a, b) => a - b)
}
const p95 = (took: readonly number[]): number => took[Math.ceil(took.length * 0.95) - 1] ?? Number.NaN

await signIns(Math.min(5, seconds / 3))
const quiet = await signIns(seconds / 2)
const before = size()
const flooder = fork(new URL('flooder.ts', import.meta.url), [measured.url, '198.51.100.1', connections])
const flooded = await signIns(seconds)
flooder.send('stop')
const [statuses] = (await once(flooder, 'message')) as [Record<string, number>]
const grown = size() - before
await measured.stopServing()

const store = await openStore(`sqlite:${measured.file}`, { now: Date.now, sweep: false })
const names = new Map<string, number>()
for await (const { name } of ledger({ store }).entries()) names.set(name, (names.get(name) ?? 0) + 1)
await store.close()
await measured.stop()

const lost = come - (names.get('session.started') ?? 0)
const ratio = p95(flooded) / p95(quiet)
const sent = Object.values(statuses).reduce((sum, each) => sum + each, 0)
const met = grown < goal.bytes && ratio < goal.ratio && lost === 0
const perSecond = Math.round(sent / seconds)
process.stdout.write(
  [
    `node ${process.version}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(2)}, ${workers} worker(s), ${connections} connections, ${seconds} s`,
    `sent ${sent} requests from one address (${perSecond} a second): ${Object.entries(statuses)
      .map(([status, times]) => `${times} × ${status}`)
      .join(', ')}`,
    `the store grew by ${(grown / 1_048_576).toFixed(2)} MB (goal: under ${goal.bytes / 1_048_576})`,
    `sign-ins, p95: ${p95(quiet).toFixed(0)} ms before, ${p95(flooded).toFixed(0)} ms meanwhile, ratio ${ratio.toFixed(2)} (goal: under ${goal.ratio}); ${flooded.length} people came in meanwhile`,
    `audit log: ${names.get('refusals.tallied') ?? 0} entries of refusals, ${lost} of ${come} sign-ins missing (goal: 0)`,
    met ? 'met' : 'not met',
    '',
  ].join('\n'),
)
