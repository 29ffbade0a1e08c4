import type { MailName } from '../../src/delivery/mails.ts'

const seen = { when: '3 March 2026, 09:41 UTC', device: 'Chrome on Windows', place: 'Vienna, Austria' }

/** What each mail is told, at its plainest. */
export const told = {
  code: { code: '482913', minutes: 10, towards: 'Trading' },
  taken: {},
  reserved: {},
  welcome: {},
  alert: {
    what: 'A passkey was added',
    when: '3 March 2026, 09:41 UTC',
    device: 'Chrome on Windows',
    place: 'Vienna, Austria',
    link: 'https://id.example.com:8443/not-me/x',
  },
  reset: { link: 'https://id.example.com:8443/reset/x', minutes: 15, device: 'Chrome on Windows', place: 'Austria' },
  'no-account': {},
  unproved: {},
  open: { link: 'https://id.example.com:8443/open/X', code: 'abcde-fghjk', hours: 2 },
  confirm: {
    link: 'https://id.example.com:8443/confirm/x',
    minutes: 30,
    when: '3 March 2026, 09:41 UTC',
    device: 'Chrome on Windows',
    place: 'Vienna, Austria',
  },
  closed: {},
  approval: {
    link: 'https://id.example.com:8443/account/approvals',
    minutes: 5,
    app: 'Trading',
    message: 'Order 4711',
  },
  disowned: { link: 'https://id.example.com:8443/reset/x', minutes: 15 },
  'check-begun': { link: 'https://id.example.com:8443/recover/identity/x', hours: 24 },
  'check-sent': { link: 'https://id.example.com:8443/recover/identity/x', number: '4821-0937-5512' },
  'check-ready': { link: 'https://id.example.com:8443/recover/afresh/x', number: '4821-0937-5512', days: 3 },
  'check-ended': { number: '4821-0937-5512' },
  'check-told': {
    contact: 'a•••@example.com',
    recent: false,
    link: 'https://id.example.com:8443/recover/cancel/x',
    number: '4821-0937-5512',
    what: 'We approved an identity check for your account',
    when: '3 March 2026, 09:41 UTC',
  },
  cases: {
    ...{ waiting: 5, cases: 3, second: 1, proposals: 2, since: '3 March 2026, 09:41 UTC', days: 2 },
    link: 'https://id.example.com:8443/admin/recovery',
  },
  'key-created': { key: 'Bot', id: 'lk_1', scopes: 'read, transfer', addresses: '192.0.2.7, 2001:db8::/48', ...seen },
  'key-renamed': { key: 'Bot', id: 'lk_1', former: 'Robot', ...seen },
  'key-rotated': { key: 'Bot', id: 'lk_1', hours: 24, ...seen },
  'weekly-summary': {
    signIns: 3,
    devices: 'Chrome on Windows, Vienna',
    changes: 1,
    warnings: 2,
    link: 'https://id.example.com:8443/account/activity',
  },
  'key-revoked': { key: 'Bot', id: 'lk_1', ...seen },
  'key-misused': { key: 'Bot', id: 'lk_1', address: '203.0.113.9' },
} satisfies Record<MailName, object>

/** A mail in one state. */
export interface Letter {
  title: string
  name: MailName
  data: Record<string, unknown>
}

const letter = (title: string, name: MailName, more: object): Letter => ({
  title,
  name,
  data: { ...told[name], ...more },
})
const { link, ...unlinked } = told.alert

/** Every mail in every state. */
export const letters: readonly Letter[] = [
  ...Object.entries(told).map(([name, data]) => ({ title: name, name: name as MailName, data })),
  letter('code-without-app', 'code', { towards: undefined, minutes: 1 }),
  letter('alert-with-limit', 'alert', { limit: '4 March 2026, 09:41 UTC', became: 'a•••@example.org' }),
  { title: 'alert-without-link', name: 'alert', data: unlinked },
  { title: 'alert-to-recent-address', name: 'alert', data: { ...unlinked, recent: true } },
  letter('alert-of-closing', 'alert', { keep: link, until: '10 March 2026, 09:41 UTC' }),
  letter('check-told-to-recent-address', 'check-told', { recent: true }),
  letter('cases-with-one', 'cases', { waiting: 1, cases: 1, second: 0, proposals: 0, days: 0 }),
  letter('cases-with-proposals-alone', 'cases', { waiting: 2, cases: 0, second: 0, proposals: 2, days: 0 }),
  letter('key-created-anywhere', 'key-created', { addresses: '' }),
  { title: 'key-revoked-with-all', name: 'key-revoked', data: { key: 'Bot', id: 'lk_1' } },
  letter('key-misused-somewhere', 'key-misused', { address: '' }),
]

/** A text message in one state; `what` is the phrase of what was done. */
export interface Text extends Letter {
  kind: 'code' | 'notice'
  what?: string
}

const alertOf = (what: string): Text => ({ ...letter(what, 'alert', {}), kind: 'notice', what })

/** Every text message in every state. */
export const texts: readonly Text[] = [
  { ...letter('code', 'code', { towards: undefined }), kind: 'code' },
  { ...letter('code-for-app', 'code', {}), kind: 'code' },
  { ...letter('code-for-app-with-long-name', 'code', { towards: 'Wertpapierhandel '.repeat(9) }), kind: 'code' },
  { ...letter('code-of-last-minute', 'code', { towards: undefined, minutes: 1 }), kind: 'code' },
  { ...letter('reserved', 'reserved', {}), kind: 'notice' },
  { ...letter('approval', 'approval', {}), kind: 'notice' },
  { ...letter('approval-without-message', 'approval', { message: '' }), kind: 'notice' },
  ...['factor.passkey.added', 'factor.sms.replaced', 'factor.totp.removed', 'factor.password.replaced'].map(alertOf),
]
