import { expect } from 'chai'
import { type AdminScope, adminScopes } from '../../src/accounts/role.ts'
import { appOperations } from '../../src/admin/app-operations.ts'
import type { Operator } from '../../src/admin/operation.ts'
import { appWishes } from '../../src/clients/app-templates.ts'
import { parseClients } from '../../src/clients/declared.ts'
import { registrations } from '../../src/clients/registrations.ts'
import { registry } from '../../src/clients/registry.ts'
import { storedApps } from '../../src/clients/stored-apps.ts'
import { Problem } from '../../src/errors.ts'
import type { Store } from '../../src/store/collection.ts'
import { testSealer } from '../support/commits.ts'
import { testStore } from '../support/store.ts'

const issuer = 'https://id.example'
const resource = `${issuer}/admin/api`
const reason = 'Ticket 4711'
const by = (...scopes: AdminScope[]): Operator => ({ client: 'robot', scopes: new Set(scopes), origin: {} })
const everything = by(...adminScopes)
const little = by('admin:apps.write', 'admin:people.read')

describe('what an app may be given of the admin API', () => {
  let store: Store
  let apps: ReturnType<typeof appOperations>['apps']
  beforeEach(async () => {
    store = await testStore()
    const declared = parseClients({ apis: [], clients: [] }, { local: true, production: false, issuer })
    const clients = registry(declared, { registrations: registrations(store), stored: storedApps(store), hosts: 'off' })
    ;({ apps } = appOperations({ store, clients, sealer: testSealer, issuer, emit: async () => {}, now: Date.now }))
  })
  afterEach(() => store.close())

  const code = (act: Promise<unknown>) =>
    act.then(
      () => 'done',
      fault => (fault instanceof Problem ? fault.code : Promise.reject(fault)),
    )
  const wishes = (...scopes: AdminScope[]) => appWishes.parse({ client_name: 'Night', apis: { [resource]: scopes } })
  const create = (operator: Operator, ...scopes: AdminScope[]) =>
    code(apps.create.run({ ...wishes(...scopes), template: 'service', client_id: 'night', reason }, operator))
  const change = (operator: Operator, ...scopes: AdminScope[]) =>
    code(apps.change.run({ ...wishes(...scopes), app: 'night', reason }, operator))
  const rotate = (operator: Operator) => code(apps.rotate.run({ app: 'night', hours: 0, reason }, operator))

  it('is no more than who makes it may do themselves', async () => {
    expect(await create(little, 'admin:roles.write')).to.equal('not_permitted')
    expect(await create(little, 'admin:people.read')).to.equal('done')
    expect(await change(little, 'admin:people.read', 'admin:roles.write')).to.equal('not_permitted')
    expect(await change(everything, 'admin:people.read', 'admin:roles.write')).to.equal('done')
  })

  it('keeps its secret and its addresses out of reach of who may do less', async () => {
    expect(await create(everything, 'admin:roles.write')).to.equal('done')
    expect(await rotate(little)).to.equal('not_permitted')
    expect(await change(little)).to.equal('not_permitted')
    expect(await rotate(everything)).to.equal('done')
  })

  it('lets no service of the staff propose: one of them would be both of the two who have to look', async () => {
    expect(await create(everything, 'admin:people.loosen')).to.equal('invalid_app')
    expect(await create(everything, 'admin:people.read')).to.equal('done')
    expect(await change(everything, 'admin:people.loosen')).to.equal('invalid_app')
  })
})
