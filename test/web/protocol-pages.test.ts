import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import Koa from 'koa'
import { assets } from '../../src/web/assets.ts'
import { headers } from '../../src/web/http-security.ts'
import { phrases as phrasesOf } from '../../src/web/phrases.ts'
import { onward } from '../../src/web/protocol-pages.ts'
import { renderer, shower } from '../../src/web/show.ts'
import { read } from '../support/html.ts'

const issuer = 'https://login.example'
const html = 'text/html,application/xhtml+xml,*/*;q=0.8'

describe('a form post that leads somewhere else', () => {
  let server: Server
  let base: string
  let leads = ''
  let status = 303

  before(async () => {
    const phrases = phrasesOf({ production: false })
    const show = shower({ render: renderer({ phrases, assets: assets(), now: () => 0 }), phrases })
    const app = new Koa()
    app.use(headers({ https: true })).use(onward({ issuer, show }))
    app.use(ctx => {
      ctx.status = status
      ctx.set('Location', leads)
    })
    await new Promise<void>(done => {
      server = app.listen(0, '127.0.0.1', done)
    })
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(() => server.close())

  const send = async (to: string, { accept = html, method = 'POST', path = '/', code = 303 } = {}) => {
    leads = to
    status = code
    const headers = { accept, 'accept-language': 'de' }
    return fetch(base + path, { method, headers, redirect: 'manual' })
  }

  const pages = [
    'https://app.example/callback?code=a&state=b#c',
    'http://127.0.0.1:4000/callback',
    'com.example.app:/callback?code=a',
    'https://a;sandbox.example/?x=$&',
    'https://login.example.evil.example/account',
    '/interaction/a1?attempt=b1',
    '/authorize/a1',
    '/authorize?client_id=desk',
    '/end-session?client_id=desk',
  ]
  for (const to of pages)
    it(`ends on a page that goes on to ${to} by itself`, async () => {
      const answer = await send(to)
      expect(answer.status).to.equal(200)
      expect(answer.headers.get('location')).to.equal(null)
      expect(answer.headers.get('cache-control')).to.equal('no-store')
      expect(answer.headers.get('referrer-policy')).to.equal('same-origin')
      expect(answer.headers.get('content-language')).to.equal('de')
      expect(answer.headers.get('content-security-policy')).to.contain("form-action 'self'; frame-ancestors 'none'")
      const page = read(await answer.text())
      expect(page.find('meta[http-equiv=refresh]')?.attributes.content).to.equal(`0;url=${to}`)
      expect(page.find('main a')?.attributes.href).to.equal(to)
      expect(page.find('main a')?.text).to.equal('Weiter')
      expect(page.all('main form')).to.deep.equal([])
    })

  it('does the same for any request that leads to an app on the device: the browser stays, and may want a press', async () => {
    const to = 'com.example.app:/callback?code=a'
    const answer = await send(to, { method: 'GET', path: '/authorize/a1' })
    expect([answer.status, answer.headers.get('location')]).to.deep.equal([200, null])
    const page = read(await answer.text())
    expect(page.find('main a')?.attributes.href).to.equal(to)
    expect(page.find('h1')?.text).to.equal('Zurück zur App')
    expect((await send(to, { method: 'GET', accept: '*/*' })).headers.get('location')).to.equal(to)
  })

  it('escapes where it leads', async () => {
    const text = await (await send('https://app.example/?"><script>alert(1)</script>')).text()
    expect(text).to.not.contain('<script>alert').and.not.contain('?"')
  })

  it('stays a redirect where it leads to a page of ours', async () => {
    for (const to of [
      '/account',
      `${issuer}/account`,
      '/sign-in/a1',
      '/interactions',
      '/authorized',
      '/end-session-x',
    ]) {
      const answer = await send(to)
      expect([answer.status, answer.headers.get('location')], to).to.deep.equal([303, to])
    }
  })

  it('stays a redirect for GET requests, and for programs, which do not ask for a page', async () => {
    const to = 'https://app.example/callback'
    expect((await send(to, { method: 'GET' })).status).to.equal(303)
    for (const accept of ['*/*', 'application/json', '']) expect((await send(to, { accept })).status).to.equal(303)
  })

  it('stays a redirect for the page of an app, whose own policy says where its forms go', async () => {
    for (const path of ['/authorize', '/end-session']) {
      expect((await send('/authorize?posted=a', { path })).status).to.equal(303)
    }
  })
})
