import { expect } from 'chai'
import { decodeJwt } from 'jose'
import {
  type Authority,
  authority,
  believe,
  type Pair,
  pemFolder,
  selfSigned,
  showing,
  thumbprint,
} from '../support/certificates.ts'
import type { Person } from '../support/people.ts'
import { api, callback, declared, type Ground, ground, verifier } from './ground.ts'

describe('mutual TLS (RFC 8705)', () => {
  const files = pemFolder()
  let disbelieve: () => void
  let ours: Authority
  let here: Ground
  let person: Person
  let byName: Pair
  let byHost: Pair
  let alone: Pair
  let phone: Pair
  let aliases: Record<string, string>

  before(async () => {
    ours = await authority()
    disbelieve = believe(ours)
    byName = await ours.issue('C=DE, O=Bank, CN=by-name', { use: 'client' })
    byHost = await ours.issue('CN=x', { names: [{ type: 'dns', value: 'bot.bank.example' }], use: 'client' })
    alone = await selfSigned('CN=alone')
    phone = await selfSigned('CN=phone')
    const { cert, key } = await ours.issue('CN=localhost', { use: 'server' })
    const certified = (id: string, method: string, more: object) =>
      declared(id, { token_endpoint_auth_method: method, client_secret: undefined, ...more })
    const service = { grant_types: ['client_credentials'], redirect_uris: [] }
    here = await ground({
      tls: { cert: files.write('cert.pem', cert), key: files.write('key.pem', key) },
      authorities: files.write('ca.pem', ours.cert),
      clients: [
        certified('by-name', 'tls_client_auth', {
          tls_client_auth_subject_dn: 'CN=by-name,O=Bank,C=DE',
          tls_client_certificate_bound_access_tokens: true,
        }),
        certified('by-host', 'tls_client_auth', { tls_client_auth_san_dns: 'bot.bank.example', ...service }),
        certified('alone', 'self_signed_tls_client_auth', { jwks: { keys: [alone.jwk] }, ...service }),
        certified('phone', 'none', { tls_client_certificate_bound_access_tokens: true }),
      ],
    })
    aliases = (here.metadata as unknown as { mtls_endpoint_aliases: Record<string, string> }).mtls_endpoint_aliases
    person = await here.person()
  })
  after(async () => {
    await here.stop()
    disbelieve()
    files.remove()
  })

  const at = (name: string): string => aliases[`${name}_endpoint`] ?? expect.fail(`no alias of ${name}`)
  const service = (client_id: string, pair: Pair | undefined, url = at('token')) =>
    showing(pair, url, { form: { client_id, grant_type: 'client_credentials', resource: api } })
  const code = async (app: string, more = {}): Promise<string> => {
    const { told } = await here.ask(app, person.browser, more)
    return told.get('code') ?? expect.fail(`no code, but ${told}`)
  }
  const redeem = async (app: string, pair: Pair | undefined, more: { resource?: string } = {}) =>
    showing(pair, at('token'), {
      form: {
        ...{ client_id: app, grant_type: 'authorization_code', code: await code(app, more), ...more },
        ...{ redirect_uri: callback(app), code_verifier: verifier },
      },
    })
  const refresh = (app: string, pair: Pair | undefined, refresh_token: string) =>
    showing(pair, at('token'), { form: { client_id: app, grant_type: 'refresh_token', refresh_token } })
  const userinfo = (pair: Pair | undefined, token: string) =>
    showing(pair, at('userinfo'), { method: 'GET', headers: { authorization: `Bearer ${token}` } })

  describe('2: client authentication by certificate', () => {
    it('requires the client_id', async () => {
      const { status, body } = await showing(alone, at('token'), { form: { grant_type: 'client_credentials' } })
      expect([status, body.error]).to.deep.equal([401, 'invalid_client'])
    })

    it('works only at the host that asks for certificates', async () => {
      const { status, body } = await service('alone', alone, here.metadata.token_endpoint)
      expect([status, body.error]).to.deep.equal([401, 'invalid_client'])
    })

    it('accepts only the client’s own certificate', async () => {
      expect((await service('alone', byHost)).status).to.equal(401)
      expect((await service('by-host', alone)).status).to.equal(401)
    })
  })

  describe('2.1: a certificate of a known authority', () => {
    it('is matched by distinguished name', async () => expect((await redeem('by-name', byName)).status).to.equal(200))
    it('is matched by a subject alternative name', async () =>
      expect((await service('by-host', byHost)).status).to.equal(200))

    const refused: [what: string, made: () => Promise<Pair> | undefined][] = [
      ['no certificate', () => undefined],
      ['another name', () => ours.issue('CN=x', { names: [{ type: 'dns', value: 'bank.example' }] })],
      ['the name as that of the subject alone', () => ours.issue('CN=bot.bank.example', { names: [] })],
      [
        'the name, by another authority that calls itself the same',
        async () => (await authority()).issue('CN=x', { names: [{ type: 'dns', value: 'bot.bank.example' }] }),
      ],
      ['the name, by nobody’s word but its own', () => selfSigned('CN=bot.bank.example')],
      [
        'a certificate for servers',
        () => ours.issue('CN=x', { names: [{ type: 'dns', value: 'bot.bank.example' }], use: 'server' }),
      ],
      [
        'one whose time is over',
        () =>
          ours.issue('CN=x', {
            names: [{ type: 'dns', value: 'bot.bank.example' }],
            notBefore: new Date(0),
            notAfter: new Date(1_000_000),
          }),
      ],
    ]
    for (const [what, made] of refused)
      it(`is not matched by ${what}`, async () => {
        const { status, body } = await service('by-host', await made())
        expect([status, body.error]).to.deep.equal([401, 'invalid_client'])
      })
  })

  describe('2.2: a registered self-signed certificate', () => {
    it('is accepted', async () => expect((await service('alone', alone)).status).to.equal(200))
    it('is not replaced by another of the same name', async () =>
      expect((await service('alone', await selfSigned('CN=alone'))).status).to.equal(401))
    it('is required', async () => expect((await service('alone', undefined)).status).to.equal(401))
  })

  describe('3: access tokens are bound to the certificate', () => {
    it('3.1: a JWT names the certificate', async () => {
      const { body } = await redeem('by-name', byName, { resource: api })
      expect(decodeJwt(body.access_token).cnf).to.deep.equal({ 'x5t#S256': await thumbprint(byName) })
    })

    it('3.2: introspection names it for opaque tokens', async () => {
      const { body } = await redeem('by-name', byName)
      const form = { client_id: 'by-name', token: body.access_token }
      const told = await showing(byName, at('introspection'), { form })
      expect(told.body).to.deep.include({ active: true, cnf: { 'x5t#S256': await thumbprint(byName) } })
    })

    it('userinfo accepts them only with the certificate', async () => {
      const { body } = await redeem('by-name', byName)
      expect((await userinfo(byName, body.access_token)).status).to.equal(200)
      for (const thief of [undefined, byHost, alone]) {
        const { status } = await userinfo(thief, body.access_token)
        expect(status).to.equal(401)
      }
      const stolen = { headers: { authorization: `Bearer ${body.access_token}` } }
      expect((await fetch(here.metadata.userinfo_endpoint ?? '', stolen)).status).to.equal(401)
    })

    it('none is issued without a certificate to a client whose tokens are to be bound', async () => {
      const { status, body } = await redeem('phone', undefined)
      expect([status, body.error]).to.deep.equal([400, 'invalid_grant'])
    })

    it('tokens of a client that does not ask for it are not bound', async () => {
      expect(decodeJwt((await service('alone', alone)).body.access_token)).to.not.have.property('cnf')
    })
  })

  describe('4: public clients', () => {
    it('have bound refresh tokens, too', async () => {
      const { body } = await redeem('phone', phone)
      const again = await refresh('phone', phone, body.refresh_token)
      expect(again.status).to.equal(200)
      const stolen = await refresh('phone', alone, again.body.refresh_token)
      expect([stolen.status, stolen.body.error]).to.deep.equal([400, 'invalid_grant'])
      expect((await refresh('phone', phone, again.body.refresh_token)).status).to.equal(200)
    })

    it('get a lost answer again with the same certificate', async () => {
      const { body } = await redeem('phone', phone)
      const [first, second] = [
        await refresh('phone', phone, body.refresh_token),
        await refresh('phone', phone, body.refresh_token),
      ]
      expect(second.body).to.deep.equal(first.body)
      expect((await refresh('phone', phone, second.body.refresh_token)).status).to.equal(200)
    })
  })

  describe('5: discovery', () => {
    it('names the methods, the binding, and the endpoints that take certificates', () => {
      expect(here.metadata.token_endpoint_auth_methods_supported).to.include.members([
        'tls_client_auth',
        'self_signed_tls_client_auth',
      ])
      expect(here.metadata.tls_client_certificate_bound_access_tokens).to.equal(true)
      const { port } = new URL(aliases.token_endpoint ?? '')
      expect(port).to.not.equal(new URL(here.issuer).port)
      expect(aliases).to.deep.equal({
        token_endpoint: `https://localhost:${port}/token`,
        introspection_endpoint: `https://localhost:${port}/introspect`,
        revocation_endpoint: `https://localhost:${port}/revoke`,
        pushed_authorization_request_endpoint: `https://localhost:${port}/par`,
        device_authorization_endpoint: `https://localhost:${port}/device-authorization`,
        backchannel_authentication_endpoint: `https://localhost:${port}/backchannel`,
        userinfo_endpoint: `https://localhost:${port}/userinfo`,
      })
    })

    it('names pushed requests and revocation, too', async () => {
      const { origin } = new URL(at('token'))
      const pushed = await showing(byName, at('pushed_authorization_request'), {
        form: Object.fromEntries(here.request('by-name')),
      })
      expect(pushed.status).to.equal(201)
      const { body } = await redeem('by-name', byName)
      const form = { client_id: 'by-name', token: body.refresh_token }
      expect((await showing(byName, at('revocation'), { form })).status).to.equal(200)
      expect((await refresh('by-name', byName, body.refresh_token)).status).to.equal(400)
      // People's pages are not: their browsers would be asked for a certificate.
      for (const path of ['/sign-in', '/authorize', '/jwks.json', '/token/', '/'])
        expect((await showing(undefined, origin + path, { method: 'GET' })).status, path).to.equal(404)
    })
  })

  // Last, since it ends the person's session.
  describe('RFC 9700, 4.14.2: a spent refresh token', () => {
    it('ends the session when it comes with another certificate', async () => {
      const { body } = await redeem('phone', phone)
      const live = await refresh('phone', phone, body.refresh_token)
      expect((await refresh('phone', alone, body.refresh_token)).body.error).to.equal('invalid_grant')
      expect((await refresh('phone', phone, live.body.refresh_token)).body.error).to.equal('invalid_grant')
    })
  })
})
