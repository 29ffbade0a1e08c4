import { expect } from 'chai'
import { attributeValue, consentsNeeded, mappedClaims, nameIn } from '../../src/clients/attributes.ts'
import { ClientsError, parseClients } from '../../src/clients/declared.ts'

const app = (more: object = {}) => ({
  ...{ client_id: 'app', client_name: 'App', redirect_uris: ['https://app.example/callback'] },
  ...{ token_endpoint_auth_method: 'none', first_party: true, ...more },
})
const tier = { attribute: 'kyc_tier', type: 'integer' }
const byDevice = { grant_types: ['urn:ietf:params:oauth:grant-type:device_code'] }
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
      'a third party’s claim from what people cannot be asked about',
      [app({ claims: { x: { from: 'kyc_tier' } }, first_party: false })],
      `${where} claims.x: kyc_tier has no name to ask people by`,
    ],
    [
      'claims of a third party that leads nobody to the page that asks',
      [
        app({ ...{ claims: { x: { from: 'kyc_tier' } }, first_party: false, redirect_uris: [], ...byDevice } }),
        [{ ...tier, name: 'Level' }],
      ],
      `${where} claims: authorization_code is needed`,
    ],
    ['a name in no language', [app(), [{ ...tier, name: {} }]], 'attributes[0] name must not be empty'],
    ['a name in what is no language', [app(), [{ ...tier, name: { 'no language': 'x' } }]], 'attributes[0] name '],
    ['a name of nothing', [app(), [{ ...tier, name: ' ' }]], 'attributes[0] name '],
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

  for (const name of [
    'sub',
    'aud',
    'acr',
    'scope',
    'sid',
    'cnf',
    'act',
    'email',
    'hold_until',
    '1x',
    'a b',
    '__proto__',
  ])
    it(`never stand in for a claim that means something else: ${name}`, () => {
      expect(
        faults(mapping(name)).some(each => /^:? must /.test(each.replace(`${where} claims.${name}`, ''))),
      ).to.equal(true)
    })

  it('are sound with an app that maps them, and need not be there', () => {
    expect(faults(mapping('https://app.example/tier'))).to.deep.equal([])
    expect(faults(app(), undefined)).to.deep.equal([])
    const stranger = app({ first_party: false, claims: { tier: { from: 'kyc_tier' } } })
    for (const name of ['Level', { en: 'Level', 'pt-BR': 'Nível' }])
      expect(faults(stranger, [{ ...tier, name }])).to.deep.equal([])
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
    const mapping = {
      id: 'app',
      firstParty: true,
      roles: ['here'],
      claims: { tier: from('kyc_tier'), roles: from('roles') },
    }
    const declared = (type: 'integer' | 'text') => new Map([['kyc_tier', { attribute: 'kyc_tier', type }]])
    expect(mappedClaims(mapping, account, 'userinfo', declared('text'))).to.deep.equal({
      tier: 'gold',
      roles: ['here'],
    })
    expect(mappedClaims(mapping, account, 'userinfo', declared('integer'))).to.deep.equal({ roles: ['here'] })
    expect(mappedClaims(mapping, account, 'id_token', declared('text'))).to.deep.equal({})
  })

  it('is told to a third party as far as its owner allowed that', () => {
    const account = { attributes: { kyc_tier: 'gold' }, appRoles: { app: ['here'] } }
    const claims = { tier: from('kyc_tier'), roles: from('roles') }
    const stranger = { id: 'app', firstParty: false, roles: ['here'], claims }
    const told = (...allowed: Parameters<typeof mappedClaims>[4][]) =>
      mappedClaims(
        stranger,
        account,
        'userinfo',
        new Map([['kyc_tier', { attribute: 'kyc_tier', type: 'text' }]]),
        ...allowed,
      )
    expect(told()).to.deep.equal({})
    expect(told([])).to.deep.equal({})
    expect(told(['tier', 'note'])).to.deep.equal({})
    expect(told(['kyc_tier'])).to.deep.equal({ tier: 'gold' })
    expect(told(['roles', 'kyc_tier'])).to.deep.equal({ tier: 'gold', roles: ['here'] })
    expect(consentsNeeded(stranger)).to.deep.equal(['kyc_tier', 'roles'])
    expect(consentsNeeded({ ...stranger, firstParty: true })).to.deep.equal([])
  })

  it('has a name in the reader’s language, or else in English or the first that there is', () => {
    const several = { de: 'Stufe', en: 'Level', 'pt-BR': 'Nível', pt: 'Grau' }
    expect(['de', 'pt-BR', 'pt-PT', 'ja', 'constructor'].map(each => nameIn(each, several))).to.deep.equal([
      ...['Stufe', 'Nível', 'Grau', 'Level', 'Level'],
    ])
    expect(nameIn('ja', { fr: 'Niveau' })).to.equal('Niveau')
    expect([nameIn('ja', 'Level'), nameIn('ja', undefined)]).to.deep.equal(['Level', undefined])
  })
})

const from = (source: string) => ({ from: source, in: ['userinfo' as const] })
