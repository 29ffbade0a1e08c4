import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Pool } from 'undici'
import { api, machine } from './clients.ts'
import { latchkey } from './latchkey.ts'
import { caller } from './load.ts'

// npm run bench:slowdisk -- [--seconds 8] [--delay 10]: what those who write nothing feel of a disk that is slow to sync.
const { values } = parseArgs({ options: { seconds: { type: 'string' }, delay: { type: 'string' } } })
const seconds = Number(values.seconds ?? 8)
const delay = Number(values.delay ?? 10)
const goal = { p50: 1.5, pages: 0.8 }
const visitors = 16

const folder = mkdtempSync(join(tmpdir(), 'latchkey-slow-'))
const library = join(folder, 'slow-disk.so')
try {
  execFileSync('cc', [
    '-shared',
    '-fPIC',
    '-O1',
    '-o',
    library,
    fileURLToPath(new URL('slow-disk.c', import.meta.url)),
    '-ldl',
  ])
} catch {
  process.stdout.write('skipped: there is no C compiler (cc) to build the slow disk with\n')
  process.exit(0)
}

/** Has visitors open sign-in pages for so long, and a service ask for a token again and again meanwhile. */
async function measure(ms: number): Promise<{ p50: number; pages: number; refused: number }> {
  const measured = await latchkey({
    people: 1,
    environment: { LD_PRELOAD: library, SLOW_DISK_MS: String(ms) },
  })
  const pool = new Pool(measured.url, { connections: visitors, pipelining: 1 })
  const service = caller(measured.url, machine, 1)
  const token = () =>
    service.post('/token', { grant_type: 'client_credentials', scope: 'read', resource: api.resource })
  let [until, pages, refused, turn] = [performance.now() + 1_500, 0, 0, 0]
  const took: number[] = []
  const visit = async (): Promise<void> => {
    while (performance.now() < until) {
      // Each from an address of its own: all from one would meet the limits for strangers.
      const at = turn++
      const from = `10.${(at >> 16) & 255}.${(at >> 8) & 255}.${at & 255}`
      const { statusCode, body } = await pool.request({
        method: 'GET',
        path: '/sign-in',
        headers: { 'x-forwarded-for': from },
      })
      await body.dump()
      if (statusCode < 400) pages++
      else refused++
    }
  }
  const ask = async (): Promise<void> => {
    while (performance.now() < until) {
      const begun = performance.now()
      await token()
      took.push(performance.now() - begun)
    }
  }
  const run = () => Promise.all([ask(), ...Array.from({ length: visitors }, visit)])
  await run()
  ;[until, pages, refused] = [performance.now() + seconds * 1_000, 0, 0]
  took.length = 0
  await run()
  await Promise.all([pool.close(), service.close()])
  await measured.stop()
  took.sort((a, b) => a - b)
  return { p50: took[took.length >> 1] ?? Number.NaN, pages: pages / seconds, refused }
}

process.stdout.write(
  `node ${process.version}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(2)}, ${seconds} s each, ${visitors} visitors\n`,
)
const quick = await measure(0)
const slow = await measure(delay)
rmSync(folder, { recursive: true })
const [p50, pages] = [slow.p50 / quick.p50, slow.pages / quick.pages]
const row = (what: string, a: number, b: number, ratio: number, bound: string, met: boolean) =>
  `${what}: ${a.toFixed(1)} at +0 ms, ${b.toFixed(1)} at +${delay} ms, ratio ${ratio.toFixed(2)} (goal: ${bound}): ${met ? 'met' : 'not met'}\n`
process.stdout.write(
  row('p50 of a JWT that writes nothing, in ms', quick.p50, slow.p50, p50, `at most ${goal.p50}`, p50 <= goal.p50) +
    row(
      'anonymous sign-in pages a second',
      quick.pages,
      slow.pages,
      pages,
      `at least ${goal.pages}`,
      pages >= goal.pages,
    ) +
    `refused: ${quick.refused} and ${slow.refused}\n`,
)
