import { roleScopes } from '../../src/accounts/role.ts'
import { templateNames } from '../../src/clients/app-templates.ts'
import { account, day, longApp, longEmail, now, type Picture, picture, wrong } from './gallery-samples.ts'

const staff = { ...account, staff: roleScopes.admin }
const base = '/admin/apps/night-shift'
const app = {
  ...{ source: 'store' as const, client_id: 'night-shift', client_name: 'Night shift', template: 'web' as const },
  ...{ token_endpoint_auth_method: 'client_secret_basic', grant_types: ['authorization_code', 'refresh_token'] },
  redirect_uris: ['https://night.example.com/callback', 'https://night.example.com/another/callback'],
  ...{ post_logout_redirect_uris: [], first_party: true, scope: undefined, backchannel_logout_uri: undefined },
  apis: { 'https://api.latchkey.example/trading': ['read', 'trade'] },
  roles: ['client', 'auditor'],
  claims: {
    tier: { from: 'kyc_tier', in: ['id_token' as const, 'userinfo' as const, 'access_token' as const] },
    groups: { from: 'roles', in: ['access_token' as const] },
  },
  ...{ createdAt: now - 90 * day, rotatedAt: now - day, formerUntil: now + day, disabledAt: undefined },
  ...{ policy: undefined, invitation: undefined, access_token_ttl: 300, default_acr_values: undefined },
}
const shown = { ...app, claims: ['tier = kyc_tier', 'groups = roles in access_token'] }
const usage = [
  { period: 'day', signIns: 12, tokens: 480 },
  { period: 'week', signIns: 77, tokens: 3_204 },
  { period: 'quarter', signIns: 1_022, tokens: 41_377 },
]
const declared = {
  ...{ ...app, source: 'file' as const, client_id: 'trading', client_name: 'Trading', template: undefined },
  ...{ createdAt: undefined, rotatedAt: undefined, formerUntil: undefined },
}
const long = { ...app, client_id: 'a'.repeat(64), client_name: longApp.name, source: 'registration' as const }
const registered = {
  ...{ ...long, template: undefined, rotatedAt: undefined, formerUntil: undefined, first_party: false, apis: {} },
  ...{ client_id: 'app_7Rk2', policy: 'partner', invitation: 'f'.repeat(64) },
}
const mine = { base, changes: true, turns: true, secretive: true, usage, came: undefined }
const form = {
  ...{ id: undefined, action: '/admin/new-app', back: '/admin/apps', templates: templateNames },
  ...{ attributes: ['kyc_tier', 'jurisdiction', 'roles'], checks: '/nowhere' },
  apis: [
    { resource: 'https://api.latchkey.example/trading', name: 'Trading', scopes: ['read', 'trade'] },
    { resource: 'https://api.latchkey.example/card', name: 'Card', scopes: ['read', 'freeze'] },
  ],
  typed: {
    ...{ template: 'web', client_id: '', client_name: '', redirect_uris: '' },
    ...{
      post_logout_redirect_uris: '',
      backchannel_logout_uri: '',
      scope: '',
      apis: [],
      roles: '',
      claims: '',
      reason: '',
    },
  },
}
const uri = 'http://night.example.com/callback'

/** The console's pages of apps, as an admin sees them. */
export const appPages: readonly Picture[] = [
  picture('admin-apps', 'admin/apps', {
    ...{ ...staff, first: true, rest: '?after=store%3Anight-shift', changes: true },
    apps: [declared, app, { ...long, disabledAt: now - day }],
  }),
  picture('admin-apps-none', 'admin/apps', { ...staff, apps: [], first: true, rest: undefined, changes: false }),
  picture('admin-app', 'admin/app', {
    ...staff,
    ...shown,
    ...mine,
    title: app.client_name,
  }),
  picture('admin-app-disabled', 'admin/app', {
    ...{ ...staff, ...shown, ...mine, title: app.client_name, locale: 'de' },
    disabledAt: now - day,
  }),
  picture('admin-app-of-file', 'admin/app', {
    ...{ ...staff, ...declared, ...mine, claims: [], title: declared.client_name, changes: false, turns: false },
  }),
  picture('admin-app-registered', 'admin/app', {
    ...{
      ...staff,
      ...registered,
      ...mine,
      claims: [],
      roles: [],
      title: registered.client_name,
      changes: false,
      usage: [],
    },
    came: { madeAt: now - 100 * day, staff: 'ada', by: longEmail },
  }),
  picture('admin-app-remove', 'admin/act', {
    ...{ ...staff, act: 'remove-app', about: registered.client_name, action: `${base}/remove`, back: base },
    ...{ fields: [], two: false, typed: '', title: 'Remove app', button: 'Remove' },
  }),
  picture('admin-app-new', 'admin/app-form', { ...staff, ...form }),
  picture('admin-app-wrong', 'admin/app-form', {
    ...{ ...staff, ...form, locale: 'de', typed: { ...form.typed, client_name: 'Nachtschicht', redirect_uris: uri } },
    ...wrong('uri_not_https', 'redirect_uris', `„${uri}“ muss mit https:// beginnen.`),
  }),
  picture('admin-app-claims', 'admin/app-form', {
    ...{ ...staff, ...form, id: app.client_id, title: `Edit ${app.client_name}`, action: `${base}/change`, back: base },
    typed: {
      ...{ ...form.typed, client_name: app.client_name, redirect_uris: app.redirect_uris.join('\n') },
      ...{ roles: 'client\nauditor', claims: 'tier = kyc_tier\ngroups = roles in access_token\nnote = remarks' },
    },
    ...wrong('claim_unknown', 'claims', 'The app can’t be given “remarks”. Use one of the attributes in the list.'),
  }),
  picture('admin-app-rotate', 'admin/app-rotate', {
    ...{ ...staff, name: app.client_name, action: `${base}/rotate`, back: base, hours: '24', typed: '' },
  }),
  picture('admin-app-secret', 'admin/app-secret', {
    ...{ ...staff, id: app.client_id, name: app.client_name, back: base, formerUntil: now + day },
    secret: 'kq2Vd0cVtJm8wN3yXz5aB7eF9gH1iL4oP6rS8uW0xZ2',
  }),
]
