import type { actionRoom } from '../support/action-room.ts'

type Room = Awaited<ReturnType<typeof actionRoom>>

export interface Case {
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
  'app.revoke': {
    given: () => ({ client: 'shop' }),
    malformed: {},
    others: () => ({ client: 'eve’s shop' }),
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
  'case.decide': {
    given: () => ({ number: '1', verdict: 'approve', reason: 'It fits.' }),
    malformed: { number: '1', verdict: 'perhaps', reason: '' },
  },
}
