import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { ClientsError, parseClients, readClients } from '../../src/clients/declared.ts'

const local = { local: true, production: false }
const api = { resource: 'https://api.example/a', name: 'A', scopes: ['read', 'trade'] }
const secret = 'a secret that is long enough to pass'.replaceAll(' ', '-')
const app = {
  client_id: 'app',
  client_name: 'App',
  client_secret: secret,
  redirect_uris: ['https://app.example/callback'],
  apis: { [api.resource]: ['read'] },
}
const print = Array(32).fill('A0').join(':')
const key = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid: 'k' }

const faults = (clients: unknown[], standing = local, apis: unknown[] = [api]): readonly string[] => {
  try {
    parseClients({ apis, clients }, standing)
  } catch (fault) {
    expect(fault).to.be.instanceOf(ClientsError)
    return (fault as ClientsError).faults
  }
  return []
}

describe('clients.json', () => {
  it('of this repository is sound on loopback, and its staking key is the one beside the app', () => {
    const clients = readClients('clients.json', local)
    expect(clients.metadata.map(each => each.client_id)).to.deep.equal([
      'trading',
      'staking',
      'wallet',
      'card',
      'settlement',
      'order-book',
      'wallet-api',
      'television',
    ])
    const { d, ...publicKey } = JSON.parse(readFileSync('examples/suite/staking.key.json', 'utf8'))
    expect(clients.metadata[1]?.jwks?.keys).to.deep.equal([publicKey])
    expect(d).to.be.a('string')
  })

  for (const standing of [
    { local: true, production: true },
    { local: false, production: false },
  ]) {
    it(`of this repository is refused, each client by name, at ${JSON.stringify(standing)}`, () => {
      const refused = (() => {
        try {
          return readClients('clients.json', standing)
        } catch (fault) {
          return fault as ClientsError
        }
      })() as ClientsError
      expect(refused).to.be.instanceOf(ClientsError)
      for (const [at, id] of ['trading', 'staking', 'wallet', 'card', 'settlement', 'order-book'].entries()) {
        expect(refused.faults).to.include(
          `clients[${at}] (${id}) development keys and secrets work only while the issuer is on loopback, and not in production`,
        )
      }
      expect(refused.message).to.not.include('development-only-secret')
    })
  }

  it('gives the library what it wants, and us what we want', () => {
    const clients = parseClients({ apis: [api], clients: [{ ...app, tile: 'card', first_party: true }] }, local)
    expect(clients.metadata[0]).to.include({ client_id: 'app', token_endpoint_auth_method: 'client_secret_basic' })
    expect(clients.metadata[0]).to.not.have.any.keys('tile', 'first_party', 'apis', 'development')
    const known = clients.app('app')
    expect(known).to.include({ id: 'app', name: 'App', tile: 'card', firstParty: true })
    expect(known?.apis.get(api.resource)).to.deep.include({ name: 'A', scope: 'read', audience: api.resource })
    expect(clients.app('nobody')).to.equal(undefined)
  })

  const table: readonly [string, object, string][] = [
    ['an unknown field', { ...app, colour: 'red' }, 'colour is not known'],
    ['no name', { ...app, client_name: undefined }, 'client_name '],
    ['a strange id', { ...app, client_id: 'Äpp' }, 'client_id must be lower-case letters, digits, - and _'],
    ['no secret', { ...app, client_secret: undefined }, 'client_secret is needed for client_secret_basic'],
    ['a short secret', { ...app, client_secret: 'short' }, 'client_secret must have 32 to 256 characters'],
    ['a secret of no use', { ...app, token_endpoint_auth_method: 'none' }, 'client_secret is of no use with none'],
    [
      'no key',
      { ...app, client_secret: undefined, token_endpoint_auth_method: 'private_key_jwt' },
      'jwks or jwks_uri, one of the two, is needed for private_key_jwt',
    ],
    ['a private key', { ...app, jwks: { keys: [{ ...key, d: 'private' }] } }, 'jwks.keys[0] Unrecognized key: "d"'],
    ['a key of another kind', { ...app, jwks: { keys: [{ kty: 'oct', k: 'shared' }] } }, 'jwks.keys[0].kty '],
    [
      'a short RSA key',
      { ...app, jwks: { keys: [{ kty: 'RSA', e: 'AQAB', n: 'A'.repeat(171) }] } },
      'jwks.keys[0].n must have 2048 bits or more',
    ],
    ['another method', { ...app, token_endpoint_auth_method: 'attest_jwt_client_auth' }, 'token_endpoint_auth_method '],
    ['another grant', { ...app, grant_types: ['implicit'] }, 'grant_types[0] '],
    ['no redirect URI', { ...app, redirect_uris: [] }, 'redirect_uris must not be empty for authorization_code'],
    [
      'redirect URIs of no use',
      { ...app, grant_types: ['client_credentials'] },
      'redirect_uris are of no use without authorization_code',
    ],
    [
      'refresh tokens of nothing',
      { ...app, redirect_uris: [], grant_types: ['client_credentials', 'refresh_token'] },
      'grant_types: refresh_token needs a grant that a person gives',
    ],
    [
      'its own tokens for anybody',
      { ...app, client_secret: undefined, token_endpoint_auth_method: 'none', grant_types: ['client_credentials'] },
      'grant_types: client_credentials needs a client that can authenticate',
    ],
    [
      'a fragment',
      { ...app, redirect_uris: ['https://app.example/#x'] },
      'redirect_uris[0] must be a URL without a fragment, user or wildcard',
    ],
    [
      'a wildcard',
      { ...app, redirect_uris: ['https://*.example/'] },
      'redirect_uris[0] must be a URL without a fragment, user or wildcard',
    ],
    [
      'a user',
      { ...app, redirect_uris: ['https://app@example/'] },
      'redirect_uris[0] must be a URL without a fragment, user or wildcard',
    ],
    ['plain http', { ...app, redirect_uris: ['http://app.example/'] }, 'redirect_uris[0] must be https'],
    [
      'a scheme of its own on the web',
      { ...app, redirect_uris: ['com.example.app:/cb'] },
      'redirect_uris[0] must be an http or https URL unless application_type is native',
    ],
    [
      'a scheme that anybody may have',
      { ...app, application_type: 'native', redirect_uris: ['myapp:/cb'] },
      'redirect_uris[0] must have a scheme like com.example.app',
    ],
    [
      'a script',
      { ...app, application_type: 'native', redirect_uris: ['javascript:alert(1)'] },
      'redirect_uris[0] must have a scheme like com.example.app',
    ],
    [
      'logout over http',
      { ...app, backchannel_logout_uri: 'http://app.example/' },
      'backchannel_logout_uri must be https',
    ],
    [
      'an unknown API',
      { ...app, apis: { 'https://api.example/b': ['read'] } },
      'apis: https://api.example/b is not declared',
    ],
    [
      'an unknown scope of an API',
      { ...app, apis: { [api.resource]: ['steal'] } },
      `apis: ${api.resource} has no scope steal`,
    ],
    ['an unknown scope', { ...app, scope: 'openid admin' }, 'scope: admin is not known'],
    [
      'a web app that is to be given passkeys',
      { ...app, first_party: true, ios_app_ids: ['TEAM123456.com.example.app'] },
      'ios_app_ids are for native apps of the suite',
    ],
    [
      'another’s app that is to be given passkeys',
      { ...app, application_type: 'native', android_apps: [{ package: 'com.example.app', fingerprints: [print] }] },
      'android_apps are for native apps of the suite',
    ],
    [
      'a strange app of iOS',
      { ...app, ios_app_ids: ['com.example.app'] },
      'ios_app_ids[0] must be a team and a bundle',
    ],
    [
      'a short fingerprint',
      { ...app, android_apps: [{ package: 'com.example.app', fingerprints: ['AA:BB'] }] },
      'android_apps[0].fingerprints[0] must be 32 pairs',
    ],
    ['an unknown assurance', { ...app, default_acr_values: ['gold'] }, 'default_acr_values[0] '],
  ]
  for (const [what, client, fault] of table) {
    it(`refuses ${what}`, () => {
      const id = (client as { client_id: string }).client_id
      const found = faults([client])
      expect(
        found.filter(each => each.startsWith(`clients[0] (${id}) ${fault}`)),
        found.join('\n'),
      ).to.have.lengthOf(1)
    })
  }

  it('tells every fault of every entry at once', () => {
    const found = faults(
      [{ ...app, client_secret: 'short', redirect_uris: ['http://a.example/'], x: 1 }, app, app, 'app'],
      local,
      [api, { ...api, scopes: ['openid'] }],
    )
    expect(found).to.have.members([
      `apis: ${api.resource} is declared twice`,
      'apis[1] scopes: openid is OpenID Connect’s',
      'clients[0] (app) x is not known',
      'clients[0] (app) client_secret must have 32 to 256 characters',
      'clients[0] (app) redirect_uris[0] must be https',
      'clients: app is declared twice',
      'clients[3] must be an object',
    ])
  })

  it('lets apps on a device be called as RFC 8252 says, and apps on loopback only by a local issuer', () => {
    const native = {
      ...app,
      application_type: 'native',
      redirect_uris: ['com.example.app:/cb', 'http://127.0.0.1/cb', 'http://[::1]/cb', 'https://app.example/cb'],
    }
    expect(faults([native], { local: false, production: true })).to.deep.equal([])
    const web = { ...app, redirect_uris: ['http://localhost:3001/callback'] }
    expect(faults([web])).to.deep.equal([])
    expect(faults([web], { local: false, production: true })).to.deep.equal([
      'clients[0] (app) redirect_uris[0] must be https',
    ])
  })

  it('says what is wrong with the file as such', () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-'))
    const file = join(folder, 'clients.json')
    const said = () => {
      try {
        readClients(file, local)
      } catch (fault) {
        return (fault as Error).message
      }
    }
    expect(said()).to.equal(`${file} cannot be used:\n  - cannot be read (ENOENT)`)
    writeFileSync(file, '{')
    expect(said()).to.equal(`${file} cannot be used:\n  - is not JSON`)
    writeFileSync(file, '{"client":[]}')
    expect(said()).to.equal(
      `${file} cannot be used:\n  - client is not known\n  - apis must be a list\n  - clients must be a list`,
    )
    writeFileSync(file, 'null')
    expect(said()).to.include('apis must be a list')
    rmSync(folder, { recursive: true })
  })
})
