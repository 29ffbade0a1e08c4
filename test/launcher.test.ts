import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { freePorts } from './support/ports.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const launcher = join(root, 'latchkey')
const run = promisify(execFile)

describe('./latchkey', function () {
  this.timeout(60_000)
  let folder: string
  let child: ChildProcess | undefined
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-launcher-'))
    child = undefined
  })
  afterEach(() => {
    if (child?.exitCode === null) child.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  })

  it('runs a command from any folder, without HOME, and with an old Node on PATH', async () => {
    // What Debian calls node is too old to read TypeScript.
    writeFileSync(join(folder, 'node'), '#!/bin/sh\necho too old >&2\nexit 1\n', { mode: 0o755 })
    const env = { PATH: `${folder}:/usr/bin:/bin` }
    const { stdout } = await run(launcher, ['audit', 'verify', '--help'], { cwd: folder, env })
    expect(stdout).to.match(/^Usage: latchkey audit verify/)
  })

  it('runs by npx in the folder, under the Node and npm of the machine', async () => {
    const own = (process.env.PATH ?? '').split(':').filter(each => !each.includes('node_modules'))
    const env = { PATH: own.join(':'), HOME: folder }
    const { stdout } = await run('npx', ['--offline', 'latchkey', 'completion', 'bash'], { cwd: root, env })
    expect(stdout).to.include('complete -o default -F _latchkey')
  })

  it('is found through links, as npx makes them', async () => {
    symlinkSync(launcher, join(folder, 'first'))
    symlinkSync('first', join(folder, 'second'))
    const { stdout } = await run(join(folder, 'second'), ['--help'], { cwd: '/', env: { PATH: '/usr/bin:/bin' } })
    expect(stdout).to.include('latchkey serve')
  })

  it('lists the settings instead of serving', async () => {
    for (const help of ['--help', '-h']) {
      const { stdout } = await run(launcher, ['serve', help], { env: { PATH: '/usr/bin:/bin' } })
      expect(stdout)
        .to.match(/^Usage: latchkey serve\n/)
        .and.to.include('LATCHKEY_ISSUER')
    }
  })

  it('passes on exit codes', async () => {
    const failed = await run(launcher, ['no', 'such'], { env: { PATH: '/usr/bin:/bin' } }).catch(fault => fault)
    expect(failed).to.include({ code: 2 })
    expect(failed.stderr).to.include('There is no such command.')
  })

  /** Starts a server; resolves once it has said something so many times. */
  const serving = async (command: string, args: string[], port: number) => {
    const clients = join(folder, 'clients.json')
    writeFileSync(clients, JSON.stringify({ apis: [], clients: [] }))
    const env = {
      ...{ PATH: process.env.PATH, LATCHKEY_ISSUER: `http://localhost:${port}`, LATCHKEY_CLIENTS: clients },
      LATCHKEY_STORE: `sqlite:${join(folder, 'store.db')}`,
    }
    const started = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'ignore'] })
    child = started
    let out = ''
    started.stdout.on('data', chunk => {
      out += chunk
    })
    const said = async (text: string) => {
      for (const since = performance.now(); !out.includes(text) && performance.now() - since < 40_000; ) await wait(20)
      expect(out).to.include(text)
    }
    await said('listening on')
    return { started, said, pid: Number(/"pid":(\d+)/.exec(out)?.[1]) }
  }
  const answers = (port: number) =>
    fetch(`http://localhost:${port}/health/live`).then(
      () => true,
      () => false,
    )

  it('serves in its own place, so that SIGHUP and SIGTERM reach the server', async () => {
    const [port = 0] = await freePorts(1)
    const { started, said, pid } = await serving(launcher, ['serve'], port)
    expect(pid).to.equal(started.pid)
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')).to.match(
      / --max-semi-space-size=16 --initial-old-space-size=56 --heap-growing-percent=60 .*src\/main\.ts/,
    )
    started.kill('SIGHUP')
    await said('clients.reloaded')
    expect(await answers(port)).to.equal(true)
    started.kill('SIGTERM')
    await once(started, 'exit')
    expect(started.exitCode).to.equal(0)
  })

  it('serves and runs commands for another user than the one who installed it, who can write nothing there', async () => {
    // Nobody may read the folder of root's that the suite may lie in: so this user reads all, and still writes nothing.
    const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups']
    const reads = ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search']
    const [command = launcher, ...as] =
      process.getuid?.() === 0 ? ['setpriv', ...nobody, ...reads, launcher] : [launcher]
    if (command !== launcher) chownSync(folder, 65534, 65534)
    const [port = 0] = await freePorts(1)
    const { started } = await serving(command, [...as, 'serve'], port)
    expect(await answers(port)).to.equal(true)
    const store = join(folder, 'store.db')
    const { uid } = statSync(store)
    expect(uid).to.equal(command === launcher ? process.getuid?.() : 65534)
    const env = { PATH: '/usr/bin:/bin', LATCHKEY_STORE: `sqlite:${store}` }
    const { stdout } = await run(command, [...as, 'roles', 'list', '--json'], { cwd: '/', env })
    expect(JSON.parse(stdout)).to.deep.equal([])
    started.kill('SIGTERM')
    await once(started, 'exit')
    expect(started.exitCode).to.equal(0)
  })

  it('serves with a Node of the machine that knows none of the options for its memory', async () => {
    const copy = join(folder, 'copy')
    mkdirSync(join(copy, 'src'), { recursive: true })
    copyFileSync(launcher, join(copy, 'latchkey'))
    writeFileSync(join(copy, 'src/main.ts'), 'console.log(process.execArgv.length, process.env.MALLOC_ARENA_MAX)\n')
    const bin = join(folder, 'bin')
    mkdirSync(bin)
    const start = async (refused: string) => {
      const script = `#!/bin/sh\ncase "$*" in *${refused}*) exit 9 ;; esac\nexec "${process.execPath}" "$@"\n`
      writeFileSync(join(bin, 'node'), script, { mode: 0o755 })
      const env = { PATH: `${bin}:/usr/bin:/bin` }
      return (await run(join(copy, 'latchkey'), ['serve'], { env })).stdout
    }
    expect(await start('--heap-growing-percent')).to.equal('0 2\n')
    expect(await start('--no-such-option')).to.equal('3 2\n')
  })

  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGKILL'] as const) {
    it(`leaves no server behind when npm, which started it, gets ${signal}`, async () => {
      const [port = 0] = await freePorts(1)
      const { started } = await serving('npm', ['run', 'serve'], port)
      started.kill(signal)
      await once(started, 'exit')
      for (const since = performance.now(); (await answers(port)) && performance.now() - since < 20_000; )
        await wait(50)
      expect(await answers(port)).to.equal(false)
    })
  }
})
