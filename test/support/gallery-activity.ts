import { account, happened, longEmail, type Picture, picture } from './gallery-samples.ts'

const log = {
  entries: [],
  kinds: ['sign-in', 'security', 'apps', 'account'],
  typed: {},
  query: '',
  older: undefined,
  first: true,
}

/** A person's own log: full, filtered, and with nothing in it. */
export const activities: readonly Picture[] = [
  picture('activity', 'account/activity', {
    ...account,
    ...log,
    entries: [
      happened('Signed in', 'sign-in'),
      happened('Authenticator app: accepted', 'sign-in', { factor: 'totp' }),
      happened('Password: refused', 'sign-in', { factor: 'password', address: '2001:db8:4:1b2:aaaa:bbbb:cccc:dddd' }),
      happened('Passkey: added', 'security', { factor: 'passkey' }),
      happened(`Wallet: you approved a withdrawal of 0.5 BTC to addr1${'qx0zrv48wme7k2fpc9'.repeat(5)}`, 'apps', {
        receipt: 'r1',
      }),
      happened('Trading: we couldn’t tell the app that you signed out', 'apps', { unusual: true, agent: undefined }),
      happened('Password: closed for a while after too many attempts', 'sign-in', {
        factor: 'password',
        unusual: true,
      }),
      happened('Account created', 'account', { agent: undefined, address: undefined }),
    ],
    older: '?after=p1',
  }),
  picture('activity-filtered', 'account/activity', {
    person: { email: longEmail },
    ...log,
    entries: [
      happened('Sitzung von uns beendet, weil ein Anmeldetoken zweimal verwendet wurde', 'sign-in', {
        agent: undefined,
      }),
    ],
    typed: { kind: 'sign-in', from: '2026-03-01', to: '2026-03-31' },
    query: '?kind=sign-in&from=2026-03-01&to=2026-03-31',
    first: false,
    locale: 'de',
  }),
  picture('activity-none', 'account/activity', { ...account, ...log, typed: { kind: 'apps' }, query: '?kind=apps' }),
]
