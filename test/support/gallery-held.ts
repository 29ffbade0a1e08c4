import { longApp, longEmail, now, type Picture, picture, trading, wrong } from './gallery-samples.ts'

const held = {
  base: '/sign-in/a1',
  email: 'ada@example.com',
  why: ['new-device', 'new-network', 'new-country'],
  resendAt: now + 24_000,
  towards: trading,
}
const mailbox = {
  base: '/sign-in/a1',
  email: 'ada@example.com',
  passkey: { challenge: 'c' },
  others: [],
  towards: trading,
}
const seen = {
  action: '/confirm/b1',
  device: 'Chrome on Windows',
  place: 'Brazil',
  address: '200.160.2.3',
  at: now - 60_000,
}

/** Sign-ins that wait for their owner's word, and those that got none. */
export const heldPages: readonly Picture[] = [
  picture('held', 'sign-in/held', held),
  picture('held-early', 'sign-in/held', {
    ...held,
    resendAt: now - 1,
    ...wrong(
      'not_confirmed',
      undefined,
      'You haven’t confirmed this sign-in yet. Open the link in our email, select “Yes, it’s me”, then come back here.',
    ),
  }),
  picture('held-long', 'sign-in/held', {
    ...held,
    email: longEmail,
    why: ['new-device', 'new-network', 'new-country', 'impossible-travel', 'many-failures'],
    towards: longApp,
    locale: 'de',
  }),
  picture('refused', 'sign-in/refused', { why: ['new-device', 'new-network', 'impossible-travel'], towards: trading }),
  picture('refused-de', 'sign-in/refused', { why: ['new-device', 'impossible-travel', 'many-failures'], locale: 'de' }),
  picture('later', 'sign-in/later', {
    until: now + 79_000_000,
    leave: '/interaction/u/unmet',
    back: '/',
    towards: trading,
  }),
  picture('later-de', 'sign-in/later', { until: now + 79_000_000, leave: undefined, back: '/account', locale: 'de' }),
  picture('mailbox', 'sign-in/mailbox', mailbox),
  picture('mailbox-early', 'sign-in/mailbox', {
    ...mailbox,
    passkey: undefined,
    others: [{ id: 'sms' }, { id: 'recovery-code' }],
    ...wrong(
      'mailbox_unproved',
      'code',
      'Open the link in our email on this device, or enter the code from the email.',
    ),
  }),
  picture('mailbox-long', 'sign-in/mailbox', { ...mailbox, email: longEmail, towards: longApp, locale: 'de' }),
  picture('open', 'sign-in/open', { action: '/open/ABCDE-FGHJK' }),
  picture('opened', 'sign-in/opened', {}),
  picture('enrol-limited', 'sign-in/enrol', {
    ...{ base: '/account/add/a1', factor: { id: 'passkey' }, shown: { options: {} }, typed: {}, others: [] },
    ...{ optional: false, until: now + 79_000_000, progress: undefined },
  }),
  picture('confirm', 'sign-in/confirm', seen),
  picture('confirm-long', 'sign-in/confirm', {
    ...seen,
    device: 'Samsung Internet for Android unter Android',
    place: 'St. Helena, Ascension und Tristan da Cunha',
    address: '2804:14c:65a1:8d2f:91ab:34ff:fe12:9c07',
    locale: 'de',
  }),
  picture('confirmed', 'sign-in/confirmed', {}),
  picture('denied', 'sign-in/denied', {}),
]
