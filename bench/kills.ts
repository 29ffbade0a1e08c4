import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { freshMongo, freshPostgres } from '../test/support/store.ts'
import { killing } from './killing.ts'

// npm run bench:kills -- [--kills 1000] [--minutes 15] [--workers 1] [--engine sqlite|postgres|mongo]: kill -9 at random moments under load,
// and what is left; fewer kills where the minutes are over before.
// The servers are those that LATCHKEY_TEST_POSTGRES and LATCHKEY_TEST_MONGO name.
const { values } = parseArgs({
  options: {
    ...{ kills: { type: 'string' }, minutes: { type: 'string' } },
    ...{ workers: { type: 'string' }, engine: { type: 'string' } },
  },
})
const { kills = '1000', minutes = 'Infinity', workers = '1', engine = 'sqlite' } = values
const servers: Record<string, () => string | undefined> = { postgres: freshPostgres, mongo: freshMongo }
const database = servers[engine]?.()
if (engine !== 'sqlite' && database === undefined) {
  process.stderr.write(`no server is named for ${engine}\n`)
  process.exit(2)
}

process.stdout.write(
  `node ${process.version}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(2)}, ${engine}, ${workers} process(es)\n`,
)
const {
  kills: done,
  acknowledged,
  restarts,
  faults,
} = await killing({
  kills: Number(kills),
  until: performance.now() + Number(minutes) * 60_000,
  workers: Number(workers),
  database,
  onKill: done => {
    if (done % 50 === 0) process.stderr.write(`${done} kills\n`)
  },
})
const at = (share: number): string => `${Math.round(restarts[Math.floor(restarts.length * share)] ?? 0)} ms`
process.stdout.write(
  `${done} kills; acknowledged: ${acknowledged.signIns} sign-ins, ${acknowledged.refreshes} refreshes, ${acknowledged.revocations} revocations\n` +
    `ready again after ${at(0.5)} (half of them), ${at(0.99)} (99 of 100)\n` +
    `lost, or refused wrongly: ${faults.length}\n${faults.slice(0, 20).join('\n')}\n`,
)
process.exitCode = faults.length === 0 ? 0 : 1
