import { expect } from 'chai'
import * as openid from 'openid-client'
import { Agent, fetch as fetched, request } from 'undici'
import {
  type Authority,
  authority,
  believe,
  type Pair as Certificate,
  pemFolder,
  showing,
} from '../support/certificates.ts'
import type { Person } from '../support/people.ts'
import { api, callback, challenge, declared, ended, type Ground, ground, keyed, verifier } from './ground.ts'
import { assertion, dpop, type Pair, pair } from './proving.ts'

const service = { grant_types: ['client_credentials'], redirect_uris: [] }

describe('proofs and assertions at the endpoints of mtls_endpoint_aliases', () => {
  const files = pemFolder()
  let disbelieve: () => void
  let ours: Authority
  let here: Ground
  let person: Person
  let bank: Certificate
  const keys: Record<string, Pair> = {}
  let held: Pair
  let aliases: Record<string, string>

  before(async () => {
    ours = await authority()
    disbelieve = believe(ours)
    bank = await ours.issue('CN=bank', { use: 'client' })
    held = await pair()
    for (const id of ['signer', 'fapi']) keys[id] = await pair()
    const { cert, key } = await ours.issue('CN=localhost', { use: 'server' })
    here = await ground({
      tls: { cert: files.write('cert.pem', cert), key: files.write('key.pem', key) },
      authorities: files.write('ca.pem', ours.cert),
      keys,
      clients: [
        declared('bank', {
          token_endpoint_auth_method: 'tls_client_auth',
          tls_client_auth_subject_dn: 'CN=bank',
          client_secret: undefined,
          dpop_bound_access_tokens: true,
        }),
        keyed('signer', keys.signer as Pair, service),
        keyed('fapi', keys.fapi as Pair, {
          ...service,
          profile: 'fapi2',
          tls_client_certificate_bound_access_tokens: true,
        }),
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
  const plain = (name: string): string =>
    String((here.metadata as unknown as Record<string, string>)[`${name}_endpoint`])
  const post = async (name: string, form: Record<string, string>, DPoP?: string) =>
    showing(bank, at(name), { form: { client_id: 'bank', ...form }, headers: DPoP === undefined ? {} : { DPoP } })
  const redeem = async (htu: string) => {
    const { told } = await here.ask('bank', person.browser)
    const code = told.get('code') ?? expect.fail('no code')
    const form = { grant_type: 'authorization_code', code, redirect_uri: callback('bank'), code_verifier: verifier }
    return post('token', form, await dpop(held, { htu }))
  }

  describe('RFC 9449, 4.3: a proof names the URI that was called', () => {
    it('for tokens, at first and to refresh', async () => {
      const { status, body } = await redeem(at('token'))
      expect([status, body.token_type]).to.deep.equal([200, 'DPoP'])
      const form = { grant_type: 'refresh_token', refresh_token: body.refresh_token }
      expect((await post('token', form, await dpop(held, { htu: at('token') }))).status).to.equal(200)
    })

    it('for requests that are pushed, and for userinfo', async () => {
      const form = Object.fromEntries(here.request('bank'))
      const proof = await dpop(held, { htu: at('pushed_authorization_request') })
      expect((await post('pushed_authorization_request', form, proof)).status).to.equal(201)
      const token = (await redeem(at('token'))).body.access_token
      const shown = async (url: string, htu: string) => {
        const DPoP = await dpop(held, { htm: 'GET', htu, token })
        return showing(undefined, url, { method: 'GET', headers: { authorization: `DPoP ${token}`, DPoP } })
      }
      expect((await shown(at('userinfo'), at('userinfo'))).status).to.equal(200)
      expect((await shown(plain('userinfo'), plain('userinfo'))).status).to.equal(200)
      expect((await shown(at('userinfo'), plain('userinfo'))).status).to.equal(401)
      expect((await shown(plain('userinfo'), at('userinfo'))).status).to.equal(401)
    })

    it('and not the same endpoint at the other host', async () => {
      const others = [plain('token'), at('userinfo'), at('token').replace('localhost', 'localhost.evil.example')]
      for (const htu of others) {
        const { status, body } = await redeem(htu)
        expect([status, body.error], htu).to.deep.equal([400, 'invalid_dpop_proof'])
      }
    })

    it('whatever Host header is sent to the issuer’s own port', async () => {
      const ask = async (host: string, htu: string) => {
        const proof = await assertion('signer', keys.signer as Pair, { aud: here.issuer })
        const body = new URLSearchParams({ ...proof, grant_type: 'client_credentials', resource: api }).toString()
        const headers = { 'content-type': 'application/x-www-form-urlencoded', host, DPoP: await dpop(held, { htu }) }
        const answer = await request(plain('token'), {
          ...{ method: 'POST', headers, body },
          dispatcher: new Agent({ connect: { ca: ours.cert, checkServerIdentity: () => undefined } }),
        })
        await answer.body.dump()
        return answer.statusCode
      }
      expect(await ask('evil.example', 'https://evil.example/token')).to.equal(400)
      expect(await ask('evil.example', plain('token'))).to.equal(200)
    })
  })

  describe('RFC 7523, 3: an assertion may be made out to the token endpoint', () => {
    const ask = async (app: string, aud: string | undefined, certificate?: Certificate) => {
      const proof = await assertion(app, keys[app] as Pair, { aud })
      const form = { ...proof, grant_type: 'client_credentials', resource: api }
      return (await showing(certificate, at('token'), { form })).status
    }

    it('that was called, the issuer’s, or to the issuer', async () => {
      for (const aud of [at('token'), plain('token'), here.issuer]) expect(await ask('signer', aud), aud).to.equal(200)
      for (const aud of [`${at('token')}/`, at('userinfo'), new URL(at('token')).origin, undefined])
        expect(await ask('signer', aud), aud).to.equal(401)
    })

    it('at any endpoint there', async () => {
      for (const name of ['introspection', 'revocation'])
        for (const aud of [at('token'), at(name), plain('token'), here.issuer]) {
          const proof = await assertion('signer', keys.signer as Pair, { aud })
          const { status } = await showing(undefined, at(name), { form: { ...proof, token: 'x' } })
          expect(status, `${name} ${aud}`).to.equal(200)
        }
    })

    it('but of a FAPI client to the issuer alone (FAPI 2.0 Security Profile, 5.3.2.1)', async () => {
      expect(await ask('fapi', here.issuer, bank)).to.equal(200)
      for (const aud of [at('token'), plain('token')]) expect(await ask('fapi', aud, bank), aud).to.equal(401)
    })
  })

  it('lets openid-client sign in by its certificate, with a key of its own', async () => {
    const dispatcher = new Agent({ connect: { cert: bank.cert, key: bank.key, ca: ours.cert } })
    const called: string[] = []
    const customFetch = ((url: string, options: object) => {
      called.push(url)
      return fetched(url, { ...options, dispatcher })
    }) as unknown as openid.CustomFetch
    const metadata = { use_mtls_endpoint_aliases: true, id_token_signed_response_alg: 'ES256' }
    const client = await openid.discovery(new URL(here.issuer), 'bank', metadata, openid.TlsClientAuth(), {
      [openid.customFetch]: customFetch,
    })
    const DPoP = openid.getDPoPHandle(client, await openid.randomDPoPKeyPair())
    const redirect_uri = callback('bank')
    const asked = { redirect_uri, scope: 'openid email', code_challenge: challenge, code_challenge_method: 'S256' }
    const url = await openid.buildAuthorizationUrlWithPAR(client, { ...asked, state: 'a state' }, { DPoP })
    const { at: back } = ended(await person.browser.get(url.href), here.issuer)
    const checks = { pkceCodeVerifier: verifier, expectedState: 'a state' }
    const tokens = await openid.authorizationCodeGrant(client, back ?? expect.fail('no answer'), checks, undefined, {
      DPoP,
    })
    expect(tokens.token_type).to.equal('dpop')
    const sub = tokens.claims()?.sub ?? ''
    expect((await openid.fetchUserInfo(client, tokens.access_token, sub, { DPoP })).email).to.equal(person.email)
    const renewed = await openid.refreshTokenGrant(client, String(tokens.refresh_token), {}, { DPoP })
    expect(renewed.token_type).to.equal('dpop')
    const { origin } = new URL(at('token'))
    expect(called.filter(each => each.startsWith(origin)).map(each => new URL(each).pathname)).to.deep.equal([
      '/par',
      '/token',
      '/userinfo',
      '/token',
    ])
  })
})
