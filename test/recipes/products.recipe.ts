import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { decodeJwt } from 'jose'
import { certificate, certificateKey } from '../support/certificate.ts'
import type { Person } from '../support/people.ts'
import { type App, recipe } from './recipe.ts'
import { join } from './walks.ts'

/** The app behind a proxy: answers what it was told. Resolves to what stops it. */
async function behind({ urlOf, name }: App): Promise<() => Promise<unknown>> {
  const server = createServer((req, res) => {
    res.setHeader('content-type', 'application/json').end(JSON.stringify(req.headers))
  })
  const port = Number(new URL(urlOf(name, 1)).port)
  await new Promise<void>(done => server.listen(port, 'localhost', done))
  return () => {
    server.closeAllConnections()
    return new Promise(done => server.close(done))
  }
}

/** What the app is told of a person; undefined where they are not let through. */
async function told({ url }: App, { browser }: Person, headers: Record<string, string> = {}) {
  const page = await browser.get(`${url}/`, { headers })
  return page.url === `${url}/` && page.html.startsWith('{') ? page.json<Record<string, string>>() : undefined
}

const refreshed = ({ latchkey, client }: App) =>
  new RegExp(`"grant.issued","data":\\{"client":"${client.client_id}"[^}]*"type":"refresh_token"`).test(
    latchkey.logged(),
  )

/** From the first request to signing out, at oauth2-proxy with or without nginx in front of it. */
async function proxied(app: App): Promise<void> {
  const stop = await behind(app)
  try {
    const { person, page } = await join(app, ({ browser }) => browser.get(`${app.url}/`))
    expect(page.url, page.text).to.equal(`${app.url}/`)
    const forged = { 'x-forwarded-email': 'somebody@else.example', 'x-forwarded-user': 'somebody' }
    const known = await told(app, person, forged)
    expect(known?.['x-forwarded-email']).to.equal(person.email)
    expect(known?.['x-forwarded-user']).to.match(/^[\w-]{20,}$/)
    // It counts from the next full second.
    await wait(2_200)
    expect((await told(app, person))?.['x-forwarded-email']).to.equal(person.email)
    expect(refreshed(app)).to.equal(true)
    const discovered = await fetch(`${app.latchkey.issuer}/.well-known/openid-configuration`)
    const { end_session_endpoint } = (await discovered.json()) as Record<string, string>
    const back = { client_id: app.client.client_id, post_logout_redirect_uri: `${app.url}/` }
    const end = `${end_session_endpoint}?${new URLSearchParams(back)}`
    // Without a hint of whose session it is, people are asked first.
    const asked = await person.browser.get(`${app.url}/oauth2/sign_out?rd=${encodeURIComponent(end)}`)
    expect(asked.h1).to.equal('Sign out?')
    await signedOut(app, person, await asked.submit({}, 'Sign out'))
  } finally {
    await stop()
  }
}

/** They are signed out: the way back led through the proxy, which asks them to sign in anew. */
async function signedOut(app: App, person: Person, page: Awaited<ReturnType<Person['browser']['get']>>) {
  expect(page.trail).to.include(`${app.url}/`)
  expect(page.url).to.match(new RegExp(`^${app.latchkey.issuer}/`))
  expect(await told(app, person)).to.equal(undefined)
}

/** Where the libraries of Debian's packages are that were not installed. */
const libraries = (_: unknown, place: string) => {
  const lib = `${place}/root/usr/lib`
  const folders = (existsSync(lib) ? readdirSync(lib) : []).filter(each => each.endsWith('-linux-gnu'))
  return { LD_LIBRARY_PATH: folders.map(each => `${lib}/${each}`).join(':') }
}

