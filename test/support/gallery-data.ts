import {
  account,
  day,
  longApp,
  longEmail,
  now,
  type Picture,
  picture,
  protectors,
  signals,
  toldHostile,
  toldOf,
  trading,
} from './gallery-samples.ts'

const app = {
  id: 'ledgerly',
  name: 'Ledgerly',
  host: 'ledgerly.example',
  tile: 'neutral',
  scopes: ['openid', 'email', 'offline_access'],
  resources: [{ name: 'Trading API', scopes: ['orders:read', 'orders:write'] }],
  told: toldOf,
  since: now - 40 * day,
  usedAt: now - 3_600_000,
}
const suite = (id: string, name: string) => ({
  ...app,
  id,
  name,
  host: undefined,
  tile: id,
  scopes: [],
  resources: [],
  told: [],
  since: undefined,
  usedAt: now - day,
})

/** What apps may do, a copy of all that is kept, and the end of an account. */
export const dataPages: readonly Picture[] = [
  picture('apps', 'account/apps', {
    ...account,
    others: [
      app,
      { ...app, id: 'taxes', name: 'Taxes', scopes: ['openid'], resources: [], told: [], usedAt: undefined },
    ],
    suite: [suite('trading', 'Trading'), suite('card', 'Card')],
  }),
  picture('apps-long', 'account/apps', {
    person: { email: longEmail },
    others: [
      {
        ...app,
        ...longApp,
        host: 'a-rather-long-name-of-a-host.that-somebody-registered.example',
        tile: 'neutral',
        told: toldHostile,
      },
    ],
    suite: [],
    locale: 'de',
  }),
  picture('apps-none', 'account/apps', { ...account, others: [], suite: [] }),
  picture('data', 'account/data', { ...account, attempt: '' }),
  picture('data-ready', 'account/data', { person: { email: longEmail }, attempt: 'a1', locale: 'de' }),
  picture('close', 'account/close', { ...account, email: 'ada@example.com', days: 7 }),
  picture('close-long', 'account/close', { person: { email: longEmail }, email: longEmail, days: 1, locale: 'de' }),
  picture('closing', 'recovery/closing', { days: 7 }),
  picture('closing-sign-in', 'sign-in/closing', {
    base: '/sign-in/a1',
    email: 'ada@example.com',
    until: now + 6 * day,
    towards: trading,
  }),
  picture('closing-sign-in-long', 'sign-in/closing', {
    base: '/sign-in/a1',
    email: longEmail,
    until: now + 6 * day,
    locale: 'de',
  }),
  picture('keep', 'recovery/keep', { action: '/keep/x', until: now + 6 * day }),
  picture('kept', 'recovery/kept', { locale: 'de' }),
  picture('gallery', 'dev/gallery', {
    shown: { language: 'en', theme: '' },
    pictures: [{ title: 'sign-in', page: 'sign-in/start' }],
    letters: [{ title: 'welcome', name: 'welcome' }],
    texts: [{ title: 'code', name: 'code' }],
  }),
  picture('security-no-passkey', 'account/security', {
    ...account,
    factors: protectors.filter(({ factor }) => factor.id !== 'passkey'),
    addable: [{ id: 'passkey' }],
    devices: [],
    restrictions: { devices: false, addresses: [], countries: [] },
    antiPhishingPhrase: '',
    choices: [],
    signals,
    locale: 'de',
  }),
]
