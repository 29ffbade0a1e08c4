import { createServer } from 'node:net'
import { text as read } from 'node:stream/consumers'
import { domainToUnicode } from 'node:url'
import { expect } from 'chai'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import type { Outgoing } from '../../src/delivery/message.ts'
import { outbox } from '../../src/delivery/outbox.ts'
import { mail } from '../../src/delivery/smtp.ts'
import { testStore } from '../support/store.ts'
import { clock, ear, letter, seals, until } from './posting.ts'

interface Received {
  from: string
  to: string[]
  user: unknown
  secure: boolean
  raw: string
}

const from = 'Latchkey <no-reply@id.example.com>'
const unhurried = new AbortController().signal
const outgoing = (changes: Parameters<typeof letter>[0] = {}): Outgoing => ({
  ...letter(changes),
  id: 'message-1',
  at: 1_700_000_000_000,
})
const reject = (responseCode: number) => Object.assign(new Error('no'), { responseCode })
const failure = (sending: Promise<void>) =>
  sending.then(
    () => expect.fail('sent'),
    (error: Error) => error,
  )

const domainToUnicodeOf = (address: string) => address.replace(/[^@]+$/, domainToUnicode)

describe('mail', () => {
  const closing: (() => unknown)[] = []
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
  })

  async function server(options: SMTPServerOptions = {}, port = 0) {
    const received: Received[] = []
    const smtp = new SMTPServer({
      authOptional: true,
      onData(stream, session, done) {
        void read(stream).then(raw => {
          const { mailFrom, rcptTo } = session.envelope
          received.push({
            from: mailFrom ? mailFrom.address : '',
            to: rcptTo.map(({ address }) => address),
            user: session.user,
            secure: session.secure,
            raw,
          })
          done()
        })
      },
      ...options,
    })
    smtp.on('error', () => {})
    await new Promise<void>(resolve => void smtp.listen(port, '127.0.0.1', resolve))
    const close = () => new Promise<void>(resolve => smtp.close(() => resolve()))
    closing.push(close)
    return { received, close, port: (smtp.server.address() as { port: number }).port }
  }
  const sender = (url: string, timeout = 500) => {
    const made = mail({ url, from, ehlo: 'id.example.com', timeout })
    closing.push(made.close)
    return made
  }
  const header = (raw: string, name: string) =>
    raw
      .split('\r\n\r\n')[0]
      ?.replace(/\r\n[ \t]+/g, ' ')
      .split('\r\n')
      .filter(line => line.toLowerCase().startsWith(`${name}:`))
      .map(line => line.slice(name.length + 1).trim())

  it('writes to internationalised addresses (RFC 6531)', async () => {
    const { received, port } = await server()
    const { send } = sender(`smtp://127.0.0.1:${port}`)
    for (const to of ['ada@xn--mller-kva.example', 'иван@xn--80a1acny.xn--p1ai'])
      await send(outgoing({ to }), unhurried)
    const reached = ['ada@müller.example', 'иван@почта.рф']
    expect(received.flatMap(each => each.to.map(to => domainToUnicodeOf(to)))).to.deep.equal(reached)
    expect(received.map(each => header(each.raw, 'to')?.map(domainToUnicodeOf))).to.deep.equal(reached.map(to => [to]))
  })

  it('sends both bodies, marked as automatic, under one Message-ID at every try', async () => {
    const { received, port } = await server()
    const { send } = sender(`smtp://127.0.0.1:${port}`)
    await send(outgoing({ html: '<p>It is 482913</p>' }), unhurried)
    await send(outgoing(), unhurried)
    const [first, again] = received
    expect(first).to.include({ from: 'no-reply@id.example.com', secure: true })
    expect(first?.to).to.deep.equal(['ada@example.com'])
    expect(header(first?.raw ?? '', 'from')).to.deep.equal([from])
    expect(header(first?.raw ?? '', 'subject')).to.deep.equal(['Your code'])
    expect(header(first?.raw ?? '', 'auto-submitted')).to.deep.equal(['auto-generated'])
    expect(header(first?.raw ?? '', 'date')?.[0]).to.include('14 Nov 2023')
    expect(first?.raw).to.include('text/plain').and.to.include('text/html').and.to.include('<p>It is 482913</p>')
    expect(header(again?.raw ?? '', 'message-id')).to.deep.equal(['<message-1@id.example.com>'])
    expect(header(first?.raw ?? '', 'message-id')).to.deep.equal(header(again?.raw ?? '', 'message-id'))
  })

  it('signs in with the user and password of the URL', async () => {
    const { received, port } = await server({
      authOptional: false,
      onAuth: ({ username, password }, _session, done) =>
        username === 'us@er' && password === 'p:ss' ? done(null, { user: username }) : done(new Error('no')),
    })
    await sender(`smtp://us%40er:p%3Ass@127.0.0.1:${port}`).send(outgoing(), unhurried)
    expect(received[0]?.user).to.equal('us@er')
    const wrong = await failure(sender(`smtp://us%40er:wrong@127.0.0.1:${port}`).send(outgoing(), unhurried))
    expect(wrong).to.include({ forGood: false })
  })

  it('speaks TLS from the first byte to smtps', async () => {
    const { received, port } = await server({ secure: true })
    await sender(`smtps://127.0.0.1:${port}`).send(outgoing(), unhurried)
    expect(received[0]?.secure).to.equal(true)
  })

  it('does without TLS on loopback only, and trusts nobody’s word for a certificate elsewhere', async () => {
    const plain = await server({ disabledCommands: ['STARTTLS'] })
    await sender(`smtp://localhost:${plain.port}`).send(outgoing(), unhurried)
    expect(plain.received[0]?.secure).to.equal(false)

    // Leads to this machine without being one of its names.
    const abroad = (port: number) => failure(sender(`smtp://0.0.0.0:${port}`).send(outgoing(), unhurried))
    expect(await abroad(plain.port)).to.have.nested.include({ 'facts.reason': 'no-tls' })
    const selfSigned = await server()
    expect((await abroad(selfSigned.port)).message).to.match(/certificate/)
    expect(plain.received).to.have.length(1)
    expect(selfSigned.received).to.deep.equal([])
  })

  it('lets no recipient smuggle in another, or a header', async () => {
    const { received, port } = await server()
    const { send } = sender(`smtp://127.0.0.1:${port}`)
    for (const to of [
      'ada@example.com\r\nBcc: eve@example.com',
      'ada@example.com, eve@example.com',
      'ada@example.com;eve@example.com',
      'ada@example.com> RCPT TO:<eve@example.com',
      '"ada" <eve@example.com>',
      'all: ada@example.com, eve@example.com;',
      'eve@example.com(ada)@example.com',
      'ada@example.com\0',
      'ada',
      '',
    ])
      expect(await failure(send(outgoing({ to }), unhurried)), to).to.include({ forGood: true })
    expect(received).to.deep.equal([])
  })

  it('lets no subject smuggle in a header', async () => {
    const { received, port } = await server()
    const { send } = sender(`smtp://127.0.0.1:${port}`)
    for (const subject of [
      'Hi\r\nBcc: eve@example.com',
      'Hi\nX-Evil: 1\n\nbody',
      'Hi\rX-Evil: 1',
      'Grüße\r\nX-Evil: 1',
    ])
      await send(outgoing({ subject }), unhurried)
    expect(received).to.have.length(4)
    for (const { raw, to } of received) {
      expect(to).to.deep.equal(['ada@example.com'])
      expect(header(raw, 'bcc')).to.deep.equal([])
      expect(header(raw, 'x-evil')).to.deep.equal([])
      expect(header(raw, 'subject')).to.have.length(1)
    }
  })

  for (const [what, options] of [
    ['recipient', { onRcptTo: (_to, _session, done) => done(reject(550)) }],
    ['content', { onData: (stream, _session, done) => void read(stream).then(() => done(reject(554))) }],
  ] satisfies [string, SMTPServerOptions][]) {
    it(`gives up when the ${what} is refused for good`, async () => {
      const { port } = await server(options)
      expect(await failure(sender(`smtp://127.0.0.1:${port}`).send(outgoing(), unhurried))).to.include({
        forGood: true,
      })
    })
  }

  for (const [what, options] of [
    ['the recipient is refused for now', { onRcptTo: (_to, _session, done) => done(reject(451)) }],
    [
      'the content is refused for now',
      { onData: (stream, _session, done) => void read(stream).then(() => done(reject(452))) },
    ],
    [
      'the sender is refused, which is the operator’s to mend',
      { onMailFrom: (_from, _session, done) => done(reject(550)) },
    ],
    ['the server turns everybody away', { onConnect: (_session, done) => done(reject(554)) }],
  ] satisfies [string, SMTPServerOptions][]) {
    it(`may be tried again when ${what}`, async () => {
      const { port } = await server(options)
      expect(await failure(sender(`smtp://127.0.0.1:${port}`).send(outgoing(), unhurried))).to.include({
        forGood: false,
      })
    })
  }

  it('waits no longer than its timeout for a server that says nothing', async () => {
    const silent = createServer(() => {})
    await new Promise<void>(resolve => void silent.listen(0, '127.0.0.1', resolve))
    closing.push(() => silent.close())
    const { port } = silent.address() as { port: number }
    expect(await failure(sender(`smtp://127.0.0.1:${port}`, 50).send(outgoing(), unhurried))).to.include({
      forGood: false,
    })
    const stopped = await failure(sender(`smtp://127.0.0.1:${port}`, 5000).send(outgoing(), AbortSignal.timeout(30)))
    expect(stopped).to.include({ forGood: false })
  })

  it('loses nothing while the server is down: it arrives once, when the server is up', async () => {
    const gone = await server()
    await gone.close()
    const time = clock()
    const heard = ear()
    const store = await testStore(time.now)
    const { send } = sender(`smtp://127.0.0.1:${gone.port}`)
    const box = outbox({
      store,
      sealer: seals,
      channels: { email: send },
      now: time.now,
      onEvent: heard.onEvent,
      poll: 5,
    })
    const stop = box.work()
    closing.push(async () => {
      await stop()
      await store.close()
    })
    for (const number of [1, 2, 3]) await box.post(letter({ text: `number ${number}` }))
    await until(() => heard.names().includes('message.delayed'))
    time.forward(10_000)
    await until(() => heard.told.length >= 2)
    const { received } = await server({}, gone.port)
    time.forward(60_000)
    await until(() => heard.names().filter(name => name === 'message.sent').length === 3)
    expect(received.map(({ raw }) => /number \d/.exec(raw)?.[0])).to.deep.equal(['number 1', 'number 2', 'number 3'])
  })
})
