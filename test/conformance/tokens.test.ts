import { expect } from 'chai'
import { SignJWT } from 'jose'
import type { Person } from '../support/people.ts'
import {
  api,
  callback,
  declared,
  type Ground,
  ground,
  keyed,
  type Parameters,
  read,
  secretOf,
  verifier,
} from './ground.ts'
import { assertion, type Pair, pair, seconds } from './proving.ts'

const other = 'https://api.example/vault'

describe('tokens', () => {
  let here: Ground
  let person: Person
  let key: Pair
  before(async () => {
    key = await pair('EdDSA')
    here = await ground({
      keys: { keyed: key },
      apis: [
        { resource: api, name: 'Ledger', scopes: ['read', 'write'] },
        { resource: other, name: 'Vault', scopes: ['read', 'open'], access_token_signed_response_alg: 'EdDSA' },
      ],
      clients: [
        declared('desk', {
          grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
          apis: { [api]: ['read', 'write'], [other]: ['read'] },
        }),
        declared('rival'),
        keyed('keyed', key),
        declared('hashed', { token_endpoint_auth_method: 'client_secret_jwt' }),
      ],
    })
    person = await here.person()
  })
  after(() => here.stop())

  const introspect = async (app: string, token: unknown, headers = {}) =>
    here.post('introspection', { ...(await here.proof(app)), token: String(token) }, headers)
  const userinfo = (token: unknown) => here.get('userinfo', { authorization: `Bearer ${token}` })
  const refresh = async (app: string, token: unknown, more: Parameters = {}) =>
    here.token(app, { grant_type: 'refresh_token', refresh_token: String(token), ...more })
  const basic = (id: string, secret: string) => ({ authorization: `Basic ${btoa(`${id}:${secret}`)}` })

  describe('client authentication', () => {
    const nothing = { grant_type: 'refresh_token', refresh_token: 'x' }
    /** What an authenticated client is told: only its token is invalid. */
    const proved = 'invalid_grant'
    const hashed = async (more = {}, secret = secretOf('hashed'), alg = 'HS256') => ({
      ...(await assertion('hashed', key, { aud: here.issuer })),
      client_assertion: await new SignJWT({
        iss: 'hashed',
        sub: 'hashed',
        aud: here.issuer,
        jti: crypto.randomUUID(),
        exp: seconds() + 60,
        ...more,
      })
        .setProtectedHeader({ alg })
        .sign(new TextEncoder().encode(secret)),
    })

    it('client_secret_jwt: with an HMAC of the secret (OpenID Connect Core 1.0, 9)', async () => {
      expect((await here.post('token', { ...nothing, ...(await hashed()) })).body.error).to.equal(proved)
      for (const wrong of [
        await hashed({}, secretOf('desk')),
        await hashed({ aud: 'https://another.example' }),
        await hashed({}, secretOf('hashed'), 'HS512'),
        await hashed({ exp: undefined }),
      ])
        expect((await here.post('token', { ...nothing, ...wrong })).body.error).to.equal('invalid_client')
      const one = await hashed()
      await here.post('token', { ...nothing, ...one })
      expect((await here.post('token', { ...nothing, ...one })).body.error).to.equal('invalid_client')
      const bare = { client_id: 'hashed', client_secret: secretOf('hashed') }
      expect((await here.post('token', { ...nothing, ...bare })).body.error).to.equal('invalid_client')
    })

    it('private_key_jwt: with a private key, never with an HMAC of the public key', async () => {
      expect((await here.token('keyed', nothing)).body.error).to.equal(proved)
      expect(
        (
          await here.post('token', {
            ...nothing,
            ...(await assertion('keyed', key, { aud: here.metadata.token_endpoint })),
          })
        ).body.error,
      ).to.equal(proved)
      const text = JSON.stringify(key.publicJwk)
      const confused = { ...(await hashed({ iss: 'keyed', sub: 'keyed' }, text)), client_id: 'keyed' }
      expect((await here.post('token', { ...nothing, ...confused })).body.error).to.equal('invalid_client')
    })
  })

  describe('for an API (RFC 8707, RFC 9068)', () => {
    it('2.2: contain subject, client, audience, scope, acr and times', async () => {
      const { body } = await here.tokens('desk', person.browser, { resource: api, scope: 'openid read write' })
      expect([body.token_type, body.expires_in]).to.deep.equal(['Bearer', 300])
      expect(String(body.access_token).split('.')).to.have.lengthOf(3)
      const claims = await here.verified(body.access_token)
      expect(claims).to.include({ iss: here.issuer, aud: api, client_id: 'desk', scope: 'read write', acr: 'aal2' })
      for (const claim of ['exp', 'iat', 'auth_time']) expect(claims[claim], claim).to.be.a('number')
      for (const claim of ['sub', 'jti']) expect(claims[claim], claim).to.be.a('string')
      const header = JSON.parse(atob(String(body.access_token).split('.')[0] ?? ''))
      expect(header.typ).to.equal('at+jwt')
      expect((await userinfo(body.access_token)).status).to.equal(401)
    })

    it('2: are for one API each, with no more scope than the app may ask for there', async () => {
      const { told } = await here.ask('desk', person.browser, {
        resource: [api, other],
        scope: 'openid read write open',
      })
      const form = {
        grant_type: 'authorization_code',
        code: told.get('code') ?? '',
        redirect_uri: callback('desk'),
        code_verifier: verifier,
      }
      const { body } = await here.token('desk', { ...form, resource: other })
      expect(await here.verified(body.access_token)).to.include({ aud: other, scope: 'read' })
      const next = await refresh('desk', body.refresh_token, { resource: api })
      expect(await here.verified(next.body.access_token)).to.include({ aud: api, scope: 'read write' })
      expect(
        (await refresh('desk', next.body.refresh_token, { resource: 'https://api.example/unheard' })).body.error,
      ).to.equal('invalid_target')
      for (const resource of ['https://api.example/unheard', 'nonsense', `${api}#x`])
        expect((await here.ask('desk', person.browser, { resource })).told.get('error'), resource).to.equal(
          'invalid_target',
        )
    })

    it('narrow, and never widen, with a refresh (RFC 6749, 6)', async () => {
      const { body } = await here.tokens('desk', person.browser, { resource: api, scope: 'openid read' })
      expect((await refresh('desk', body.refresh_token, { resource: api, scope: 'read write' })).body.error).to.equal(
        'invalid_scope',
      )
    })

    it('are issued to services in their own name (RFC 6749, 4.4)', async () => {
      const { body } = await here.token('desk', { grant_type: 'client_credentials', resource: api, scope: 'read' })
      expect(await here.verified(body.access_token)).to.include({ sub: 'desk', client_id: 'desk', scope: 'read' })
      expect((await here.token('rival', { grant_type: 'client_credentials' })).body.error).to.be.oneOf([
        'unauthorized_client',
        'invalid_request',
      ])
    })
  })

  describe('at introspection and revocation (RFC 7662, RFC 7009, RFC 9701)', () => {
    it('7662, 2.2: are introspected by the app that they were issued to, and no other', async () => {
      const { body } = await here.tokens('desk', person.browser)
      for (const token of [body.access_token, body.refresh_token]) {
        const mine = await introspect('desk', token)
        expect(mine.body).to.include({
          active: true,
          client_id: 'desk',
          iss: here.issuer,
          sub: read(body.id_token).sub,
        })
        expect((await introspect('rival', token)).body).to.deep.equal({ active: false })
      }
      expect((await introspect('desk', 'nonsense')).body).to.deep.equal({ active: false })
      expect((await here.post('introspection', { token: String(body.access_token) })).status).to.be.within(400, 401)
    })

    it('9701, 5: are introspected with a signed answer, for clients that ask for it', async () => {
      const { body } = await here.tokens('desk', person.browser)
      const answer = await introspect('desk', body.access_token, { accept: 'application/token-introspection+jwt' })
      expect(answer.headers.get('content-type')).to.match(/^application\/token-introspection\+jwt/)
      expect(JSON.parse(atob(answer.text.split('.')[0] ?? '')).typ).to.equal('token-introspection+jwt')
      const claims = await here.verified(answer.text)
      expect(claims).to.include({ aud: 'desk' })
      expect(claims).to.not.have.any.keys('sub', 'exp')
      expect(claims.token_introspection).to.include({ active: true, client_id: 'desk' })
    })

    it('7009, 2: are void once revoked, and with a refresh token all tokens of its family', async () => {
      const revoke = async (app: string, token: unknown) =>
        here.post('revocation', { ...(await here.proof(app)), token: String(token) })
      const { body } = await here.tokens('desk', person.browser)
      expect((await revoke('rival', body.refresh_token)).status).to.be.within(200, 400)
      expect((await introspect('desk', body.refresh_token)).body.active).to.equal(true)
      expect((await revoke('desk', body.refresh_token)).status).to.equal(200)
      expect((await refresh('desk', body.refresh_token)).body.error).to.equal('invalid_grant')
      expect((await userinfo(body.access_token)).status).to.equal(401)
      expect((await revoke('desk', 'nonsense')).status).to.equal(200)
    })

    it('are refused when a parameter is repeated', async () => {
      const { status } = await here.post('introspection', { ...(await here.proof('desk')), token: ['a', 'b'] })
      expect(status).to.equal(400)
    })
  })

  it('are returned in the body of an answer that must not be cached', async () => {
    const { headers } = await here.post(
      'token',
      { grant_type: 'refresh_token', refresh_token: 'x' },
      basic('desk', secretOf('desk')),
    )
    expect(headers.get('cache-control')).to.equal('no-store')
  })
})
