import { readdirSync, readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import Koa from 'koa'
import { assets } from '../../src/web/assets.ts'

describe('assets', () => {
  const { asset, middleware } = assets()
  const folder = new URL('../../views/assets/latchkey.css/', import.meta.url)
  const parts = readdirSync(folder).map(name => readFileSync(new URL(name, folder), 'utf8'))
  const css = parts.join('')
  let server: Server
  let origin: string

  before(done => {
    server = new Koa().use(middleware).listen(0, '127.0.0.1', () => {
      origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      done()
    })
  })
  after(done => {
    server.close(done)
  })

  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(origin + path, { method, headers: { 'Accept-Encoding': 'identity', ...headers } })

  it('serves a folder as one asset under its digest, for ever', async () => {
    const answer = await get(asset('latchkey.css'))
    expect(answer.status).to.equal(200)
    expect(answer.headers.get('cache-control')).to.equal('public, max-age=31536000, immutable')
    expect(answer.headers.get('content-type')).to.equal('text/css; charset=utf-8')
    expect(await answer.text()).to.equal(css)
  })

  for (const encoding of ['br', 'gzip']) {
    it(`compresses with ${encoding} where the browser accepts it`, async () => {
      const answer = await get(asset('latchkey.css'), { 'Accept-Encoding': encoding })
      expect(answer.headers.get('content-encoding')).to.equal(encoding)
      expect(answer.headers.get('vary')).to.include('Accept-Encoding')
      expect(Number(answer.headers.get('content-length'))).to.be.below(css.length / 3)
      expect(await answer.text()).to.equal(css)
    })
  }

  it('answers 304 when the browser has it already', async () => {
    const first = await get(asset('icon.svg'))
    const again = await get(asset('icon.svg'), {
      'If-None-Match': first.headers.get('etag') ?? '',
      'Cache-Control': 'max-age=0',
    })
    expect(again.status).to.equal(304)
    expect(await again.text()).to.equal('')
  })

  it('answers another release’s digest with today’s content, uncached', async () => {
    const answer = await get(asset('once.js').replace(/\.[0-9a-f]{8}\./, '.00000000.'))
    expect(answer.status).to.equal(200)
    expect(answer.headers.get('cache-control')).to.equal('no-cache')
  })

  it('answers HEAD without a body', async () => {
    const answer = await get(asset('once.js'), {}, 'HEAD')
    expect(answer.status).to.equal(200)
    expect(await answer.text()).to.equal('')
  })

  it('serves the passkey library out of its package', async () => {
    expect(await (await get(asset('webauthn.js'))).text()).to.include('SimpleWebAuthnBrowser')
  })

  for (const path of [
    '/assets/none.00000000.js',
    '/assets/latchkey.css',
    '/assets/../package.json',
    '/assets/constructor.00000000.js',
  ]) {
    it(`passes on a request for ${path}`, async () => {
      expect((await get(path)).status).to.equal(404)
    })
  }

  it('passes on posts', async () => {
    expect((await get(asset('once.js'), {}, 'POST')).status).to.equal(404)
  })

  it('throws for the name of an asset that is not there', () => {
    expect(() => asset('none.css')).to.throw('No asset none.css')
  })
})
