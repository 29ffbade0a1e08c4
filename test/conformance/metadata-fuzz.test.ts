import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { expect } from 'chai'
import fc from 'fast-check'
import { clientShape } from '../../src/clients/file.ts'
import { certificate, certificateKey } from '../support/certificate.ts'
import type { Jar } from '../support/jar.ts'
import { api, declared, type Ground, ground } from './ground.ts'
import { pair } from './proving.ts'
import { registrar, shop } from './registrar.ts'

const believed = getCACertificates('default')

/** Every member that is read, those of Object.prototype, and an unknown one. */
const inherited = Object.getOwnPropertyNames(Object.prototype)
const names = [
  ...Object.keys(clientShape),
  ...['redirect_uri', 'registration_access_token', 'policy', 'declared', 'default_scope', 'unknown', 'client_name#de'],
]

/** An object as JSON can say it, own members of any name included. */
const object = (...members: [string, unknown][]) => Object.fromEntries(members)
const nested = (depth: number, wrap: (inner: unknown) => unknown): unknown =>
  Array.from({ length: depth }).reduce<unknown>(inner => wrap(inner), 'x')

/** Values of every type, at least one; those at the end have crashed servers. */
const types: readonly unknown[] = [
  ...[null, true, -1, 1e308, '', 'x', [], [null], [[]], {}, { keys: [null] }],
  nested(2_000, inner => [inner]),
]
const values: readonly unknown[] = [
  ...[...types, 0, 1.5, ' ', 'openid', '\u0000', '\ud800', 'https://a', 'constructor', '__proto__', 'x'.repeat(3_000)],
  ...[[{}], [0], [''], ['x', 'x'], ['constructor'], { keys: null }, { keys: {} }, { keys: [[]] }, { keys: ['x'] }],
  ...inherited.map(kty => ({ keys: [{ kty }] })),
  ...[{ keys: [{ kty: 'EC', crv: ['P-256'], x: {}, y: 0 }] }, { keys: [{ kty: 'RSA', n: {}, e: [] }] }],
  ...[{ [api]: null }, { [api]: ['constructor'] }, { [api]: [[]] }],
  ...[nested(9, inner => [inner]), nested(2_000, inner => ({ inner }))],
  ...inherited.flatMap(name => [object([name, 1]), [object([name, {}])], { a: object([name, 'x']) }]),
]

describe('metadata of clients, of any shape', function () {
  this.timeout(120_000)
  let latchkey: Ground
  let browser: Jar
  let server: Server
  let host: string
  let served = '{}'
  before(async () => {
    setDefaultCACertificates([...believed, certificate])
    server = createServer({ cert: certificate, key: certificateKey }, (_, res) =>
      res.writeHead(200, { 'content-type': 'application/json' }).end(served),
    )
    await new Promise<void>(done => server.listen(0, 'localhost', done))
    host = `localhost:${(server.address() as AddressInfo).port}`
    latchkey = await ground({
      clients: [declared('trading')],
      policies: [{ policy: 'third-party', apis: { [api]: ['read'] } }],
      environment: { LATCHKEY_REGISTRATION: 'open', LATCHKEY_CIMD: host },
    })
    browser = (await latchkey.person()).browser
  })
  after(async () => {
    await latchkey.stop()
    server.closeAllConnections()
    await new Promise(done => server.close(done))
    setDefaultCACertificates(believed)
  })
  beforeEach(() => latchkey.latchkey.clock.pass(3_600_001))

  const { send, register } = registrar(() => latchkey)

  /** Registers; an app, or an error that says why. */
  const registers = async (body: string) => {
    latchkey.latchkey.clock.pass(3_600_001)
    const { status, body: told } = await register(body)
    expect(status, body.slice(0, 500)).to.be.oneOf([201, 400])
    if (status === 400) expect(told, body.slice(0, 500)).to.include.keys('error', 'error_description')
    return status
  }

  let managed: { url: string; bearer: string; id: string; secret: string } | undefined
  const changes = async (more: object) => {
    latchkey.latchkey.clock.pass(3_600_001)
    if (!managed) {
      const { body } = await register(shop)
      const { registration_client_uri: url, registration_access_token: bearer, client_id: id } = body
      managed = { url: String(url), bearer: String(bearer), id: String(id), secret: String(body.client_secret) }
    }
    const sent = JSON.stringify({ ...shop, client_id: managed.id, ...more })
    const { status, body } = await send('PUT', managed.url, sent, managed.bearer)
    expect(status, sent.slice(0, 500)).to.be.oneOf([200, 400])
    if (status === 200) managed.bearer = String(body.registration_access_token)
    else expect(body, sent.slice(0, 500)).to.include.keys('error', 'error_description')
    return status
  }

  let made = 0
  const visits = async (more: object) => {
    latchkey.latchkey.clock.pass(600_001)
    const id = `https://${host}/${made++}`
    const own = {
      client_id: id,
      client_name: 'Tools',
      redirect_uris: shop.redirect_uris,
      token_endpoint_auth_method: 'none',
    }
    served = JSON.stringify({ ...own, ...more })
    const query = latchkey.request('', { client_id: id, redirect_uri: shop.redirect_uris[0] ?? '' })
    const page = await browser.get(`${latchkey.metadata.authorization_endpoint}?${query}`, { follow: false })
    expect(page.status, served.slice(0, 500)).to.be.oneOf([200, 303, 400])
    return page.status
  }

  // A document costs a connection by TLS and a sign-in that waits.
  const ways: readonly [string, (more: object) => Promise<number>, readonly unknown[], number][] = [
    ['registration', more => registers(JSON.stringify({ ...shop, ...more })), types, 300],
    ['its management', changes, types, 300],
    ['a document', visits, types.filter((_, at) => at % 3 === 0), 60],
  ]
  for (const [what, way, each, numRuns] of ways) {
    it(`${what} answers 201 or 400 to every member of every type`, async () => {
      for (const name of names) for (const value of each) await way(object([name, value]))
    })

    it(`${what} refuses members of Object.prototype at every place`, async () => {
      for (const name of inherited)
        for (const more of [
          object([name, 1]),
          object([name, { isAdmin: true }]),
          { unknown: object([name, 'x']) },
          {
            jwks: { keys: [{ ...(await pair()).publicJwk, ...object([name, {}]) }] },
            token_endpoint_auth_method: 'private_key_jwt',
          },
        ])
          expect(await way(more), JSON.stringify(more)).to.equal(400)
    })

    it(`${what} survives random members of random shapes`, async () => {
      const some = fc.dictionary(
        fc.constantFrom(...names, ...inherited),
        fc.oneof(fc.constantFrom(...values), fc.jsonValue()),
        {
          maxKeys: 6,
        },
      )
      await fc.assert(
        fc.asyncProperty(some, async more => void (await way(more))),
        { numRuns },
      )
    })
  }

  it('registration accepts only an object', async () => {
    for (const value of values)
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        expect(await registers(JSON.stringify(value)), JSON.stringify(value)?.slice(0, 80)).to.equal(400)
  })

  it('no client has become first-party', async () => {
    expect(({} as { isAdmin?: boolean }).isAdmin).to.equal(undefined)
    const { body } = await register(shop)
    expect(body).to.not.have.any.keys('declared', 'first_party')
  })
})
