import type { SessionRecord } from '../../src/accounts/session.ts'
import { chartOf } from '../../src/web/activity-chart.ts'
import { account, day, happened, longEmail, now, type Picture, picture } from './gallery-samples.ts'

const began = (ago: number, country: string) => ({ startedAt: now - ago * day, country }) as SessionRecord
const chart = chartOf(
  Array.from({ length: 80 }, (_, at) => began((at * 37) % 90, at % 5 === 0 ? 'BR' : 'AT')),
  now,
  'UTC',
)

const log = {
  days: [],
  chart: undefined,
  countries: [],
  daysIn: 'UTC',
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
    days: [
      {
        at: now - day,
        rows: [
          happened('Signed in', 'sign-in', {
            session: 's1',
            steps: [
              happened('Authenticator app: accepted', 'sign-in', { about: 'Work phone' }),
              happened('Password: closed for a while after too many attempts', 'sign-in', { unusual: true }),
            ],
          }),
          happened('Security settings loosened: withdrawals are on hold', 'security', { because: 'Passkey: removed' }),
          happened('API key: created', 'apps', { about: 'Trading bot with a very long name that says what it is for' }),
          happened('Authenticator app: accepted', 'sign-in', { factor: 'totp' }),
          happened('Password: refused', 'sign-in', {
            factor: 'password',
            address: '2001:db8:4:1b2:aaaa:bbbb:cccc:dddd',
          }),
          happened('Passkey: added', 'security', { factor: 'passkey' }),
          happened(`Wallet: you approved a withdrawal of 0.5 BTC to addr1${'qx0zrv48wme7k2fpc9'.repeat(5)}`, 'apps', {
            receipt: 'r1',
          }),
          happened('Trading: we couldn’t tell the app that you signed out', 'apps', {
            unusual: true,
            agent: undefined,
          }),
          happened('Password: closed for a while after too many attempts', 'sign-in', {
            factor: 'password',
            unusual: true,
          }),
          happened('Account created', 'account', { agent: undefined, address: undefined }),
        ],
      },
      { at: now - 2 * day, rows: [happened('Signed in', 'sign-in')] },
    ],
    chart,
    countries: ['Austria', 'Brazil'],
    older: '?after=p1',
  }),
  picture('activity-filtered', 'account/activity', {
    person: { email: longEmail },
    ...log,
    days: [
      {
        at: now - day,
        rows: [
          happened('Sitzung von uns beendet, weil ein Anmeldetoken zweimal verwendet wurde', 'sign-in', {
            agent: undefined,
          }),
        ],
      },
    ],
    typed: { kind: 'sign-in', from: '2026-03-01', to: '2026-03-31' },
    query: '?kind=sign-in&from=2026-03-01&to=2026-03-31',
    first: false,
    locale: 'de',
  }),
  picture('activity-none', 'account/activity', { ...account, ...log, typed: { kind: 'apps' }, query: '?kind=apps' }),
]
