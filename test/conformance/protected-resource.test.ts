import { expect } from 'chai'
import { metadataPath } from '../../examples/resource-server/metadata.ts'
import type { Person } from '../support/people.ts'
import { declared } from './ground.ts'
import { dpop, type Pair, pair, seconds, signed } from './proving.ts'
import { challenges, type Served, served } from './served.ts'

describe('a protected resource (RFC 6750, RFC 9068, RFC 9449, RFC 9728)', () => {
  let here: Served
  let ada: Person
  let key: Pair
  let bearer: string
  let bound: string
  before(async () => {
    here = await served([declared('desk'), declared('bound', { dpop_bound_access_tokens: true })])
    ada = await here.person()
    key = await pair()
    const more = { resource: here.resource, scope: 'openid read' }
    bearer = String((await here.tokens('desk', ada.browser, more)).body.access_token)
    const proof = await dpop(key, { htu: String(here.metadata.token_endpoint) })
    bound = String((await here.tokens('bound', ada.browser, more, { dpop: proof })).body.access_token)
  })
  after(() => here.stop())

  const list = '/api/withdrawals'
  const get = (headers: Record<string, string>) => here.call(list, headers)
  const shown = (token: string, more = {}, header = {}, by = key) =>
    dpop(by, { htm: 'GET', htu: here.origin + list, token }, more, header)
  const refused = async (headers: Record<string, string>, scheme = 'DPoP') => {
    const answer = await get(headers)
    return [answer.status, challenges(answer)[scheme]?.error]
  }

  describe('its metadata (RFC 9728)', () => {
    it('3.1: is at the well-known path, followed by that of the resource', async () => {
      expect(metadataPath('https://api.example')).to.equal('/.well-known/oauth-protected-resource')
      expect(metadataPath('https://api.example/')).to.equal('/.well-known/oauth-protected-resource')
      expect(metadataPath('https://api.example/a/b')).to.equal('/.well-known/oauth-protected-resource/a/b')
      expect((await here.call('/.well-known/oauth-protected-resource')).status).to.equal(404)
    })

    it('2, 3.2, 3.3: names the resource as it was requested, and the issuer of its tokens', async () => {
      const { status, headers, body } = await here.call('/.well-known/oauth-protected-resource/api')
      expect(status).to.equal(200)
      expect(headers.get('content-type')).to.match(/^application\/json/)
      expect(headers.get('access-control-allow-origin')).to.equal('*')
      expect(body).to.deep.equal({
        resource: here.resource,
        authorization_servers: [here.issuer],
        bearer_methods_supported: ['header'],
        dpop_signing_alg_values_supported: ['ES256', 'EdDSA', 'Ed25519', 'PS256'],
        resource_name: 'Wallet',
        scopes_supported: ['read', 'transfer'],
        authorization_details_types_supported: ['withdrawal'],
      })
    })

    it('5.1: is at the URL of every challenge', async () => {
      for (const headers of [
        {} as Record<string, string>,
        { authorization: 'Bearer x' },
        { authorization: `DPoP ${bound}` },
      ]) {
        const told = Object.values(challenges(await get(headers)))
        expect(told).to.have.length.greaterThan(0)
        for (const { resource_metadata: at = '' } of told)
          expect((await here.call(new URL(at).pathname)).body.resource).to.equal(here.resource)
      }
    })
  })

  describe('its tokens', () => {
    it('RFC 6750, 3: names the schemes, and no error, to a request without a token', async () => {
      const answer = await get({})
      expect(answer.status).to.equal(401)
      expect(challenges(answer)).to.have.all.keys('DPoP', 'Bearer')
      expect(answer.headers.get('www-authenticate')).not.to.include('error')
    })

    it('RFC 9068, 4: accepts one with the right issuer, audience, type, time and signature', async () => {
      expect((await get({ authorization: `Bearer ${bearer}` })).status).to.equal(200)
      const other = { resource: 'https://api.example/other', scope: 'openid read' }
      const elsewhere = (await here.tokens('desk', ada.browser, other)).body
      const [head = '', body = '', mark = ''] = bearer.split('.')
      const claims = JSON.parse(Buffer.from(body, 'base64url').toString())
      const raised = Buffer.from(JSON.stringify({ ...claims, scope: 'read transfer', acr: 'phr' })).toString(
        'base64url',
      )
      const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')
      const wrong = [
        String(elsewhere.access_token),
        String(elsewhere.id_token),
        `${head}.${raised}.${mark}`,
        `${none}.${body}.`,
        await signed(key, claims, { typ: 'at+jwt' }),
        'x.y.z',
        'opaque',
      ]
      for (const token of wrong)
        expect(await refused({ authorization: `Bearer ${token}` }, 'Bearer'), token.slice(0, 20)).to.deep.equal([
          401,
          'invalid_token',
        ])
      expect((await here.call(`${list}?access_token=${bearer}`)).status).to.equal(401)
    })

    it('RFC 6750, 3.1: names the missing scope', async () => {
      const answer = await here.call(list, { authorization: `Bearer ${bearer}` }, { asset: 'BTC' })
      expect(answer.status).to.equal(403)
      expect(challenges(answer).Bearer).to.include({ error: 'insufficient_scope', scope: 'transfer' })
    })
  })

  describe('its proofs (RFC 9449, 7)', () => {
    it('7.1: accepts a bound token with a proof of its key, once', async () => {
      const proof = await shown(bound)
      const sent = { authorization: `DPoP ${bound}`, dpop: proof }
      expect((await get(sent)).status).to.equal(200)
      expect(await refused(sent)).to.deep.equal([401, 'invalid_dpop_proof'])
      const ten = { authorization: `DPoP ${bound}`, dpop: await shown(bound) }
      const answers = await Promise.all(Array.from({ length: 10 }, () => get(ten)))
      expect(answers.filter(each => each.status === 200)).to.have.length(1)
    })

    it('7.1: refuses it as a bearer token or with another key, and an unbound one with a proof', async () => {
      expect(await refused({ authorization: `Bearer ${bound}` }, 'Bearer')).to.deep.equal([401, 'invalid_token'])
      const other = await shown(bound, {}, {}, await pair())
      expect(await refused({ authorization: `DPoP ${bound}`, dpop: other })).to.deep.equal([401, 'invalid_token'])
      const free = { authorization: `DPoP ${bearer}`, dpop: await shown(bearer) }
      expect(await refused(free)).to.deep.equal([401, 'invalid_token'])
    })

    it('4.3, 11.1: accepts proofs by every algorithm of discovery, and from a clock that is 10 s ahead', async () => {
      for (const alg of here.metadata.dpop_signing_alg_values_supported as string[]) {
        const by = await pair(alg)
        const proof = await dpop(by, { htu: String(here.metadata.token_endpoint) })
        const more = { resource: here.resource, scope: 'openid read' }
        const token = String((await here.tokens('bound', ada.browser, more, { dpop: proof })).body.access_token)
        const ahead = { iat: Math.floor(here.latchkey.clock.now() / 1000) + 9 }
        const fine = { authorization: `DPoP ${token}`, dpop: await shown(token, ahead, {}, by) }
        expect((await get(fine)).status, alg).to.equal(200)
      }
    })

    it('refuses keys that are costly to verify with', async () => {
      const n = Buffer.alloc(1024, 0xff).toString('base64url')
      const jwk = { kty: 'RSA', n, e: 'AQAB' }
      const proof = await shown(bound, {}, { jwk, alg: 'PS256' }, await pair('PS256'))
      expect(await refused({ authorization: `DPoP ${bound}`, dpop: proof })).to.deep.equal([401, 'invalid_dpop_proof'])
    })

    it('4.3: refuses a proof of another request, token, time or type', async () => {
      const proofs = [
        '',
        'x',
        await shown(bound, { htm: 'POST' }),
        await shown(bound, { htu: `${here.origin}/api/other` }),
        await shown(bound, { htu: `https://evil.example${list}` }),
        await shown(bound, { ath: undefined }),
        await shown(bearer),
        await shown(bound, { jti: undefined }),
        await shown(bound, { iat: seconds() - 120 }),
        await shown(bound, { iat: Math.floor(here.latchkey.clock.now() / 1000) + 20 }),
        await shown(bound, {}, { typ: 'JWT' }),
        await shown(bound, {}, { jwk: undefined }),
        await shown(bound, {}, { jwk: (await pair()).publicJwk }),
      ]
      for (const [at, proof] of proofs.entries())
        expect(await refused({ authorization: `DPoP ${bound}`, dpop: proof }), String(at)).to.deep.equal([
          401,
          'invalid_dpop_proof',
        ])
      expect(await refused({ authorization: `DPoP ${bound}` })).to.deep.equal([401, 'invalid_dpop_proof'])
      // Query and fragment are no part of it.
      const fine = { authorization: `DPoP ${bound}`, dpop: await shown(bound, { htu: `${here.origin}${list}?x#y` }) }
      expect((await here.call(`${list}?a=b`, fine)).status).to.equal(200)
    })
  })
})
