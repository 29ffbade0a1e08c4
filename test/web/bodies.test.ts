import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { bodiesWithin } from '../../src/web/http-security.ts'

describe('bodies of requests', () => {
  let server: Server
  let port: number
  const late: string[] = []
  before(async () => {
    const listener = bodiesWithin(
      async (req, res) => {
        if (req.url === '/early') return void res.end('no')
        const body = await text(req).catch(() => 'cut off')
        if (!res.headersSent) res.end(`read ${body.length}`)
      },
      { within: 200, uploads: /^\/upload/, onLate: req => late.push(String(req.url)) },
    )
    server = createServer(listener).listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  })
  after(() => server.closeAllConnections())
  beforeEach(() => late.splice(0))

  /** Sends a head, and a byte at a time after it; resolves to what came back once the connection is over. */
  const drip = async (head: string, times: number): Promise<string> => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    // A connection that is reset has said what it had to say before.
    socket.on('data', chunk => {
      answer += chunk
    })
    socket.on('error', () => {})
    const over = once(socket, 'close')
    socket.write(`POST ${head}\r\nHost: x\r\n`)
    for (let each = 0; each < times && socket.writable; each += 1) {
      socket.write(each === 0 ? 'Content-Length: 1000\r\n\r\n' : 'x')
      await wait(30)
    }
    socket.end()
    await over
    return answer
  }

  it('end with 408 and the connection when they come byte by byte', async () => {
    const started = performance.now()
    const answer = await drip('/form HTTP/1.1', 40)
    expect(answer).to.match(/^HTTP\/1\.1 408 /)
    expect(answer).to.match(/connection: close/i)
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '').error).to.equal('too_slow')
    expect(performance.now() - started).to.be.below(1_400)
    expect(late).to.deep.equal(['/form'])
  })

  it('end with the connection when they go on after the answer', async () => {
    const answer = await drip('/early HTTP/1.1', 40)
    expect(answer).to.match(/^HTTP\/1\.1 200 /)
    expect(late).to.deep.equal([])
  })

  it('may take as long as the server allows when they are uploads', async () => {
    const answer = await drip('/upload/x HTTP/1.1', 12)
    expect(answer).to.not.match(/408/)
    expect(late).to.deep.equal([])
  })

  it('are read when they come in time, however long the answer takes', async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/form`, { method: 'POST', body: 'x'.repeat(50_000) })
    expect(await answer.text()).to.equal('read 50000')
    await wait(300)
    expect(late).to.deep.equal([])
  })
})
