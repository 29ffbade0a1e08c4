import { expect } from 'chai'
import { type AdminScope, adminScopes, together } from '../../src/accounts/role.ts'
import { appOperations } from '../../src/admin/app-operations.ts'
import { invitationOperations } from '../../src/admin/invitation-operations.ts'
import type { Operator } from '../../src/admin/operation.ts'
import { appWishes } from '../../src/clients/app-fields.ts'
import { parseClients } from '../../src/clients/declared.ts'
import { registrations } from '../../src/clients/registrations.ts'
import { registry } from '../../src/clients/registry.ts'
import { storedApps } from '../../src/clients/stored-apps.ts'
import { figures as figuresOf } from '../../src/observers/figures.ts'
import type { Store } from '../../src/store/collection.ts'
import { testSealer } from '../support/commits.ts'
import { codeOf } from '../support/outcome.ts'
import { testStore } from '../support/store.ts'

const issuer = 'https://id.example'
const resource = `${issuer}/admin/api`
const reason = 'Ticket 4711'
const by = (...scopes: AdminScope[]): Operator => ({ client: 'robot', scopes: new Set(scopes), origin: {} })
const everything = by(...adminScopes)
const little = by('admin:apps.write', 'admin:people.read')
/** One of the staff, whose role is not limited to what a program has. */
const ada = { staff: { id: 'ada' }, scopes: new Set(adminScopes), origin: {} } as unknown as Operator
const ledger = 'https://api.example/ledger'
const callback = 'https://night.example/callback'

describe('what an app may be given of the admin API', () => {
  let store: Store
  let apps: ReturnType<typeof appOperations>
  let invitations: ReturnType<typeof invitationOperations>
  beforeEach(async () => {
    store = await testStore()
    const apis = [{ resource: ledger, name: 'Ledger', scopes: ['read', 'move'] }]
    const own = { client_secret: 'a-secret-of-the-tests-of-32-characters', grant_types: ['client_credentials'] }
    const robot = { client_id: 'robot', client_name: 'Robot', development: true, ...own, apis: { [ledger]: ['read'] } }
    const policies = ['read', 'move'].map(each => ({ policy: each, apis: { [ledger]: [each] } }))
    const declared = parseClients({ apis, policies, clients: [robot] }, { local: true, production: false, issuer })
    const clients = registry(declared, { registrations: registrations(store), stored: storedApps(store), hosts: 'off' })
    const figures = figuresOf({ store, now: Date.now })
    const beside = { store, clients, figures, sealer: testSealer, issuer, registration: 'token' as const }
    apps = appOperations({ ...beside, emit: async () => {}, now: Date.now })
    invitations = invitationOperations({ ...beside, emit: async () => {}, now: Date.now })
  })
  afterEach(() => store.close())

  const wishes = (...scopes: AdminScope[]) => appWishes.parse({ client_name: 'Night', apis: { [resource]: scopes } })
  const create = (operator: Operator, ...scopes: AdminScope[]) =>
    codeOf(apps.create.run({ ...wishes(...scopes), template: 'service', client_id: 'night', reason }, operator))
  const change = (operator: Operator, ...scopes: AdminScope[]) =>
    codeOf(apps.change.run({ ...wishes(...scopes), app: 'night', reason }, operator))
  const rotate = (operator: Operator) => codeOf(apps.rotate.run({ app: 'night', hours: 0, reason }, operator))

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
  for (const scope of together)
    it(`lets no app that people sign in to act for two who decide, by their tokens: ${scope}`, async () => {
      for (const template of ['web', 'spa', 'native', 'device', 'mcp'] as const) {
        const wanted = appWishes.parse({
          ...{ client_name: 'Desk', apis: { [resource]: [scope] } },
          ...(template !== 'device' && { redirect_uris: [callback] }),
        })
        const made = apps.create.run({ ...wanted, template, client_id: template, reason }, ada)
        expect(await codeOf(made), template).to.equal('invalid_app')
      }
    })

  it('is never that of the operator, whom people are not asked for', async () => {
    expect(Object.keys({ ...apps.create.args.shape, ...apps.change.args.shape })).to.not.include('first_party')
    const typed = { client_name: 'Desk', redirect_uris: [callback], first_party: true, reason }
    const asked = apps.create.args.parse({ ...typed, template: 'web', client_id: 'desk' })
    expect((await apps.create.run(asked, ada)).app.first_party).to.equal(false)
    expect((await apps.change.run(apps.change.args.parse({ ...typed, app: 'desk' }), ada)).first_party).to.equal(false)
  })

  it('of another API is no more than a program has itself, whatever it may do with apps', async () => {
    const asking = (...scopes: string[]) => appWishes.parse({ client_name: 'Night', apis: { [ledger]: scopes } })
    const made = (operator: Operator, ...scopes: string[]) =>
      codeOf(apps.create.run({ ...asking(...scopes), template: 'service', client_id: 'night', reason }, operator))
    const changed = (operator: Operator, ...scopes: string[]) =>
      codeOf(apps.change.run({ ...asking(...scopes), app: 'night', reason }, operator))
    expect(await made(everything, 'read', 'move')).to.equal('not_permitted')
    expect(await made({ ...everything, client: 'nobody' }, 'read')).to.equal('not_permitted')
    expect(await made(everything, 'read')).to.equal('done')
    expect(await changed(everything, 'move')).to.equal('not_permitted')
    expect(await changed(ada, 'read', 'move')).to.equal('done')
    expect(await rotate(everything)).to.equal('not_permitted')
    expect(await changed(everything)).to.equal('not_permitted')
  })

  it('is no more either for apps that a program invites: it could register one itself', async () => {
    const invited = (policy: string, operator: Operator) =>
      codeOf(invitations.create.run({ policy, uses: 1, days: 1, reason }, operator))
    expect(await invited('move', everything)).to.equal('not_permitted')
    expect(await invited('read', { ...everything, client: 'nobody' })).to.equal('not_permitted')
    expect(await invited('read', everything)).to.equal('done')
    expect(await invited('move', ada)).to.equal('done')
    expect((await invitations.list.run({}, ada)).invitations).to.have.lengthOf(2)
  })
})
