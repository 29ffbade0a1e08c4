import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { jar } from '../support/jar.ts'
import { freePorts } from '../support/ports.ts'

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url))

describe('examples/suite/start.ts', () => {
  let folder: string
  let child: ChildProcess | undefined
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-start-'))
  })
  afterEach(() => void child?.kill('SIGKILL'))
  after(() => rmSync(folder, { recursive: true }))

  function start(environment: Record<string, string>) {
    const output = { out: '', err: '' }
    const started = spawn(process.execPath, [path('examples/suite/start.ts')], {
      cwd: folder,
      env: { PATH: process.env.PATH, LATCHKEY_STORE: 'sqlite::memory:', ...environment },
    })
    child = started
    started.stdout.on('data', chunk => {
      output.out += chunk
    })
    started.stderr.on('data', chunk => {
      output.err += chunk
    })
    const ended = new Promise<number | null>(done => started.once('close', done))
    return { output, ended, stop: (signal: NodeJS.Signals) => started.kill(signal) }
  }

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`is ready with nothing but ports configured, and ends at ${signal}`, async () => {
      const [provider = 0, ...ports] = await freePorts(5)
      const declared = readFileSync(path('clients.json'), 'utf8')
      const clients = join(folder, 'clients.json')
      writeFileSync(
        clients,
        declared.replace(/localhost:300([1-4])/g, (_, at) => `localhost:${ports[at - 1]}`),
      )
      const { output, ended, stop } = start({ LATCHKEY_ISSUER: `http://localhost:${provider}` })
      while (!output.out.includes('/dev/outbox') && child?.exitCode === null)
        await new Promise(done => setTimeout(done, 20))
      expect(output.err).to.equal('')
      for (const port of ports) {
        expect(output.out).to.include(`http://localhost:${port}\n`)
        const page = await jar().get(`http://localhost:${port}/login`)
        expect(page.url, `port ${port}`).to.include(`http://localhost:${provider}/`)
        expect(page.status).to.equal(200)
      }
      stop(signal)
      expect(await ended).to.equal(0)
    })
  }

  it('tells every fault of the configuration, and ends with 1', async () => {
    const { output, ended } = start({ LATCHKEY_ISSUER: 'nonsense', LATCHKEY_TYPO: 'x' })
    expect(await ended).to.equal(1)
    expect(output.err)
      .to.include('LATCHKEY_ISSUER')
      .and.include('LATCHKEY_TYPO is not a setting')
      .and.not.include(' at ')
  })

  it('tells of clients that cannot be read, and ends with 1', async () => {
    writeFileSync(join(folder, 'odd.json'), '{"clients":[{"redirect_uris":7}]}')
    for (const [file, why] of [
      ['missing.json', 'ENOENT'],
      ['odd.json', 'clients[0]'],
    ] as const) {
      const { output, ended } = start({ LATCHKEY_CLIENTS: file })
      expect(await ended).to.equal(1)
      expect(output.err).to.include(`${file} cannot be read`).and.include(why).and.not.include('\n    at ')
    }
  })
})
