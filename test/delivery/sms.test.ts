import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as read } from 'node:stream/consumers'
import { expect } from 'chai'
import type { Outgoing } from '../../src/delivery/message.ts'
import { sms } from '../../src/delivery/sms.ts'
import { letter } from './posting.ts'

const message: Outgoing = {
  ...letter({ channel: 'sms', to: '+43660123456', text: 'It is 482913' }),
  id: 'message-1',
  at: 0,
}
const unhurried = new AbortController().signal

describe('sms', () => {
  let server: Server
  let host: string
  let answer: { status: number; headers?: Record<string, string>; silent?: boolean }
  let asked: { method: string | undefined; url: string | undefined; headers: IncomingHttpHeaders; body: string }[]

  beforeEach(async () => {
    asked = []
    answer = { status: 200 }
    server = createServer(async (request, response) => {
      asked.push({ method: request.method, url: request.url, headers: request.headers, body: await read(request) })
      if (!answer.silent) response.writeHead(answer.status, answer.headers).end('{}')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  const failure = (send: Promise<void>) =>
    send.then(
      () => expect.fail('sent'),
      (error: Error) => error,
    )

  it('posts the number and the text as JSON, and the same id at every try', async () => {
    const send = sms({ url: `http://${host}/send?account=7`, now: Date.now })
    await send(message, unhurried)
    expect(asked[0]).to.include({ method: 'POST', url: '/send?account=7' })
    expect(JSON.parse(asked[0]?.body ?? '')).to.deep.equal({ to: '+43660123456', text: 'It is 482913' })
    expect(asked[0]?.headers).to.include({ 'content-type': 'application/json', 'idempotency-key': 'message-1' })
    expect(asked[0]?.headers.authorization).to.equal(undefined)
  })

  it('makes Basic authorization of a user and password in the URL', async () => {
    await sms({ url: `http://us%40er:p%3Ass@${host}/`, now: Date.now })(message, unhurried)
    expect(asked[0]?.headers.authorization).to.equal(`Basic ${Buffer.from('us@er:p:ss').toString('base64')}`)
  })

  for (const status of [400, 404, 413, 422]) {
    it(`gives up after ${status}`, async () => {
      answer = { status }
      expect(await failure(sms({ url: `http://${host}/`, now: Date.now })(message, unhurried))).to.include({
        forGood: true,
      })
    })
  }

  for (const status of [401, 403, 408, 429, 500, 503]) {
    it(`may be tried again after ${status}`, async () => {
      answer = { status }
      expect(await failure(sms({ url: `http://${host}/`, now: Date.now })(message, unhurried))).to.include({
        forGood: false,
      })
    })
  }

  it('follows nobody elsewhere with a code', async () => {
    answer = { status: 307, headers: { location: `http://${host}/elsewhere` } }
    expect(await failure(sms({ url: `http://${host}/`, now: Date.now })(message, unhurried))).to.include({
      forGood: false,
    })
    expect(asked).to.have.length(1)
  })

  it('may be tried again when nobody answers', async () => {
    answer = { status: 200, silent: true }
    expect(await failure(sms({ url: `http://${host}/`, now: Date.now, timeout: 30 })(message, unhurried))).to.include({
      forGood: false,
    })
    await new Promise(resolve => server.close(resolve).closeAllConnections())
    expect(await failure(sms({ url: `http://${host}/`, now: Date.now })(message, unhurried))).to.include({
      forGood: false,
    })
  })

  it('stops when it is told to', async () => {
    answer = { status: 200, silent: true }
    const stopped = await failure(sms({ url: `http://${host}/`, now: Date.now })(message, AbortSignal.timeout(20)))
    expect(stopped).to.have.nested.include({ 'facts.reason': 'timed-out' })
  })

  it('tells neither the number nor the text in what it throws', async () => {
    for (const status of [400, 500]) {
      answer = { status }
      const { message: said, stack } = await failure(sms({ url: `http://${host}/`, now: Date.now })(message, unhurried))
      expect(`${said} ${stack}`).to.not.match(/43660|482913/)
    }
  })
})
