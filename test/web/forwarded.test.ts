import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, isIP } from 'node:net'
import { expect } from 'chai'
import fc from 'fast-check'
import { request } from 'undici'
import { hopAddress, hopsIn } from '../../src/web/forwarded.ts'
import { settled } from '../../src/web/http-security.ts'

const issuer = 'https://login.example'

describe('the sender, host and scheme of a request', () => {
  let server: Server | undefined
  const serve = async (listener: RequestListener): Promise<URL> => {
    server = createServer(listener)
    await new Promise<void>(resolve => server?.listen(0, '127.0.0.1', resolve))
    return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  }
  afterEach(() => {
    server?.close()
  })

  const seen = async (
    trusted: string[],
    sent: Record<string, string>,
    more: Partial<Parameters<typeof settled>[0]> = {},
  ): Promise<IncomingHttpHeaders> => {
    const settle = settled({ issuer, trusted, ...more })
    const url = await serve((req, res) => {
      settle(req)
      res.end(JSON.stringify(req.headers))
    })
    // Not fetch, which lets nobody choose the Host.
    const answer = await request(url, { headers: sent })
    server?.close()
    return (await answer.body.json()) as IncomingHttpHeaders
  }
  const sender = async (sent: Record<string, string>, more: Parameters<typeof seen>[2] = {}) => {
    const heard: string[] = []
    const got = await seen(['127.0.0.1', '192.0.2.0/24', '2001:db8:ffff::/48'], sent, {
      unknown: hop => void heard.push(hop),
      ...more,
    })
    expect(got).to.not.have.property('forwarded')
    return [got['x-forwarded-for'], ...heard]
  }

  it('believes only our own proxies', async () => {
    const got = await seen(['192.0.2.0/24'], {
      'x-forwarded-for': '203.0.113.7',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'evil.example',
    })
    expect(got['x-forwarded-for']).to.equal('127.0.0.1')
    expect(got).to.not.have.property('x-forwarded-host')
  })

  it('takes the address that our nearest proxy saw, not what a sender typed before it', async () => {
    const got = await seen(['127.0.0.1', '192.0.2.0/24'], { 'x-forwarded-for': '10.0.0.1, 203.0.113.7, 192.0.2.9' })
    expect(got['x-forwarded-for']).to.equal('203.0.113.7')
  })

  it('keeps the peer when a proxy passes on nothing at all', async () => {
    expect(await sender({})).to.deep.equal(['127.0.0.1'])
  })

  const spellings: [hop: string, address: string][] = [
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:51234', '203.0.113.7'],
    [' "203.0.113.7" ', '203.0.113.7'],
    ['"203.0.113.7:51234"', '203.0.113.7'],
    ['203.0.113.7:_port', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['[::ffff:cb00:7107]:80', '203.0.113.7'],
    ['2001:db8::7', '2001:db8::7'],
    ['2001:0DB8:0:0:0:0:0:7', '2001:db8::7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['[2001:db8::7]:51234', '2001:db8::7'],
    ['"[2001:db8::7]:51234"', '2001:db8::7'],
    ['"[2001:db8\\::7]"', '2001:db8::7'],
    ['fe80::7%eth0', 'fe80::7'],
    ['[fe80::7%25eth0]:1', 'fe80::7'],
  ]
  for (const [hop, address] of spellings) {
    it(`reads ${hop} as ${address}, in either header`, async () => {
      expect(await sender({ 'x-forwarded-for': `10.0.0.1, ${hop}, 192.0.2.9:4711` })).to.deep.equal([address])
      const forwarded = `for=10.0.0.1, proto=https;FOR=${hop.trim()};by="[2001:db8:ffff::1]", for="192.0.2.9:4711"`
      expect(await sender({ forwarded })).to.deep.equal([address])
    })
  }

  const nobody = [
    'unknown',
    '_hidden',
    'me',
    '203.0.113',
    '203.0.113.7.1',
    '0xcb.0.113.7',
    '0313.0.113.7',
    '3405803783',
    '203.0.113.7:',
    '203.0.113.7:port',
    '203.0.113.7 203.0.113.8',
    '[203.0.113.7]',
    '[2001:db8::7',
    '2001:db8::7]:1',
    '[2001:db8::g]',
    '"203.0.113.7',
    '"',
    '""',
    '203.0.113.7%eth0',
    `${'1'.repeat(5000)}`,
  ]
  for (const hop of nobody) {
    it(`takes no address from ${hop.slice(0, 30)}, and says so`, async () => {
      expect(await sender({ 'x-forwarded-for': `203.0.113.9, ${hop}, 192.0.2.9` })).to.deep.equal([
        'unknown',
        ` ${hop}`,
      ])
      expect(await sender({ forwarded: `for=203.0.113.9, for=${hop}, for=192.0.2.9` })).to.deep.equal(['unknown', hop])
    })
  }

  it('reads any text without a fault, and the same address in the same way again', () => {
    const pieces = [
      '0',
      'ffff',
      '1.2.3.4',
      ':',
      '::',
      '[',
      ']',
      '%eth0',
      '"',
      '\\',
      ',',
      ';',
      'for=',
      '64:ff9b::',
      '.',
      'é',
    ]
    const typed = fc.array(fc.constantFrom(...pieces), { maxLength: 9 }).map(each => each.join(''))
    fc.assert(
      fc.property(typed, text => {
        for (const hop of [text, ...hopsIn('forwarded', text), ...hopsIn('x-forwarded-for', text)]) {
          const address = hopAddress(hop)
          if (address !== undefined) expect([isIP(address) > 0, hopAddress(address)]).to.deep.equal([true, address])
        }
      }),
      { numRuns: 5_000 },
    )
  })

  it('passes over empty elements, and knows no sender where there are no others', async () => {
    expect(await sender({ 'x-forwarded-for': ' ,203.0.113.7,, ,192.0.2.9,' })).to.deep.equal(['203.0.113.7'])
    for (const empty of ['', ' ', ',', ' , ,'])
      expect(await sender({ 'x-forwarded-for': empty }), empty).to.deep.equal(['unknown', ''])
    expect(await sender({ forwarded: 'for=203.0.113.9, proto=https;by=192.0.2.9' })).to.deep.equal(['unknown', ''])
    expect(await sender({ forwarded: 'for=203.0.113.9, for=203.0.113.7;for=203.0.113.8' })).to.deep.equal([
      'unknown',
      '',
    ])
  })

  it('lets no quote that a client typed swallow what a proxy added', async () => {
    expect(await sender({ 'x-forwarded-for': '"203.0.113.9, 203.0.113.7' })).to.deep.equal(['203.0.113.7'])
    const forwarded = 'for="203.0.113.9, for="203.0.113.7:1"'
    expect(await sender({ forwarded })).to.deep.equal(['203.0.113.7'])
  })

  it('takes the farthest hop where all are our own proxies', async () => {
    expect(await sender({ 'x-forwarded-for': '192.0.2.1, 192.0.2.2' })).to.deep.equal(['192.0.2.1'])
  })

  it('reads one header, and ignores what a client typed in the other', async () => {
    const both = { 'x-forwarded-for': '203.0.113.7', forwarded: 'for=203.0.113.9' }
    expect(await sender(both)).to.deep.equal(['203.0.113.7'])
    expect(await sender(both, { forwarded: 'x-forwarded-for' })).to.deep.equal(['203.0.113.7'])
    expect(await sender(both, { forwarded: 'forwarded' })).to.deep.equal(['203.0.113.9'])
    // Told which header it writes, and not finding it, we ask no other.
    const typed = { 'x-forwarded-for': '203.0.113.7' }
    expect(await sender(typed, { forwarded: 'forwarded' })).to.deep.equal(['127.0.0.1'])
  })

  it('lets no client choose the host or the scheme', async () => {
    const got = await seen(['127.0.0.1'], {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
    })
    expect(got).to.include({ host: 'login.example', 'x-forwarded-proto': 'https' })
  })

  describe('with a client’s certificate', () => {
    const certificates = { header: 'client-cert', host: 'mtls.example' }
    const shown = async (trusted: string, host: string, more: Record<string, string> = {}, asking = certificates) =>
      (await seen([trusted], { host, 'client-cert': ':x:', ...more }, { certificates: asking }))['client-cert']

    it('takes it from one of our proxies at the host that asks for it, and from nobody else', async () => {
      for (const host of ['mtls.example', 'MTLS.example', 'mtls.example:443'])
        expect(await shown('127.0.0.1', host), host).to.equal(':x:')
      expect(await shown('192.0.2.1', 'mtls.example')).to.equal(undefined)
    })

    it('takes it at no other host, where the client may have typed it', async () => {
      for (const host of ['login.example', 'mtls.example:8443', 'mtls.example.evil.example', 'amtls.example', ''])
        expect(await shown('127.0.0.1', host), host).to.equal(undefined)
      const typed = { 'x-forwarded-host': 'mtls.example', forwarded: 'host=mtls.example' }
      expect(await shown('127.0.0.1', 'login.example', typed)).to.equal(undefined)
      const port = { header: 'client-cert', host: 'login.example:8443' }
      expect(await shown('127.0.0.1', 'login.example:8443', {}, port)).to.equal(':x:')
      expect(await shown('127.0.0.1', 'login.example', {}, port)).to.equal(undefined)
    })
  })
})
