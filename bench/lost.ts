import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { freshMongo, freshPostgres } from '../test/support/store.ts'
import { losses } from './losses.ts'

// npm run bench:lost -- [--seconds 600] [--share 1] [--engine sqlite|postgres|mongo]: loses answers under load,
// 1 % of them unless told, and rotates the signing keys every second; counts sign-ins that ended by it, and tokens that could not be verified.
// The servers are those that LATCHKEY_TEST_POSTGRES and LATCHKEY_TEST_MONGO name.
const { values } = parseArgs({
  options: { seconds: { type: 'string' }, share: { type: 'string' }, engine: { type: 'string' } },
})
const { seconds = '600', share = '1', engine = 'sqlite' } = values
const servers: Record<string, () => string | undefined> = { postgres: freshPostgres, mongo: freshMongo }
const database = servers[engine]?.()
if (engine !== 'sqlite' && database === undefined) {
  process.stderr.write(`no server is named for ${engine}\n`)
  process.exit(2)
}

process.stdout.write(
  `node ${process.version}, ${availableParallelism()} cores, ${engine}, ${seconds} s, ${share} % lost\n`,
)
const { signIns, refreshes, lost, again, givenUp, verified, rotations, faults } = await losses({
  seconds: Number(seconds),
  share: Number(share) / 100,
  database,
})
process.stdout.write(
  `load ${loadavg()
    .map(each => each.toFixed(2))
    .join(' ')}\n` +
    `${signIns} sign-ins, ${refreshes} refreshes; answers lost: ${lost}; refreshes that lost ${Object.entries(again)
      .map(([times, count]) => `${times} in a row: ${count}`)
      .join(', ')}; given up by the client: ${givenUp}\n` +
    `keys rotated: ${rotations}; signatures verified: ${verified}\n` +
    `signed out, or not verified: ${faults.length}\n${faults.slice(0, 20).join('\n')}\n`,
)
process.exitCode = faults.length === 0 ? 0 : 1
