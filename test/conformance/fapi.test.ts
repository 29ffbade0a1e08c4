import { expect } from 'chai'
import { type CryptoKey, exportJWK, importJWK, type JWTPayload } from 'jose'
import type { Person } from '../support/people.ts'
import { api, callback, ended, type Ground, ground, keyed, type Parameters, verifier } from './ground.ts'
import { assertion, dpop, type Pair, pair, seconds, signed } from './proving.ts'

const profile = { profile: 'fapi2', dpop_bound_access_tokens: true }

describe('FAPI 2.0 Security Profile and Message Signing', () => {
  let here: Ground
  let person: Person
  let key: Pair
  let rival: Pair
  let held: Pair
  before(async () => {
    ;[key, rival, held] = [await pair('PS256'), await pair(), await pair()]
    here = await ground({
      keys: { bank: key, rival, signer: key },
      clients: [
        keyed('bank', key, profile),
        keyed('rival', rival, profile),
        keyed('signer', key, { ...profile, require_signed_request_object: true, response_modes: ['jwt'] }),
      ],
    })
    person = await here.person()
  })
  after(() => here.stop())

  const htu = () => String(here.metadata.token_endpoint)
  const par = () => String(here.metadata.pushed_authorization_request_endpoint)
  const push = async (app: string, more: Parameters = {}, { proof = {}, headers = {} }: Pushing = {}) => {
    const form = here.request(app, more)
    for (const [name, value] of Object.entries(await here.proof(app, proof))) form.set(name, value)
    return here.post('pushed_authorization_request', form, headers)
  }
  interface Pushing {
    proof?: JWTPayload
    headers?: Record<string, string>
  }
  const follow = async (app: string, request_uri: unknown) => {
    const query = new URLSearchParams({ client_id: app, request_uri: String(request_uri) })
    return ended(await person.browser.get(`${here.metadata.authorization_endpoint}?${query}`), here.issuer)
  }
  const code = async (app = 'bank', more: Parameters = {}, pushing: Pushing = {}) => {
    const { body } = await push(app, more, pushing)
    return (await follow(app, body.request_uri)).told.get('code') ?? ''
  }
  const redeem = async (code: string, more: Parameters = {}, DPoP?: string) =>
    here.token(
      'bank',
      { grant_type: 'authorization_code', code, redirect_uri: callback('bank'), code_verifier: verifier, ...more },
      DPoP === '' ? {} : { DPoP: DPoP ?? (await dpop(held, { htu: htu() })) },
    )
  const refresh = async (token: unknown, more: Parameters = {}, by = held) =>
    here.token(
      'bank',
      { grant_type: 'refresh_token', refresh_token: String(token), ...more },
      { DPoP: await dpop(by, { htu: htu() }) },
    )

  describe('the authorization server (5.3.2.1, 5.3.2.2)', () => {
    it('accepts only pushed requests', async () => {
      expect((await here.ask('bank', person.browser)).told.get('error')).to.equal('invalid_request')
      expect(await code()).to.not.equal('')
    })

    it('issues tokens bound to the app’s key, for an API and for userinfo', async () => {
      const { body } = await redeem(await code('bank', { scope: 'openid read', resource: api }), { resource: api })
      expect(body.token_type).to.equal('DPoP')
      const claims = await here.verified(body.access_token)
      expect((claims.cnf as { jkt: string }).jkt).to.equal(held.publicJwk.kid)
      const { body: plain } = await redeem(await code())
      const url = String(here.metadata.userinfo_endpoint)
      const show = async (scheme: string, proof?: string) =>
        here.get('userinfo', { authorization: `${scheme} ${plain.access_token}`, ...(proof && { DPoP: proof }) })
      const token = plain.access_token
      const usual = { htm: 'GET', htu: url, token }
      expect((await show('DPoP', await dpop(held, usual))).body.sub).to.equal(claims.sub)
      expect((await show('dpop', await dpop(held, usual))).body.sub).to.equal(claims.sub)
      for (const [scheme, proof] of [
        ['Bearer', undefined],
        ['DPoP', undefined],
        ['Bearer', await dpop(held, usual)],
        ['DPoP', await dpop(rival, usual)],
        ['DPoP', await dpop(held, { htm: 'GET', htu: url })],
        ['DPoP', await dpop(held, { htm: 'GET', htu: url, token: 'another' })],
        ['DPoP', await dpop(held, { htm: 'GET', htu: htu(), token })],
      ] as const)
        expect((await show(scheme, proof)).status, `${scheme} ${proof?.slice(-5)}`).to.be.within(400, 401)
    })

    it('issues none without a proof, and redeems a code only for its app', async () => {
      expect((await redeem(await code(), {}, '')).body.error).to.be.oneOf(['invalid_grant', 'invalid_dpop_proof'])
      const form = { grant_type: 'authorization_code', redirect_uri: callback('bank'), code_verifier: verifier }
      const stolen = await here.token(
        'rival',
        { ...form, code: await code() },
        { DPoP: await dpop(held, { htu: htu() }) },
      )
      expect(stolen.body.error).to.equal('invalid_grant')
    })

    it('requires PKCE, the redirect URI, and response_type=code', async () => {
      for (const more of [
        { code_challenge: undefined, code_challenge_method: undefined },
        { code_challenge_method: 'plain' },
        { redirect_uri: undefined },
        { redirect_uri: 'https://bank.example/other' },
        { response_type: 'code id_token' },
        { response_type: 'token' },
      ] as Parameters[])
        expect((await push('bank', more)).status, JSON.stringify(more)).to.equal(400)
      for (const code_verifier of [undefined, 'x'.repeat(43)])
        expect((await redeem(await code(), { code_verifier })).body.error).to.equal('invalid_grant')
    })

    it('accepts a code once', async () => {
      const one = await code()
      expect((await redeem(one)).status).to.equal(200)
      expect((await redeem(one)).body.error).to.equal('invalid_grant')
    })

    it('works without state and nonce, and with long ones', async () => {
      for (const more of [
        { state: undefined },
        { nonce: undefined },
        { state: 's'.repeat(400), nonce: 'n'.repeat(400) },
      ] as Parameters[])
        expect(await code('bank', more), JSON.stringify(more)).to.not.equal('')
    })

    it('does not rotate refresh tokens, which need the app’s key', async () => {
      const { body } = await redeem(await code())
      const first = await refresh(body.refresh_token)
      expect([first.status, first.body.refresh_token]).to.deep.equal([200, body.refresh_token])
      here.latchkey.clock.pass(120_000)
      const second = await refresh(body.refresh_token)
      expect([second.status, second.body.refresh_token]).to.deep.equal([200, body.refresh_token])
      expect(second.body.access_token).to.not.equal(first.body.access_token)
      const form = { grant_type: 'refresh_token', refresh_token: String(body.refresh_token) }
      const stolen = await here.token('rival', form, { DPoP: await dpop(held, { htu: htu() }) })
      expect(stolen.body.error).to.equal('invalid_grant')
      expect((await refresh(body.refresh_token)).status).to.equal(200)
      await here.post('revocation', { ...(await here.proof('bank')), token: String(body.refresh_token) })
      expect((await refresh(body.refresh_token)).body.error).to.equal('invalid_grant')
    })
  })

  describe('assertions of clients (5.3.2.1, RFC 7523, 3)', () => {
    const refused: [string, () => JWTPayload | Promise<JWTPayload>][] = [
      ['for the token endpoint', () => ({ aud: htu() })],
      ['for the PAR endpoint', () => ({ aud: par() })],
      ['for a list of servers', () => ({ aud: [here.issuer, htu()] })],
      ['for a list of one', () => ({ aud: [here.issuer] })],
      ['for another server', () => ({ aud: 'https://another.example' })],
      ['without audience', () => ({ aud: undefined })],
      ['without sub', () => ({ sub: undefined })],
      ['about another', () => ({ sub: 'rival' })],
      ['by another', () => ({ iss: 'rival' })],
      ['without an end', () => ({ exp: undefined })],
      ['that is over', () => ({ exp: seconds() - 300 })],
      ['that lasts for an hour', () => ({ exp: seconds() + 3600 })],
      ['of the future', () => ({ iat: seconds() + 300, nbf: seconds() + 300, exp: seconds() + 400 })],
      ['issued in the future', () => ({ iat: seconds() + 300, exp: seconds() + 400 })],
      ['without jti', () => ({ jti: undefined })],
    ]
    for (const [what, claims] of refused)
      it(`refuses one ${what}`, async () => {
        const { status } = await push('bank', {}, { proof: await claims() })
        expect(status).to.be.within(400, 401)
      })

    it('accepts a clock that is a few seconds ahead', async () => {
      const proof = { iat: seconds() + 8, nbf: seconds() + 8 }
      expect((await push('bank', {}, { proof })).status).to.equal(201)
    })

    it('accepts each once, at whichever endpoint', async () => {
      const one = await here.proof('bank')
      const form = { grant_type: 'refresh_token', refresh_token: 'x', ...one }
      expect((await here.post('token', form)).body.error).to.not.equal('invalid_client')
      expect((await here.post('token', form)).body.error).to.equal('invalid_client')
      expect((await here.post('introspection', { ...one, token: 'x' })).body.error).to.equal('invalid_client')
    })

    it('refuses one by another key, by RS256, unsigned, and of another type', async () => {
      const claims = { aud: here.issuer, iss: 'bank', sub: 'bank', jti: 'j', exp: seconds() + 60 }
      const form = { grant_type: 'refresh_token', refresh_token: 'x' }
      const rs = await pair('RS256')
      const forged = await assertion('bank', rival, { aud: here.issuer })
      const weak = { ...forged, client_assertion: await signed(rs, claims, { kid: key.publicJwk.kid }) }
      const [, body] = String(forged.client_assertion).split('.')
      const bare = { ...forged, client_assertion: `${btoa('{"alg":"none"}').replaceAll('=', '')}.${body}.` }
      const typed = { ...(await here.proof('bank')), client_assertion_type: 'urn:example:other' }
      for (const each of [forged, weak, bare, typed])
        expect((await here.post('token', { ...form, ...each })).status).to.be.within(400, 401)
      expect((await here.post('token', { ...form, client_id: 'bank' })).body.error).to.equal('invalid_client')
    })
  })

  describe('Message Signing (5)', () => {
    const object = (more: JWTPayload = {}, by = key) => {
      const asked = Object.fromEntries(here.request('signer', { response_mode: 'jwt' }))
      const usual = { iss: 'signer', aud: here.issuer, exp: seconds() + 300, nbf: seconds() }
      return signed(by, { ...asked, ...usual, ...more })
    }
    const pushed = async (request: string, more: Parameters = {}) =>
      here.post('pushed_authorization_request', { ...(await here.proof('signer')), request, ...more })

    it('5.3.1: accepts signed requests, and signs the answers', async () => {
      const { body } = await pushed(await object(), { state: 'outside', nonce: 'outside' })
      const { told } = await follow('signer', body.request_uri)
      const claims = await here.verified(told.get('response'))
      expect(claims).to.include({ aud: 'signer', state: 'a state' })
      expect(claims.code).to.be.a('string')
    })

    for (const [what, claims] of [
      ['without exp', () => ({ exp: undefined })],
      ['without nbf', () => ({ nbf: undefined })],
      ['that is over', () => ({ exp: seconds() - 60 })],
      ['that lasts over an hour', () => ({ exp: seconds() + 3700 })],
      ['that began over an hour ago', () => ({ nbf: seconds() - 3700 })],
      ['for another', () => ({ aud: 'https://another.example' })],
      ['without a redirect URI', () => ({ redirect_uri: undefined })],
    ] as [string, () => JWTPayload][])
      it(`5.3.1: refuses a request ${what}`, async () =>
        expect((await pushed(await object(claims()))).status).to.equal(400))

    it('5.3.1: refuses requests that are not signed, signed with RS256, or not pushed', async () => {
      const weak = (await importJWK(await exportJWK(key.privateKey), 'RS256')) as CryptoKey
      expect((await pushed(await object({}, { ...key, alg: 'RS256', privateKey: weak }))).status).to.equal(400)
      expect((await push('signer', { response_mode: 'jwt' })).status).to.equal(400)
      const query = new URLSearchParams({ client_id: 'signer', request: await object() })
      const { told } = ended(await person.browser.get(`${here.metadata.authorization_endpoint}?${query}`), here.issuer)
      expect(told.get('code')).to.equal(null)
    })

    it('5.5: signs introspection (RFC 9701)', async () => {
      const { body } = await redeem(await code())
      const token = String(body.access_token)
      const accept = { accept: 'application/token-introspection+jwt' }
      const answer = await here.post('introspection', { ...(await here.proof('bank')), token }, accept)
      expect(answer.headers.get('content-type')).to.match(/^application\/token-introspection\+jwt/)
      const claims = await here.verified(answer.text)
      expect(claims).to.include({ aud: 'bank' })
      expect(claims.token_introspection).to.include({ active: true, client_id: 'bank', token_type: 'DPoP' })
    })
  })
})
