import { roleNames, roleScopes } from '../../src/accounts/role.ts'
import { configure } from '../../src/config.ts'
import { account, day, longEmail, now, type Picture, picture, wrong } from './gallery-samples.ts'

/** What is not known of an entry. */
const unsaid = { device: undefined, request: undefined, session: undefined, about: undefined, place: undefined }
const staff = { ...account, staff: roleScopes.admin }
const base = '/admin/people/YWRhLWxvdmVsYWNlLTE4'
const found = {
  account: 'YWRhLWxvdmVsYWNlLTE4',
  email: 'ada@example.com',
  phone: '+436601234567',
  status: 'active' as const,
  createdAt: now - 400 * day,
}
const agent = { browser: 'Chrome', system: 'Windows' }
const session = {
  ...{ session: 's1', live: true, address: '192.0.2.7', agent, country: 'AT', acr: 'aal2', amr: ['pwd', 'otp'] },
  ...{ apps: ['trading'], startedAt: now - day, seenAt: now - day / 8, device: 'Chrome on Windows', place: 'Austria' },
}
const one = {
  ...found,
  locale: 'en',
  name: 'Ada Lovelace',
  holdUntil: now + day,
  updatedAt: now - day,
  roles: [],
  restrictions: { countries: ['AT', 'DE'] },
  attributes: { kyc_tier: 2, jurisdiction: 'AT' },
  appRoles: { trading: ['trader', 'auditor'] },
  factors: [
    { credential: 'c1', factor: 'password', createdAt: now - 400 * day, usedAt: now - day },
    { credential: 'c2', factor: 'totp', createdAt: now - 400 * day, usedAt: now - day },
    { credential: 'c3', factor: 'passkey', label: 'Ada’s phone', createdAt: now - 30 * day },
    { credential: 'c4', factor: 'email', hint: 'a•••@example.com', createdAt: now - 400 * day },
  ],
  sessions: [],
  devices: [],
  apps: [{ client: 'tax', name: 'Tax report', scopes: ['openid', 'trades:read'], since: now - 20 * day }],
  keys: [
    {
      ...{ key: 'lk_4fJ0rXq2bQm9', name: 'Bot', scopes: ['read', 'trade'], addresses: [], createdAt: now - 60 * day },
      ...{ usedAt: now - day / 24, usedFrom: '198.51.100.20' },
    },
  ],
  cases: [{ case: '4821-0937-5512', state: 'refused', createdAt: now - 50 * day }],
}
export const proposal = {
  ...{ proposal: 'p1', account: found.account, email: found.email, operation: 'people.lift-hold' },
  ...{ by: 'grace@example.com', reason: 'She called from the number that we had before.', at: now - day / 12 },
  expiresAt: now + (11 * day) / 12,
}
const person = {
  base,
  one,
  sessions: [session, { ...session, session: 's2', live: false, endedAt: now - 2 * day, why: 'staff' }],
  devices: [
    { agent, address: '192.0.2.7', seenAt: now - day, trustedUntil: now + 20 * day, device: 'Chrome on Windows' },
  ],
  messages: [
    { kind: 'alert', channel: 'email', state: 'waiting', at: now },
    { kind: 'code', channel: 'sms', state: 'sent', at: now - day },
    { kind: 'reset', channel: 'email', state: 'abandoned', at: now - 2 * day },
  ],
  notes: [{ by: 'grace@example.com', text: 'Lost her phone in Vienna and called about it.', at: now - 3 * day }],
  proposals: [proposal],
  activity: [
    {
      ...{ sequence: 9, at: now - day, what: 'Signed in', kind: 'sign-in' as const, factor: undefined, unusual: false },
      ...{ ...unsaid, address: '192.0.2.7', agent: 'Chrome on Windows', name: 'session.started' },
    },
  ],
  acts: [
    'end-sessions',
    'lock',
    'require-password',
    'compromise',
    'change-address',
    'change-number',
    'lift-hold',
    'start-recovery',
    'export',
    'close',
  ],
  writes: true,
  attributes: [
    { name: 'kyc_tier', value: '2', declared: true },
    { name: 'jurisdiction', value: undefined, declared: true },
    { name: 'former_rating', value: 'gold', declared: false },
  ],
  appRoles: [{ app: 'trading', name: 'Trading', roles: ['trader', 'auditor'] }],
  says: true,
  typed: '',
}
const act = { about: found.email, back: base, fields: [], typed: '' }
const attribute = {
  ...{ email: found.email, action: `${base}/attributes/kyc_tier`, back: base, of: 'value' as const, options: [] },
  ...{ number: true, chosen: ['2'], typed: '' },
}
const nobody = { ...one, phone: undefined, name: undefined, factors: [], apps: [], keys: [], cases: [] }

const points = Array.from({ length: 24 }, (_, turn) => ({
  at: now - (23 - turn) * (day / 24),
  count: (turn * 7) % 23,
}))
const charts = (['sign-ins', 'failures', 'delivered'] as const).map(name => ({
  ...{ name, points, total: points.reduce((sum, { count }) => sum + count, 0), most: 22, days: false },
}))
const home = {
  ...{ period: 'day', periods: ['day', 'week', 'quarter'], charts, share: 42 as number | undefined, waiting: 3 },
  ...{ more: false, proposals: 1, undelivered: 2 },
  factors: ['password', 'totp', 'sms', 'email', 'recovery-code', 'passkey'].map((id, at) => ({
    id,
    count: 240 - 40 * at,
  })),
}
const line = {
  ...{ sequence: 4711, at: now, what: 'Our staff locked your account', kind: 'account' as const, factor: undefined },
  ...{ unusual: true, address: undefined, agent: undefined, name: 'account.locked', account: found.account },
  ...unsaid,
  ...{ staff: 'grace@example.com', reason: 'Reported as stolen by its owner.' },
}
const log = {
  ...{
    names: ['account.locked', 'session.started'],
    rest: '?cursor=1',
    first: true,
    exports: true,
    verified: undefined,
  },
  typed: { account: '', event: '', from: '', to: '' },
}

