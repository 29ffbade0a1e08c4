import { spawn } from 'node:child_process'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { expect } from 'chai'
import type { AttemptShown, WebhookShown } from '../../src/admin/webhook-operations.ts'
import { audit } from '../../src/observers/audit.ts'
import { recorder } from '../../src/observers/recorder.ts'
import { adminApiServed } from '../support/admin-api.ts'
import { freePorts } from '../support/ports.ts'

describe('webhooks', function () {
  this.timeout(60_000)
  let here: Awaited<ReturnType<typeof adminApiServed>>
  let token: string
  const closing: (() => unknown)[] = []
  before(async () => {
    here = await adminApiServed()
    token = await here.asService('robot', ['admin:webhooks.write', 'admin:audit.read'])
  })
  after(async () => {
    for (const close of closing) await close()
    await here.stop()
  })

  const ask = async (method: string, path: string, body?: object) => here.ask(token, method, path, body ? { body } : {})
  const create = (url: string, events: string[] = []) => ask('POST', '/webhooks', { url, events, reason: 'Ticket 1' })
  const happen = (...clients: string[]) => {
    const emit = recorder([audit({ store: here.latchkey.store })], here.latchkey.clock.now, fault =>
      expect.fail(String(fault)),
    )
    return emit('clients.reloaded', { clients })
  }
  /** Starts the receiver of the documentation; returns its address and the lines that it prints. */
  const receiver = async () => {
    const [port = 0] = await freePorts(1)
    const address = `http://localhost:${port}/events`
    const child = spawn(process.execPath, ['examples/webhook-receiver.ts'], {
      env: { ...process.env, ISSUER: here.issuer, ADDRESS: address },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    closing.push(() => child.kill())
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    expect((await lines.next()).value).to.equal(`waits for events at ${address}`)
    return { address, next: async () => String((await lines.next()).value) }
  }

  it('post what happens to a receiver that verifies it, and again when told to', async () => {
    const { address, next } = await receiver()
    const { status, body: hook } = await create(address, ['clients.*'])
    expect(status).to.equal(200)
    await happen('a')
    expect(await next()).to.match(/^\d+ clients\.reloaded \{"clients":\["a"\]\}$/)
    const attempts = async () =>
      (await ask('GET', `/webhooks/${hook.id}/attempts`)).body.attempts as readonly AttemptShown[]
    while ((await attempts()).length < 1) await new Promise(resolve => setTimeout(resolve, 50))
    const [first] = await attempts()
    expect([first?.name, first?.status]).to.deep.equal(['clients.reloaded', 204])
    const after = (first?.sequence ?? 0) - 1
    expect((await ask('POST', `/webhooks/${hook.id}/replay`, { after, reason: 'Lost' })).status).to.equal(200)
    while ((await attempts()).length < 2) await new Promise(resolve => setTimeout(resolve, 50))
    // The receiver knows the number already; the next event is the next line.
    await happen('b')
    expect(await next()).to.include('{"clients":["b"]}')
    expect((await ask('POST', `/webhooks/${hook.id}/remove`, { reason: 'Done' })).status).to.equal(200)
    expect((await ask('GET', `/webhooks/${hook.id}`)).status).to.equal(404)
  })

  it('are verified by the receiver: it takes nothing that anybody else posts', async () => {
    const { address } = await receiver()
    const post = (headers: Record<string, string>) => fetch(address, { method: 'POST', headers, body: '{}' })
    expect((await post({})).status).to.equal(401)
    const input = 'sig=("@method");created=1;keyid="x";alg="ed25519";tag="latchkey-webhook"'
    const forged = { 'Signature-Input': input, Signature: 'sig=:AAAA:' }
    const digest = 'sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:'
    expect((await post({ ...forged, 'Content-Digest': digest })).status).to.equal(401)
  })

  it('say what fails and since when', async () => {
    const server = createServer((_, response) => response.writeHead(503).end())
    await new Promise<void>(resolve => server.listen(0, 'localhost', resolve))
    closing.push(() => server.close())
    const { body: hook } = await create(`http://localhost:${(server.address() as AddressInfo).port}/`)
    const shown = async () => (await ask('GET', `/webhooks/${hook.id}`)).body as WebhookShown
    while ((await shown()).failing === undefined) await new Promise(resolve => setTimeout(resolve, 50))
    expect((await shown()).failing?.why).to.equal('it answered 503')
    const { webhooks } = (await ask('GET', '/webhooks')).body
    expect(webhooks.map((each: WebhookShown) => each.id)).to.deep.equal([hook.id])
  })

  it('are posted to public addresses alone, by no redirect and in no other spelling, and nobody waits for an endless answer', async () => {
    let inside = 0
    const served = async (listener: RequestListener) => {
      const server = createServer(listener)
      await new Promise<void>(resolve => server.listen(0, 'localhost', resolve))
      closing.push(
        () => server.closeAllConnections(),
        () => server.close(),
      )
      return `http://localhost:${(server.address() as AddressInfo).port}/`
    }
    const secret = await served((_, response) => {
      inside += 1
      response.end()
    })
    const redirect = await served((_, response) => response.writeHead(307, { Location: secret }).end())
    const endless = await served((_, response) => {
      response.writeHead(200)
      const pour = () => response.destroyed || response.write('x'.repeat(65_536), () => setImmediate(pour))
      pour()
    })
    const outcome = async (url: string) => {
      const { status, body: hook } = await create(url, ['clients.*'])
      expect(status, url).to.equal(200)
      await happen('a')
      const attempts = async () =>
        (await ask('GET', `/webhooks/${hook.id}/attempts`)).body.attempts as readonly AttemptShown[]
      while ((await attempts()).length < 1) await new Promise(resolve => setTimeout(resolve, 50))
      const [first] = await attempts()
      await ask('POST', `/webhooks/${hook.id}/remove`, { reason: 'Done' })
      return first?.status ?? first?.why
    }
    const hosts = ['10.0.0.1', '169.254.169.254', '[::ffff:a00:1]', '[fd00::1]', '[::7f00:1]', '0.0.0.0']
    for (const host of hosts)
      expect(await outcome(`https://${host}/`), host).to.equal('the host is at no public address')
    expect(await outcome(redirect)).to.equal(307)
    expect(inside).to.equal(0)
    expect(await outcome(endless)).to.equal('the answer is too long')
  })

  it('have an address and events that exist, and a maker who may read them', async () => {
    const refused = async (url: string, events: string[] = []) => {
      const { status, body } = await create(url, events)
      return [status, body.code, body.errors?.[0]?.name]
    }
    for (const url of [
      ...['', 'siem', 'ftp://siem.example.com/', 'https://user:secret@siem.example.com/', 'javascript:1'],
      ...[
        'https://siem.example.com/\r\nHost: inside',
        'https://siem.example.com/a b',
        'https://siem.example.com\\@inside/',
      ],
    ])
      expect(await refused(url), url).to.deep.equal([422, 'invalid_webhook_url', 'url'])
    expect(await refused('https://siem.example.com/', ['account.eaten'])).to.deep.equal([
      422,
      'unknown_event',
      'events',
    ])
    const blind = await here.asService('robot', ['admin:webhooks.write'])
    const given = { url: 'https://siem.example.com/', events: [], reason: 'Mine' }
    expect((await here.ask(blind, 'POST', '/webhooks', { body: given })).body.code).to.equal('not_permitted')
  })
})
