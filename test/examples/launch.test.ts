import { createServer, type Server } from 'node:http'
import { expect } from 'chai'
import { apps } from '../../examples/suite/apps.ts'
import { type Launched, launch } from '../../examples/suite/launch.ts'
import { newKey } from '../../src/crypto/jws.ts'
import { freePorts } from '../support/ports.ts'
import { registered } from '../support/suite.ts'

/** Answers `/health/ready`, tells its own end, and does what `then` says. */
const provider = (port: number, then = '') => `
  const server = require('node:http').createServer((request, response) => {
    if (request.url === '/heard') return response.end(String(process.pid))
    response.writeHead(request.url === '/health/ready' ? 200 : 404).end()
  }).listen(${port}, 'localhost')
  process.on('SIGTERM', () => process.exit(0))
  ${then}`

describe('npm start', () => {
  let ports: number[]
  let issuer: string
  let said: string[]
  let complained: string[]
  let stop: AbortController

  beforeEach(async () => {
    ports = await freePorts(5)
    issuer = `http://localhost:${ports[4]}`
    said = []
    complained = []
    stop = new AbortController()
  })
  afterEach(() => stop.abort())

  async function start(script: string, more: Partial<Launched> = {}): Promise<number> {
    return launch({
      issuer,
      at: { host: 'localhost', port: ports[4] ?? 0 },
      clients: apps.map(({ id }, at) => registered(ports[at] ?? 0, id)),
      keys: { staking: await newKey('ES256') },
      provider: ['-e', script],
      outbox: `${issuer}/dev/outbox`,
      say: text => void said.push(text),
      complain: text => void complained.push(text),
      signal: stop.signal,
      ...more,
    })
  }
  const answers = (url: string) =>
    fetch(url).then(
      async each => [each.status, await each.text()] as const,
      () => undefined,
    )
  async function until<T>(ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
    for (let tries = 0; tries < 200; tries++) {
      const found = await ask()
      if (found !== undefined) return found
      await new Promise(done => setTimeout(done, 20))
    }
    throw new Error('waited in vain')
  }
  async function nothingIsLeft() {
    for (const port of ports) expect(await answers(`http://localhost:${port}/`), `port ${port}`).to.equal(undefined)
  }

  it('starts the provider and the apps, says where to click, and stops all of it', async () => {
    const ending = start(provider(ports[4] ?? 0))
    const text = await until(() => said[0])
    for (const at of [0, 1, 2, 3]) {
      expect(text).to.include(`http://localhost:${ports[at]}\n`)
      expect((await answers(`http://localhost:${ports[at]}/`))?.[0]).to.equal(200)
    }
    expect(text).to.include(`${issuer}/account\n`).and.include(`${issuer}/dev/outbox`)
    const columns = text
      .split('\n')
      .filter(line => line.includes('http'))
      .map(line => line.indexOf('http'))
    expect(new Set(columns).size).to.equal(1)
    stop.abort()
    expect(await ending).to.equal(0)
    expect(complained).to.deep.equal([])
    await nothingIsLeft()
  })

  it('says nothing of an outbox that is not shown', async () => {
    const ending = start(provider(ports[4] ?? 0), { outbox: undefined })
    expect(await until(() => said[0]))
      .to.not.include('outbox')
      .and.not.include('SMS')
    stop.abort()
    await ending
  })

  it('waits for the provider to have ended', async () => {
    const ending = start(
      provider(
        ports[4] ?? 0,
        `process.removeAllListeners('SIGTERM').on('SIGTERM', () => setTimeout(() => process.exit(0), 300))`,
      ),
    )
    const pid = Number((await until(() => answers(`${issuer}/heard`)))[1])
    await until(() => said[0])
    stop.abort()
    expect(await ending).to.equal(0)
    expect(() => process.kill(pid, 0)).to.throw('ESRCH')
  })

  it('ends a provider that will not stop', async () => {
    const ending = start(provider(ports[4] ?? 0, `process.removeAllListeners('SIGTERM').on('SIGTERM', () => {})`), {
      patience: 1000,
    })
    await until(() => said[0])
    stop.abort()
    expect(await ending).to.equal(0)
    await nothingIsLeft()
  })

  it('stops while it is still starting', async () => {
    const ending = start('setInterval(() => {}, 1000)')
    stop.abort()
    expect(await ending).to.equal(0)
    expect(said).to.deep.equal([])
    await nothingIsLeft()
  })

  it('ends with the exit code of a provider that falls over, before it is ready and after', async () => {
    expect(await start('process.exit(3)')).to.equal(3)
    expect(complained.join()).to.include('exit code 3')
    await nothingIsLeft()
    expect(await start(provider(ports[4] ?? 0, 'setTimeout(() => process.exit(4), 400)'))).to.equal(4)
    expect(said).to.have.length(1)
    await nothingIsLeft()
    expect(await start(`process.kill(process.pid, 'SIGKILL')`)).to.equal(1)
  })

  it('gives up on a provider that is never ready', async () => {
    expect(await start('setInterval(() => {}, 1000)', { patience: 300 })).to.equal(1)
    expect(complained.join()).to.include('not ready after 0.3 s')
    await nothingIsLeft()
  })

  it('names every port that is taken, and starts nothing', async () => {
    const others = await Promise.all(
      [1, 4].map(
        at =>
          new Promise<Server>(done => {
            const server: Server = createServer().listen(ports[at], 'localhost', () => done(server))
          }),
      ),
    )
    const code = await start(`require('node:fs').writeSync(2, 'started'); process.exit(9)`)
    for (const other of others) other.close()
    expect(code).to.equal(1)
    expect(complained.join())
      .to.include(`Port ${ports[1]} is taken, and Staking should listen there.`)
      .and.include(`Port ${ports[4]} is taken, and Latchkey should listen there.`)
      .and.include('Nothing was started')
    await nothingIsLeft()
  })

  it('refuses clients that lack an app of the suite', async () => {
    const fault = await start(provider(ports[4] ?? 0), { clients: [] }).catch(each => each)
    expect(fault.message).to.include('does not declare trading')
    await nothingIsLeft()
  })
})
