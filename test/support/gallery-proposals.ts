import { roleScopes } from '../../src/accounts/role.ts'
import { proposal } from './gallery-admin.ts'
import { account, dialled, now, type Picture, picture, wrong } from './gallery-samples.ts'

const staff = { ...account, staff: roleScopes.admin }
const asked = { base: '/admin/proposals/p1', bars: undefined, removes: undefined, role: undefined, becomes: undefined }
const base = '/admin/people/YWRhLWxvdmVsYWNlLTE4'

/** What one of the staff proposes and another confirms, and what is asked along with a reason. */
export const proposalPages: readonly Picture[] = [
  picture('admin-act-asking', 'admin/act', {
    ...{ ...staff, act: 'start-recovery', about: 'ada@example.com', back: base, fields: [], two: false, typed: '' },
    ...{ action: `${base}/start-recovery`, title: 'Start identity check' },
    asks: [{ name: 'contact', value: 'ada@new.example.com', optional: true }],
  }),
  picture('admin-act-number', 'admin/act', {
    ...{ ...staff, act: 'change-number', about: 'ada@example.com', back: base, fields: [], two: true, typed: '' },
    ...{ action: `${base}/change-number`, title: 'Change phone number', dialled, country: 'AT' },
    asks: [{ name: 'phone', value: '0664 12345', optional: false }],
    ...wrong(
      'invalid_phone',
      'phone',
      'We can’t text this number. Check the number and the country, or enter it with + and the country code, for example +44 7700 900123.',
    ),
  }),
  picture('admin-proposals', 'admin/proposals', { ...staff, proposals: [proposal] }),
  picture('admin-proposals-none', 'admin/proposals', { ...staff, proposals: [] }),
  picture('admin-proposal', 'admin/proposal', { ...staff, ...proposal, ...asked, typed: '' }),
  picture('admin-proposal-own', 'admin/proposal', {
    ...{ ...staff, ...proposal, ...asked, operation: 'people.remove-factor', bars: 'second_needed', typed: '' },
    removes: { factor: 'passkey', label: 'iCloud Keychain', createdAt: now },
  }),
  picture('admin-proposal-address', 'admin/proposal', {
    ...{ ...staff, ...proposal, ...asked, operation: 'people.change-address', typed: '' },
    becomes: { name: 'email', value: 'ada.lovelace@new.example.com' },
  }),
  picture('admin-proposal-number', 'admin/proposal', {
    ...{ ...staff, ...proposal, ...asked, operation: 'people.change-number', typed: '' },
    becomes: { name: 'phone', value: '+447700900123' },
  }),
  picture('admin-proposal-role', 'admin/proposal', {
    ...{ ...staff, ...proposal, ...asked, operation: 'roles.give', role: 'support', typed: '' },
  }),
  picture('admin-proposal-role-taken', 'admin/proposal', {
    ...{ ...staff, ...proposal, ...asked, operation: 'roles.take', role: 'security', typed: '' },
  }),
]
