import { roleScopes } from '../../src/accounts/role.ts'
import { account, day, longEmail, now, type Picture, picture, wrong } from './gallery-samples.ts'

const staff = { ...account, staff: roleScopes.admin }
const number = '4821-0937-5512'
const line = {
  number,
  state: 'waiting' as const,
  at: now - day,
  endedAt: undefined,
  days: 1,
  waits: 'first',
  email: 'ada@example.com',
  needed: 2,
  mine: false,
  until: undefined,
  disputed: false,
}
const one = {
  ...line,
  base: `/admin/recovery/${number}`,
  contact: 'ada@example.com',
  story:
    'My bag was stolen in Vienna on Sunday, with my phone, my laptop and the paper that had the codes.\n\nI have a new phone now, with the same number as before.',
  known: {
    since: now - 400 * day,
    seenAt: now - 2 * day,
    devices: ['Chrome on Windows', 'Safari on iOS'],
    places: ['Austria', 'Germany'],
    factors: ['password', 'totp', 'sms', 'email', 'recovery-code'].map(id => ({ id })),
    ruled: false,
    addresses: [
      { kind: 'email' as const, masked: 'a•••@example.com', since: now - 400 * day, named: true, recent: false },
      { kind: 'phone' as const, masked: '••• 42', since: now - 90 * day, named: false, recent: false },
    ],
  },
  from: {
    ...{ device: 'Chrome on Windows', place: 'Austria', address: '192.0.2.7' },
    known: { device: true, place: true },
  },
  disputes: [],
  rivals: [],
  documents: [
    { id: 'd1', type: 'image/jpeg', kilobytes: 2_314, shown: true },
    { id: 'd2', type: 'application/pdf', kilobytes: 180, shown: false },
  ],
  decided: [],
  bars: undefined,
  open: true,
  checks: ['document', 'name', 'story', 'others'].map(id => ({ id, ticked: false })),
  typed: '',
}
/** A drawing of a card with a photo, in the place of somebody's document. */
const paper = (colour: string) =>
  `data:image/svg+xml,${encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="400"><rect width="640" height="400" rx="24" fill="${colour}"/><circle cx="150" cy="150" r="60" fill="#888"/><rect x="60" y="225" width="180" height="110" rx="55" fill="#888"/><path d="M300 110h260M300 170h200M300 230h230M300 290h150" stroke="#666" stroke-width="18"/></svg>`,
  )}`
const viewed = {
  ...{ number, base: one.base },
  documents: [
    { id: 'd1', type: 'image/jpeg', kilobytes: 2_314, shown: true, at: paper('#dbe4ee') },
    { id: 'd2', type: 'image/png', kilobytes: 870, shown: true, at: paper('#e6dfd0') },
    { id: 'd3', type: 'application/pdf', kilobytes: 180, shown: false, at: '/nowhere' },
  ],
}
const none = { cases: [], first: true, rest: undefined }
const form = { action: '/recover/identity/x', story: '', most: 3, megabytes: 10 }
const status = { number, until: now + day, action: '/recover/identity/x/again' }

/** The identity check, from the first page to the last, and what the staff see of it. */
export const identityPages: readonly Picture[] = [
  picture('identity', 'recovery/identity', { email: '', contact: '' }),
  picture('identity-refused', 'recovery/identity', {
    email: longEmail,
    contact: 'ada@example',
    locale: 'de',
    ...wrong(
      'invalid_email',
      'contact',
      'Geben Sie eine vollständige E-Mail-Adresse ein, zum Beispiel name@example.com.',
    ),
  }),
  picture('identity-asked', 'recovery/asked', { to: longEmail }),
  picture('identity-documents', 'recovery/documents', form),
  picture('identity-documents-refused', 'recovery/documents', {
    ...form,
    story: 'Meine Tasche wurde gestohlen.',
    locale: 'de',
    ...wrong(
      'invalid_document',
      'documents',
      'Eine der Dateien ist kein vollständiges JPEG- oder PNG-Bild, oder ihr Name passt nicht zum Format. Machen Sie ein Foto oder scannen Sie das Dokument als JPEG oder PNG; wenn Sie nur eine PDF-Datei haben, machen Sie davon einen Screenshot. Wählen Sie dann alle Dateien noch einmal aus.',
    ),
  }),
  picture('identity-waiting', 'recovery/case', { ...status, stage: 'waiting' }),
  picture('identity-granted', 'recovery/case', { ...status, stage: 'granted', locale: 'de' }),
  picture('identity-ready', 'recovery/case', { ...status, stage: 'ready' }),
  picture('identity-closed', 'recovery/case', { ...status, stage: 'closed' }),
  picture('identity-done', 'recovery/case', { ...status, stage: 'done', locale: 'de' }),
  picture('identity-cancel', 'recovery/cancel', { action: '/recover/cancel/x', number, at: now }),
  picture('identity-cancelled', 'recovery/cancelled', { notMe: '/not-me/x' }),
  picture('identity-dispute', 'recovery/dispute', { action: '/recover/cancel/x', number, at: now }),
  picture('identity-dispute-de', 'recovery/dispute', { action: '/recover/cancel/x', number, at: now, locale: 'de' }),
  picture('identity-disputed', 'recovery/disputed', {}),
  picture('identity-afresh', 'recovery/afresh', { action: '/recover/afresh/x' }),
  picture('identity-afresh-de', 'recovery/afresh', { action: '/recover/afresh/x', locale: 'de' }),

  picture('admin-passkey', 'admin/passkey', account),
  picture('admin-recovery', 'admin/recovery', {
    ...staff,
    waiting: {
      cases: [
        line,
        { ...line, number: '1200-3377-0481', email: longEmail, at: now, waits: 'again', disputed: true },
        { ...line, number: '3301-7745-9128', days: 12, waits: 'second', mine: true },
      ],
      first: false,
      rest: '?waiting=1200-3377-0481',
    },
    granted: {
      cases: [
        { ...line, number: '9982-1045-7730', state: 'granted', waits: 'delay', until: now + day },
        { ...line, number: '9982-1045-7731', state: 'granted', days: 3, waits: 'person', until: now - day },
      ],
      first: true,
      rest: undefined,
    },
    closed: {
      cases: [{ ...line, number: '7402-6613-0095', state: 'refused', days: 20, endedAt: now - 19 * day }],
      first: true,
      rest: '?closed=7402-6613-0095',
    },
  }),
  picture('admin-recovery-empty', 'admin/recovery', {
    ...staff,
    waiting: none,
    granted: none,
    closed: none,
    locale: 'de',
  }),
  picture('admin-case', 'admin/case', { ...staff, ...one }),
  picture('admin-case-refused', 'admin/case', {
    ...staff,
    person: { email: longEmail },
    ...one,
    email: longEmail,
    contact: 'wilhelmina@elsewhere.example',
    known: {
      ...one.known,
      ruled: true,
      seenAt: undefined,
      addresses: [
        { kind: 'email', masked: 't•••@elsewhere.example', since: now - 3 * day, named: false, recent: true },
        {
          kind: 'email',
          masked: 'w•••@example.com',
          since: now - 400 * day,
          until: now - 3 * day,
          named: true,
          recent: false,
        },
      ],
    },
    rivals: ['1200-3377-0481'],
    from: {
      ...{ device: 'Firefox auf Linux', place: 'Brasilien', address: '198.51.100.20' },
      known: { device: false, place: false },
    },
    disputed: true,
    disputes: [{ masked: 't•••@elsewhere.example', at: now }],
    decided: [
      {
        by: 'grace@example.com',
        verdict: 'approve',
        reason: 'Foto und Name passen; am Telefon bestätigt.',
        checks: ['document', 'name'],
        at: now,
      },
    ],
    locale: 'de',
    ...wrong(
      'reason_needed',
      'reason',
      'Geben Sie eine Begründung ein. Ihre Kollegen stützen ihre Entscheidung darauf.',
    ),
  }),
  picture('admin-case-unchecked', 'admin/case', {
    ...staff,
    ...one,
    checks: one.checks.map(each => ({ ...each, ticked: each.id === 'name' })),
    typed: 'The name fits.',
    ...wrong('checks_needed', 'checks', 'Tick everything that you have checked. An approval needs all of it.'),
  }),
  picture('admin-documents', 'admin/documents', { ...staff, ...viewed }),
  picture('admin-documents-none', 'admin/documents', { ...staff, ...viewed, documents: [] }),
  picture('admin-case-unknown', 'admin/case', { ...staff, ...one, known: undefined }),
  picture('admin-case-own', 'admin/case', { ...staff, ...one, bars: 'own_case' }),
  picture('admin-case-closed', 'admin/case', {
    ...staff,
    ...one,
    state: 'refused',
    story: '',
    documents: [],
    from: undefined,
    endedAt: now,
    open: false,
    decided: [{ by: 'grace@example.com', verdict: 'refuse', reason: 'The passport is another person’s.', at: now }],
  }),
]
