import { execFile } from 'node:child_process'
import { availableParallelism, loadavg } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { children } from './child.ts'
import { api, app, machine } from './clients.ts'
import { latchkey } from './latchkey.ts'
import { caller } from './load.ts'

// npm run bench:rolling -- [--seconds 60] [--workers 2]: has all workers replaced again and again under load, and counts requests that failed.
const { values } = parseArgs({ options: { seconds: { type: 'string' }, workers: { type: 'string' } } })
const { seconds = '60', workers = '2' } = values
/** Sessions that refresh side by side, and connections that tokens are asked for over. */
const lines = 4
const connections = 8

process.stdout.write(
  `node ${process.version}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(2)}, sqlite, ${workers} processes\n`,
)
const measured = await latchkey({ people: lines, environment: { LATCHKEY_WORKERS: workers } })
const end = performance.now() + Number(seconds) * 1_000
const going = () => performance.now() < end
const counts: Record<string, { done: number; failed: string[] }> = {}

/** Does something again and again, and counts what came of it. */
const repeated = async (name: string, act: () => Promise<number>): Promise<void> => {
  counts[name] ??= { done: 0, failed: [] }
  const count = counts[name]
  while (going()) {
    try {
      count.done += await act()
    } catch (fault) {
      count.failed.push(String(fault))
    }
  }
}

const seen = new Set<number>()
const replacing = async (): Promise<void> => {
  const known = () => children(measured.pid).filter(each => seen.has(each))
  for (const each of children(measured.pid)) seen.add(each)
  while (going()) {
    measured.signal('SIGUSR2')
    const former = known()
    while (going() && children(measured.pid).some(each => former.includes(each))) {
      for (const each of children(measured.pid)) seen.add(each)
      await wait(50)
    }
  }
}

/** Has autocannon ask for discovery 200 times a second, over four connections that it keeps. */
const cannon = async (): Promise<void> => {
  const program = fileURLToPath(import.meta.resolve('autocannon/autocannon.js'))
  const words = ['--json', '-c', '4', '-R', '200', '-d', seconds, `${measured.url}/.well-known/openid-configuration`]
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...words], { maxBuffer: 1e8 })
  const { '2xx': done, errors, non2xx, timeouts, mismatches } = JSON.parse(stdout) as Record<string, number>
  const failed = { errors, non2xx, timeouts, mismatches }
  const lost = Object.entries(failed).flatMap(([what, times = 0]) => Array.from({ length: times }, () => what))
  counts['discovery (autocannon)'] = { done: done ?? 0, failed: lost }
}

const tokens = caller(measured.url, { ...machine }, connections)
const refreshing = caller(measured.url, app, lines)
const grant = { grant_type: 'client_credentials', resource: api.resource, scope: api.scopes.join(' ') }
try {
  const sessions = await Promise.all(Array.from({ length: lines }, () => measured.refreshToken()))
  await Promise.all([
    replacing(),
    ...Array.from({ length: connections }, () =>
      repeated('tokens (undici, POST)', () => tokens.post('/token', grant).then(() => 1)),
    ),
    ...sessions.map(first => {
      let token = first
      return repeated('refreshes (undici, POST)', async () => {
        const answer = await refreshing.post('/token', { grant_type: 'refresh_token', refresh_token: token })
        token = String(answer.refresh_token)
        return 1
      })
    }),
    repeated('pages (curl)', async () => {
      const words = [
        '-sS',
        '--rate',
        '100/s',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}\\n',
        `${measured.url}/help?[1-50]`,
      ]
      const { stdout } = await promisify(execFile)('curl', words)
      const wrong = stdout.split('\n').filter(each => each !== '' && each !== '200')
      if (wrong.length > 0) throw new Error(`answered ${wrong.join(' ')}`)
      return 50
    }),
    cannon(),
  ])
} finally {
  await tokens.close()
  await refreshing.close()
  await measured.stop()
}
process.stdout.write(`workers replaced in ${seconds} s: ${seen.size - Number(workers)}\n`)
let failed = 0
for (const [name, count] of Object.entries(counts)) {
  failed += count.failed.length
  process.stdout.write(
    `${name}: ${count.done} answered, ${count.failed.length} failed ${count.failed.slice(0, 3).join('; ')}\n`,
  )
}
process.exitCode = failed === 0 ? 0 : 1
