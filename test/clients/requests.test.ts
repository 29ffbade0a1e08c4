import { expect } from 'chai'
import { type ClientsError, parseClients } from '../../src/clients/declared.ts'

const key = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid: 'k' }
const secret = 'a-secret-that-is-long-enough-to-pass'
const app = { client_id: 'app', client_name: 'App', redirect_uris: ['https://app.example/callback'] }
const keyed = { ...app, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key] } }
const shared = { ...app, client_secret: secret }
const open = { ...app, token_endpoint_auth_method: 'none' }
const fapi = { ...keyed, profile: 'fapi2', dpop_bound_access_tokens: true }

const faults = (client: object): readonly string[] => {
  try {
    parseClients({ apis: [], clients: [client] }, { local: false, production: true })
  } catch (fault) {
    return (fault as ClientsError).faults.map(each => each.replace('clients[0] (app) ', ''))
  }
  return []
}

describe('what clients.json says of requests', () => {
  it('is taken where it fits together', () => {
    const sound = [
      { ...keyed, require_signed_request_object: true, request_object_signing_alg: 'PS256', response_modes: ['jwt'] },
      { ...shared, token_endpoint_auth_method: 'client_secret_jwt', token_endpoint_auth_signing_alg: 'HS256' },
      { ...shared, pkce_required: false, access_token_ttl: 30, id_token_ttl: 60, refresh_token_ttl: 300 },
      { ...shared, subject_type: 'pairwise' },
      fapi,
    ]
    for (const each of sound) expect(faults(each), JSON.stringify(each)).to.deep.equal([])
  })

  it('has FAPI clients push their requests', () => {
    const { metadata } = parseClients({ apis: [], clients: [fapi] }, { local: false, production: true })
    expect(metadata[0]?.require_pushed_authorization_requests).to.equal(true)
  })

  const two = { redirect_uris: ['https://app.example/callback', 'https://other.example/callback'] }
  const refused: [string, object, string][] = [
    [
      'signed requests without a key',
      { ...shared, require_signed_request_object: true },
      'require_signed_request_object needs jwks or jwks_uri',
    ],
    [
      'an algorithm of requests without a key',
      { ...shared, request_object_signing_alg: 'ES256' },
      'request_object_signing_alg needs jwks or jwks_uri',
    ],
    ['requests signed with a secret', { ...keyed, request_object_signing_alg: 'HS256' }, 'request_object_signing_alg'],
    [
      'an HMAC of a key',
      { ...keyed, token_endpoint_auth_signing_alg: 'HS256' },
      'token_endpoint_auth_signing_alg: HS256 does not go with private_key_jwt',
    ],
    [
      'a signature by a secret',
      { ...shared, token_endpoint_auth_method: 'client_secret_jwt', token_endpoint_auth_signing_alg: 'ES256' },
      'token_endpoint_auth_signing_alg: ES256 does not go with client_secret_jwt',
    ],
    [
      'no PKCE of an app that cannot prove itself',
      { ...open, pkce_required: false },
      'pkce_required must be true for a client that cannot authenticate',
    ],
    ['a mode that is not known', { ...shared, response_modes: ['web_message'] }, 'response_modes[0]'],
    ['no mode at all', { ...shared, response_modes: [] }, 'response_modes'],
    [
      'FAPI with a secret',
      { ...shared, profile: 'fapi2', dpop_bound_access_tokens: true },
      'profile: fapi2 needs private_key_jwt',
    ],
    [
      'FAPI with tokens that anybody can use',
      { ...keyed, profile: 'fapi2' },
      'profile: fapi2 needs dpop_bound_access_tokens',
    ],
    ['FAPI without PKCE', { ...fapi, pkce_required: false }, 'profile: fapi2 needs pkce_required'],
    ['FAPI with RS256', { ...fapi, request_object_signing_alg: 'RS256' }, 'profile: fapi2 allows no RS256'],
    [
      'FAPI with assertions in RS256',
      { ...fapi, token_endpoint_auth_signing_alg: 'RS256' },
      'profile: fapi2 allows no RS256',
    ],
    ['another profile', { ...fapi, profile: 'fapi1' }, 'profile'],
    [
      'pairwise subjects of two hosts',
      { ...shared, ...two, subject_type: 'pairwise' },
      'sector_identifier_uri is needed for pairwise where redirect_uris are not of one host',
    ],
    [
      'pairwise subjects that every app on a device would share',
      {
        ...shared,
        application_type: 'native',
        redirect_uris: ['http://127.0.0.1/callback'],
        subject_type: 'pairwise',
      },
      'sector_identifier_uri is needed for pairwise where redirect_uris are not of one host',
    ],
    [
      'a sector that nobody asks for',
      { ...shared, sector_identifier_uri: 'https://app.example/sector' },
      'sector_identifier_uri is of no use without pairwise',
    ],
    [
      'a sector that is not https',
      { ...shared, subject_type: 'pairwise', sector_identifier_uri: 'http://app.example/sector' },
      'sector_identifier_uri must be https',
    ],
    ['access tokens for a day', { ...shared, access_token_ttl: 86_400 }, 'access_token_ttl must be 3600 or less'],
    ['refresh tokens for a minute', { ...shared, refresh_token_ttl: 60 }, 'refresh_token_ttl must be 300 or more'],
    ['a lifetime that is no number', { ...shared, refresh_token_max: 'long' }, 'refresh_token_max'],
  ]
  for (const [what, client, fault] of refused)
    it(`refuses ${what}`, () => {
      const found = faults(client)
      expect(found, found.join('\n')).to.have.lengthOf(1)
      expect(found[0]).to.contain(fault)
    })
})
