import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { type Running, running } from '../support/provider.ts'

describe('discovery', () => {
  let latchkey: Running
  before(async () => {
    latchkey = await running()
  })
  after(() => latchkey.close())

  const get = (path: string, headers: Record<string, string> = {}) => fetch(latchkey.issuer + path, { headers })
  const openid = '/.well-known/openid-configuration'
  const oauth = '/.well-known/oauth-authorization-server'

  it('is the same document at both paths, from the first answer on', async () => {
    const first = await (await get(openid)).text()
    expect(await (await get(oauth)).text()).to.equal(first)
    expect(await (await get(openid)).text()).to.equal(first)
  })

  it('publishes public keys only', async () => {
    const answer = await get('/jwks.json')
    expect(answer.headers.get('content-type')).to.include('application/jwk-set+json')
    const { keys } = (await answer.json()) as { keys: Record<string, string>[] }
    expect(keys.map(each => each.alg)).to.deep.equal(['ES256', 'EdDSA', 'RS256'])
    for (const key of keys) expect(key).to.not.have.any.keys('d', 'p', 'q', 'k')
  })

  for (const path of [openid, oauth, '/jwks.json']) {
    it(`may be cached: ${path}`, async () => {
      await get(path)
      const answer = await get(path, { origin: 'https://elsewhere.example' })
      expect(answer.headers.get('cache-control')).to.equal('public, max-age=300')
      expect(answer.headers.get('access-control-allow-origin')).to.equal('*')
      expect(answer.headers.get('content-type')).to.match(/json/)
      const etag = answer.headers.get('etag') ?? ''
      const again = await get(path, { 'if-none-match': etag })
      expect(again.status).to.equal(304)
      expect(await again.text()).to.equal('')
      expect((await get(path, { 'if-none-match': '"another"' })).status).to.equal(200)
      const head = await fetch(latchkey.issuer + path, { method: 'HEAD' })
      expect(head.headers.get('etag')).to.equal(etag)
    })
  }

  it('is answered alike for the first time and from memory', async () => {
    const own = await running()
    const told = async (path: string, method: string) => {
      const answer = await new Promise<IncomingMessage>((resolve, reject) =>
        request(own.issuer + path, { method }, resolve)
          .on('error', reject)
          .end(),
      )
      // As they are spelled on the wire: some programs compare names letter by letter.
      const headers = answer.rawHeaders
        .flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${answer.rawHeaders[at + 1]}`] : []))
        .filter(header => !/^(Date|Connection|Keep-Alive):/.test(header))
        .sort()
      return { status: answer.statusCode, headers, body: await text(answer) }
    }
    for (const path of [openid, '/jwks.json']) {
      const first = await told(path, 'GET')
      expect(await told(path, 'GET'), path).to.deep.equal(first)
      expect(await told(path, 'HEAD'), path).to.deep.equal({ ...first, body: '' })
      expect(await told(`${path}?and=more`, 'GET'), path).to.deep.equal(first)
    }
    expect((await told('/jwks.json', 'POST')).status).to.equal(405)
    await own.close()
  })

  it('follows the configured issuer, whatever Host the request names', async () => {
    const own = await running()
    // fetch sets its own Host header.
    const answer = await new Promise<IncomingMessage>(resolve =>
      request(own.issuer + openid, { headers: { host: 'evil.example' } }, resolve).end(),
    )
    expect(await text(answer)).to.not.include('evil')
    await own.close()
  })
})
