import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { grown, rowsGrown } from './growth.ts'
import { lives, type Seen, soaking } from './soaking.ts'

// npm run bench:soak -- [--minutes 120] [--every 60] [--settle 10] [--pace 1]: keeps a Latchkey at work with mixed use and looks every so many
// seconds at what it holds; after the minutes in which it settles, nothing may grow but what is kept for longer than that on purpose.
const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    every: { type: 'string' },
    settle: { type: 'string' },
    pace: { type: 'string' },
  },
})
const { minutes = '120', every = '60', settle = '10', pace = '1' } = values
const minute = 60_000
const MiB = 1_048_576

/** What may not grow: by a twentieth, or by so much, whichever is more. */
const floors = {
  resident: 8 * MiB,
  heap: 2 * MiB,
  external: 2 * MiB,
  descriptors: 4,
  threads: 0,
  timers: 5,
  sockets: 4,
} as const
const share = 0.05

/** Collections that are meant to outlive such a run, and why. */
const kept: Record<string, string> = {
  audit_leaves: 'the audit log, for ever',
  audit_places: 'the audit log, for ever',
  sessions: 'what their owners see, for 90 days after the end',
  devices: 'known devices, for a year without use',
  refresh_tokens: 'a day at least: LATCHKEY_REFRESH_MAX counts in days',
  grants: 'as long as refresh tokens',
  figures: 'what the staff area draws',
  sent_messages: 'what was sent to whom',
  consents: 'what apps may do, until it is revoked',
}

const size = (bytes: number) => (bytes / MiB).toFixed(1)
const part = (sorted: readonly number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]?.toFixed(0) ?? '-'
const shownKinds = ['token', 'refresh', 'leaver', 'signIn']
const columns = [
  'minute',
  'load',
  'cores',
  'rss',
  'heap',
  'external',
  'fd',
  'threads',
  'timers',
  'sockets',
  'rows',
  'file',
  'errors',
]
const line = (cells: readonly (string | number)[]) =>
  process.stdout.write(`${cells.map(each => String(each).padStart(8)).join('')}\n`)
const told = (seen: Seen): void => {
  const rows = [...seen.rows.values()].reduce((sum, each) => sum + each.ending + each.endless, 0)
  line([
    ...[(seen.at / minute).toFixed(1), seen.load.toFixed(1), seen.cores.toFixed(2)],
    ...[size(seen.resident), size(seen.heap), size(seen.external)],
    ...[seen.descriptors, seen.threads, seen.timers, seen.sockets, rows, size(seen.stored), seen.errors],
    ...shownKinds.map(kind => ` ${part(seen.took.get(kind) ?? [], 0.5)}/${part(seen.took.get(kind) ?? [], 0.99)}`),
  ])
}

process.stdout.write(
  `node ${process.version}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(2)}, SQLite, ${minutes} minutes at pace ${pace}, sessions of ${lives.idle} to ${lives.max} minutes; MiB, and milliseconds (p50/p99)\n`,
)
line([...columns, ...shownKinds])
const { seen, counts, errors } = await soaking({
  ...{ lasting: Number(minutes) * minute, looks: Number(every) * 1_000, pace: Number(pace), onLook: told },
})

const from = Number(settle) * minute
const faults: string[] = []
const say = (text: string) => void process.stdout.write(`${text}\n`)
say(
  `done: ${Object.entries(counts)
    .map(([kind, times]) => `${times} × ${kind}`)
    .join(', ')}`,
)
say(`kinds of what keeps the process alive, at the end: ${JSON.stringify(seen.at(-1)?.resources)}`)
for (const [name, floor] of Object.entries(floors) as [keyof typeof floors, number][]) {
  const points = seen.map(each => ({ at: each.at, value: each[name] }))
  const found = grown(name, points, { from, share: name === 'threads' ? 0 : share, floor })
  if (!found) continue
  const shown = floor >= MiB ? (value: number) => `${size(value)} MiB` : (value: number) => value.toFixed(1)
  say(
    `${name}: ${shown(found.first)} at first, ${shown(found.last)} at last, the line grows by ${shown(found.by)} (${shown(found.hourly)} an hour): ${found.flat ? 'flat' : 'GROWS'}`,
  )
  if (!found.flat) faults.push(`${name} grows`)
}
for (const name of seen.at(-1)?.rows.keys() ?? []) {
  const looks = seen.flatMap(each => each.rows.get(name) ?? [])
  const { longest, overdue, level, kept: all, endless } = rowsGrown(name, looks, { from, share, floor: 20 })
  if (overdue > 0) faults.push(`${name}: ${overdue} rows that ended were not swept`)
  const life = longest > 0 ? `rows end within ${(longest / minute).toFixed(0)} minutes` : 'rows have no end'
  if (level && longest > 0) {
    say(`rows of ${name}: ${level.first} at first, ${level.last} at last (${life}): ${level.flat ? 'level' : 'GROW'}`)
    if (!level.flat) faults.push(`${name} grows`)
  } else if (all && !all.flat)
    say(
      `rows of ${name}: ${all.first} at first, ${all.last} at last, ${all.hourly.toFixed(0)} an hour (${life}): ${kept[name] ?? 'longer than this run shows'}`,
    )
  if (endless && !endless.flat && !kept[name]) faults.push(`${name} grows without an end`)
}
say(`errors: ${errors.length}\n${errors.slice(0, 20).join('\n')}`)
say(`grown, or not swept: ${faults.length}\n${faults.join('\n')}`)
process.exitCode = faults.length + errors.length === 0 ? 0 : 1
