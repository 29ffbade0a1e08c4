import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { fairly } from '../../src/web/fair.ts'

describe('the turns of sources that are refused again and again', () => {
  let server: Server
  let url: string
  let passed: number
  let open: number
  let widest: number
  beforeEach(async () => {
    passed = 0
    open = 0
    widest = 0
    const listener = fairly(
      async (req, res) => {
        widest = Math.max(widest, ++open)
        await wait(Number(req.headers['x-takes'] ?? 5))
        open -= 1
        res.writeHead(Number((req.url ?? '').slice(1))).end('answered')
      },
      () => performance.now() + passed,
    )
    server = createServer(listener).listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  const ask = async (status: number, from = '192.0.2.1', takes = 5) => {
    const answer = await fetch(`${url}/${status}`, { headers: { 'x-forwarded-for': from, 'x-takes': String(takes) } })
    return { status: answer.status, headers: answer.headers, text: await answer.text() }
  }
  const many = (count: number, status: number, from?: string, takes?: number) =>
    Promise.all(Array.from({ length: count }, () => ask(status, from, takes)))

  it('are not limited for a source that is answered well, however often', async () => {
    await many(300, 200)
    widest = 0
    await many(40, 200, undefined, 50)
    expect(widest).to.be.greaterThan(10)
  })

  it('are a few at a time after a hundred refusals, and other sources are not limited', async () => {
    await many(100, 401)
    await wait(20)
    widest = 0
    const slowed = many(20, 200)
    let over = false
    void slowed.then(() => {
      over = true
    })
    expect((await ask(200, '192.0.2.2')).status).to.equal(200)
    expect(over).to.equal(false)
    expect((await slowed).map(({ status }) => status)).to.deep.equal(Array(20).fill(200))
    // Two of theirs, and the other's.
    expect(widest).to.be.at.most(3)
  })

  it('count a whole IPv6 /64 as one source', async () => {
    await Promise.all(Array.from({ length: 100 }, (_, at) => ask(400, `2001:db8::${at.toString(16)}`)))
    await wait(20)
    widest = 0
    await many(20, 200, '2001:db8::ffff')
    expect(widest).to.be.at.most(2)
  })

  it('are limited earlier when a source goes on after 429', async () => {
    await many(20, 429)
    await wait(20)
    widest = 0
    await many(10, 200)
    expect(widest).to.be.at.most(2)
  })

  it('are not limited where as many are answered well: one app may be wrong beside others', async () => {
    await ask(401)
    await many(150, 200)
    await many(120, 401)
    await wait(20)
    widest = 0
    await many(40, 200, undefined, 50)
    expect(widest).to.be.greaterThan(10)
  })

  it('end in 429 with a reason for a request that would wait too long', async () => {
    await many(100, 403)
    await wait(20)
    const answers = await many(160, 200)
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused.length).to.be.within(40, 60)
    expect(refused[0]?.headers.get('retry-after')).to.equal('1')
    expect(JSON.parse(refused[0]?.text ?? '')).to.include({ error: 'slow_down' })
  }).timeout(20_000)

  it('are not held up by two slow requests', async () => {
    await many(100, 400)
    await wait(20)
    const long = many(2, 200, undefined, 4_000)
    await wait(50)
    let over = false
    void long.then(() => {
      over = true
    })
    expect((await ask(200)).status).to.equal(200)
    expect(over).to.equal(false)
    await long
  }).timeout(20_000)

  it('are not limited for this machine: a proxy on it may stand for everybody', async () => {
    await many(150, 401, '127.0.0.1')
    widest = 0
    await many(40, 200, '127.0.0.1', 50)
    expect(widest).to.be.greaterThan(10)
  })

  it('are not limited any more a minute later', async () => {
    await many(100, 400)
    passed = 61_000
    widest = 0
    await many(40, 200, undefined, 50)
    expect(widest).to.be.greaterThan(10)
  })
})
