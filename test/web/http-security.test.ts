import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import Koa from 'koa'
import { headers, only, sameOrigin } from '../../src/web/http-security.ts'

const issuer = 'https://login.example'

describe('the security of every request', () => {
  let server: Server | undefined
  const serve = async (listener: RequestListener): Promise<string> => {
    server = createServer(listener)
    await new Promise<void>(resolve => server?.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  afterEach(() => {
    server?.close()
    server = undefined
  })

  describe('by its origin', () => {
    const table: [story: string, method: string, sent: Record<string, string>, status: number][] = [
      ['a form of ours', 'POST', { 'sec-fetch-site': 'same-origin', origin: issuer }, 200],
      ['a form of a page that sends no referrer', 'POST', { 'sec-fetch-site': 'same-origin', origin: 'null' }, 200],
      ['typed by a person', 'POST', { 'sec-fetch-site': 'none' }, 200],
      ['another site', 'POST', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, 403],
      [
        'another host of the same site',
        'POST',
        { 'sec-fetch-site': 'same-site', origin: 'https://x.login.example' },
        403,
      ],
      ['another site that spells our origin', 'POST', { 'sec-fetch-site': 'cross-site', origin: issuer }, 403],
      ['an older browser on our page', 'POST', { origin: issuer }, 200],
      ['an older browser elsewhere', 'POST', { origin: 'https://evil.example' }, 403],
      ['an older browser, hidden', 'POST', { origin: 'null' }, 403],
      ['no browser', 'POST', {}, 200],
      ['another site, only reading', 'GET', { 'sec-fetch-site': 'cross-site' }, 200],
      ['another site, deleting', 'DELETE', { 'sec-fetch-site': 'cross-site' }, 403],
    ]
    for (const [story, method, sent, status] of table) {
      it(`answers ${status} to ${story}`, async () => {
        const app = new Koa()
        app.silent = true
        app.use(async (ctx, next) => {
          await next().catch(fault => {
            ctx.status = fault.status
          })
        })
        app.use(sameOrigin(issuer)).use(ctx => {
          ctx.body = 'done'
        })
        const url = await serve(app.callback())
        expect((await fetch(url, { method, headers: sent })).status).to.equal(status)
      })
    }
  })

  it('puts the same headers on every page, and HSTS on https only', async () => {
    const plain = new Koa().use(headers({ https: false })).use(ctx => {
      ctx.body = ''
    })
    const sent = (await fetch(await serve(plain.callback()))).headers
    expect(sent.get('content-security-policy')).to.match(/default-src 'none'.*frame-ancestors 'none'/)
    expect(sent.get('content-security-policy')).to.not.match(/unsafe/)
    expect(sent.get('x-content-type-options')).to.equal('nosniff')
    expect(sent.get('referrer-policy')).to.equal('same-origin')
    expect(sent.get('cross-origin-opener-policy')).to.equal('same-origin')
    expect(sent.get('cache-control')).to.equal('no-store')
    expect(sent.get('strict-transport-security')).to.equal(null)
    server?.close()
    const secure = new Koa().use(headers({ https: true })).use(ctx => {
      ctx.body = ''
    })
    const answer = await fetch(await serve(secure.callback()))
    expect(answer.headers.get('strict-transport-security')).to.match(/max-age=\d{8}/)
  })

  it('passes on requests for the listed paths, and nothing else', async () => {
    const url = await serve(
      only(
        ['/token'],
        (_, res) => void res.end('token'),
        () => 'a name',
      ),
    )
    const status = async (path: string) => (await fetch(url + path)).status
    expect(await (await fetch(`${url}/token?a=b`)).text()).to.equal('token')
    for (const path of ['', '/', '/token/', '/Token', '/%74oken', '//token'])
      expect(await status(path), path).to.equal(404)
    expect((await fetch(`${url}/x`)).headers.get('x-request-id')).to.equal('a name')
  })
})
