import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { jar } from './jar.ts'

const html = `<!doctype html><html lang="en"><head><title>Till &amp; safe</title></head><body>
<header><form method="post" action="/language"><button>Deutsch</button></form></header>
<main><h1>Who is <em>there</em>?</h1>
<p role="alert">That was wrong.</p><p role="alert"></p>
<form method="post" action="/answer">
<input type="hidden" name="guard" value="a&quot;b">
<label for="e">Email</label><input id="e" name="email" type=email value=ada@example.com>
<label>Remember me <input type="checkbox" name="remember" checked></label>
<input type="radio" name="way" value="sms"><input type="radio" name="way" value="totp" checked>
<select name="country"><option value="at">Austria<option selected>Portugal</select>
<textarea name="note">1 &lt; 2</textarea><input name="off" disabled value="x">
<button name="act" value="go">Continue</button><button name="act" value="other" formaction="/other">Use another way</button>
</form>
<form id="far" method="get" action="/search"><input name="q"></form><button form="far">Search</button>
<ul><li data-code="1"><code>111</code><li data-code="2"><code>222</code></ul>
<p hidden>secret</p><script>let a = '<p role="alert">no</p>'</script>
<a href="/away">Go away</a> <a href="com.example.app:/callback">Open the app</a></main>`

interface Heard {
  method: string | undefined
  url: string | undefined
  body: string
  headers: IncomingMessage['headers']
}

