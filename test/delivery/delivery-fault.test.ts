import { createServer as createHttpServer } from 'node:http'
import { createServer, type Server } from 'node:net'
import { expect } from 'chai'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { courier, posted } from '../../src/delivery/courier.ts'
import { type DeliveryFacts, DeliveryFault, deliveryReasons, factsOf } from '../../src/delivery/delivery-fault.ts'
import type { Outgoing } from '../../src/delivery/message.ts'
import { retryAfterOf, sms } from '../../src/delivery/sms.ts'
import { mail } from '../../src/delivery/smtp.ts'
import { metrics } from '../../src/observers/metrics.ts'
import { freePorts } from '../support/ports.ts'
import { testStore } from '../support/store.ts'
import { letter } from './posting.ts'

const unhurried = new AbortController().signal
const message: Outgoing = { ...letter({}), id: 'message-1', at: 1_700_000_000_000 }
const reject = (responseCode: number, text = 'ada@example.com is not welcome') =>
  Object.assign(new Error(text), { responseCode })
const faultOf = (sending: Promise<void>): Promise<DeliveryFault> =>
  sending.then(
    () => expect.fail('sent'),
    fault => (fault instanceof DeliveryFault ? fault : expect.fail(`${fault}`)),
  )

describe('what went wrong with a delivery', () => {
  const closing: (() => unknown)[] = []
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
  })

  const listens = async (server: Server, host: string): Promise<string> => {
    await new Promise<void>(resolve => void server.listen(0, host, resolve))
    closing.push(() => server.close())
    return `${host}:${(server.address() as { port: number }).port}`
  }
  const smtp = async (options: SMTPServerOptions, host = '127.0.0.1'): Promise<string> => {
    const made = new SMTPServer({ authOptional: true, ...options })
    made.on('error', () => {})
    await new Promise<void>(resolve => void made.listen(0, host, resolve))
    closing.push(() => new Promise<void>(resolve => made.close(() => resolve())))
    return `${host}:${(made.server.address() as { port: number }).port}`
  }
  const send = (url: string, timeout = 500) => {
    const made = mail({ url, from: 'Latchkey <no-reply@id.example.com>', ehlo: 'id.example.com', timeout })
    closing.push(made.close)
    return faultOf(made.send(message, unhurried))
  }

  // 127.0.0.2 is this machine, and no name of its own that goes without TLS.
  const mails: [reason: string, url: () => Promise<string>, more?: Partial<DeliveryFacts>][] = [
    ['host-not-found', async () => 'smtp://mail.invalid'],
    ['connection-refused', async () => 'smtp://127.0.0.1:1', { step: 'CONN' }],
    [
      'timed-out',
      async () =>
        `smtp://${await listens(
          createServer(() => {}),
          '127.0.0.1',
        )}`,
      { step: 'CONN' },
    ],
    [
      'connection-lost',
      async () =>
        `smtp://${await listens(
          createServer(each => each.destroy()),
          '127.0.0.1',
        )}`,
    ],
    [
      'not-smtp',
      async () =>
        `smtp://${await listens(
          createServer(each => each.end('HTTP/1.1 400 Bad\r\n\r\n')),
          '127.0.0.1',
        )}`,
    ],
    ['tls-failed', async () => `smtps://${await smtp({})}`],
    ['no-tls', async () => `smtp://${await smtp({ hideSTARTTLS: true, disabledCommands: ['STARTTLS'] }, '127.0.0.2')}`],
    ['certificate-refused', async () => `smtps://${await smtp({ secure: true }, '127.0.0.2')}`],
    ['certificate-refused', async () => `smtp://${await smtp({}, '127.0.0.2')}`],
    [
      'sign-in-refused',
      async () =>
        `smtp://user:wrong@${await smtp({ authOptional: false, onAuth: (_a, _s, done) => done(new Error('no')) })}`,
      { reply: 535 },
    ],
    [
      'sender-refused',
      async () => `smtp://${await smtp({ onMailFrom: (_a, _s, done) => done(reject(550)) })}`,
      { step: 'MAIL FROM', reply: 550 },
    ],
    [
      'recipient-refused',
      async () => `smtp://${await smtp({ onRcptTo: (_a, _s, done) => done(reject(550)) })}`,
      { step: 'RCPT TO', reply: 550 },
    ],
    [
      'refused-for-now',
      async () => `smtp://${await smtp({ onRcptTo: (_a, _s, done) => done(reject(451)) })}`,
      { step: 'RCPT TO', reply: 451 },
    ],
    [
      'content-refused',
      async () =>
        `smtp://${await smtp({ onData: (stream, _s, done) => void stream.resume().on('end', () => done(reject(554))) })}`,
      { step: 'DATA', reply: 554 },
    ],
    [
      'too-many',
      async () => `smtp://${await smtp({ onMailFrom: (_a, _s, done) => done(reject(451)) })}`,
      { step: 'MAIL FROM', reply: 451 },
    ],
  ]
  for (const [reason, url, more = {}] of mails) {
    it(`by mail has words of its own: ${reason} ${Object.values(more).join(' ')}`, async () => {
      const at = await url()
      const { facts, message: words, forGood } = await send(at)
      expect(facts).to.include({ reason, ...more })
      expect(words).to.equal(deliveryReasons[reason as DeliveryFacts['reason']])
      expect(at).to.include(facts.host?.replace(/:587$/, ''))
      expect(JSON.stringify(facts)).to.not.match(/ada|wrong/)
      expect(forGood).to.equal((more.reply ?? 0) >= 500 && /recipient|content/.test(reason))
    })
  }

  it('in a mail server’s setting is found without sending a mail', async () => {
    const good = mail({ url: `smtp://${await smtp({})}`, from: 'a@b.example', ehlo: 'id.example.com' })
    const bad = mail({ url: 'smtp://127.0.0.1:1', from: 'a@b.example', ehlo: 'id.example.com' })
    closing.push(good.close, bad.close)
    await good.verify()
    expect((await faultOf(bad.verify())).facts).to.include({ reason: 'connection-refused' })
  })

  it('is not the name that we give ourselves', async () => {
    let called: string | false | undefined
    const at = await smtp({
      onMailFrom: (_address, session, done) => {
        called = session.hostNameAppearsAs
        done()
      },
      onData: (stream, _session, done) => void stream.resume().on('end', () => done()),
    })
    const made = mail({ url: `smtp://${at}`, from: 'a@b.example', ehlo: 'sso.example.org' })
    closing.push(made.close)
    await made.send(message, unhurried)
    expect(called).to.equal('sso.example.org')
  })

  const gateway = async (status: number, headers: Record<string, string> = {}) => {
    const server = createHttpServer((_request, response) => response.writeHead(status, headers).end())
    return `http://${await listens(server, '127.0.0.1')}/`
  }
  const text = { ...message, channel: 'sms' as const, to: '+43660123456' }
  const replies: [status: number, reason: string][] = [
    [302, 'redirected'],
    [400, 'refused'],
    [401, 'sign-in-refused'],
    [403, 'sign-in-refused'],
    [408, 'timed-out'],
    [422, 'refused'],
    [429, 'too-many'],
    [500, 'failed'],
    [503, 'failed'],
  ]
  for (const [reply, reason] of replies) {
    it(`by SMS has words of its own: ${reply} is ${reason}`, async () => {
      const url = await gateway(reply)
      const { facts } = await faultOf(sms({ url, now: Date.now })(text, unhurried))
      expect(facts).to.deep.equal({ reason, host: new URL(url).host, reply })
    })
  }

  it('by SMS before an answer has words of its own, too', async () => {
    const reasonAt = async (url: string) => (await faultOf(sms({ url, now: Date.now })(text, unhurried))).facts.reason
    expect(await reasonAt('http://sms.invalid/')).to.equal('host-not-found')
    const [free] = await freePorts(1)
    expect(await reasonAt(`http://localhost:${free}/`)).to.equal('connection-refused')
    expect(
      await reasonAt(
        `http://${await listens(
          createServer(each => each.destroy()),
          '127.0.0.1',
        )}/`,
      ),
    ).to.equal('connection-lost')
    const plain = await listens(
      createServer(each => each.end('no TLS here')),
      '127.0.0.1',
    )
    expect(await reasonAt(`https://${plain}/`)).to.equal('tls-failed')
  })

  it('may be that the gateway wants to be left alone for a while', async () => {
    const now = Date.UTC(2026, 10, 29, 12)
    expect(retryAfterOf('120', now)).to.equal(120_000)
    expect(retryAfterOf(' 0 ', now)).to.equal(0)
    expect(retryAfterOf('Sun, 29 Nov 2026 12:05:00 GMT', now)).to.equal(300_000)
    expect(retryAfterOf('Sun, 29 Nov 2026 11:00:00 GMT', now)).to.equal(0)
    for (const odd of [null, '', 'soon', '-5']) expect(retryAfterOf(odd, now), String(odd)).to.equal(undefined)
    const url = await gateway(429, { 'retry-after': '90' })
    expect(await faultOf(sms({ url, now: () => now })(text, unhurried))).to.include({ retryAfter: 90_000 })
  })

  it('says in log and metrics what it was, and waits as long as it is asked to', async () => {
    const store = await testStore(() => 0)
    closing.push(() => store.close())
    const messages = store.collection(posted)
    const lane = { lane: 'x', order: 1, at: 0, purpose: 'code', channel: 'sms' as const }
    await messages.insert({
      id: 'm',
      ...lane,
      until: 1e9,
      expiresAt: 1e9,
      due: 0,
      state: 'fresh',
      tries: 0,
      sealed: '',
    })
    const told: unknown[] = []
    const tally = metrics()
    const heard = new Promise<void>(resolve => {
      const { start } = courier<Outgoing>({
        ...{ channel: 'sms', messages, open: () => text, now: () => 0, poll: 10, lease: 60_000, concurrency: 1 },
        send: async () => {
          throw new DeliveryFault({ reason: 'too-many', host: 'sms.example', reply: 429 }, { retryAfter: 90_000 })
        },
        onEvent: (name, data) => {
          told.push([name, data])
          tally.observer.observe({ name, level: 'warning', at: 0, data, origin: {} })
          resolve()
        },
      })
      const stop = start()
      closing.push(stop)
    })
    await heard
    const facts = { reason: 'too-many', host: 'sms.example', reply: 429 }
    expect(told).to.deep.equal([['message.delayed', { message: 'm', channel: 'sms', tries: 1, ...facts }]])
    expect(await tally.text()).to.include('latchkey_undelivered_total{channel="sms",reason="too-many"} 1')
    expect((await messages.get('m'))?.due).to.equal(90_000)
  })

  it('is `failed` where nobody foresaw it', () => {
    expect(factsOf(new Error('odd'))).to.deep.equal({ reason: 'failed' })
    expect(factsOf('odd')).to.deep.equal({ reason: 'failed' })
  })
})
