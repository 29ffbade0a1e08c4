import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism, loadavg } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { till } from '../test/support/strangers.ts'
import { api, machine } from './clients.ts'
import { latchkey } from './latchkey.ts'
import { caller } from './load.ts'
import { measuredSecrets } from './people.ts'

// npm run bench:slowest -- [--seconds 20] [--every 20] [--people 10000]: how long a token takes, asked for every so many milliseconds whatever became of those
// before, while nothing else happens, while the queue of password hashes is full, during a flood from one address, and during a backup.
const { values } = parseArgs({
  options: { seconds: { type: 'string' }, every: { type: 'string' }, people: { type: 'string' } },
})
const { seconds = '20', every = '20', people = '10000' } = values
const goal = 25

const measured = await latchkey({ people: 1, others: Number(people), apps: [till] })
const calls = caller(measured.url, machine, 64)
const faults: string[] = []

/** Asks for tokens for as long as it takes; resolves to the milliseconds that each took, shortest first. */
async function tokens(lasting: number): Promise<number[]> {
  const took: number[] = []
  const asked: Promise<void>[] = []
  const end = performance.now() + lasting
  for (let due = performance.now(); due < end; due += Number(every)) {
    await wait(Math.max(0, due - performance.now()))
    // From when it was due: what is asked for late because others were slow counts as slow.
    const since = due
    const form = { grant_type: 'client_credentials', resource: api.resource, scope: 'read' }
    const answered = () => void took.push(performance.now() - since)
    asked.push(calls.post('/token', form).then(answered, fault => void faults.push(String(fault))))
  }
  await Promise.all(asked)
  return took.sort((a, b) => a - b)
}
const part = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN

/** Runs a script that loads the server until it is told to stop; resolves to what it was answered. */
function loaded(script: string, ...words: string[]) {
  const child = fork(new URL(script, import.meta.url), [measured.url, ...words])
  return async (): Promise<string> => {
    child.send('stop')
    const [statuses] = (await once(child, 'message')) as [Record<string, number>]
    return Object.entries(statuses)
      .map(([status, times]) => `${times} × ${status}`)
      .join(', ')
  }
}

/** Makes one backup after the other until it is told to stop. */
function backingUp() {
  let [going, made] = [true, 0]
  const env = {
    ...process.env,
    LATCHKEY_STORE: measured.store,
    LATCHKEY_SECRETS: measuredSecrets,
    LATCHKEY_CLIENTS: join(dirname(measured.file), 'clients.json'),
  }
  const cli = fileURLToPath(new URL('../src/cli.ts', import.meta.url))
  const running = (async () => {
    while (going) {
      const file = join(dirname(measured.file), `backup-${made}`)
      await promisify(execFile)(process.execPath, [cli, 'backup', file], { env })
      made++
    }
  })()
  return async (): Promise<string> => {
    going = false
    await running
    return `${made} backups`
  }
}

process.stdout.write(
  `node ${process.version}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(2)}, SQLite, ${people} people with five sessions each, a token every ${every} ms for ${seconds} s each\n`,
)
const scenes: Record<string, () => () => Promise<string>> = {
  'nothing else': () => async () => '',
  'the queue of hashes full': () => loaded('guesser.ts'),
  'a flood from one address': () => loaded('flooder.ts', '198.51.100.1', '16'),
  backups: backingUp,
}
await tokens(1_000)
let missed = 0
for (const [scene, begin] of Object.entries(scenes)) {
  const end = begin()
  if (scene !== 'nothing else') await wait(1_000)
  const took = await tokens(Number(seconds) * 1_000)
  const beside = await end()
  const p99 = part(took, 0.99)
  if (!(p99 <= goal)) missed++
  process.stdout.write(
    `${scene}: ${took.length} tokens, p50 ${part(took, 0.5).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms (goal: at most ${goal}): ${p99 <= goal ? 'met' : 'not met'}; load ${loadavg()[0]?.toFixed(1)}${beside && `; ${beside}`}\n`,
  )
}
process.stdout.write(`failed: ${faults.length}\n${faults.slice(0, 5).join('\n')}\n`)
await calls.close()
await measured.stop()
process.exitCode = faults.length === 0 && missed === 0 ? 0 : 1
