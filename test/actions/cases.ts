import type { actionRoom } from '../support/action-room.ts'
import { operatorCases } from './operator-cases.ts'

export type Room = Awaited<ReturnType<typeof actionRoom>>

export interface Case {
  /** What has to be the case before. */
  before?: (room: Room) => Promise<unknown>
  /** What it is done with, by Ada. */
  given: (room: Room) => unknown
  /** Arguments that say nothing of the kind. */
  malformed: unknown
  /** What is another's, and how that is refused. */
  others?: (room: Room) => unknown
  refused?: string
  /** Arguments that loosen her protection, where others do not. */
  loosening?: (room: Room) => unknown
}

const form = { name: 'Bot', scope: ['read'], addresses: '', expires: '', public_key: '' }
const profile = { name: 'Ada', username: '', language: 'en', zone: '' }
const credential =
  (whose: string) =>
  ({ held }: Room) => ({ credential: held[`${whose} passkey`] })
const key =
  (whose: string, more: object = {}) =>
  ({ held }: Room) => ({ key: held[`${whose} key`], ...more })
/** What Ada does to Eve, for a reason; nobody does it to themselves. */
const toEve = (more: object = {}) => {
  const act = (account: string) => ({ account, reason: 'Eve asked for it by phone.', ...more })
  return { given: () => act('eve'), malformed: { account: 'eve' }, others: () => act('ada'), refused: 'own_case' }
}
/** What no clients.json declares. */
const toNothing = () => toEve({ attribute: 'none', value: 'gold', app: 'none', roles: [] }).given()
/** A proposal of somebody else of the staff. */
const proposed = async ({ admin, accounts, held }: Room) => {
  await accounts.patch('eve', { holdUntil: Number.MAX_SAFE_INTEGER })
  const by = { client: 'desk', scopes: new Set(['admin:people.loosen' as const]), origin: {} }
  const { proposal } = await admin.perform(admin.people.liftHold, { account: 'eve', reason: 'It was her.' }, by)
  held.proposal = String(proposal)
}
const decides = {
  before: proposed,
  given: ({ held }: Room) => ({ proposal: held.proposal, reason: 'It fits.' }),
  malformed: { proposal: 7 },
  others: () => ({ proposal: 'another', reason: 'It fits.' }),
  refused: 'not_found',
}
const theirs = { others: credential('eve'), refused: 'not_found' }

