import { account, day, longEmail, now, type Picture, picture } from './gallery-samples.ts'

const log = {
  entries: [],
  kinds: ['sign-in', 'security', 'apps', 'account'],
  typed: {},
  query: '',
  older: undefined,
  first: true,
}

const entry = (what: string, kind: 'sign-in' | 'security' | 'apps' | 'account', more: object = {}) => ({
  sequence: 1,
  at: now - day,
  what,
  kind,
  factor: undefined,
  unusual: false,
  address: '192.0.2.7',
  agent: 'Chrome on Windows',
  ...more,
})

/** A person's own log: full, filtered, and with nothing in it. */
export const activities: readonly Picture[] = [
  picture('activity', 'account/activity', {
    ...account,
    ...log,
    entries: [
      entry('Signed in', 'sign-in'),
      entry('Authenticator app: accepted', 'sign-in', { factor: 'totp' }),
      entry('Password: refused', 'sign-in', { factor: 'password', address: '2001:db8:4:1b2:aaaa:bbbb:cccc:dddd' }),
      entry('Passkey: added', 'security', { factor: 'passkey' }),
      entry(`Wallet: you approved a withdrawal of 0.5 BTC to addr1${'qx0zrv48wme7k2fpc9'.repeat(5)}`, 'apps', {
        receipt: 'r1',
      }),
      entry('Trading: could not be told that you signed out', 'apps', { unusual: true, agent: undefined }),
      entry('Password: too many tries, closed for a while', 'sign-in', { factor: 'password', unusual: true }),
      entry('Account created', 'account', { agent: undefined, address: undefined }),
    ],
    older: '?after=p1',
  }),
  picture('activity-filtered', 'account/activity', {
    person: { email: longEmail },
    ...log,
    entries: [entry('Von uns abgemeldet: Ein gestohlenes Token wurde benutzt', 'sign-in', { agent: undefined })],
    typed: { kind: 'sign-in', from: '2026-03-01', to: '2026-03-31' },
    query: '?kind=sign-in&from=2026-03-01&to=2026-03-31',
    first: false,
    locale: 'de',
  }),
  picture('activity-none', 'account/activity', { ...account, ...log, typed: { kind: 'apps' }, query: '?kind=apps' }),
]
