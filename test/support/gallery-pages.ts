import { account, credential, held, longApp, longEmail, now, others, type Picture, picture } from './gallery-samples.ts'

/** Everything that is read rather than answered, and what ends a session. */
export const otherPages: readonly Picture[] = [
  picture('consent', 'sign-in/consent', {
    base: '/interaction/a1',
    scopes: ['openid', 'email', 'offline_access'],
    resources: [{ name: 'Trading API', scopes: ['orders:read', 'orders:write'] }],
    email: 'ada@example.com',
    towards: { name: 'Ledgerly', tile: 'ledgerly' },
  }),
  picture('consent-long', 'sign-in/consent', {
    base: '/interaction/a1',
    scopes: ['openid', 'profile', 'phone'],
    resources: [],
    email: longEmail,
    towards: longApp,
    locale: 'de',
  }),
  picture('sign-out', 'sign-in/sign-out', { action: '/session/end', xsrf: 'x', email: 'ada@example.com' }),
  picture('sign-out-unknown', 'sign-in/sign-out', {
    action: '/session/end',
    xsrf: 'x',
    email: undefined,
    locale: 'de',
  }),
  picture('signed-out', 'sign-in/signed-out', { app: 'Trading' }),
  picture('signed-out-unknown', 'sign-in/signed-out', { app: undefined, locale: 'de' }),

  picture('overview', 'account/overview', {
    ...account,
    email: 'ada@example.com',
    factors: held,
    apps: ['Trading', 'Staking', 'Wallet', 'Card'],
    since: now - 3_600_000,
  }),
  picture('overview-new', 'account/overview', {
    person: { email: longEmail },
    email: longEmail,
    factors: held.slice(0, 2),
    apps: [],
    since: now,
    locale: 'de',
  }),
  picture('security', 'account/security', {
    ...account,
    factors: held.slice(0, 3),
    addable: [others.sms, { id: 'passkey' }],
  }),
  picture('security-few-codes', 'account/security', {
    person: { email: longEmail },
    factors: [
      ...held.slice(0, 2),
      credential('passkey', { label: 'Der Passwortmanager mit dem allerlängsten Namen, den es überhaupt gibt' }),
      credential('recovery-code', { hint: '1' }),
    ],
    addable: [],
    locale: 'de',
  }),

  picture('error-404', 'error', { status: 404, code: 'not_found', retryAfter: undefined, request: 'r-7Qd2f9' }),
  picture('error-410', 'error', { status: 410, code: 'attempt_expired', retryAfter: undefined, request: 'r-7Qd2f9' }),
  picture('error-429', 'error', { status: 429, code: 'slow_down', retryAfter: 400, request: 'r-7Qd2f9', locale: 'de' }),
  picture('error-503', 'error', { status: 503, code: 'busy', retryAfter: 2, request: 'r-7Qd2f9', person: undefined }),
  picture('error-500', 'error', { status: 500, code: 'internal', retryAfter: undefined, request: 'r-7Qd2f9' }),

  picture('outbox', 'dev/outbox', {
    to: '',
    messages: [
      {
        id: 'm2',
        at: now,
        channel: 'sms',
        to: '+447700900123',
        subject: '',
        text: '482913 is your Latchkey code.\n\n@localhost #482913',
        code: '482913',
      },
      {
        id: 'm1',
        at: now - 60_000,
        channel: 'email',
        to: longEmail,
        subject: 'Your code for Latchkey',
        text: 'Your code is 113355.\n\nIt is good for ten minutes.',
        code: '113355',
        link: 'http://localhost:3000/help',
      },
    ],
  }),
  picture('outbox-empty', 'dev/outbox', { to: 'ada@example.com', messages: [], locale: 'de' }),
  picture('help', 'help', {}),
  picture('help-de', 'help', { locale: 'de' }),
]
