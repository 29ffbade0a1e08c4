import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { expect } from 'chai'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { certificate, certificateKey } from '../support/certificate.ts'
import { type Running, running } from '../support/provider.ts'

const believed = getCACertificates('default')

/** Internal addresses that a registered client makes Latchkey call, by any of its metadata. */
describe('requests to addresses of a registered client', () => {
  let inside: Server
  let port: number
  let connections = 0
  let keys: { keys: object[] }
  let privateKey: Parameters<SignJWT['sign']>[0]
  before(async () => {
    setDefaultCACertificates([...believed, certificate])
    const pair = await generateKeyPair('ES256')
    privateKey = pair.privateKey
    keys = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }] }
    inside = createServer({ cert: certificate, key: certificateKey }, (_, res) =>
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(keys)),
    )
    inside.on('connection', () => {
      connections += 1
    })
    await new Promise<void>(done => inside.listen(0, '127.0.0.1', done))
    port = (inside.address() as AddressInfo).port
  })
  after(async () => {
    inside.closeAllConnections()
    await new Promise(done => inside.close(done))
    setDefaultCACertificates(believed)
  })
  beforeEach(() => {
    connections = 0
  })

  const register = ({ issuer }: Running, more: object) =>
    fetch(`${issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: ['https://shop.example/callback'], ...more }),
    })
  const registered = async (latchkey: Running, more: object) => {
    const answer = await register(latchkey, more)
    expect(answer.status).to.equal(201)
    return String(((await answer.json()) as { client_id: string }).client_id)
  }
  /** Has the client's keys fetched to verify its assertion; resolves to the token endpoint's answer to an invalid code. */
  const proves = async (latchkey: Running, host: string): Promise<string> => {
    const jwks_uri = `https://${host}:${port}/jwks.json`
    const id = await registered(latchkey, { token_endpoint_auth_method: 'private_key_jwt', jwks_uri })
    const client_assertion = await new SignJWT({ iss: id, sub: id, aud: latchkey.issuer, jti: id })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setExpirationTime('1m')
      .sign(privateKey)
    const answer = await fetch(`${latchkey.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        ...{ client_id: id, client_assertion, grant_type: 'authorization_code', code: 'x', redirect_uri: 'x' },
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      }),
    })
    return ((await answer.json()) as { error: string }).error
  }
  const hears = async (latchkey: Running, host: string): Promise<string> => {
    const backchannel_logout_uri = `https://${host}:${port}/logout`
    const client = await registered(latchkey, { backchannel_logout_uri })
    return latchkey.oidc.tellApp({ client, account: 'ada', sid: 'x' }).catch(fault => fault.name)
  }

  it('reach loopback in development, for keys and for logout tokens', async () => {
    const latchkey = await running({ registration: 'open' })
    expect(await proves(latchkey, '127.0.0.1')).to.equal('invalid_grant')
    expect(await hears(latchkey, 'localhost')).to.equal('heard')
    expect(connections).to.equal(2)
    await latchkey.close()
  })

  it('reach no internal address in production', async () => {
    const latchkey = await running({ registration: 'open', production: true })
    for (const host of ['127.0.0.1', 'localhost', '[::ffff:7f00:1]', 'app.localhost']) {
      expect(await proves(latchkey, host), host).to.equal('invalid_client')
      expect(await hears(latchkey, host), host).to.equal('Unreachable')
    }
    // An address in disguise does not even register.
    for (const host of ['2130706433', '0x7f.1', '[::ffff:127.0.0.1]'])
      for (const name of ['jwks_uri', 'backchannel_logout_uri'])
        expect((await register(latchkey, { [name]: `https://${host}:${port}/` })).status, host).to.equal(400)
    expect(connections).to.equal(0)
    await latchkey.close()
  })

  it('are limited in number, whatever the other side answers', async () => {
    const latchkey = await running({ registration: 'open' })
    const sector_identifier_uri = `https://127.0.0.1:${port}/sector.json`
    const body = JSON.stringify({
      redirect_uris: ['https://shop.example/'],
      subject_type: 'pairwise',
      sector_identifier_uri,
    })
    const headers = { 'content-type': 'application/json' }
    const register = async () => (await fetch(`${latchkey.issuer}/register`, { method: 'POST', headers, body })).status
    for (let wave = 0; wave < 16; wave++)
      expect(new Set(await Promise.all(Array.from({ length: 20 }, register)))).to.deep.equal(new Set([400]))
    expect(connections).to.equal(300)
    expect(await proves(latchkey, '127.0.0.1')).to.equal('invalid_client')
    expect(connections).to.equal(300)
    latchkey.pass(600_001)
    expect(await proves(latchkey, '127.0.0.1')).to.equal('invalid_grant')
    await latchkey.close()
  })
})
