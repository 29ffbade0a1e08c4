import { expect } from 'chai'
import { adminScopes } from '../../src/accounts/role.ts'
import { apiOperations } from '../../src/admin/api-operations.ts'
import { policyOperations } from '../../src/admin/policy-operations.ts'
import { templateNames } from '../../src/clients/app-templates.ts'
import { parseClients } from '../../src/clients/declared.ts'
import { registrations, registrationsDeclaration } from '../../src/clients/registrations.ts'
import { registry } from '../../src/clients/registry.ts'
import { storedApps } from '../../src/clients/stored-apps.ts'
import type { Store } from '../../src/store/collection.ts'
import { testSealer } from '../support/commits.ts'
import { codeOf } from '../support/outcome.ts'
import { testStore } from '../support/store.ts'

const issuer = 'https://id.example'
const ledger = 'https://api.example/ledger'
const staff = { staff: undefined, client: 'robot', scopes: new Set(adminScopes), origin: {} }
const service = (client_id: string, scopes: string[], more: object = {}) => ({
  ...{ client_id, client_name: client_id, development: true, grant_types: ['client_credentials'] },
  ...{ client_secret: 'a-secret-of-the-tests-of-32-characters', apis: { [ledger]: scopes }, ...more },
})

describe('the policies and the APIs that staff see', () => {
  let store: Store
  let operations: ReturnType<typeof apiOperations> & { policies: ReturnType<typeof policyOperations>['list'] }
  beforeEach(async () => {
    store = await testStore()
    const apis = [
      { resource: ledger, name: 'Ledger', scopes: ['read', 'move'], access_token_signed_response_alg: 'EdDSA' },
    ]
    const policies = [
      { policy: 'partner', grant_types: ['client_credentials'], apis: { [ledger]: ['read'] }, pkce_required: false },
      { policy: 'bare' },
    ]
    const clients = [
      service('robot', ['read', 'move'], { access_token_ttl: 60 }),
      service('other', ['read'], { apis: {} }),
    ]
    const declared = parseClients({ apis, policies, clients }, { local: true, production: false, issuer })
    const beside = { registrations: registrations(store), stored: storedApps(store), hosts: 'off' as const }
    const services = { store, clients: registry(declared, beside), sealer: testSealer, issuer, now: Date.now }
    operations = { ...apiOperations(services), policies: policyOperations(services).list }
  })
  afterEach(() => store.close())

  it('say of each value whether clients.json has it, or Latchkey', async () => {
    const { policies } = await operations.policies.run({}, staff)
    const found = (name: string) => policies.find(each => each.name === name) ?? expect.fail(name)
    const partner = found('partner')
    expect([partner.source, partner.uninvited]).to.deep.equal(['file', false])
    expect(partner.grant_types).to.deep.equal({ value: ['client_credentials'], source: 'file' })
    expect(partner.pkce_required).to.deep.equal({ value: false, source: 'file' })
    expect(partner.apis).to.deep.equal({ value: { [ledger]: ['read'] }, source: 'file' })
    expect(partner.scope.source).to.equal('default')
    expect(partner.access_token_ttl).to.deep.equal({ value: 300, source: 'default' })
    expect(found('bare').grant_types.source).to.equal('default')
    expect(found('third-party')).to.include({ source: 'default', uninvited: true, kind: 'registration' })
    const made = policies.filter(({ kind }) => kind === 'store').map(({ name }) => name)
    expect(made).to.have.members(templateNames)
    expect(found('service').grant_types.value).to.deep.equal(['client_credentials'])
    expect(found('clients.json').consent.value).to.equal('first_party')
    expect(operations.policies.result.parse({ policies })).to.deep.equal({ policies })
  })

  it('have the audience, the scopes and the tokens of an API, and where it is declared', async () => {
    const { apis } = await operations.list.run({}, staff)
    expect(apis.map(({ name, source, alg, access_token_ttl }) => [name, source, alg, access_token_ttl])).to.deep.equal([
      ['Ledger', 'file', 'EdDSA', 300],
      ['Latchkey', 'default', 'ES256', 300],
    ])
    expect(operations.list.result.parse({ apis })).to.deep.equal({ apis })
    const one = await operations.get.run({ api: ledger }, staff)
    expect(one.policies).to.deep.equal([{ policy: 'partner', scopes: ['read'] }])
    expect(await codeOf(operations.get.run({ api: 'https://api.example/none' }, staff))).to.equal('not_found')
    expect(await codeOf(operations.apps.run({ api: 'https://api.example/none' }, staff))).to.equal('not_found')
  })

  it('name every app that may ask for an API, however many there are: of the file, of the store, and registered within its policy', async () => {
    await storedApps(store).add({
      ...{ id: 'night', template: 'service', createdAt: 1, rev: 0, disabledAt: 2 },
      entry: service('night', ['move'], { development: undefined, client_secret: undefined }),
    })
    const kept = store.collection(registrationsDeclaration)
    for (let each = 0; each < 120; each++) {
      const id = `app_${String(each).padStart(3, '0')}`
      // A client that names no API may have all that its policy opens.
      const metadata = each < 110 ? { client_name: id } : { client_name: id, apis: { [ledger]: ['move'] } }
      await kept.insert({ id, policy: each < 60 ? 'bare' : 'partner', metadata: metadata as never, registeredAt: 1 })
    }
    const all: string[] = []
    for (let cursor: string | undefined; ; ) {
      const { apps, next } = await operations.apps.run({ api: ledger, ...(cursor && { cursor }) }, staff)
      all.push(...apps.map(each => `${each.client_id} ${each.scopes} ${each.access_token_ttl} ${each.disabled}`))
      if (next === undefined) break
      cursor = next
    }
    expect(all.slice(0, 3)).to.deep.equal(['robot read,move 60 false', 'night move 300 true', 'app_060 read 300 false'])
    expect(all).to.have.lengthOf(52)
  })
})
