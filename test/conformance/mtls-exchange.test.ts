import { expect } from 'chai'
import { authority, believe, pemFolder, selfSigned, showing, thumbprint } from '../support/certificates.ts'
import { api, declared, type Ground, ground, read } from './ground.ts'

const bank = 'https://api.example/bank'
const grant_type = 'urn:ietf:params:oauth:grant-type:token-exchange'

describe('token exchange by an API with a certificate (RFC 8693, RFC 8705)', () => {
  const files = pemFolder()
  let disbelieve: () => void
  let here: Ground
  before(async () => {
    const ours = await authority()
    disbelieve = believe(ours)
    const { cert, key } = await ours.issue('CN=localhost', { use: 'server' })
    here = await ground({
      tls: { cert: files.write('cert.pem', cert), key: files.write('key.pem', key) },
      authorities: files.write('ca.pem', ours.cert),
      apis: [
        { resource: api, client_id: 'ledger', name: 'Ledger', scopes: ['read'] },
        { resource: bank, name: 'Bank', scopes: ['read'] },
      ],
      clients: [
        declared('desk', { apis: { [api]: ['read'] } }),
        declared('ledger', {
          ...{ grant_types: [grant_type], redirect_uris: [], apis: {}, delegates: { [bank]: ['read'] } },
          tls_client_certificate_bound_access_tokens: true,
        }),
      ],
    })
  })
  after(async () => {
    await here.stop()
    disbelieve()
    files.remove()
  })

  it('binds the new token to that certificate, and issues nothing without it', async () => {
    const { browser } = await here.person()
    const { body: first } = await here.tokens('desk', browser, { scope: 'openid read', resource: api })
    const aliases = (here.metadata as unknown as { mtls_endpoint_aliases: Record<string, string> })
      .mtls_endpoint_aliases
    const form = {
      ...(await here.proof('ledger')),
      ...{ grant_type, subject_token: String(first.access_token), resource: bank },
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    }
    const own = await selfSigned('CN=ledger')
    const { body } = await showing(own, String(aliases.token_endpoint), { form })
    expect(read(body.access_token).cnf).to.deep.equal({ 'x5t#S256': await thumbprint(own) })
    expect((await showing(undefined, String(aliases.token_endpoint), { form })).body.error).to.equal('invalid_grant')
  })
})
