import { languages } from '../../src/languages.ts'
import {
  account,
  day,
  longEmail,
  now,
  others,
  type Picture,
  picture,
  protectors,
  signals,
  step,
  wrong,
} from './gallery-samples.ts'

const line = (id: string, more: object = {}) => ({
  id,
  device: 'Chrome on Windows',
  key: 'd1' as string | undefined,
  phone: false,
  place: 'Austria',
  address: '193.171.23.1',
  how: ['Password', 'One-time code'],
  apps: ['Trading', 'Card'],
  startedAt: now - 2 * day,
  seenAt: now - 3_600_000,
  here: false,
  unusual: [],
  ended: undefined,
  ...more,
})
const onlyRemove = (held: (typeof protectors)[number]) => ({ ...held, acts: ['remove'] as const, preferred: false })
const rules = {
  devices: false,
  addresses: '',
  countries: [],
  all: ['AT', 'BR', 'DE', 'GB', 'SH'].map((code, at) => ({
    code,
    name: ['Austria', 'Brazil', 'Germany', 'United Kingdom', 'St. Helena, Ascension & Tristan da Cunha'][at] ?? '',
  })),
  here: { address: '193.171.23.1', place: 'Austria' },
  travel: { country: '', until: '', from: '2026-03-03', to: '2026-06-01' },
}
const told = {
  name: 'Ada Lovelace',
  username: 'ada',
  language: 'en',
  zone: 'Europe/Vienna',
  languages,
  zones: ['Europe/London', 'Europe/Vienna', 'UTC'],
  browserZone: 'Europe/London',
}
const ended = (id: string, why: string, more: object = {}) =>
  line(id, { ended: { at: now - day, why }, seenAt: now - day, ...more })

/** Where somebody is signed in, and was. */
export const sessionPages: readonly Picture[] = [
  picture('sessions', 'account/sessions', {
    ...account,
    current: [
      line('s1', {
        device: 'Firefox on Linux',
        place: 'Brazil',
        address: '2804:14c:65a1:8d2f:91ab:34ff:fe12:9c07',
        unusual: ['new-country', 'impossible-travel'],
        apps: ['Trading'],
        startedAt: now - 600_000,
      }),
      line('s2', { here: true }),
      line('s3', { device: 'Safari on iOS', phone: true, how: ['Passkey'], apps: [] }),
      line('s4', {
        device: 'Unknown device',
        place: 'Unknown location',
        address: '',
        how: [],
        apps: [],
        startedAt: 0,
        seenAt: 0,
      }),
    ],
    past: [
      ended('p1', 'signed-out'),
      ended('p2', 'ended', { device: 'Microsoft Edge on Windows' }),
      ended('p3', 'expired', { ended: { at: undefined, why: 'expired' }, phone: true, device: 'Chrome on Android' }),
      ended('p4', 'token-reused', { unusual: ['new-country'], place: 'Japan' }),
    ],
    cut: 500,
  }),
  picture('sessions-one', 'account/sessions', {
    person: { email: longEmail },
    current: [
      line('s1', {
        here: true,
        device: 'Samsung Internet for Android unter Android',
        place: 'St. Helena, Ascension und Tristan da Cunha',
        apps: ['Trading', 'Donaudampfschifffahrtsgesellschaft Wertpapierverwaltung', 'Staking', 'Wallet'],
        how: ['Passwort', 'Einmalcode'],
      }),
    ],
    past: [],
    cut: undefined,
    locale: 'de',
  }),
  picture('lost-phone', 'account/lost-phone', {
    ...account,
    notice: { key: 'factor.totp.set' },
    credentials: protectors.filter(({ factor }) => ['totp', 'passkey'].includes(factor.id)).map(onlyRemove),
    devices: [
      {
        ...{ id: 'd2', name: 'Chrome on Android', place: 'Austria', address: '193.171.23.1', here: false },
        ...{ seenAt: now - day, until: undefined },
      },
    ],
    sessions: [
      line('s2', { here: true }),
      line('s3', { device: 'Safari on iOS', phone: true, how: ['Passkey'], apps: [] }),
    ],
    back: '/account/lost-phone?next=%2Finteraction%2Fx',
    next: '/interaction/x?as=here',
    app: 'Trading',
  }),
  picture('lost-phone-clear', 'account/lost-phone', {
    person: { email: longEmail },
    credentials: [],
    devices: [],
    sessions: [line('s2', { here: true })],
    back: '/account/lost-phone?next=%2Faccount',
    next: '/account',
    app: undefined,
    locale: 'ar',
  }),
  picture('prove-trust', 'sign-in/prove', { ...step, factor: { id: 'totp' }, others: [others.email], trust: true }),
  picture('prove-trust-de', 'sign-in/prove', {
    ...step,
    factor: { id: 'sms' },
    shown: { to: '+43 •••• ••0123', resendAt: now - 1 },
    trust: true,
    locale: 'de',
  }),
  picture('security-devices', 'account/security', {
    ...account,
    factors: protectors.slice(0, 2),
    addable: [],
    devices: [
      {
        id: 'd1',
        name: 'Chrome on Windows',
        place: 'Austria',
        address: '193.171.23.1',
        seenAt: now,
        until: now + 20 * day,
        here: true,
      },
      {
        id: 'd2',
        name: 'Samsung Internet for Android on Android',
        place: 'St. Helena, Ascension & Tristan da Cunha',
        address: '2804:14c:65a1:8d2f:91ab:34ff:fe12:9c07',
        seenAt: now - day,
        until: now + day,
        here: false,
      },
    ],
    choices: [],
    restrictions: { devices: true, addresses: ['193.171.23.0/24', '2001:db8::/32'], countries: ['Austria', 'Germany'] },
    antiPhishingPhrase: '',
    signals,
  }),
  picture('profile', 'account/profile', {
    ...account,
    ...told,
    notice: { key: 'done.profile.change', undo: { id: 'profile.change', args: {} } },
  }),
  picture('profile-refused', 'account/profile', {
    ...account,
    ...told,
    username: 'ada@example.com',
    ...wrong('invalid_username', 'username', 'Verwenden Sie nur Buchstaben, Ziffern und Punkte, höchstens 40 Zeichen.'),
    locale: 'de',
  }),
  picture('restrictions', 'account/restrictions', { ...account, ...rules }),
  picture('restrictions-refused', 'account/restrictions', {
    ...account,
    ...rules,
    devices: true,
    addresses: '193.171.23.0/24\n2001:db8::/32\nhome',
    countries: ['AT', 'DE'],
    ...wrong(
      'invalid_block',
      'addresses',
      'Enter one IP address or range per line, for example 192.0.2.7 or 2001:db8::/32. You can enter up to 50.',
    ),
  }),
  picture('restrictions-shut', 'account/restrictions', {
    ...account,
    ...rules,
    countries: ['BR'],
    ...wrong(
      'shuts_out',
      'countries',
      'Diese Regel würde Sie aussperren, weil Ihr aktuelles Gerät oder Ihr aktueller Standort sie nicht erfüllt.',
    ),
    locale: 'de',
  }),
  picture('refused-rule', 'sign-in/refused', { why: ['only-addresses', 'only-countries'] }),
]
