import { roleScopes } from '../../src/accounts/role.ts'
import { account, day, longEmail, now, type Picture, picture, wrong } from './gallery-samples.ts'

const staff = { ...account, staff: roleScopes.admin }
const invitation = {
  ...{ id: 'f'.repeat(64), policy: 'partner', state: 'open' as const, uses: 2, of: 3, staff: 'ada' },
  ...{ madeAt: now - day, until: now + 6 * day, by: longEmail },
  allows: {
    grant_types: ['authorization_code', 'refresh_token'],
    scope: 'openid email offline_access',
    apis: { 'https://api.latchkey.example/trading': ['read'] },
    redirect_hosts: ['partner.example', '*.partner.example'],
  },
}
const over = { ...invitation, staff: undefined, by: undefined, uses: 0 }
const invitations = [
  invitation,
  { ...over, id: '1', policy: 'third-party', state: 'used-up' as const, client: 'desk', by: 'Support desk' },
  { ...over, id: '2', policy: 'former', state: 'revoked' as const, revokedAt: now - 60_000, allows: undefined },
  { ...over, id: '3', state: 'expired' as const, uses: 1, until: now - day },
]
const form = {
  ...{ action: '/admin/new-invitation', back: '/admin/invitations', policies: ['third-party', 'partner'] },
  typed: { policy: 'third-party', uses: '1', days: '7', reason: '' },
}
const typed = { policy: 'partner', uses: '0', days: '7', reason: 'Vertrag 4712' }
const place = { first: true, rest: undefined, back: '/admin/apps', changes: true }
const revoking = {
  ...{ act: 'revoke-invitation', about: 'partner', action: '/admin/invitations/f/revoke', back: '/admin/invitations' },
  ...{ fields: [], two: false, typed: '', title: 'Revoke invitation', button: 'Revoke' },
}

/** Invitations to register an app, as an admin sees them. */
export const invitationPages: readonly Picture[] = [
  picture('admin-invitations', 'admin/invitations', { ...staff, ...place, invitations, registration: 'token' }),
  picture('admin-invitations-off', 'admin/invitations', {
    ...{ ...staff, ...place, invitations: [], registration: 'off', locale: 'ar', changes: false },
  }),
  picture('admin-invitations-open', 'admin/invitations', {
    ...{ ...staff, ...place, invitations, registration: 'open', locale: 'de', rest: '?after=x', first: false },
  }),
  picture('admin-invitation-new', 'admin/invitation-form', { ...staff, ...form }),
  picture('admin-invitation-wrong', 'admin/invitation-form', {
    ...{ ...staff, ...form, typed, locale: 'de' },
    ...wrong('out_of_bounds', 'uses', 'Geben Sie eine ganze Zahl von 1 bis 10.000 ein.'),
  }),
  picture('admin-invitation-token', 'admin/invitation-token', {
    ...{ ...staff, policy: 'partner', uses: 3, until: now + 7 * day, back: '/admin/invitations' },
    token: 'kq2Vd0cVtJm8wN3yXz5aB7eF9gH1iL4oP6rS8uW0xZ2',
  }),
  picture('admin-invitation-revoke', 'admin/act', { ...staff, ...revoking }),
]
