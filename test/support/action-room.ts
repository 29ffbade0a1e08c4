import type { Context } from 'koa'
import { holding } from '../../src/accounts/hold.ts'
import type { Quota } from '../../src/accounts/quota.ts'
import { type AdminScope, adminScopes, roles as rolesOf } from '../../src/accounts/role.ts'
import { throttle as throttleOf } from '../../src/accounts/throttle.ts'
import type { Acr } from '../../src/acr.ts'
import type { Action } from '../../src/actions/action.ts'
import { actions as actionsOf } from '../../src/actions/index.ts'
import { admin as adminOf } from '../../src/admin/index.ts'
import { keys as keysOf } from '../../src/api-keys/api-keys.ts'
import { owner as ownerOf } from '../../src/api-keys/owner.ts'
import { parseClients } from '../../src/clients/declared.ts'
import { registrations } from '../../src/clients/registrations.ts'
import { registry } from '../../src/clients/registry.ts'
import { storedApps } from '../../src/clients/stored-apps.ts'
import { Problem } from '../../src/errors.ts'
import type { Emit } from '../../src/events.ts'
import type { Factor } from '../../src/factors/factor.ts'
import { webhooks } from '../../src/feeds/webhooks.ts'
import { flows as flowsOf } from '../../src/flows/flow-store.ts'
import { recorder } from '../../src/observers/recorder.ts'
import type { Store } from '../../src/store/collection.ts'
import { carriedOut } from '../../src/web/finishing.ts'
import { commits, testSealer } from './commits.ts'
import { mailbox } from './mails.ts'
import { testStore } from './store.ts'

const day = 24 * 3_600_000
/** Codes by text message, which nobody has until a test gives them a number. */
const sms = { id: 'sms', kind: 'possession', limit: 1, positions: ['second'], strength: 'aal2', channel: 'sms' }
const languages = { en: 'English', de: 'Deutsch' }
const factors = [
  { id: 'password', kind: 'knowledge', limit: 1, positions: ['first'], strength: 'aal2', amr: ['pwd'] },
  { id: 'totp', kind: 'possession', limit: 1, positions: ['second'], strength: 'aal2', mandatory: true, amr: ['otp'] },
  {
    id: 'passkey',
    kind: 'possession',
    limit: 10,
    positions: ['second'],
    strength: 'phr',
    multiFactor: true,
    amr: ['pop'],
  },
] as unknown as Factor[]

type Acts = Parameters<typeof actionsOf>[0]
type AdminParts = Parameters<typeof adminOf>[0]

