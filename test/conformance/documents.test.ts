import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { expect } from 'chai'
import { decodeProtectedHeader } from 'jose'
import { certificate, certificateKey } from '../support/certificate.ts'
import type { Jar } from '../support/jar.ts'
import { api, declared, type Ground, ground, verifier } from './ground.ts'

const believed = getCACertificates('default')

describe('OAuth Client ID Metadata Document (draft-ietf-oauth-client-id-metadata-document)', () => {
  let latchkey: Ground
  let server: Server
  let host: string
  let browser: Jar
  /** The answer at each path: a document, or a function that answers. */
  const documents = new Map<string, object | { status: number; headers: Record<string, string>; body: string }>()
  let fetched: string[] = []
  let closed: Ground

  before(async () => {
    setDefaultCACertificates([...believed, certificate])
    server = createServer({ cert: certificate, key: certificateKey }, (req, res) => {
      fetched.push(req.url ?? '')
      const found = documents.get(req.url ?? '')
      if (!found) return res.writeHead(404).end()
      if ('status' in found) return res.writeHead(Number(found.status), found.headers).end(found.body)
      return res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(found))
    })
    await new Promise<void>(done => server.listen(0, 'localhost', done))
    host = `localhost:${(server.address() as AddressInfo).port}`
    latchkey = await ground({
      clients: [declared('trading', { client_name: 'Trading' })],
      policies: [{ policy: 'third-party', apis: { [api]: ['read'] } }],
      environment: { LATCHKEY_CIMD: host },
    })
    browser = (await latchkey.person()).browser
    closed = await ground({ clients: [declared('trading')], environment: { LATCHKEY_CIMD: 'apps.example' } })
  })
  after(async () => {
    await latchkey.stop()
    await closed.stop()
    server.closeAllConnections()
    await new Promise(done => server.close(done))
    setDefaultCACertificates(believed)
  })
  beforeEach(() => {
    fetched = []
    // All requests come from one address here, which is limited.
    latchkey.latchkey.clock.pass(600_001)
  })

  let made = 0
  const redirect = 'https://tools.example/callback'
  /** Puts up a document at a path of its own; resolves to its address, which is the client's id. */
  const published = (more: object = {}): string => {
    const path = `/tools/${made++}`
    const id = `https://${host}${path}`
    const own = { client_id: id, client_name: 'Tools', redirect_uris: [redirect], token_endpoint_auth_method: 'none' }
    documents.set(path, { ...own, ...more })
    return id
  }
  const raw = (status: number, headers: Record<string, string>, body: string): string => {
    const path = `/tools/${made++}`
    documents.set(path, { status, headers, body: body.replaceAll('ID', `https://${host}${path}`) })
    return `https://${host}${path}`
  }
  const ask = (id: string, more: Record<string, string> = {}, at = latchkey) =>
    at.ask('', browser, { client_id: id, redirect_uri: redirect, ...more })
  const refused = async (id: string, at = latchkey) => {
    const { page } = await ask(id, {}, at)
    return page.status === 400 && page.trail.length === 1
  }

  it('is advertised', () => {
    expect(latchkey.metadata).to.include({ client_id_metadata_document_supported: true })
  })

  it('makes a client of a URL: people see its host, allow it, and it gets tokens', async () => {
    const id = published({ tos_uri: 'https://tools.example/terms', logo_uri: 'https://tools.example/logo.png' })
    const { page } = await ask(id, { scope: 'openid email' })
    expect(page.text).to.include('Tools').and.include(host).and.include('tools.example')
    expect(page.links.map(({ href }) => href)).to.include('https://tools.example/terms')
    expect(page.html).to.not.include('logo.png')
    const back = new URL((await page.submit({}, 'Allow')).location ?? '')
    const { status, body } = await latchkey.post('token', {
      ...{ client_id: id, grant_type: 'authorization_code', redirect_uri: redirect },
      ...{ code: back.searchParams.get('code') ?? '', code_verifier: verifier },
    })
    expect(status).to.equal(200)
    expect(await latchkey.verified(body.id_token)).to.include({ aud: id })
    const sessions = await browser.get(`${latchkey.issuer}/account/sessions`)
    expect(sessions.text).to.include(host)
    expect((await browser.get(`${latchkey.issuer}/account/apps`)).text).to.include(host)
  })

  it('asks for consent, whatever the document says', async () => {
    const { page } = await ask(published({ first_party: true, policy: 'anything', apis: undefined }))
    expect(page.url).to.include('/interaction/')
    expect(page.text).to.include('run by someone else')
  })

  it('may name scopes of the APIs that the policy opens, and gets tokens for them', async () => {
    const id = published({
      scope: 'openid read write offline_access',
      grant_types: ['authorization_code', 'refresh_token'],
    })
    const asked = { scope: 'openid read offline_access', resource: api, prompt: 'consent' }
    const { page } = await ask(id, asked)
    expect(page.text).to.include('Ledger')
    const back = new URL((await page.submit({}, 'Allow')).location ?? '')
    const redeemed = { client_id: id, grant_type: 'authorization_code', redirect_uri: redirect, resource: api }
    const code = back.searchParams.get('code') ?? ''
    const { body } = await latchkey.post('token', { ...redeemed, code, code_verifier: verifier })
    expect(await latchkey.verified(body.access_token)).to.include({ aud: api, scope: 'read' })
    // OpenID Connect Registration 1.0, 2: the default of what signs ID tokens.
    expect(decodeProtectedHeader(String(body.id_token))).to.include({ alg: 'RS256' })
    const refreshed = { client_id: id, grant_type: 'refresh_token', refresh_token: String(body.refresh_token) }
    const again = await latchkey.post('token', { ...refreshed, resource: api })
    expect(await latchkey.verified(again.body.access_token)).to.include({ aud: api, scope: 'read' })
  })

  const foreign: readonly [string, object][] = [
    [
      'grants that this server has not, beside the one that it uses',
      { grant_types: ['authorization_code', 'implicit', 'urn:ietf:params:oauth:grant-type:device_code'] },
    ],
    [
      'answers that this server does not give, beside the one that it uses',
      { response_types: ['code', 'code id_token'] },
    ],
    ['members that nobody knows', { colour: 'red', 'client_name#de': 'Werkzeug', software_version: '1' }],
    ['members that are null', { scope: null, jwks: null, client_name: null, default_max_age: null }],
    ['scopes of other servers', { scope: 'openid  mail.read ' }],
  ]
  for (const [what, more] of foreign) {
    it(`is written for any server, and may contain ${what}`, async () => {
      const { page } = await ask(published(more))
      expect(page.url).to.include('/interaction/')
    })
  }

  it('is cached, and fetched once for requests that come together', async () => {
    const id = published()
    await Promise.all(Array.from({ length: 5 }, () => ask(id)))
    await ask(id)
    expect(fetched).to.have.lengthOf(1)
  })

  const wrong: readonly [string, () => string][] = [
    ['another id than its address', () => published({ client_id: 'https://localhost/other' })],
    ['a secret', () => published({ client_secret: 'x'.repeat(40) })],
    ['a shared secret for its method', () => published({ token_endpoint_auth_method: 'client_secret_post' })],
    ['a redirect URI by plain http', () => published({ redirect_uris: ['http://tools.example/'] })],
    ['a name of the suite', () => published({ client_name: 'trading' })],
    ['terms that are a script', () => published({ tos_uri: 'javascript:alert(1)' })],
    ['an algorithm that has no key', () => published({ id_token_signed_response_alg: 'PS256' })],
    ['more than 5 KB', () => published({ client_name: 'Tools', padding: 'x'.repeat(6_000) })],
    ['a name of every object', () => published({ constructor: {}, client_name: 'Tools' })],
    ['a grant that needs no person, alone', () => published({ grant_types: ['client_credentials'] })],
    ['a list', () => raw(200, { 'content-type': 'application/json' }, '[]')],
    ['no JSON', () => raw(200, { 'content-type': 'application/json' }, '{')],
    ['another type', () => raw(200, { 'content-type': 'text/html' }, '{"client_id":"ID"}')],
    ['a redirect', () => raw(302, { location: 'https://localhost/elsewhere' }, '')],
    ['nothing', () => `https://${host}/nothing`],
  ]
  for (const [what, make] of wrong) {
    it(`refuses a document with ${what}, and does not redirect the browser`, async () => {
      expect(await refused(make())).to.equal(true)
    })
  }

  it('refuses malformed URLs without fetching anything', async () => {
    const path = new URL(published()).pathname
    for (const id of [
      `http://${host}${path}`,
      `https://me@${host}${path}`,
      `https://${host}${path}#x`,
      `https://${host}/a/..${path}`,
      `https://127.0.0.1${path}`,
      `https://${host}.evil.example${path}`,
      `https://evil.example/${host}`,
    ])
      expect(await refused(id), id).to.equal(true)
    expect(fetched).to.deep.equal([])
  })

  it('is not fetched for an ID token hint that this server did not sign', async () => {
    const jwt = (payload: object) =>
      [{ alg: 'RS256', kid: 'x' }, payload]
        .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .concat('AAAA')
        .join('.')
    const end = async (hint: string) =>
      browser.get(`${latchkey.metadata.end_session_endpoint}?${new URLSearchParams({ id_token_hint: hint })}`)
    const forged = jwt({ iss: latchkey.issuer, aud: published(), sub: 'somebody' })
    expect((await end(forged)).status).to.equal(200)
    expect(fetched).to.deep.equal([])
  })

  it('is accepted from the hosts of the setting only', async () => {
    expect(await refused(published(), closed)).to.equal(true)
    expect(fetched).to.deep.equal([])
  })

  it('limits how many documents one address can have fetched', async () => {
    const ids = Array.from({ length: 40 }, () => published())
    await Promise.all(ids.map(id => ask(id)))
    expect(fetched).to.have.lengthOf(30)
  })

  it('is off by default', async () => {
    const off = await ground({ clients: [declared('trading')] })
    expect(off.metadata).to.not.have.property('client_id_metadata_document_supported')
    expect(await refused(published(), off)).to.equal(true)
    expect(fetched).to.deep.equal([])
    await off.stop()
  })

  it('has pairwise subjects of its own host, and of another only if that one lists it', async () => {
    expect(await refused(published({ subject_type: 'pairwise' }))).to.equal(true)
    const own = { redirect_uris: [`https://${host}/callback`], subject_type: 'pairwise' }
    const { page } = await ask(published(own), { redirect_uri: `https://${host}/callback` })
    expect(page.status).to.equal(200)
  })
})