/** Has nginx read the sample of packaging/, with addresses in the place of the names of other machines. */
async function readsSample({ begin, place }: App, nginx: string): Promise<void> {
  writeFileSync(`${place}/fullchain.pem`, certificate)
  writeFileSync(`${place}/privkey.pem`, certificateKey)
  const [, minor] = /nginx\/1\.(\d+)/.exec(await begin([nginx, '-v']).ended()) ?? []
  const sample = readFileSync('packaging/nginx.conf', 'utf8')
  // As the comment there says.
  const read =
    Number(minor) < 25 ? sample.replaceAll('443 ssl;', '443 ssl http2;').replace(/^ *http2 on;.*\n/m, '') : sample
  const moved = read.replaceAll('/etc/latchkey/tls', place).replaceAll(/latchkey-[12]:3000/g, '127.0.0.1:3000')
  writeFileSync(`${place}/sample.conf`, `pid sample.pid; events {} http { access_log off; ${moved} }`)
  expect(await begin([nginx, '-t', '-q', '-p', place, '-c', 'sample.conf']).ended()).to.equal('')
}

describe('products', () => {
  const proxy = ['bin/oauth2-proxy', '--config', 'oauth2-proxy.cfg', '--cookie-refresh', '1s']

  recipe('oauth2-proxy', { kind: 'oauth2-proxy', start: proxy }, proxied)

  recipe('dex', { kind: 'dex', start: ['bin/dex', 'serve', 'dex.yaml'] }, async app => {
    const back = `${app.urlOf(app.name, 1)}/callback`
    const query = { client_id: 'app', redirect_uri: back, response_type: 'code', state: 's' }
    const begin = ({ browser }: Person) =>
      browser.get(`${app.url}/auth?${new URLSearchParams({ ...query, scope: 'openid email offline_access' })}`)
    const { person, page } = await join(app, begin)
    const stop = await behind(app)
    // Dex asks for consent whenever it asks for refresh tokens.
    const there = await page.submit({}, 'Allow').finally(stop)
    const code = new URL(there.url).searchParams.get('code') ?? ''
    const token = async (form: Record<string, string>) => {
      const authorization = `Basic ${btoa('app:app-development-only-secret-00000000000')}`
      const body = new URLSearchParams(form)
      const answer = await fetch(`${app.url}/token`, { method: 'POST', headers: { authorization }, body })
      const told = (await answer.json()) as { id_token: string; refresh_token: string }
      expect(answer.status, JSON.stringify(told)).to.equal(200)
      expect(decodeJwt(told.id_token)).to.include({ email: person.email, email_verified: true })
      return told
    }
    const first = await token({ grant_type: 'authorization_code', code, redirect_uri: back })
    await token({ grant_type: 'refresh_token', refresh_token: first.refresh_token })
    expect(refreshed(app)).to.equal(true)
  })

  recipe('nginx', { kind: ['oauth2-proxy', 'debian'], environment: libraries }, async app => {
    // Its workers give up what root may.
    chmodSync(app.place, 0o711)
    await app.begin(['mkdir', 'temp']).ended()
    const nginx = 'root/usr/sbin/nginx'
    await readsSample(app, nginx)
    await app.serve(proxy, 2)
    await app.serve([nginx, '-p', app.place, '-c', 'nginx.conf'])
    await proxied(app)
  })

  recipe('apache', { kind: 'debian', environment: libraries }, async app => {
    await app.begin(['ln', '-s', 'root/usr/lib/apache2/modules', 'modules']).ended()
    await app.serve(['root/usr/sbin/apache2', '-d', app.place, '-f', 'httpd.conf', '-X'])
    const stop = await behind(app)
    try {
      const { person, page } = await join(app, ({ browser }) => browser.get(`${app.url}/`))
      expect(page.url, page.text).to.equal(`${app.url}/`)
      const known = await told(app, person, { oidc_claim_email: 'somebody@else.example' })
      expect(known?.oidc_claim_email).to.equal(person.email)
      const token = known?.oidc_access_token ?? ''
      const back = encodeURIComponent(`${app.url}/`)
      await person.browser.get(`${app.url}/callback?refresh=${back}&access_token=${encodeURIComponent(token)}`)
      expect((await told(app, person))?.oidc_claim_email).to.equal(person.email)
      expect(refreshed(app)).to.equal(true)
      await signedOut(app, person, await person.browser.get(`${app.url}/callback?logout=${back}`))
    } finally {
      await stop()
    }
  })
})
