import { expect } from 'chai'
import { type Running, running } from '../support/provider.ts'

describe('discovery', () => {
  let latchkey: Running
  before(async () => {
    latchkey = await running()
  })
  after(() => latchkey.close())

  const get = (path: string, headers: Record<string, string> = {}) => fetch(latchkey.issuer + path, { headers })
  const openid = '/.well-known/openid-configuration'
  const oauth = '/.well-known/oauth-authorization-server'

  it('is the same document at both places, from the first answer on', async () => {
    const first = await (await get(openid)).text()
    expect(await (await get(oauth)).text()).to.equal(first)
    expect(await (await get(openid)).text()).to.equal(first)
  })

  it('advertises what works, and nothing else', async () => {
    const { issuer } = latchkey
    expect(await (await get(openid)).json()).to.deep.equal({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/userinfo`,
      jwks_uri: `${issuer}/jwks.json`,
      end_session_endpoint: `${issuer}/end-session`,
      introspection_endpoint: `${issuer}/introspect`,
      revocation_endpoint: `${issuer}/revoke`,
      pushed_authorization_request_endpoint: `${issuer}/par`,
      acr_values_supported: ['mfa', 'aal2', 'phr'],
      authorization_details_types_supported: ['payment', 'withdrawal'],
      authorization_response_iss_parameter_supported: true,
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
      claim_types_supported: ['normal'],
      claims_parameter_supported: false,
      claims_supported: [
        'sub',
        'acr',
        'amr',
        'auth_time',
        'hold_until',
        'email',
        'email_verified',
        'phone_number',
        'phone_number_verified',
        'locale',
        'updated_at',
        'sid',
        'iss',
      ],
      code_challenge_methods_supported: ['S256'],
      dpop_signing_alg_values_supported: ['ES256', 'EdDSA', 'Ed25519', 'PS256'],
      grant_types_supported: [
        'authorization_code',
        'refresh_token',
        'client_credentials',
        'urn:ietf:params:oauth:grant-type:token-exchange',
      ],
      id_token_signing_alg_values_supported: ['ES256', 'EdDSA'],
      prompt_values_supported: ['none', 'create', 'login', 'consent'],
      request_uri_parameter_supported: false,
      response_modes_supported: ['form_post', 'fragment', 'query'],
      response_types_supported: ['code'],
      scopes_supported: ['openid', 'email', 'phone', 'profile', 'hold', 'offline_access'],
      subject_types_supported: ['public'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
      token_endpoint_auth_signing_alg_values_supported: ['ES256', 'EdDSA', 'Ed25519', 'PS256'],
      ui_locales_supported: ['en', 'de'],
    })
  })

  it('publishes public keys only', async () => {
    const answer = await get('/jwks.json')
    expect(answer.headers.get('content-type')).to.include('application/jwk-set+json')
    const { keys } = (await answer.json()) as { keys: Record<string, string>[] }
    expect(keys.map(each => each.alg)).to.deep.equal(['ES256', 'EdDSA'])
    for (const key of keys) expect(key).to.not.have.any.keys('d', 'p', 'q', 'k')
  })

  for (const path of [openid, oauth, '/jwks.json']) {
    it(`may be kept by others: ${path}`, async () => {
      await get(path)
      const answer = await get(path, { origin: 'https://elsewhere.example' })
      expect(answer.headers.get('cache-control')).to.equal('public, max-age=300')
      expect(answer.headers.get('access-control-allow-origin')).to.equal('*')
      expect(answer.headers.get('content-type')).to.match(/json/)
      const etag = answer.headers.get('etag') ?? ''
      const again = await get(path, { 'if-none-match': etag })
      expect(again.status).to.equal(304)
      expect(await again.text()).to.equal('')
      expect((await get(path, { 'if-none-match': '"another"' })).status).to.equal(200)
      const head = await fetch(latchkey.issuer + path, { method: 'HEAD' })
      expect(head.headers.get('etag')).to.equal(etag)
    })
  }

  it('goes by the issuer, whatever the request calls it', async () => {
    const own = await running()
    // fetch sets its own Host header.
    const { request } = await import('node:http')
    const text = await new Promise<string>(resolve => {
      request(own.issuer + openid, { headers: { host: 'evil.example' } }, answer => {
        let body = ''
        answer.setEncoding('utf8')
        answer.on('data', part => {
          body += part
        })
        answer.on('end', () => resolve(body))
      }).end()
    })
    expect(text).to.not.include('evil')
    await own.close()
  })
})
