import { expect } from 'chai'
import { attributeValue, mappedClaims } from '../../src/clients/attributes.ts'
import { ClientsError, parseClients } from '../../src/clients/declared.ts'

const app = (more: object = {}) => ({
  ...{ client_id: 'app', client_name: 'App', redirect_uris: ['https://app.example/callback'] },
  ...{ token_endpoint_auth_method: 'none', first_party: true, ...more },
})
const tier = { attribute: 'kyc_tier', type: 'integer' }
const read = (client: object, attributes: unknown = [tier]) =>
  parseClients({ apis: [], clients: [client], attributes }, { local: false, production: true })
const faults = (...given: Parameters<typeof read>): readonly string[] => {
  try {
    read(...given)
  } catch (fault) {
    if (fault instanceof ClientsError) return fault.faults
    throw fault
  }
  return []
}

describe('attributes of clients.json', () => {
  const mapping = (name: string, more: object = { from: 'kyc_tier' }) => app({ claims: { [name]: more } })
  const where = 'clients[0] (app)'
  const wrong: [string, Parameters<typeof read>, string][] = [
    [
      'a claim from what is not declared',
      [mapping('x', { from: 'nothing' })],
      `${where} claims.x: nothing is not declared`,
    ],
    ['a claim of roles without any', [mapping('x', { from: 'roles' })], `${where} claims.x: roles must be declared`],
    [
      'claims of a third party',
      [app({ claims: { x: { from: 'kyc_tier' } }, first_party: false })],
      `${where} claims is for apps with first_party`,
    ],
    ['a claim without a place', [mapping('x', { from: 'kyc_tier', in: [] })], `${where} claims.x.in `],
    ['an attribute that is there twice', [app(), [tier, tier]], 'attributes: kyc_tier is declared twice'],
    ['an attribute called roles', [app(), [{ attribute: 'roles' }]], 'attributes[0] attribute must not be roles'],
    ['values of what is no text', [app(), [{ ...tier, values: ['1'] }]], 'attributes[0] values: are for text'],
    ['an unknown type', [app(), [{ attribute: 'x', type: 'date' }]], 'attributes[0] type '],
    ['no list', [app(), {}], 'attributes must be a list'],
  ]
  for (const [what, given, told] of wrong)
    it(`are refused with ${what}`, () => {
      expect(
        faults(...given).some(each => each.startsWith(told)),
        faults(...given).join('\n'),
      ).to.equal(true)
    })

  for (const name of ['sub', 'aud', 'acr', 'scope', 'sid', 'cnf', 'act', 'email', 'hold_until', '1x', 'a b'])
    it(`never stand in for a claim that means something else: ${name}`, () => {
      expect(faults(mapping(name)).some(each => each.startsWith(`${where} claims.${name} `))).to.equal(true)
    })

  it('are sound with an app that maps them, and need not be there', () => {
    expect(faults(mapping('https://app.example/tier'))).to.deep.equal([])
    expect(faults(app(), undefined)).to.deep.equal([])
  })
})

describe('the value of an attribute', () => {
  const table: [object, unknown, unknown][] = [
    [{ type: 'integer' }, '12', 12],
    [{ type: 'integer' }, -3, -3],
    [{ type: 'integer' }, 1e20, undefined],
    [{ type: 'integer' }, '', undefined],
    [{ type: 'integer' }, '0x1', undefined],
    [{ type: 'boolean' }, 'true', true],
    [{ type: 'boolean' }, false, false],
    [{ type: 'boolean' }, 'constructor', undefined],
    [{ type: 'text' }, 'AT', 'AT'],
    [{ type: 'text' }, 7, undefined],
    [{ type: 'text', values: ['AT'] }, 'DE', undefined],
    [{ type: 'text' }, 'x'.repeat(201), undefined],
  ]
  for (const [declared, given, value] of table)
    it(`${JSON.stringify(declared)}: ${JSON.stringify(given)?.slice(0, 20)} is ${JSON.stringify(value) ?? 'none'}`, () => {
      expect(attributeValue({ attribute: 'x', ...declared } as never, given)).to.equal(value)
    })

  it('is told no more once it does not fit what is declared', () => {
    const account = { attributes: { kyc_tier: 'gold' }, appRoles: { app: ['gone', 'here'] } }
    const mapping = { id: 'app', roles: ['here'], claims: { tier: from('kyc_tier'), roles: from('roles') } }
    const declared = (type: 'integer' | 'text') => new Map([['kyc_tier', { attribute: 'kyc_tier', type }]])
    expect(mappedClaims(mapping, account, 'userinfo', declared('text'))).to.deep.equal({
      tier: 'gold',
      roles: ['here'],
    })
    expect(mappedClaims(mapping, account, 'userinfo', declared('integer'))).to.deep.equal({ roles: ['here'] })
    expect(mappedClaims(mapping, account, 'id_token', declared('text'))).to.deep.equal({})
  })
})

const from = (source: string) => ({ from: source, in: ['userinfo' as const] })