const ring = { alg: 'ES256' as const, kid: 'x8Wq3kYcV0m2rTz1uB5nD7pF9sH4jL6oA-eG_iKzMvQ', createdAt: now - 90 * day }
const keys = [
  { ...ring, state: 'current' as const, signsAt: now - 90 * day },
  { ...ring, kid: 'n1c', state: 'next' as const, createdAt: now, signsAt: now + day / 240 },
  { ...ring, kid: 'o2d', state: 'retired' as const, signsAt: now - 180 * day, until: now + day },
]
const settingsShown = configure({
  LATCHKEY_ISSUER: 'http://localhost:3000',
  LATCHKEY_SECRETS: 'a-secret-of-more-than-32-characters!',
  LATCHKEY_TRUST_PROXY: '10.0.0.0/8, 192.168.0.0/16, 2001:db8::/32',
}).inForce

/** The console, as an admin sees it. */
export const adminPages: readonly Picture[] = [
  picture('admin', 'admin/home', { ...staff, ...home }),
  picture('admin-quiet', 'admin/home', {
    ...{ ...staff, ...home, locale: 'de', share: undefined, proposals: 0, undelivered: 0, waiting: 0 },
    charts: charts.map(each => ({ ...each, total: 0, most: 1, points: points.map(({ at }) => ({ at, count: 0 })) })),
  }),
  picture('admin-audit', 'admin/audit', {
    ...staff,
    ...log,
    entries: [line, { ...line, sequence: 4710, staff: undefined }],
  }),
  picture('admin-audit-broken', 'admin/audit', {
    ...{ ...staff, ...log, entries: [], rest: undefined, verified: { sound: false, entries: 4711, fault: 'changed' } },
    typed: { account: longEmail, event: 'account.locked', from: '2026-01-01', to: '2026-02-01' },
  }),
  picture('locked', 'sign-in/locked', { email: longEmail, at: now - day }),
  picture('admin-people', 'admin/people', {
    ...staff,
    query: '',
    people: [found, { ...found, account: 'b', email: longEmail, status: 'locked', holdUntil: now + day }],
    rest: '?cursor=b',
    first: true,
  }),
  picture('admin-people-none', 'admin/people', {
    ...staff,
    query: 'nobody@',
    people: [],
    rest: undefined,
    first: true,
  }),
  picture('admin-person', 'admin/person', { ...staff, ...person, title: found.email }),
  picture('admin-person-locked', 'admin/person', {
    ...{ ...staff, ...person, title: longEmail, locale: 'de' },
    ...{
      one: { ...nobody, lockedAt: now },
      sessions: [],
      devices: [],
      messages: [],
      notes: [],
      proposals: [],
      activity: [],
    },
    acts: ['unlock'],
  }),
  picture('admin-attribute', 'admin/attribute', { ...staff, ...attribute, title: 'Edit kyc_tier' }),
  picture('admin-attribute-wrong', 'admin/attribute', {
    ...{
      ...staff,
      ...attribute,
      options: ['AT', 'DE'],
      number: false,
      chosen: ['CH'],
      title: 'jurisdiction bearbeiten',
    },
    locale: 'de',
    ...wrong('invalid_attribute', 'value', 'Dieser Wert passt nicht. Geben Sie einen an, den das Attribut zulässt.'),
  }),
  picture('admin-app-roles', 'admin/attribute', {
    ...{
      ...staff,
      ...attribute,
      of: 'roles',
      options: ['trader', 'auditor'],
      chosen: ['trader'],
      title: 'Edit Trading',
    },
    ...{ number: false, email: longEmail },
  }),
  picture('admin-act', 'admin/act', {
    ...{ ...staff, ...act, act: 'lock', action: `${base}/lock`, two: false, title: 'Lock account' },
  }),
  picture('admin-act-refused', 'admin/act', {
    ...{ ...staff, ...act, act: 'lift-hold', action: `${base}/lift-hold`, two: true, title: 'Wartezeit aufheben' },
    locale: 'de',
    ...wrong('reason_needed', 'reason', 'Geben Sie eine Begründung an: Auch Ihre Kollegen entscheiden danach.'),
  }),
  picture('admin-roles', 'admin/roles', {
    ...staff,
    members: [
      { account: 'g', email: 'grace@example.com', role: 'admin', since: now - 90 * day },
      { account: 'a', email: longEmail, role: 'support', since: now - 9 * day },
    ],
    roles: roleNames,
    changes: true,
    typed: { email: '', role: '', reason: '' },
  }),
  picture('admin-keys', 'admin/keys', { ...staff, keys, rotates: true }),
  picture('admin-keys-none', 'admin/keys', { ...staff, keys: [], rotates: true, locale: 'de' }),
  picture('admin-keys-rotate', 'admin/act', {
    ...{
      ...staff,
      ...act,
      act: 'rotate-keys',
      about: 'ES256, EdDSA',
      action: '/admin/keys/rotate',
      back: '/admin/keys',
    },
    ...{ two: false, title: 'Rotate signing keys', button: 'Rotate' },
  }),
  picture('admin-settings', 'admin/settings', { ...staff, settings: settingsShown }),
]
