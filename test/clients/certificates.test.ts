import { expect } from 'chai'
import { ClientsError, parseClients } from '../../src/clients/declared.ts'

const x5c = ['MIIB']
const point = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }
const base = { client_id: 'bot', client_name: 'Bot', grant_types: ['client_credentials'] }
const byName = { ...base, token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_san_dns: 'bot.example' }
const byKey = {
  ...base,
  token_endpoint_auth_method: 'self_signed_tls_client_auth',
  jwks: { keys: [{ ...point, x5c }] },
}
const bound = { tls_client_certificate_bound_access_tokens: true }
const secret = { client_secret: 'a-secret-of-thirty-two-characters-' }

describe('clients that show certificates', () => {
  const faults = (client: object, mtls: { ca: string | undefined } | 'none' = { ca: 'ca.pem' }): readonly string[] => {
    try {
      parseClients(
        { apis: [], clients: [client] },
        { local: false, production: true, ...(mtls !== 'none' && { mtls }) },
      )
      return []
    } catch (fault) {
      if (fault instanceof ClientsError) return fault.faults.map(each => each.replace('clients[0] (bot) ', ''))
      throw fault
    }
  }

  it('are taken as RFC 8705 registers them', () => {
    const fapi = { ...byName, ...bound, profile: 'fapi2' }
    for (const each of [byName, byKey, fapi, { ...byName, ...bound }, { ...base, ...secret, ...bound }])
      expect(faults(each)).to.deep.equal([])
    const { jwks: _, ...elsewhere } = { ...byKey, jwks_uri: 'https://bot.example/jwks.json' }
    expect(faults(elsewhere)).to.deep.equal([])
  })

  const table: [what: string, client: object, fault: string, mtls?: { ca: undefined } | 'none'][] = [
    [
      'with no name',
      { ...byName, tls_client_auth_san_dns: undefined },
      'token_endpoint_auth_method: tls_client_auth needs one of tls_client_auth_subject_dn, ',
    ],
    [
      'with two names',
      { ...byName, tls_client_auth_san_ip: '192.0.2.1' },
      'token_endpoint_auth_method: tls_client_auth needs one of ',
    ],
    [
      'with a name of no use',
      { ...byKey, tls_client_auth_san_dns: 'bot.example' },
      'tls_client_auth_san_dns is of use with tls_client_auth only',
    ],
    ['with a secret beside', { ...byName, ...secret }, 'client_secret is of no use with tls_client_auth'],
    [
      'with no key',
      { ...byKey, jwks: undefined },
      'jwks or jwks_uri, one of the two, is needed for self_signed_tls_client_auth',
    ],
    [
      'with a key that has no certificate',
      { ...byKey, jwks: { keys: [point] } },
      'jwks: each key needs its certificate, x5c, ',
    ],
    [
      'with a certificate that is none',
      { ...byKey, jwks: { keys: [{ ...point, x5c: ['-----'] }] } },
      'jwks.keys[0].x5c[0] must be base64',
    ],
    [
      'bound to a key, too',
      { ...byName, ...bound, dpop_bound_access_tokens: true },
      'tls_client_certificate_bound_access_tokens and dpop_bound_access_tokens exclude each other',
    ],
    [
      'where nobody issues them',
      byName,
      'token_endpoint_auth_method: tls_client_auth needs LATCHKEY_MTLS_CA',
      { ca: undefined },
    ],
    [
      'where nobody asks',
      byKey,
      'token_endpoint_auth_method: self_signed_tls_client_auth needs LATCHKEY_MTLS_URL',
      'none',
    ],
    [
      'whose tokens are bound where nobody asks',
      { ...base, ...secret, ...bound },
      'tls_client_certificate_bound_access_tokens needs LATCHKEY_MTLS_URL',
      'none',
    ],
  ]
  for (const [what, client, fault, mtls = { ca: 'ca.pem' }] of table)
    it(`are refused ${what}`, () => {
      const found = faults(client, mtls)
      expect(
        found.filter(each => each.startsWith(fault)),
        found.join('\n'),
      ).to.have.lengthOf(1)
    })
})
