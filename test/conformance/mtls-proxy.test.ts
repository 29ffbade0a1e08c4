import { expect } from 'chai'
import { decodeJwt } from 'jose'
import { request } from 'undici'
import { type Pair, selfSigned, thumbprint } from '../support/certificates.ts'
import { api, declared, type Ground, ground } from './ground.ts'

describe('client certificates forwarded by a proxy', () => {
  let alone: Pair
  let here: Ground
  const start = async (proxy: string) => {
    alone = await selfSigned('CN=alone')
    here = await ground({
      environment: {
        LATCHKEY_MTLS_URL: 'https://mtls.example',
        LATCHKEY_MTLS_HEADER: 'Client-Cert',
        LATCHKEY_TRUST_PROXY: proxy,
      },
      clients: [
        declared('alone', {
          token_endpoint_auth_method: 'self_signed_tls_client_auth',
          client_secret: undefined,
          jwks: { keys: [alone.jwk] },
          grant_types: ['client_credentials'],
          redirect_uris: [],
          tls_client_certificate_bound_access_tokens: true,
        }),
      ],
    })
  }
  afterEach(() => here.stop())
  const form = { client_id: 'alone', grant_type: 'client_credentials', resource: api }
  // Not fetch, which does not allow choosing the Host.
  const ask = async (more: Record<string, string>) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', host: 'mtls.example', ...more }
    const body = new URLSearchParams(form).toString()
    const answer = await request(here.metadata.token_endpoint ?? '', { method: 'POST', headers, body })
    return { status: answer.statusCode, body: (await answer.body.json()) as Record<string, unknown> }
  }

  it('are accepted from a proxy that the settings name', async () => {
    await start('127.0.0.0/8,::1')
    const { status, body } = await ask({ 'client-cert': `:${alone.der}:` })
    expect(status).to.equal(200)
    expect(decodeJwt(String(body.access_token)).cnf).to.deep.equal({ 'x5t#S256': await thumbprint(alone) })
    expect((await ask({ 'client-cert': encodeURIComponent(alone.cert) })).status).to.equal(200)
    for (const nothing of ['', 'nothing', `:${(await selfSigned('CN=alone')).der}:`])
      expect((await ask({ 'client-cert': nothing })).status).to.equal(401)
    expect((await ask({})).status).to.equal(401)
    const { mtls_endpoint_aliases: aliases } = here.metadata as never
    expect(aliases).to.include({ token_endpoint: 'https://mtls.example/token' })
    expect(here.metadata.token_endpoint_auth_methods_supported).to.not.include('tls_client_auth')
  })

  it('are ignored at any other host, where a client may have sent them itself', async () => {
    await start('127.0.0.0/8,::1')
    const shown = { 'client-cert': `:${alone.der}:` }
    for (const host of [new URL(here.issuer).host, 'mtls.example.evil.example', 'mtls.example:3000'])
      expect((await ask({ ...shown, host, 'x-forwarded-host': 'mtls.example' })).status, host).to.equal(401)
    expect((await ask(shown)).status).to.equal(200)
  })

  it('are ignored from any other sender', async () => {
    await start('192.0.2.1')
    expect((await ask({ 'client-cert': `:${alone.der}:` })).status).to.equal(401)
  })
})
