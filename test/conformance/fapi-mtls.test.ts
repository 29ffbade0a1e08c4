import { expect } from 'chai'
import {
  type Authority,
  authority,
  believe,
  type Pair,
  pemFolder,
  showing,
  thumbprint,
} from '../support/certificates.ts'
import type { Person } from '../support/people.ts'
import { callback, declared, ended, type Ground, ground, verifier } from './ground.ts'

describe('FAPI 2.0 Security Profile, by client certificates (5.3.2.1)', () => {
  const files = pemFolder()
  let disbelieve: () => void
  let ours: Authority
  let here: Ground
  let person: Person
  let bank: Pair
  let aliases: Record<string, string>

  before(async () => {
    ours = await authority()
    disbelieve = believe(ours)
    bank = await ours.issue('CN=bank', { use: 'client' })
    const { cert, key } = await ours.issue('CN=localhost', { use: 'server' })
    here = await ground({
      tls: { cert: files.write('cert.pem', cert), key: files.write('key.pem', key) },
      authorities: files.write('ca.pem', ours.cert),
      clients: [
        declared('bank', {
          token_endpoint_auth_method: 'tls_client_auth',
          tls_client_auth_subject_dn: 'CN=bank',
          client_secret: undefined,
          tls_client_certificate_bound_access_tokens: true,
          profile: 'fapi2',
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

  const post = (name: string, pair: Pair | undefined, form: Record<string, string>) =>
    showing(pair, String(aliases[`${name}_endpoint`]), { form: { client_id: 'bank', ...form } })
  const push = (pair: Pair | undefined) =>
    post('pushed_authorization_request', pair, Object.fromEntries(here.request('bank')))
  const redeem = async (pair: Pair | undefined) => {
    const { body } = await push(bank)
    const query = new URLSearchParams({ client_id: 'bank', request_uri: String(body.request_uri) })
    const url = `${here.metadata.authorization_endpoint}?${query}`
    const code = ended(await person.browser.get(url), here.issuer).told.get('code') ?? expect.fail('no code')
    const form = { grant_type: 'authorization_code', code, redirect_uri: callback('bank'), code_verifier: verifier }
    return post('token', pair, form)
  }

  it('accepts only requests that the app itself pushed', async () => {
    expect((await here.ask('bank', person.browser)).told.get('error')).to.equal('invalid_request')
    expect((await push(bank)).status).to.equal(201)
    expect((await push(undefined)).status).to.equal(401)
  })

  it('issues tokens that are bound to the certificate', async () => {
    const { status, body } = await redeem(bank)
    expect(status).to.equal(200)
    const told = await post('introspection', bank, { token: body.access_token })
    expect(told.body.cnf).to.deep.equal({ 'x5t#S256': await thumbprint(bank) })
  })

  it('refuses another certificate of the same authority', async () => {
    const { status, body } = await redeem(await ours.issue('CN=rival', { use: 'client' }))
    expect([status, body.error]).to.deep.equal([401, 'invalid_client'])
  })

  it('does not rotate the refresh token, which is of no use without the certificate', async () => {
    const { body } = await redeem(bank)
    const refresh = (pair: Pair | undefined) =>
      post('token', pair, { grant_type: 'refresh_token', refresh_token: body.refresh_token })
    expect((await refresh(bank)).body.refresh_token).to.equal(body.refresh_token)
    expect((await refresh(undefined)).status).to.equal(401)
    expect((await refresh(bank)).status).to.equal(200)
  })
})
