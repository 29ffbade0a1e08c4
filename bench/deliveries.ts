import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { delivering } from './delivering.ts'

// npm run bench:deliveries -- [--minutes 10] [--every 5]: mail, texts, a webhook and an app that hears of sign-outs hang for half of the time and refuse
// for the other, while somebody does something of each kind every so many seconds; then all is delivered, in order and without help.
const { values } = parseArgs({ options: { minutes: { type: 'string' }, every: { type: 'string' } } })
const { minutes = '10', every = '5' } = values
const begun = performance.now()
const say = (text: string) => void process.stdout.write(`${text}\n`)
const listed = (counts: object) =>
  Object.entries(counts)
    .map(([what, times]) => `${times} × ${what}`)
    .join(', ')

say(
  `node ${process.version}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(2)}, SQLite, ${minutes} minutes`,
)
const found = await delivering({
  lasting: Number(minutes) * 60_000,
  every: Number(every) * 1_000,
  onPhase: phase => say(`${((performance.now() - begun) / 1_000).toFixed(0)} s: ${phase}`),
})
say(
  `load ${loadavg()[0]?.toFixed(2)}; done: ${listed(found.acts)}; the slowest page took ${(found.longest / 1_000).toFixed(1)} s`,
)
say(`waited: ${listed(found.queued)}; tries that hung: ${found.met.hung}, that were refused: ${found.met.refused}`)
say(`arrived: ${listed(found.arrived)}; more than once: ${found.repeated}; codes that had run out: ${found.expired}`)
say(`all was delivered ${(found.took / 1_000).toFixed(1)} s after all were back`)
say(`lost, out of order, unclear, or in need of help: ${found.faults.length}\n${found.faults.slice(0, 20).join('\n')}`)
process.exitCode = found.faults.length === 0 ? 0 : 1
