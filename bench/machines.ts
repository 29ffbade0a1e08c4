import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { dropMongo, dropPostgres, freshMongo, freshPostgres } from '../test/support/store.ts'
import { postgresPair } from './postgres-pair.ts'
import { type Played, trial } from './trial.ts'

// npm run bench:machines -- [--scenes rolling,freeze,cut,forget,dark,failover] [--machines 2] [--engine postgres|mongo]
// [--freeze 30] [--cut 10] [--dark 40] [--within 5]: several Latchkeys on one PostgreSQL behind nginx, as on several machines:
// what apps and people feel of a rolling restart, a frozen process, a cut network and a failover. It starts a primary and a standby;
// without the failover it runs on the server that LATCHKEY_TEST_POSTGRES or LATCHKEY_TEST_MONGO names.
const { values } = parseArgs({
  options: {
    scenes: { type: 'string', default: 'rolling,freeze,cut,forget,dark,failover' },
    machines: { type: 'string', default: '2' },
    engine: { type: 'string', default: 'postgres' },
    freeze: { type: 'string', default: '30' },
    cut: { type: 'string', default: '10' },
    dark: { type: 'string', default: '40' },
    within: { type: 'string', default: '5' },
  },
})
/** Nothing here takes longer than this; then it ends by itself. */
setTimeout(() => process.exit(2), 20 * 60_000).unref()

const scenes = values.scenes.split(',')
const named = scenes.includes('failover') ? undefined : values.engine === 'mongo' ? freshMongo() : freshPostgres()
if (named === undefined && values.engine === 'mongo')
  throw new Error('LATCHKEY_TEST_MONGO names no server, or there is no standby to promote: leave the failover out')
const pair = named === undefined ? await postgresPair() : undefined

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`
let late = 0
const onScene = ({ name, answered, repeated, longest, recovered, reasons, faults }: Played): void => {
  if (recovered > Number(values.within) * 1_000) late++
  const again = Object.entries(repeated).map(([what, times]) => `${times} × ${what}`)
  const logged = [...reasons].map(([what, times]) => `${times} × ${what}`)
  process.stdout.write(
    `${name}: ${answered} requests answered, repeated ${again.join(', ')}; longest wait ${seconds(longest)}; ` +
      `recovered after ${seconds(recovered)}; in the logs: ${logged.join(', ') || 'no failure'}; faults: ${faults.length}\n`,
  )
}
const { acknowledged, racedCodes, faults } = await trial({
  ...{ scenes, pair, database: named ?? pair?.primary ?? '', onScene },
  ...{ machines: Number(values.machines), freeze: Number(values.freeze) },
  ...{ cut: Number(values.cut), dark: Number(values.dark) },
  onStart: front =>
    void process.stdout.write(
      `node ${process.version}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(2)}, ${values.machines} Latchkeys behind ${front}, ` +
        `${pair ? `PostgreSQL ${pair.version} with a synchronous standby` : `${values.engine} as named`}\n`,
    ),
})
if (named !== undefined) await (values.engine === 'mongo' ? dropMongo : dropPostgres)(named)
await pair?.stop()
const { signIns, refreshes, looks, revocations } = acknowledged
process.stdout.write(
  `acknowledged: ${signIns} sign-ins, ${refreshes} refreshes, ${looks} looks at userinfo, ${revocations} revocations; ${racedCodes} codes redeemed twice at once\n` +
    `false logouts, tokens or codes issued twice, acknowledged and lost, refused wrongly: ${faults.length}\n` +
    `recovered later than ${values.within} s: ${late}\n${faults.slice(0, 20).join('\n')}\n`,
)
process.exitCode = faults.length === 0 && late === 0 ? 0 : 1
