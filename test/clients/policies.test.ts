import { expect } from 'chai'
import { ClientsError, type Declared, parseClients } from '../../src/clients/declared.ts'
import { faultsUnder, thirdParty, within } from '../../src/clients/policies.ts'

const api = { resource: 'https://api.example/a', name: 'A', scopes: ['read', 'trade'] }
const parse = (policies: unknown): Declared =>
  parseClients({ apis: [api], clients: [], policies }, { local: false, production: true })
const faults = (...policies: unknown[]): readonly string[] => {
  try {
    parse(policies)
  } catch (fault) {
    return (fault as ClientsError).faults
  }
  return []
}

describe('policies of clients.json', () => {
  it('are optional: without an invitation, clients get codes and refresh tokens, and no API', () => {
    expect([...parse(undefined).policies.values()]).to.deep.equal([thirdParty])
    expect(thirdParty).to.deep.include({ grant_types: ['authorization_code', 'refresh_token'], apis: {} })
    expect(thirdParty.scope.split(' ')).to.not.include('hold')
  })

  it('can replace the default for clients without an invitation', () => {
    const declared = parse([{ policy: 'third-party', scope: 'openid' }, { policy: 'partner' }])
    expect([...declared.policies.keys()]).to.deep.equal(['third-party', 'partner'])
    expect(declared.policies.get('third-party')?.scope).to.equal('openid')
  })

  const table: readonly [string, unknown, string][] = [
    ['no name', {}, 'policies[0] policy '],
    ['an unknown field', { policy: 'a', first_party: true }, 'policies[0] first_party is not known'],
    ['an unknown grant', { policy: 'a', grant_types: ['implicit'] }, 'policies[0] grant_types[0] '],
    ['no method', { policy: 'a', token_endpoint_auth_methods: [] }, 'policies[0] token_endpoint_auth_methods '],
    ['an unknown scope', { policy: 'a', scope: 'openid admin' }, 'policies[0] scope: admin is not known'],
    ['an unknown API', { policy: 'a', apis: { x: ['read'] } }, 'policies[0] apis: x is not declared'],
    ['a scope that the API has not', { policy: 'a', apis: { [api.resource]: ['steal'] } }, 'policies[0] apis: '],
    ['a host that is a URL', { policy: 'a', redirect_hosts: ['https://a.example'] }, 'policies[0] redirect_hosts[0] '],
    ['every host of a kind', { policy: 'a', redirect_hosts: ['*'] }, 'policies[0] redirect_hosts[0] must be a host'],
  ]
  for (const [what, policy, fault] of table) {
    it(`are refused with ${what}`, () => {
      const found = faults(policy)
      expect(found).to.have.lengthOf(1)
      expect(found[0]?.startsWith(fault), found[0]).to.equal(true)
    })
  }

  it('are refused twice by one name, and where they are no list', () => {
    expect(faults({ policy: 'a' }, { policy: 'a' })).to.deep.equal(['policies: a is declared twice'])
    expect(() => parse({})).to.throw(ClientsError, 'policies must be a list')
  })
})

describe('a policy', () => {
  const policy = { ...thirdParty, policy: 'partner', apis: { [api.resource]: ['read', 'trade'] } }
  const declared = parse([])

  it('refuses names that people may take for ours', () => {
    const named = (client_name: string) => faultsUnder(policy, { client_name }, declared)
    for (const name of ['Latchkey', 'LATCHKEY', 'Latchkey Security', 'The ｌａｔｃｈｋｅｙ app', 'Latch & Key'])
      expect(named(name), name).to.deep.equal(['client_name is that of another app'])
    expect(named('Lock & Key')).to.deep.equal([])
  })

  it('allows what both the policy and the client say', () => {
    const asked = { grant_types: ['authorization_code', 'client_credentials'], scope: 'openid hold' }
    expect(within(policy, { ...asked, apis: { [api.resource]: ['read', 'steal'], other: ['read'] } })).to.deep.equal({
      grant_types: ['authorization_code'],
      scope: 'openid',
      apis: { [api.resource]: ['read'] },
    })
    expect(within(policy, {})).to.deep.include({ scope: policy.scope, apis: policy.apis })
  })

  it('reports what it does not allow, field by field', () => {
    const hosts = { ...policy, redirect_hosts: ['*.partner.example'], token_endpoint_auth_methods: ['none' as const] }
    const uris = { redirect_uris: ['https://a.partner.example/', 'https://evil.example/'] }
    expect(faultsUnder(hosts, { ...uris, token_endpoint_auth_method: 'client_secret_post' }, declared)).to.deep.equal([
      'token_endpoint_auth_method: client_secret_post is not allowed',
      'redirect_uris[1] leads where none may',
    ])
    expect(faultsUnder(policy, uris, declared)).to.deep.equal([])
  })
})
