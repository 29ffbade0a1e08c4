import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { authority, believe } from './support/certificates.ts'
import { freePorts } from './support/ports.ts'

const path = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url))

describe('src/main.ts', function () {
  this.timeout(60_000)
  let folder: string
  let child: ChildProcess
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-main-'))
  })
  afterEach(() => {
    child.kill('SIGTERM')
    rmSync(folder, { recursive: true })
  })

  /** Starts it in the folder; resolves, when called, once it has said something so many times. */
  const start = (environment: Record<string, string>) => {
    const env = { PATH: process.env.PATH, ...environment }
    child = spawn(process.execPath, [path('src/main.ts')], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
    let out = ''
    child.stdout?.on('data', chunk => {
      out += chunk
    })
    return async (text: string, times: number) => {
      while (out.split(text).length - 1 < times && child.exitCode === null) await wait(20)
    }
  }

  it('serves https, and client certificates at a port of its own', async () => {
    const [port, certified] = await freePorts(2)
    const ours = await authority()
    const { cert, key } = await ours.issue('CN=localhost')
    const written = (name: string, content: string) => {
      writeFileSync(join(folder, name), content)
      return join(folder, name)
    }
    const said = start({
      LATCHKEY_ISSUER: `https://localhost:${port}`,
      LATCHKEY_CLIENTS: written('clients.json', JSON.stringify({ apis: [], clients: [] })),
      LATCHKEY_TLS_CERT: written('cert.pem', cert),
      LATCHKEY_TLS_KEY: written('key.pem', key),
      LATCHKEY_MTLS_URL: `https://localhost:${certified}`,
      LATCHKEY_MTLS_LISTEN: `localhost:${certified}`,
      LATCHKEY_MTLS_CA: written('ca.pem', ours.cert),
    })
    await said('listening on', 1)
    const disbelieve = believe(ours)
    const status = async (at: number | undefined, to: string) => (await fetch(`https://localhost:${at}${to}`)).status
    expect(await status(port, '/health/live')).to.equal(200)
    expect(await status(certified, '/health/live')).to.equal(404)
    expect(await status(certified, '/userinfo')).to.equal(401)
    disbelieve()
    child.kill('SIGTERM')
    await new Promise(done => child.once('exit', done))
    expect(child.exitCode).to.equal(0)
  })

  it('reads clients.json, and how much to log, anew at SIGHUP, in every worker, and serves on', async () => {
    const [port] = await freePorts(1)
    const file = join(folder, 'clients.json')
    const declared = JSON.parse(readFileSync(path('clients.json'), 'utf8'))
    writeFileSync(file, JSON.stringify(declared))
    const LATCHKEY_LOG = join(folder, 'log-level')
    writeFileSync(LATCHKEY_LOG, 'info\n')
    const issuer = { LATCHKEY_ISSUER: `http://localhost:${port}`, LATCHKEY_LOG }
    const said = start({ ...issuer, LATCHKEY_CLIENTS: file, LATCHKEY_WORKERS: '2' })
    await said('listening on', 2)
    writeFileSync(LATCHKEY_LOG, 'loud\n')
    writeFileSync(file, '{')
    child.kill('SIGHUP')
    await said('clients.refused', 2)
    await said('log-level holds none of silent, error, warn, info, debug', 2)
    writeFileSync(LATCHKEY_LOG, 'debug\n')
    const [first] = declared.clients
    // An API that is a client itself would miss it.
    const apis = declared.apis.filter((each: { client_id?: string }) => each.client_id === undefined)
    const renamed = { ...first, client_id: 'renamed', apis: {} }
    writeFileSync(file, JSON.stringify({ apis, clients: [renamed] }))
    child.kill('SIGHUP')
    await said('"clients":["renamed"]', 2)
    // Whichever worker answers: an app that is known is asked to sign in, another is not.
    for (const [id, location] of [
      ['renamed', true],
      ['trading', false],
    ] as const) {
      for (let each = 0; each < 4; each++) {
        const query = new URLSearchParams({
          client_id: id,
          response_type: 'code',
          scope: 'openid',
          redirect_uri: first.redirect_uris[0],
          code_challenge: 'a'.repeat(43),
          code_challenge_method: 'S256',
        })
        const answer = await fetch(`http://localhost:${port}/authorize?${query}`, { redirect: 'manual' })
        expect(answer.headers.has('location')).to.equal(location)
      }
    }
    await said('"level":"debug"', 8)
    child.kill('SIGTERM')
    await new Promise(done => child.once('exit', done))
    expect(child.exitCode).to.equal(0)
  })
})
