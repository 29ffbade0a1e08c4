import { once } from 'node:events'
import { Agent, get as httpGet, type RequestListener } from 'node:http'
import { get } from 'node:https'
import net from 'node:net'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { expect } from 'chai'
import { ConfigError } from '../src/config.ts'
import { type Place, type Serving, serving, type Unreadable } from '../src/serving.ts'
import { until } from './delivery/posting.ts'
import { type Authority, authority, type Pair, pemFolder, selfSigned } from './support/certificates.ts'

describe('serving', () => {
  let ours: Authority
  let files: ReturnType<typeof pemFolder>
  let open: Serving | undefined
  let faults: unknown[]
  let refused: Unreadable[]
  before(async () => {
    ours = await authority()
  })
  beforeEach(() => {
    files = pemFolder()
    faults = []
    refused = []
  })
  afterEach(async () => {
    await open?.close()
    open = undefined
    files.remove()
  })

  const written = ({ cert, key }: Pair) => ({ cert: files.write('cert.pem', cert), key: files.write('key.pem', key) })
  const hello: RequestListener = (_, res) => void res.end('hello')
  const start = async (more: Partial<Place>, listener = hello, poll = 10) => {
    const place = { host: '127.0.0.1', port: 0, tls: undefined, ...more }
    open = await serving(listener, place, {
      ...{ poll, grace: 1_000 },
      onFault: fault => void faults.push(fault),
      onUnreadable: each => void refused.push(each),
    })
    return open.port
  }
  const secure = async (more: Partial<Place> = {}) => start({ tls: written(await ours.issue('CN=one')), ...more })
  const handshake = async (port: number, more: ConnectionOptions = {}): Promise<TLSSocket> => {
    const socket = connect({ host: '127.0.0.1', port, ca: ours.cert, ...more })
    socket.on('error', () => {})
    const [fault] = await Promise.race([once(socket, 'secureConnect').then(() => []), once(socket, 'error')]).catch(
      each => [each],
    )
    socket.end()
    if (fault) throw fault
    return socket
  }
  const subject = async (port: number) => (await handshake(port)).getPeerX509Certificate()?.subject
  const failed = (promise: Promise<unknown>) =>
    promise.then(
      () => undefined,
      fault => fault,
    )

  it('answers over http where there is no certificate', async () => {
    const answer = await fetch(`http://127.0.0.1:${await start({})}`)
    expect(await answer.text()).to.equal('hello')
  })

  describe('what nobody can read', () => {
    const raw = async (port: number, text: string): Promise<string> => {
      const socket = net.connect(port, '127.0.0.1')
      let answer = ''
      socket.on('data', chunk => {
        answer += chunk
      })
      socket.on('error', () => {})
      socket.write(text)
      await once(socket, 'close')
      return answer
    }
    const table: [what: string, text: string, status: number][] = [
      ['no HTTP', 'GARBAGE\r\n\r\n', 400],
      ['a method that there is not', 'BREW / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
      ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
      [
        'a length beside chunks',
        'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        400,
      ],
      ['headers beyond all bounds', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`, 431],
      ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ]
    for (const [what, text, status] of table)
      it(`is answered ${status} in JSON, under a name that the log has, too: ${what}`, async () => {
        const answer = await raw(await start({}), text)
        expect(answer).to.match(new RegExp(`^HTTP/1\\.1 ${status} `))
        expect(answer)
          .to.match(/^connection: close/im)
          .and.to.match(/^content-type: application\/json/im)
        const id = /^x-request-id: (\S+)/im.exec(answer)?.[1]
        expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '').error).to.be.oneOf(['malformed', 'too_large'])
        expect(refused.map(({ request, status }) => [request, status])).to.deep.equal([[id, status]])
      })

    it('is no answer to who has gone', async () => {
      const socket = net.connect(await start({}), '127.0.0.1')
      await once(socket, 'connect')
      socket.resetAndDestroy()
      await new Promise(resolve => setTimeout(resolve, 50))
      expect(refused).to.deep.equal([])
    })
  })

  describe('that closes', () => {
    it('answers once more on connections that clients keep, and then closes them', async () => {
      const port = await start({})
      const kept = new Agent({ keepAlive: true, maxSockets: 1 })
      const ask = async (): Promise<string | undefined> => {
        const [answer] = await once(httpGet({ host: '127.0.0.1', port, agent: kept }), 'response')
        answer.resume()
        await once(answer, 'end')
        return answer.headers.connection
      }
      expect(await ask()).to.equal('keep-alive')
      const closed = open?.close(60_000)
      expect(await ask()).to.equal('close')
      await closed
      kept.destroy()
    })

    it('waits for those that ask nothing as long as it is told, or until it is told again', async () => {
      const port = await start({})
      const socket = net.connect(port, '127.0.0.1')
      socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
      await once(socket, 'data')
      let ended = false
      const closed = open?.close(3_600_000).then(() => {
        ended = true
      })
      await new Promise(resolve => setTimeout(resolve, 50))
      expect([ended, socket.destroyed]).to.deep.equal([false, false])
      await open?.close()
      await closed
    })
  })

  it('answers over https, by TLS 1.3', async () => {
    const port = await secure()
    const answer = await new Promise<string>(resolve => {
      get({ host: '127.0.0.1', port, ca: ours.cert }, res => res.on('data', chunk => resolve(String(chunk))))
    })
    expect(answer).to.equal('hello')
    expect((await handshake(port)).getProtocol()).to.equal('TLSv1.3')
  })

  it('speaks TLS 1.2 with the suites of RFC 9325 only, and nothing older', async () => {
    const port = await secure()
    const by = (ciphers: string, more: ConnectionOptions = {}) =>
      handshake(port, { maxVersion: 'TLSv1.2', ciphers: `${ciphers}:@SECLEVEL=0`, ...more })
    expect((await by('ECDHE-ECDSA-AES256-GCM-SHA384')).getProtocol()).to.equal('TLSv1.2')
    for (const weak of ['ECDHE-ECDSA-AES128-SHA256', 'ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-CHACHA20-POLY1305'])
      expect(await failed(by(weak)), weak).to.be.instanceOf(Error)
    expect(await failed(by('ALL', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' }))).to.be.instanceOf(Error)
  })

  it('resumes nothing, so that no key of tickets can be stolen', async () => {
    const port = await secure()
    const first = await handshake(port, { maxVersion: 'TLSv1.2' })
    const again = await handshake(port, { maxVersion: 'TLSv1.2', session: first.getSession() })
    expect(again.isSessionReused()).to.equal(false)
  })

  it('asks for a client’s certificate only where that is told, and lets in whoever has none', async () => {
    const mine = await selfSigned()
    const seen: (string | undefined)[] = []
    const listener: RequestListener = (req, res) => {
      seen.push((req.socket as TLSSocket).getPeerX509Certificate?.()?.subject)
      res.end()
    }
    const ask = (port: number, more: object) =>
      new Promise(resolve => get({ host: '127.0.0.1', port, ca: ours.cert, agent: false, ...more }, resolve))
    const place = { tls: written(await ours.issue('CN=one')) }
    await ask(await start(place, listener), mine)
    await open?.close()
    const port = await start({ ...place, certificates: true }, listener)
    await ask(port, mine)
    await ask(port, {})
    expect(seen).to.deep.equal([undefined, 'CN=alone', undefined])
  })

  it('takes up a new certificate, for new connections, with no restart', async () => {
    const port = await secure()
    const next = await ours.issue('CN=two')
    expect(await subject(port)).to.equal('CN=one')
    written(next)
    await until(async () => (await subject(port)) === 'CN=two')
    expect(faults.filter(fault => !(fault instanceof ConfigError))).to.deep.equal([])
  })

  it('looks at the files at once when it is told', async () => {
    const port = await start({ tls: written(await ours.issue('CN=one')) }, hello, 3_600_000)
    written(await ours.issue('CN=two'))
    open?.reload()
    expect(await subject(port)).to.equal('CN=two')
  })

  it('keeps the old one until both halves of the new one are there, and says so', async () => {
    const port = await secure()
    const next = await ours.issue('CN=two')
    files.write('cert.pem', next.cert)
    await until(() => faults.length > 0)
    expect(String(faults[0])).to.include('LATCHKEY_TLS_CERT and LATCHKEY_TLS_KEY cannot be used')
    expect(await subject(port)).to.equal('CN=one')
    files.write('cert.pem', next.cert.slice(0, 200))
    await until(() => faults.length > 1)
    expect(await subject(port)).to.equal('CN=one')
    written(next)
    await until(async () => (await subject(port)) === 'CN=two')
  })

  it('does not start with files that do not go together, or are not there', async () => {
    const [one, two] = [await ours.issue('CN=one'), await ours.issue('CN=two')]
    expect(await failed(start({ tls: written({ ...one, key: two.key }) }))).to.be.instanceOf(ConfigError)
    expect(await failed(start({ tls: { cert: 'nowhere', key: 'nowhere' } }))).to.be.instanceOf(ConfigError)
  })

  it('lets requests on their way finish when it closes, and then has closed', async () => {
    const reached = Promise.withResolvers<() => void>()
    const port = await start({}, (_, res) => reached.resolve(() => res.end('done')))
    const answer = fetch(`http://127.0.0.1:${port}`)
    const finish = await reached.promise
    const closed = open?.close()
    finish()
    expect(await (await answer).text()).to.equal('done')
    await closed
    expect(await failed(fetch(`http://127.0.0.1:${port}`))).to.be.instanceOf(Error)
  })

  it('ends a request that does not end by itself', async () => {
    const reached = Promise.withResolvers<void>()
    const port = await start({}, () => reached.resolve())
    const answer = failed(fetch(`http://127.0.0.1:${port}`))
    await reached.promise
    await open?.close()
    expect(await answer).to.be.instanceOf(Error)
  })
})
