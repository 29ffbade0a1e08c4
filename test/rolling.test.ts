import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { Pool } from 'undici'
import { freePorts } from './support/ports.ts'

const curls = spawnSync('curl', ['--version']).status === 0
if (!curls) console.log('  skipped: requests by curl while workers are replaced, because there is no curl')

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const bearer = 'what reads the figures of this test'
const secret = 'a-secret-of-a-machine-that-is-long-enough'
const api = { resource: 'https://api.example.com', name: 'API', scopes: ['read'] }
const machine = {
  ...{ client_id: 'machine', client_name: 'Machine', grant_types: ['client_credentials'] },
  ...{ token_endpoint_auth_method: 'client_secret_basic', client_secret: secret },
  apis: { [api.resource]: api.scopes },
}

describe('several workers', function () {
  this.timeout(120_000)
  let folder: string
  let child: ChildProcess
  let url: string
  let said = { out: '', err: '' }
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-rolling-'))
    writeFileSync(join(folder, 'clients.json'), JSON.stringify({ apis: [api], clients: [machine] }))
    const [port] = await freePorts(1)
    url = `http://localhost:${port}`
    const env = {
      ...{ PATH: process.env.PATH, LATCHKEY_ISSUER: url, LATCHKEY_CLIENTS: join(folder, 'clients.json') },
      ...{ LATCHKEY_WORKERS: '2', LATCHKEY_METRICS_TOKEN: bearer },
    }
    child = spawn(process.execPath, [main], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
    said = { out: '', err: '' }
    for (const each of ['out', 'err'] as const)
      child[`std${each}`]?.on('data', chunk => {
        said[each] += chunk
      })
    await until(() => listening().length === 2)
  })
  after(async () => {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true })
    expect(child.exitCode).to.equal(0)
  })

  const listening = () => [...said.out.matchAll(/"pid":(\d+)[^\n]*listening on/g)].map(([, pid]) => Number(pid))
  const until = async (holds: () => boolean) => {
    for (const since = performance.now(); !holds() && performance.now() - since < 60_000; ) await wait(20)
    expect(holds(), said.err).to.equal(true)
  }
  /** Scrapes as Prometheus does: a connection that nobody answers is given up, and the next scrape is another. */
  const scrape = async (): Promise<string> => {
    for (;;) {
      const headers = { authorization: `Bearer ${bearer}`, connection: 'close' }
      const answer = await fetch(`${url}/metrics`, { headers, signal: AbortSignal.timeout(4_000) }).catch(() => null)
      if (answer?.ok) return answer.text()
    }
  }
  const value = (text: string, series: string): number => {
    const line = text.split('\n').find(each => each.startsWith(`${series} `))
    expect(line, series).to.be.a('string')
    return Number(line?.slice(series.length + 1))
  }
  const tokens = 'latchkey_tokens_total{grant="client_credentials",client="machine"}'
  let issued = 0

  /** Keeps clients going that others wrote, each on a connection that it keeps, until told to stop. */
  const load = () => {
    const pool = new Pool(url, { connections: 6, pipelining: 1 })
    const failures: string[] = []
    let stopped = false
    const authorization = `Basic ${Buffer.from(`machine:${secret}`).toString('base64')}`
    const token = {
      ...({
        method: 'POST',
        path: '/token',
        body: `grant_type=client_credentials&resource=${api.resource}&scope=read`,
      } as const),
      headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
    }
    const ask = async (which: number) => {
      while (!stopped) {
        // Undici repeats no POST that failed.
        const sent = pool.request(which % 2 ? token : { method: 'GET', path: '/.well-known/openid-configuration' })
        const status = await sent.then(
          ({ statusCode, body }) => body.text().then(() => statusCode),
          fault => fault,
        )
        if (status !== 200) failures.push(String(status))
        else if (which % 2) issued += 1
        await wait(10 + which)
      }
    }
    const curl = async () => {
      while (curls && !stopped) {
        const words = ['-s', '--rate', '100/s', '-o', '/dev/null', '-w', '%{http_code}\\n', `${url}/health/live?[1-50]`]
        const { stdout } = await promisify(execFile)('curl', words)
        failures.push(...stdout.split('\n').filter(each => each !== '' && each !== '200'))
      }
    }
    const all = Promise.all([...Array.from({ length: 6 }, (_, each) => ask(each)), curl()])
    return {
      stop: async () => {
        stopped = true
        await all
        await pool.close()
        return failures
      },
    }
  }

  it('lose no request while each is replaced by another, and what they counted adds up', async () => {
    const first = listening()
    const under = load()
    await until(() => issued > 20)
    child.kill('SIGUSR2')
    await until(() => said.err.includes('All workers are replaced.'))
    await wait(300)
    expect(await under.stop()).to.deep.equal([])
    const now = listening().filter(each => !first.includes(each))
    expect(now).to.have.length(2)
    expect(value(await scrape(), tokens)).to.equal(issued)
  })

  it('answer every figure that the dashboard and the alerts read, by every label and value that they name', async () => {
    const text = await scrape()
    const answered = new Map<string, Record<string, string>[]>()
    for (const [, name = '', kind] of text.matchAll(/^# TYPE (\w+) (\w+)$/gm))
      for (const ending of kind === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']) answered.set(name + ending, [])
    for (const [, name = '', labels = ''] of text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm))
      answered.get(name)?.push(Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, l, v]) => [l, v])))
    const faults = queries().flatMap(query =>
      [...query.matchAll(/\b((?:latchkey|process|nodejs)_\w+)(?:\{([^}]*)\})?/g)].flatMap(
        ([, name = '', asked = '']) => {
          const series = answered.get(name)
          if (!series) return [`${name} is not answered: ${query}`]
          // What has not happened yet has no series.
          if (series.length === 0) return []
          return [...asked.matchAll(/(\w+)(=~?)"([^"]*)"/g)].flatMap(([, label = '', , value = '']) => {
            if (ours.has(label)) return []
            const values = new Set(series.map(each => each[label]))
            const missing = value.split('|').filter(each => !values.has(each) && each !== '5xx')
            return missing.map(each => `${name} has no ${label}="${each}": ${query}`)
          })
        },
      ),
    )
    expect(faults).to.deep.equal([])
    const named = queries().flatMap(query =>
      [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, each = '']) => each.split(', ')),
    )
    const labels = new Set([...answered.values()].flat().flatMap(each => Object.keys(each)))
    expect(named.filter(each => !labels.has(each) && !ours.has(each) && !later.has(each))).to.deep.equal([])
  })

  it('count no less when one is killed, or hangs', async () => {
    const before = await scrape()
    expect(value(before, 'latchkey_workers{state="answering"}')).to.be.at.least(2)
    const [, , third = 0] = listening()
    process.kill(third, 'SIGKILL')
    await until(() => listening().length === 5)
    expect(said.err).to.include('A worker ended by SIGKILL. Another starts in 0.5 s.')
    const later = await scrape()
    expect(value(later, tokens)).to.equal(issued)
    expect(value(later, 'latchkey_worker_deaths_total')).to.equal(1)
    const [, , , fourth = 0] = listening()
    process.kill(fourth, 'SIGSTOP')
    try {
      const meanwhile = await scrape()
      expect(value(meanwhile, tokens)).to.equal(issued)
      expect(value(meanwhile, 'latchkey_workers{state="silent"}')).to.equal(1)
    } finally {
      process.kill(fourth, 'SIGCONT')
    }
  })
})

/** Labels that Prometheus adds. */
const ours = new Set(['instance', 'job'])
/** Labels of figures that this test does not bring about. */
const later = new Set(['factor', 'code', 'reason', 'limit'])

/** What the dashboard and the alert rules of packaging/ ask Prometheus. */
function queries(): string[] {
  const read = (name: string) => readFileSync(fileURLToPath(new URL(`../packaging/${name}`, import.meta.url)), 'utf8')
  const { panels } = JSON.parse(read('grafana-dashboard.json')) as { panels: { targets?: { expr: string }[] }[] }
  // mocha reads its own settings by this library.
  const yaml = createRequire(createRequire(import.meta.url).resolve('mocha'))('js-yaml')
  const { groups } = yaml.load(read('prometheus-rules.yaml')) as { groups: { rules: { expr: string }[] }[] }
  return [
    ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ...groups.flatMap(({ rules }) => rules.map(({ expr }) => expr)),
  ]
}
