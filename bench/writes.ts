import { jar } from '../test/support/jar.ts'
import { countingSignIns, type Row, summed } from '../test/support/sign-in-writes.ts'

// npm run bench:writes: what each request of a sign-in by password and authenticator writes, and in how many commits of the embedded store.

/** The collections that a request wrote to, with how often where it was more than once. */
function named({ commits }: Row): string {
  const counts = new Map<string, number>()
  for (const { collection } of commits.flatMap(each => each.writes))
    counts.set(collection, (counts.get(collection) ?? 0) + 1)
  return [...counts].map(([name, times]) => (times > 1 ? `${name} × ${times}` : name)).join(', ')
}

function table(title: string, rows: readonly Row[]): string {
  const line = (request: string, sums: ReturnType<typeof summed>, what: string) =>
    `| ${[request, sums.commits, sums.synced, sums.writes, what].join(' | ')} |`
  return [
    title,
    '',
    '| request | commits | of them synced | writes | to |',
    '|---|---|---|---|---|',
    ...rows.map(row => line(row.request, summed([row]), named(row))),
    line('in all', summed(rows), ''),
    '',
  ].join('\n')
}

const here = await countingSignIns()
const device = jar()
const tables = [table('At our own page, on a device that the account does not know', await here.direct(device))]
await here.signOut(device)
tables.push(table('At our own page, on a device that the account knows', await here.direct(device)))
await here.signOut(device)
tables.push(table('For an app, on a device that the account knows', await here.forApp(device)))
await here.stop()
process.stdout.write(`${tables.join('\n')}\n`)