/** Every action on one store: Ada, who is of the staff and holds a passkey, Eve, who holds the same, and what apps and the staff's cases do only on paper. */
export async function actionRoom({ through = (store: Store) => store } = {}) {
  let at = Date.UTC(2026, 0, 5)
  const now = () => at
  const store = through(await testStore(now))
  const told: string[] = []
  const ended: string[] = []
  const observer = { awaited: true as const, observe: ({ name }: { name: string }) => void told.push(name) }
  const emit: Emit = recorder([observer], now, () => {})
  const made = commits({ store, emit, now, hold: day })
  const { accounts, devices } = made
  const throttle = throttleOf({ store, now })
  const roles = rolesOf({ store, now })
  const keys = keysOf({ store, sealer: testSealer, now })
  const hold = holding({ accounts, emit, hold: day, now })
  const words = { whence: () => ({ device: 'a browser', place: 'somewhere' }), moment: String }
  const owner = ownerOf({ keys, accounts, throttle, hold, sendMail: mailbox().sendMail, words, emit, now })
  const flows = flowsOf({ store, quota: { spend: async () => {} } as unknown as Quota, now })

  const held: Record<string, string> = {}
  for (const id of ['ada', 'eve']) {
    const person = { id, email: `${id}@example.com`, locale: 'en', status: 'active' as const }
    await accounts.insert({ ...person, createdAt: at, updatedAt: at })
    for (const { id: factor } of factors)
      held[`${id} ${factor}`] = await made.give({ account: id, factor, secret: {}, lookup: `${id} ${factor}` })
    const seen = { device: `device of ${id}`, address: '192.0.2.7', agent: undefined }
    await devices.saw(seen, id)
    await devices.trust(seen.device, (await accounts.get(id)) ?? raise())
    const wanted = { account: id, name: 'Bot', scopes: ['read' as const], addresses: [], endsAt: undefined }
    held[`${id} key`] = (await keys.add(wanted)).key.id
  }
  const moving = {
    account: 'ada',
    name: 'Mover',
    scopes: ['transfer' as const],
    addresses: ['192.0.2.7'],
    endsAt: undefined,
  }
  held['ada transfer'] = (await keys.add(moving)).key.id
  await roles.give('ada', 'admin')
  at += day

  // What can be taken back.
  await devices.saw({ device: 'tablet of ada', address: '192.0.2.7', agent: undefined }, 'ada')
  await devices.forget('tablet of ada', 'ada', 'session of ada')

  const waiting = (id: string, account: string) => {
    if (id !== `request to ${account}`) throw new Problem('approval_over')
    return { acr: 'aal2' as Acr, app: { name: 'Shop' } }
  }
  const sessions = {
    endOne: async (_: Context, uid: string) => {
      if (uid === 'session of ada') await emit('session.ended', { account: 'ada', session: uid, why: 'ended' })
      return uid === 'session of ada'
    },
    endOthers: async (_: Context, why: string, account?: string) => {
      ended.push(`others of ${account}: ${why}`)
      await emit('session.ended', { account: 'ada', session: 'another', why: 'ended' })
    },
    endAllOf: async (account: string, why: 'closed') => {
      ended.push(`all of ${account}: ${why}`)
      await emit('session.ended', { account, session: 'each', why })
    },
    end: async () => {},
    start: async () => 'session',
  }
  const paper = {
    ...{ sessions, roles },
    risk: {
      bars: async ({ restrictions }: { restrictions?: { devices?: boolean } }) =>
        restrictions?.devices ? ['only-devices'] : [],
    },
    revokeApp: async (account: string, client: string) => {
      if (account !== 'ada' || client !== 'shop') return false
      await emit('consent.revoked', { account, client })
      return true
    },
    approvals: {
      waiting: async (id: string, account: string) => waiting(id, account),
      approve: async (id: string, { account }: { account: string }) => {
        waiting(id, account)
        await emit('request.approved', { account, client: 'shop' })
      },
      refuse: async (id: string, { account }: { account: string }) => {
        waiting(id, account)
        await emit('request.refused', { account, client: 'shop' })
      },
    },
    staffDecisions: {
      decide: async (number: string) => emit('identity.approved', { account: 'eve', case: number, staff: 'ada' }),
    },
    caseNews: { tell: async () => {} },
    submissions: {
      start: async ({ id: account }: { id: string }) => {
        await emit('identity.asked', { account, case: '1' })
        return '1'
      },
    },
    words: { device: () => 'Chrome on Linux' },
    appName: async () => 'Shop',
    consents: {
      list: async () => [{ client: 'shop', attributes: ['kyc_tier'] }],
      withhold: async (account: string, client: string) => account === 'ada' && client === 'shop',
    },
    attributeName: () => 'Level',
    belongings: { of: () => [] },
    receipts: { of: async () => [] },
    activity: { all: async function* () {} },
    closing: {
      start: async ({ id: account }: { id: string }) => emit('closing.started', { account, until: now() }),
      keep: async () => true,
    },
  }
  const all = [...factors, sms as unknown as Factor]
  const services = {
    ...made,
    factors: all,
    throttle,
    owner,
    hold: day,
    languages,
    issuer: 'https://id.example',
    emit,
    now,
  }
  const { issuer } = services
  /** What clients.json declares: `desk`, a service that may do this much and has roles, and an attribute. */
  const declared = (...scopes: AdminScope[]) => {
    const secret = { client_secret: 'a-secret-of-the-tests-of-32-characters', development: true }
    const desk = { client_id: 'desk', client_name: 'Desk', ...secret, grant_types: ['client_credentials'] }
    const apis = { [`${issuer}/admin/api`]: scopes }
    const attributes = [{ attribute: 'tier' }]
    return parseClients(
      { apis: [], attributes, clients: [{ ...desk, apis, roles: ['trader'] }] },
      { local: true, production: false, issuer },
    )
  }
  const clients = registry(declared(...adminScopes), {
    registrations: registrations(store),
    stored: storedApps(store),
    hosts: 'off',
  })
  const parts = { ...services, store, roles, clients, sealer: testSealer, sessions: { endAllOf: async () => {} } }
  const { belongings, receipts, activity, submissions } = paper
  Object.assign(parts, {
    belongings,
    receipts,
    activity,
    submissions,
    webhooks: webhooks({ store, now }),
    registration: 'token',
  })
  const admin = adminOf(parts as unknown as AdminParts)
  const actions = actionsOf({ ...services, ...paper, admin } as unknown as Acts)

  const visitor = { device: 'device of ada', address: '192.0.2.7', agent: undefined }
  const ctx = { state: { visitor, locale: 'en' }, get: () => '', ip: visitor.address } as unknown as Context
  const say = (_: string, key: string) => key
  const person = async (id: string) => (await accounts.get(id)) ?? raise()

  return {
    ...{ actions, admin, roles, accounts, flows, held, told, ended, keys, store, give: made.give },
    person,
    /** Adds somebody who has an account and no more. */
    join: (id: string) =>
      accounts.insert({ id, email: `${id}@example.com`, locale: 'en', status: 'active', createdAt: 1, updatedAt: 1 }),
    /** One of the staff as operations know them, with what their roles allow now. */
    staff: async (id: string) => ({ staff: await person(id), scopes: await roles.scopes(id), origin: {} }),
    /** Has clients.json give the service `desk` this much from now on. */
    declare: (...scopes: AdminScope[]) => clients.replace(declared(...scopes)),
    later: (ms: number) => {
      at += ms
    },
    prepare: async (action: Action, given: unknown, { who = 'ada', acr = 'phr' as Acr, since = at } = {}) => {
      const session = { uid: `session of ${who}`, acr, since }
      return actions.prepare(ctx, { account: await person(who), session }, action, given as never)
    },
    /** Answers a flow that asks for an action, as if all of it had been proved; resolves to what carries it out. */
    answered: async (asked: object) => {
      const { email, securityStamp } = await person('ada')
      const begun = {
        account: 'ada',
        email,
        securityStamp,
        session: 'session of ada',
        device: visitor.device,
        locale: 'en',
      }
      const flow = await flows.draft({ ...begun, ...asked } as Parameters<typeof flows.draft>[0], '')
      const done = await flows.save({ ...flow, done: { acr: 'phr', amr: ['pop'] } })
      const more = { ...services, actions, flows, devices, sessions, show: { say } } as unknown as Parameters<
        typeof carriedOut
      >[1]
      return () => carriedOut(ctx, more, done)
    },
  }
}

function raise(): never {
  throw new Error('no such account')
}
