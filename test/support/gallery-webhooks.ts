import { roleScopes } from '../../src/accounts/role.ts'
import { account, day, now, type Picture, picture, wrong } from './gallery-samples.ts'

const staff = { ...account, staff: roleScopes.admin }
const base = '/admin/webhooks/Zt0q'
const hook = {
  ...{ id: 'Zt0q', url: 'https://siem.example.com/latchkey', events: ['session.*', 'account.locked'] },
  ...{ sequence: 48_211, createdAt: now - 40 * day },
}
const failing = {
  ...hook,
  ...{ id: 'b', events: [], url: `https://a-very-long-name-of-a-host.example.com/${'path/'.repeat(12)}` },
  failing: { since: now - day, why: 'connect ECONNREFUSED 203.0.113.9:443', retryAt: now + 60_000 },
}
const attempts = [
  { sequence: 48_211, name: 'session.started', at: now - 60_000, status: 204 },
  { sequence: 48_207, name: 'account.locked', at: now - 120_000, status: 503 },
  { sequence: 48_207, name: 'account.locked', at: now - 180_000, why: 'connect ECONNREFUSED 203.0.113.9:443' },
]
const one = { ...hook, base, attempts, rest: '?after=x', changes: true }
const form = {
  ...{ isNew: true, action: '/admin/new-webhook', back: '/admin/webhooks' },
  typed: { url: '', events: '', reason: '' },
}
const typed = { url: 'http://siem', events: 'session.*\naccount.eaten', reason: 'Ticket 4712' }
const removing = {
  ...{
    act: 'remove-webhook',
    about: hook.url,
    action: `${base}/remove`,
    back: base,
    fields: [],
    two: false,
    typed: '',
  },
  title: 'Remove webhook',
}

/** Webhooks, as an admin sees them. */
export const webhookPages: readonly Picture[] = [
  picture('admin-webhooks', 'admin/webhooks', { ...staff, webhooks: [hook, failing], changes: true }),
  picture('admin-webhooks-none', 'admin/webhooks', { ...staff, webhooks: [], changes: true, locale: 'de' }),
  picture('admin-webhook', 'admin/webhook', { ...staff, ...one }),
  picture('admin-webhook-failing', 'admin/webhook', {
    ...{ ...staff, ...one, ...failing, attempts: [], rest: undefined, changes: false, locale: 'de' },
  }),
  picture('admin-webhook-new', 'admin/webhook-form', { ...staff, ...form }),
  picture('admin-webhook-change', 'admin/webhook-form', {
    ...{ ...staff, ...form, isNew: false, typed, title: 'Change webhook' },
    ...wrong('invalid_webhook_url', 'url', 'Enter a complete web address that starts with https://.'),
  }),
  picture('admin-webhook-replay', 'admin/webhook-replay', {
    ...{ ...staff, url: hook.url, action: `${base}/replay`, back: base, after: '', typed: '' },
  }),
  picture('admin-webhook-remove', 'admin/act', { ...staff, ...removing }),
]
