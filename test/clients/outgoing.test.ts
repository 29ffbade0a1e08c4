import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { outgoing, type Reach } from '../../src/clients/outgoing.ts'
import { selfSigned } from '../support/certificates.ts'

const json = { accept: 'application/json' }

describe('requests to addresses that others choose', function () {
  this.timeout(20_000)
  let server: Server
  let port: number
  let listener: RequestListener
  let connections = 0
  before(async () => {
    server = createServer((req, res) => listener(req, res))
    server.on('connection', () => {
      connections += 1
    })
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
    port = (server.address() as AddressInfo).port
  })
  beforeEach(() => {
    connections = 0
    listener = (_, res) => res.setHeader('content-type', 'application/json').end('{"keys":[]}')
  })
  after(async () => {
    server.closeAllConnections()
    await new Promise(done => server.close(done))
  })

  const at = (...addresses: string[]): NonNullable<Reach['resolve']> => {
    return async () => addresses.map(address => ({ address, family: address.includes(':') ? 6 : 4 }))
  }
  const why = async (url: string, reach: Reach, init?: RequestInit): Promise<string> => {
    try {
      await outgoing(reach)(url, init)
      return 'it went'
    } catch (fault) {
      return (fault as Error).message
    }
  }

  describe('in production', () => {
    const literal = [
      ...['127.0.0.1', '[::1]', '169.254.169.254', '10.0.0.1', '172.16.0.1', '192.168.1.1', '100.64.0.1', '0.0.0.0'],
      // As browsers, and so URL, read them.
      ...['2130706433', '0x7f000001', '0177.0.0.1', '127.1', '%31%32%37.0.0.1', '①②⑦.0.0.1'],
      ...['[::ffff:127.0.0.1]', '[::ffff:a9fe:a9fe]', '[::127.0.0.1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]'],
      ...['[fc00::1]', '[fe80::1]', '[fec0::1]', '[ff02::1]', '[2001:db8::1]', '[2001::1]', '[100::1]', '[4000::1]'],
      ...['192.0.2.1', '198.18.0.1', '198.51.100.7', '203.0.113.9', '224.0.0.1', '240.0.0.1', '255.255.255.255'],
    ]
    for (const host of literal) {
      it(`do not go to ${host}`, async () => {
        for (const scheme of ['https', 'http'])
          expect(await why(`${scheme}://${host}:${port}/`, { loopback: false })).to.equal(
            'the host is at no public address',
          )
        expect(connections).to.equal(0)
      })
    }

    it('do not go to a name with a private address, even beside a public one', async () => {
      for (const addresses of [
        ['10.0.0.5'],
        ['127.0.0.1'],
        ['93.184.216.34', '10.0.0.5'],
        ['::ffff:10.0.0.5'],
        ['64:ff9b::a00:5'],
        [],
      ])
        expect(await why(`https://app.example:${port}/`, { loopback: false, resolve: at(...addresses) })).to.equal(
          'the host is at no public address',
        )
      expect(await why(`https://localhost:${port}/`, { loopback: false })).to.equal('the host is at no public address')
      expect(connections).to.equal(0)
    })

    it('use only https', async () => {
      for (const scheme of ['http', 'ftp', 'gopher'])
        expect(await why(`${scheme}://app.example/`, { loopback: false, resolve: at('93.184.216.34') })).to.equal(
          'only https is spoken',
        )
    })
  })

  describe('on a developer’s machine', () => {
    it('go to loopback, and to no other private address', async () => {
      const answer = await outgoing({ loopback: true })(`http://localhost:${port}/`, { headers: json })
      expect(await answer.json()).to.deep.equal({ keys: [] })
      for (const host of ['10.0.0.1', '169.254.169.254', '[fe80::1]'])
        expect(await why(`http://${host}/`, { loopback: true })).to.equal('the host is at no public address')
    })

    it('send method, headers and form', async () => {
      let seen = ''
      listener = async (req, res) => {
        for await (const chunk of req) seen += chunk
        seen += ` ${req.method} ${req.headers['content-type']} ${req.headers['content-length']}`
        res.statusCode = 204
        res.end()
      }
      const answer = await outgoing({ loopback: true })(`http://127.0.0.1:${port}/`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ logout_token: 'ä' }),
      })
      expect(answer.status).to.equal(204)
      expect(seen).to.equal('logout_token=%C3%A4 POST application/x-www-form-urlencoded 19')
    })
  })

  // On loopback, because that can be had in a test; what follows holds wherever they go.
  const reach = { loopback: true }
  const url = () => `http://127.0.0.1:${port}/`

  it('go to the address that was checked, even if the name resolves to another the next time', async () => {
    let asked = 0
    const resolve: NonNullable<Reach['resolve']> = async () => {
      asked += 1
      return [{ address: asked === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }]
    }
    const answer = await outgoing({ loopback: true, resolve })(`http://rebound.example:${port}/`)
    expect(answer.status).to.equal(200)
    expect([asked, connections]).to.deep.equal([1, 1])
  })

  it('show a server the host of the URL, and send nothing to one whose certificate nobody trusts', async () => {
    const { key, cert } = await selfSigned('CN=rebound.example')
    let requests = 0
    const asked: string[] = []
    const secure = createSecureServer({
      key,
      cert,
      SNICallback: (name, done) => {
        asked.push(name)
        done(null)
      },
    })
    secure.on('request', () => {
      requests += 1
    })
    await new Promise<void>(done => secure.listen(0, '127.0.0.1', done))
    const { port } = secure.address() as AddressInfo
    const there = { ...reach, resolve: at('127.0.0.1') }
    expect(await why(`https://rebound.example:${port}/`, there)).to.match(/self-signed certificate/)
    expect(await why(`https://127.0.0.1:${port}/`, reach)).to.match(/self-signed certificate/)
    expect(asked).to.deep.equal(['rebound.example'])
    expect(requests).to.equal(0)
    await new Promise(done => secure.close(done))
  })

  it('reuse no connection', async () => {
    await outgoing(reach)(url(), { headers: json })
    await outgoing(reach)(url(), { headers: json })
    expect(connections).to.equal(2)
  })

  it('follow no redirect', async () => {
    listener = (_, res) => res.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end()
    const answer = await outgoing(reach)(url(), { headers: json })
    expect(answer.status).to.equal(302)
    expect(connections).to.equal(1)
  })

  it('accept only JSON where JSON was asked for', async () => {
    for (const type of ['text/html', 'text/plain', 'application/jsonx', '']) {
      listener = (_, res) => res.writeHead(200, type === '' ? {} : { 'content-type': type }).end('{}')
      expect(await why(url(), reach, { headers: json })).to.equal('the answer is no JSON')
    }
    for (const type of ['application/json', 'application/jwk-set+json; charset=utf-8']) {
      listener = (_, res) => res.writeHead(200, { 'content-type': type }).end('{}')
      expect(await why(url(), reach, { headers: json })).to.equal('it went')
    }
  })

  it('refuse compressed answers', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000))
    listener = (_, res) =>
      res.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'application/json' }).end(bomb)
    expect(await why(url(), reach, { headers: json })).to.equal('the answer is encoded')
  })

  it('accept 128 KB at most, whether the length is announced or not', async () => {
    let written = 0
    listener = (req, res) => {
      res.writeHead(200, { 'content-type': 'application/json' })
      const more = () => {
        if (req.socket.destroyed) return
        written += 65_536
        res.write(Buffer.alloc(65_536, 32), () => setImmediate(more))
      }
      more()
    }
    expect(await why(url(), reach, { headers: json })).to.equal('the answer is too long')
    expect(written).to.be.below(50_000_000)
  })

  it('end after three seconds, or earlier by their signal, during lookup, handshake and answer', async () => {
    const sockets: Socket[] = []
    listener = (req, res) => {
      sockets.push(req.socket)
      res.writeHead(200, { 'content-type': 'application/json' })
      const drip = setInterval(() => res.write(' '), 50)
      req.socket.once('close', () => clearInterval(drip))
    }
    const patience = AbortSignal.timeout(300)
    expect(await why(url(), reach, { headers: json, signal: patience })).to.match(/abort|timeout/i)
    // With nothing said, its own three seconds.
    expect(await why(url(), reach, { headers: json })).to.match(/abort|timeout/i)
    const silent = createSocketServer(socket => socket.resume())
    await new Promise<void>(done => silent.listen(0, '127.0.0.1', done))
    const { port: quiet } = silent.address() as AddressInfo
    const hurry = AbortSignal.timeout(300)
    expect(await why(`https://127.0.0.1:${quiet}/`, reach, { signal: hurry })).to.match(/abort|timeout/i)
    await new Promise(done => silent.close(done))
    const never = () => new Promise<never>(() => {})
    expect(await why('https://slow.example/', { ...reach, resolve: never })).to.match(/abort|timeout/i)
    expect(sockets.every(each => each.destroyed || each.readableEnded)).to.equal(true)
  })
})
