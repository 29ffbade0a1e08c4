import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { freePorts } from './support/ports.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

interface Started {
  child: ChildProcess
  out(): string
  err(): string
}

describe('a server that cannot start', function () {
  this.timeout(120_000)
  let folder: string
  let started: Started[]
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-workers-'))
    started = []
  })
  afterEach(() => {
    for (const { child } of started) if (child.exitCode === null) child.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  })

  const start = (environment: Record<string, string>, ...more: 'ipc'[]): Started => {
    const clients = join(folder, 'clients.json')
    const env = { PATH: process.env.PATH, LATCHKEY_CLIENTS: clients, ...environment }
    const child = spawn(process.execPath, [main], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe', ...more] })
    const said = { out: '', err: '' }
    child.stdout?.on('data', chunk => {
      said.out += chunk
    })
    child.stderr?.on('data', chunk => {
      said.err += chunk
    })
    const made = { child, out: () => said.out, err: () => said.err }
    started.push(made)
    return made
  }
  const clients = (text = JSON.stringify({ apis: [], clients: [] })) =>
    writeFileSync(join(folder, 'clients.json'), text)
  const ended = async ({ child }: Started) => {
    if (child.exitCode === null) await once(child, 'close')
    return child.exitCode
  }
  const until = async (holds: () => boolean) => {
    for (const since = performance.now(); !holds() && performance.now() - since < 60_000; ) await wait(50)
    expect(holds()).to.equal(true)
  }

  for (const LATCHKEY_WORKERS of ['1', '2']) {
    describe(`as ${LATCHKEY_WORKERS} process${LATCHKEY_WORKERS === '1' ? '' : 'es'}`, () => {
      it('says that its port is taken, and ends', async () => {
        clients()
        const other = createServer().listen(0, 'localhost')
        await once(other, 'listening')
        const { port } = other.address() as { port: number }
        const it = start({ LATCHKEY_ISSUER: `http://localhost:${port}`, LATCHKEY_WORKERS })
        const code = await ended(it)
        other.close()
        expect(it.err()).to.equal(
          `Latchkey cannot start:\n  - cannot listen on localhost:${port} (LATCHKEY_LISTEN): another program listens there (EADDRINUSE)\n`,
        )
        expect(code).to.equal(1)
      })

      it('says once what is wrong with its settings, and ends', async () => {
        const it = start({ LATCHKEY_ISSUER: 'http://id.example.com', LATCHKEY_NONSENSE: 'x', LATCHKEY_WORKERS })
        expect(await ended(it)).to.equal(1)
        expect(it.err()).to.match(/^Latchkey cannot start:\n/)
        expect(it.err().split('LATCHKEY_NONSENSE is not a setting')).to.have.length(2)
        expect(it.err()).to.not.match(/^ +at /m)
      })

      it('says once what is wrong with clients.json, and ends', async () => {
        clients('{')
        const [port] = await freePorts(1)
        const it = start({ LATCHKEY_ISSUER: `http://localhost:${port}`, LATCHKEY_WORKERS })
        expect(await ended(it)).to.equal(1)
        expect(it.err().split('clients.json')).to.have.length(2)
        expect(it.err()).to.not.match(/^ +at /m)
      })

      it('says that its store cannot be opened, and ends', async () => {
        clients()
        writeFileSync(join(folder, 'not-a-database'), 'x'.repeat(8_192))
        chmodSync(join(folder, 'not-a-database'), 0o600)
        const [port] = await freePorts(1)
        const LATCHKEY_STORE = `sqlite:${join(folder, 'not-a-database')}`
        const it = start({ LATCHKEY_ISSUER: `http://localhost:${port}`, LATCHKEY_WORKERS, LATCHKEY_STORE })
        expect(await ended(it)).to.equal(1)
        expect(it.err()).to.match(/^LATCHKEY_STORE cannot be opened: .+\n$/)
      })
    })
  }

  it('is not one that a process manager talks to', async () => {
    clients()
    const [port] = await freePorts(1)
    const it = start({ LATCHKEY_ISSUER: `http://localhost:${port}`, LATCHKEY_WORKERS: '1' }, 'ipc')
    await until(() => it.out().includes('listening on'))
    for (const said of ['shutdown', 7, null, { retire: true }, { wanted: 1 }])
      await new Promise<void>((resolve, reject) =>
        it.child.send(said as string, fault => (fault ? reject(fault) : resolve())),
      )
    await wait(200)
    expect((await fetch(`http://localhost:${port}/health/ready`)).status).to.equal(200)
    it.child.kill('SIGTERM')
    expect(await ended(it)).to.equal(0)
  })

  it('is not one whose worker dies later: another takes its place', async () => {
    clients()
    const [port] = await freePorts(1)
    const it = start({ LATCHKEY_ISSUER: `http://localhost:${port}`, LATCHKEY_WORKERS: '2' })
    const listening = () => [...it.out().matchAll(/"pid":(\d+)[^\n]*listening on/g)].map(([, pid]) => Number(pid))
    await until(() => listening().length === 2)
    process.kill(listening()[0] ?? 0, 'SIGKILL')
    await until(() => listening().length === 3)
    expect(it.err()).to.equal('A worker ended by SIGKILL. Another starts in 0.5 s.\n')
    expect((await fetch(`http://localhost:${port}/health/ready`)).status).to.equal(200)
    it.child.kill('SIGTERM')
    expect(await ended(it)).to.equal(0)
  })
})
