import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { SMTPServer } from 'smtp-server'
import { clockDeclaration } from '../../src/accounts/clock.ts'
import { doctor } from '../../src/commands/doctor.ts'
import { eventFile } from '../../src/feeds/event-file.ts'
import { ledger } from '../../src/observers/ledger.ts'
import { openStore } from '../../src/store/open.ts'
import { happening } from '../support/audit.ts'
import { within } from '../support/cli.ts'
import { freePorts } from '../support/ports.ts'

describe('latchkey doctor', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-doctor-'))
  const store = `sqlite:${join(folder, 'store.db')}`
  const run = (environment: Record<string, string>, ...words: string[]) =>
    within({ doctor }, ['doctor', ...words], { LATCHKEY_STORE: store, LATCHKEY_ISSUER: issuer, ...environment })
  let issuer: string
  before(async () => {
    issuer = `http://localhost:${(await freePorts(1))[0]}`
  })
  const closing: (() => unknown)[] = []
  afterEach(async () => {
    for (const close of closing.splice(0)) await close()
  })
  after(() => rmSync(folder, { recursive: true }))

  const mailServer = async () => {
    const mails: string[] = []
    const server = new SMTPServer({
      authOptional: true,
      onData: (stream, _session, done) =>
        void text(stream).then(mail => {
          mails.push(mail)
          done()
        }),
    })
    server.on('error', () => {})
    await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
    closing.push(() => new Promise<void>(resolve => server.close(() => resolve())))
    return { mails, url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}` }
  }
  const gateway = async (status: number) => {
    const asked: string[] = []
    const server = createServer(async (request, response) => {
      asked.push(await text(request))
      response.writeHead(status).end()
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    closing.push(() => server.close())
    return { asked, url: `http://user:secret@127.0.0.1:${(server.address() as AddressInfo).port}/` }
  }

  it('finds nothing wrong with a fresh start', async () => {
    const { code, out } = await run({})
    expect(out).to.match(
      /^ok {6}apps: clients\.json declares \d+\nok {6}store: it can be written\n\S+ +keys: .*\nok {6}clock: .*\n[\s\S]*^unset {3}mail: /m,
    )
    expect(code).to.equal(0)
  })

  it('says when clocks are more than a minute apart, here and between machines that run', async () => {
    const clock = async (reading: { at: number; since: number; apart?: { by: number; at: number } }) => {
      const opened = await openStore(store, { now: Date.now, sweep: false })
      await opened.collection(clockDeclaration).put({ id: 'clock', ...reading })
      await opened.close()
    }
    await clock({ at: Date.now() - 30_000, since: 0 })
    expect((await run({})).out).to.match(/^ok {6}clock: /m)
    await clock({ at: Date.now() + 5 * 60_000, since: 0 })
    const ahead = await run({})
    expect(ahead.code).to.equal(1)
    expect(ahead.out).to.match(/^fault {3}clock: .*5 minutes ahead of this machine/m)
    await clock({ at: Date.now() - 30_000, since: 0, apart: { by: 180_000, at: Date.now() - 60_000 } })
    const apart = await run({})
    expect(apart.code).to.equal(1)
    expect(apart.out).to.match(/^fault {3}clock: .*3 minutes apart/m)
    await clock({ at: Date.now() - 30_000, since: 0, apart: { by: 180_000, at: Date.now() - 3_600_000 } })
    expect((await run({})).code).to.equal(0)
  })

  it('says how much is missing in the file of events, and why it cannot be written', async () => {
    const file = join(folder, 'events.ndjson')
    const opened = await openStore(store, { now: Date.now, sweep: false })
    await ledger({ store: opened }).append(happening('a'))
    const written = eventFile(file, { store: opened, emit: async () => {}, now: Date.now })
    mkdirSync(file)
    await written.turn()
    const fault = await run({ LATCHKEY_AUDIT_FILE: file })
    expect(fault.code).to.equal(1)
    expect(fault.out).to.match(/^fault {3}event file: .* is missing 1 event: EISDIR: /m)
    rmSync(file, { recursive: true })
    await written.turn()
    await opened.close()
    const well = await run({ LATCHKEY_AUDIT_FILE: file })
    expect(well.code).to.equal(0)
    expect(well.out).to.match(/^ok {6}event file: .* holds every event$/m)
    expect((await run({ LATCHKEY_AUDIT_FILE: join(folder, 'away', 'events.ndjson') })).out).to.match(
      /^fault {3}event file: ENOENT: /m,
    )
  })

  it('signs in to the mail server without sending, and sends what it is asked to', async () => {
    const [server, sends] = [await mailServer(), await gateway(200)]
    const environment = { LATCHKEY_MAIL_URL: server.url, LATCHKEY_SMS_URL: sends.url }
    const looked = await run(environment)
    expect(looked.code).to.equal(0)
    expect(looked.out).to.include('ok      mail: it connects and signs in\nuntried SMS: ')
    expect([server.mails, sends.asked]).to.deep.equal([[], []])
    const tried = await run(environment, '--send-test', 'ada@example.com,+43660123456')
    expect(tried.code).to.equal(0)
    expect(server.mails[0]).to.include('This is a test of the Latchkey at http://localhost:')
    expect(JSON.parse(sends.asked[0] ?? '')).to.include({ to: '+43660123456' })
  })

  it('says what is wrong with each, where, and what to do', async () => {
    const [free] = await freePorts(1)
    const refuses = await gateway(401)
    const clients = join(folder, 'clients.json')
    writeFileSync(clients, '{')
    const environment = {
      LATCHKEY_CLIENTS: clients,
      LATCHKEY_MAIL_URL: `smtp://user:hunter2@localhost:${free}`,
      LATCHKEY_SMS_URL: refuses.url,
      LATCHKEY_STORE: 'sqlite:/dev/null/store.db',
    }
    const { code, out } = await run(environment, '--send-test', '+43660123456')
    expect(code).to.equal(1)
    expect(out.match(/^fault +(apps|store|mail|SMS):/gm)).to.have.length(4)
    expect(out).to.include(
      `fault   mail: nothing listens at that host and port (connection-refused: at localhost:${free}, in CONN)\n        Check host and port`,
    )
    expect(out).to.match(/^fault {3}SMS: .+ \(sign-in-refused: at 127\.0\.0\.1:\d+, reply 401\)\n {8}Check user name/m)
    expect(out).to.not.match(/hunter2|secret|43660/)
    const json = JSON.parse((await run(environment, '--json')).out)
    const asked = ['apps', 'store', 'clock', 'mail', 'SMS']
    const found = json.filter(({ what }: { what: string }) => asked.includes(what))
    expect(found.map(({ what, state }: { what: string; state: string }) => [what, state])).to.deep.equal([
      ['apps', 'fault'],
      ['store', 'fault'],
      ['clock', 'untried'],
      ['mail', 'fault'],
      ['SMS', 'untried'],
    ])
  })
})