/** One case for each action: an action without one fails. */
export const cases: Readonly<Record<string, Case>> = {
  'credential.add': {
    given: () => ({ factor: 'passkey' }),
    malformed: { factor: 7 },
    others: () => ({ factor: 'eve’s' }),
    refused: 'not_offered',
  },
  'credential.replace': {
    given: () => ({ factor: 'totp' }),
    malformed: {},
    others: () => ({ factor: 'eve’s' }),
    refused: 'not_offered',
  },
  'credential.remove': {
    given: credential('ada'),
    malformed: { credential: ['a'] },
    ...theirs,
  },
  'credential.rename': {
    given: room => ({ ...credential('ada')(room), to: 'My phone' }),
    malformed: { credential: 'a', to: ' \n ' },
    others: room => ({ ...credential('eve')(room), to: 'Mine' }),
    refused: 'not_found',
  },
  'credential.prefer': { given: credential('ada'), malformed: {}, ...theirs },
  'anti-phishing-phrase.change': { given: () => ({ to: 'blue heron' }), malformed: { to: null } },
  'sms-alerts.change': { given: () => ({ on: true }), malformed: { on: 'yes' } },
  'weekly-summary.change': { given: () => ({ on: true }), malformed: {} },
  'restrictions.change': {
    given: () => ({ to: { countries: ['AT'] } }),
    malformed: { to: { countries: 'AT' } },
    others: () => ({ to: { devices: true } }),
    refused: 'shuts_out',
  },
  'travel.change': { given: () => ({ to: { country: 'AT', until: 1 } }), malformed: { to: { country: 'AT' } } },
  'profile.change': {
    given: () => profile,
    malformed: { name: 'Ada' },
    others: () => ({ ...profile, username: 'eve@example.com' }),
    refused: 'invalid_username',
  },
  'session.end': {
    given: () => ({ session: 'session of ada' }),
    malformed: {},
    others: () => ({ session: 'session of eve' }),
    refused: 'not_found',
  },
  'account.sign-out-everywhere': { given: () => ({}), malformed: null },
  'session.end-others': { given: () => ({}), malformed: null },
  'device.forget': {
    given: () => ({ device: 'device of ada' }),
    malformed: {},
    others: () => ({ device: 'device of eve' }),
    refused: 'not_found',
  },
  'device.restore': {
    given: () => ({ device: 'tablet of ada' }),
    malformed: {},
    others: () => ({ device: 'device of eve' }),
    refused: 'not_found',
  },
  'app.revoke': {
    given: () => ({ client: 'shop' }),
    malformed: {},
    others: () => ({ client: 'eve’s shop' }),
    refused: 'not_found',
  },
  'app.withhold': {
    given: () => ({ client: 'shop', attribute: 'kyc_tier' }),
    malformed: { client: 'shop' },
    others: () => ({ client: 'eve’s shop', attribute: 'kyc_tier' }),
    refused: 'not_found',
  },
  'api-key.create': {
    given: () => form,
    malformed: { ...form, scope: 'read' },
    loosening: () => ({ ...form, scope: ['transfer'], addresses: '192.0.2.7' }),
  },
  'api-key.rotate': {
    given: key('ada', { public_key: '' }),
    malformed: {},
    others: key('eve', { public_key: '' }),
    refused: 'not_found',
    loosening: ({ held }) => ({ key: held['ada transfer'], public_key: '' }),
  },
  'api-key.rename': {
    given: key('ada', { name: 'Mine' }),
    malformed: {},
    others: key('eve', { name: 'Mine' }),
    refused: 'not_found',
  },
  'api-key.revoke': { given: key('ada'), malformed: {}, others: key('eve'), refused: 'not_found' },
  'request.approve': {
    given: () => ({ request: 'request to ada' }),
    malformed: {},
    others: () => ({ request: 'request to eve' }),
    refused: 'approval_over',
  },
  'request.refuse': {
    given: () => ({ request: 'request to ada', reported: false }),
    malformed: { request: 'a' },
    others: () => ({ request: 'request to eve', reported: false }),
    refused: 'approval_over',
  },
  'data.export': { given: () => ({}), malformed: null },
  'account.close': { given: () => ({}), malformed: null },
  'staff.look': { given: () => ({ scope: 'admin:recovery.read' }), malformed: { scope: 'admin:everything' } },
  'staff.confirm': { given: () => ({ scope: 'admin:people.protect' }), malformed: {} },
  'people.note': { given: () => ({ account: 'eve', text: 'She called.' }), malformed: { account: 'eve' } },
  'people.end-sessions': toEve(),
  'people.lock': toEve(),
  'people.unlock': { ...toEve(), before: ({ accounts }) => accounts.patch('eve', { lock: { at: 1 } }) },
  'people.require-password': toEve(),
  'people.compromise': toEve(),
  'people.start-recovery': toEve({ contact: '' }),
  'people.export': toEve(),
  'people.change-address': toEve({ email: 'eve@new.example.com' }),
  'people.change-number': {
    ...toEve({ phone: '+436641234567' }),
    before: ({ give }) => give({ account: 'eve', factor: 'sms', secret: { to: '+436647654321' } }),
  },
  'people.lift-hold': { ...toEve(), before: proposed },
  'people.remove-factor': {
    ...toEve(),
    given: room => ({ ...toEve().given(), ...credential('eve')(room) }),
    others: room => ({ ...toEve().given(), ...credential('ada')(room) }),
    refused: 'not_found',
  },
  'people.close': toEve(),
  'people.restore': { ...toEve(), before: ({ accounts }) => accounts.patch('eve', { status: 'closing' }) },
  ...operatorCases,
  'attributes.set': { ...toEve({ attribute: 'tier', value: 'gold' }), others: toNothing, refused: 'not_found' },
  'app-roles.set': { ...toEve({ app: 'desk', roles: ['trader'] }), others: toNothing, refused: 'not_found' },
  'proposals.confirm': decides,
  'proposals.decline': decides,
  'roles.give': toEve({ role: 'viewer' }),
  'roles.take': {
    ...toEve({ role: 'viewer' }),
    before: ({ roles }) => roles.give('eve', 'viewer'),
    others: () => toEve({ role: 'admin' }).others(),
    refused: 'last_admin',
  },
  'keys.rotate': { given: () => ({ reason: 'It is a year old.' }), malformed: { reason: 7 } },
  'case.decide': {
    given: () => ({ number: '1', verdict: 'approve', reason: 'It fits.' }),
    malformed: { number: '1', verdict: 'perhaps', reason: '' },
  },
}
