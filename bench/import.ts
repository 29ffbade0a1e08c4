import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openStore } from '../src/store/open.ts'

// npm run bench:import -- [--people 100000] [--dry-run]: how long an import takes, and the most memory that it holds.
const { values } = parseArgs({ options: { people: { type: 'string' }, 'dry-run': { type: 'boolean' } } })
const people = Number(values.people ?? 100_000)
const folder = mkdtempSync(join(tmpdir(), 'latchkey-import-'))
const [file, url] = [join(folder, 'people.jsonl'), `sqlite:${join(folder, 'latchkey.db')}`]
const hash = '$2b$04$yFW1llW5IwDMNXX9kvkjQeMruGUO18D24QW3L0b5yEm9fgXyrIChi'

/** Every second person has an authenticator. */
function person(n: number): string {
  const totp = n % 2 ? [{ secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' }] : []
  const said = { id: `p${n}`, email: `person${n}@example.com`, email_verified: true, name: `Person ${n}`, locale: 'de' }
  return `${JSON.stringify({ ...said, created_at: 1_600_000_000 + n, password_hash: hash, totp })}\n`
}

/** The most memory that a process held, in MiB, as the kernel counts it; 0 once it is gone. */
function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}

async function run(words: string[]): Promise<{ seconds: number; peak: number; said: string }> {
  const environment = { LATCHKEY_STORE: url, LATCHKEY_SECRETS: 'a secret of the benchmark of 32 or more' }
  const cli = fileURLToPath(new URL('../src/cli.ts', import.meta.url))
  const began = performance.now()
  const child = spawn(process.execPath, [cli, 'people', 'import', file, ...words], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let [said, peak] = ['', 0]
  child.stdout.on('data', text => {
    said += text
  })
  const watch = setInterval(() => {
    peak = Math.max(peak, peakOf(child.pid ?? 0))
  }, 50)
  const [code] = await once(child, 'close')
  clearInterval(watch)
  if (code !== 0) throw new Error(`the import ended with ${code}`)
  return { seconds: (performance.now() - began) / 1000, peak, said }
}

try {
  const written = createWriteStream(file)
  for (let n = 0; n < people; n++) if (!written.write(person(n))) await once(written, 'drain')
  await finished(written.end())
  await (await openStore(url, { now: Date.now, sweep: false })).close()
  const [processor] = cpus()
  process.stdout.write(`${processor?.model}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}\n`)
  for (const words of values['dry-run'] ? [['--dry-run']] : [['--dry-run'], []]) {
    const { seconds, peak, said } = await run(words)
    const what = words[0] ?? 'import'
    process.stdout.write(`${what}: ${people} people, ${seconds.toFixed(1)} s, ${peak.toFixed(0)} MiB at most\n${said}`)
  }
} finally {
  rmSync(folder, { recursive: true })
}