describe('the jar', () => {
  const heard: Heard[] = []
  let served = html
  let server: Server
  let base: string

  before(async () => {
    server = createServer(async (request, response) => {
      const body = (await request.setEncoding('utf8').toArray()).join('')
      heard.push({ method: request.method, url: request.url, body, headers: request.headers })
      const url = new URL(request.url ?? '/', 'http://x')
      const path = url.pathname
      response.setHeader('set-cookie', [
        `seen=${path.slice(1)}; HttpOnly; SameSite=Lax`,
        `__Host-kept=1; Secure; Path=/; HttpOnly`,
      ])
      if (path === '/quiet') response.setHeader('referrer-policy', 'no-referrer')
      if (path === '/strict') response.setHeader('content-security-policy', "default-src 'none'; form-action 'self'")
      if (path === '/onward') {
        const to = url.searchParams.get('to')?.replaceAll('&', '&amp;')
        return response.end(`<meta http-equiv="refresh" content="0;url=${to}"><a href="${to}">Continue</a>`)
      }
      const moved: Record<string, [number, string]> = {
        '/answer': [303, url.searchParams.get('to') ?? '/done'],
        '/again': [307, '/done'],
        '/away': [302, 'https://example.com/'],
        '/round': [302, '/round'],
      }
      const [status, location] = moved[path] ?? [path === '/wrong' ? 422 : 200]
      response.writeHead(status, { 'content-type': 'text/html', ...(location && { location }) }).end(served)
    })
    await new Promise<void>(done => server.listen(0, 'localhost', done))
    base = `http://localhost:${(server.address() as AddressInfo).port}`
  })
  after(() => server.close())
  beforeEach(() => void heard.splice(0))

  it('reads a page', async () => {
    const page = await jar().get(`${base}/wrong`)
    expect(page).to.include({ status: 422, title: 'Till & safe', h1: 'Who is there?' })
    expect(page.alerts).to.deep.equal(['That was wrong.'])
    expect(page.text).to.include('Who is there? That was wrong.').and.not.include('secret').and.not.include('let a')
    expect(page.all('main li[data-code]').map(each => each.text)).to.deep.equal(['111', '222'])
    expect(page.find('ul [data-code="2"] code, .none')?.text).to.equal('222')
    expect(page.find('header li')).to.equal(undefined)
    expect(() => page.find('li:first-child')).to.throw('more than this reader')
  })

  it('fills the form that has the fields and sends what a browser sends', async () => {
    const page = await (await jar().get(`${base}/in`)).submit({ email: 'bob@example.com', remember: false, way: 'sms' })
    expect(page.url).to.equal(`${base}/done`)
    expect(page.trail).to.deep.equal([`${base}/answer`, `${base}/done`])
    const [, post, got] = heard
    expect([...new URLSearchParams(post?.body)]).to.deep.equal([
      ['guard', 'a"b'],
      ['email', 'bob@example.com'],
      ['way', 'sms'],
      ['country', 'Portugal'],
      ['note', '1 < 2'],
      ['act', 'go'],
    ])
    expect(post?.headers).to.include({ origin: base, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate' })
    expect(got).to.include({ method: 'GET', body: '' })
    expect(got?.headers).to.not.have.any.keys('origin', 'content-type')
  })

  it('picks a form by its button, by a field of it, by its action', async () => {
    const page = await jar().get(`${base}/in`)
    expect((await page.submit({}, 'Use another way')).url).to.equal(`${base}/other`)
    expect(new URLSearchParams(heard.at(-1)?.body).get('act')).to.equal('other')
    expect((await page.submit({ q: 'a b' })).url).to.equal(`${base}/search?q=a+b`)
    expect((await page.submit({}, { field: 'q' })).url).to.equal(`${base}/search?q=`)
    expect((await page.submit({}, { action: '/language' })).url).to.equal(`${base}/language`)
    expect((await page.submit({ way: 'totp' })).url).to.equal(`${base}/done`)
  })

  it('refuses what a person could not do', async () => {
    const page = await jar().get(`${base}/in`)
    for (const [answers, which] of [
      [{ off: 'y' }, {}],
      [{ way: 'post' }, {}],
      [{ country: 'xx' }, {}],
      [{}, 'Nowhere'],
    ] as const) {
      const fault = await page.submit(answers, which).catch(each => each)
      expect(fault, JSON.stringify([answers, which])).to.be.instanceOf(TypeError)
    }
    expect(await page.follow('Nowhere').catch(each => each)).to.be.instanceOf(TypeError)
  })

  it('keeps a post a post over a 307, and gives up on a ring of redirects', async () => {
    const person = jar()
    await person.post(`${base}/again`, { a: '1' })
    expect(heard.at(-1)).to.include({ method: 'POST', url: '/done', body: 'a=1' })
    expect((await person.get(`${base}/round`).catch(each => each)).message).to.include('too many redirects')
  })

  it('keeps cookies as a browser does: by host, with HttpOnly and prefixes', async () => {
    const person = jar()
    await person.get(`${base}/one`)
    await person.get(`${base}/two`)
    expect(heard.at(-1)?.headers.cookie?.split('; ')).to.have.members(['seen=one', '__Host-kept=1'])
    await jar().get(`${base}/two`)
    expect(heard.at(-1)?.headers.cookie).to.equal(undefined)
  })

  it('says where a form post comes from, and withholds Lax cookies from another site', async () => {
    const person = jar()
    await person.get(`${base}/one`)
    await person.post(`${base}/x`, {}, { from: 'https://evil.example/' })
    expect(heard.at(-1)?.headers).to.include({
      origin: 'https://evil.example',
      'sec-fetch-site': 'cross-site',
      cookie: '__Host-kept=1',
    })
    await person.post(`${base}/x`, {}, { from: 'http://localhost:1/' })
    expect(heard.at(-1)?.headers).to.include({ origin: 'http://localhost:1', 'sec-fetch-site': 'same-site' })
  })

  it('sends a null origin from a page that sends no referrer', async () => {
    await (await jar().get(`${base}/quiet`)).submit({ email: 'a@example.com' })
    expect(heard[1]?.headers).to.include({ origin: 'null', 'sec-fetch-site': 'same-origin' })
  })

  it('goes on with a page that goes on by itself, as a navigation of that page’s', async () => {
    const person = jar()
    const page = await person.post(`${base}/onward?to=%2Fdone%3Fa%3D1%26b%3D2`, { a: '1' })
    expect(page.url).to.equal(`${base}/done?a=1&b=2`)
    expect(page.trail).to.have.length(2)
    expect(heard.at(-1)).to.include({ method: 'GET', body: '' })
    expect(heard.at(-1)?.headers).to.include({ 'sec-fetch-site': 'same-origin' }).and.not.have.property('origin')
    const asked = await person.get(`${base}/onward?to=/done`, { follow: false })
    expect(asked).to.include({ status: 200, url: `${base}/onward?to=/done`, location: `${base}/done` })
    const away = await person.get(`${base}/onward?to=com.example.app:/callback`)
    expect(away).to.include({ status: 200, location: 'com.example.app:/callback' })
  })

  it('sends a form, and follows what redirects it, only as far as its page’s form-action goes', async () => {
    const person = jar()
    const page = await person.get(`${base}/strict`)
    const { port } = new URL(base)
    const leads = async (to: string) => {
      const form = page.html.replace('action="/answer"', `action="/answer?to=${encodeURIComponent(to)}"`)
      served = form
      return (await person.get(`${base}/strict`))
        .submit({ email: 'a@example.com' }, 'Continue')
        .catch(each => each.message)
    }
    expect(await leads('/done')).to.include({ url: `${base}/done` })
    for (const to of [`http://127.0.0.1:${port}/done`, 'https://example.com/', 'com.example.app:/callback'])
      expect(await leads(to), to).to.match(/form-action .*'self'.* stops/)
    expect(await leads(`/onward?to=${encodeURIComponent(`http://127.0.0.1:${port}/done`)}`)).to.be.an('object')
    served = html
  })

  it('stops at the edge of the machine, at an app of its own, and when told', async () => {
    const person = jar()
    expect(await person.get(`${base}/away`)).to.include({ status: 302, location: 'https://example.com/' })
    expect(await person.get(`${base}/answer`, { follow: false })).to.include({ status: 303, location: `${base}/done` })
    const page = await person.get(`${base}/in`)
    expect(await page.follow('Go away')).to.include({ location: 'https://example.com/', url: `${base}/away` })
    expect(page.links.map(each => each.text)).to.deep.equal(['Go away', 'Open the app'])
  })
})
