import type { Pages } from '../../src/web/pages.ts'
import type { Locals } from '../../src/web/render.ts'

/** One page in one state. */
export interface Picture<Name extends keyof Pages = keyof Pages> {
  title: string
  page: Name
  locals: Locals<Name>
}

/** The moment of every picture, in milliseconds since the epoch. */
export const now = Date.UTC(2026, 2, 3, 9, 41)
const day = 86_400_000

const trading = { name: 'Trading', tile: 'trading' }
const longApp = { name: 'Donaudampfschifffahrtsgesellschaft Wertpapierverwaltung', tile: 'none' }
const longEmail = 'wilhelmina.featherstonehaugh-cholmondeley@investments.example.co.uk'
const others = { sms: { id: 'sms' }, totp: { id: 'totp' }, email: { id: 'email' }, last: { id: 'recovery-code' } }

const codes = ['k7qd2-9xw4m', '3hv8n-t5rgc', 'yz6b1-pe0sj', 'm4fk9-2wqdx', 'c8t5r-hn7v3', 'b1pze-y60sj']
const tenCodes = [...codes, '9xw4m-k7qd2', 't5rgc-3hv8n', '2wqdx-m4fk9', 'hn7v3-c8t5r']

const passkeyOptions = { challenge: 'Y2hhbGxlbmdl', rpId: 'localhost', timeout: 60_000, userVerification: 'required' }
const creation = {
  challenge: 'Y2hhbGxlbmdl',
  rp: { id: 'localhost', name: 'Latchkey' },
  user: { id: 'YWRh', name: 'ada@example.com', displayName: 'ada@example.com' },
  pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
}

/** A QR code is any picture of squares here: what matters is how much room it takes. */
const squares = Array.from({ length: 29 * 29 }, (_, at) => at)
  .filter(at => ((at * 2_654_435_761) >>> 0) % 7 < 3)
  .map(at => `M${at % 29},${Math.floor(at / 29)}h1v1h-1z`)
const qr = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 29 29" role="img" color="#000"><title>QR code</title><rect width="29" height="29" fill="#fff"/><path fill="currentColor" d="${squares.join('')}"/></svg>`

const step = {
  base: '/sign-in/a1',
  shown: {},
  typed: {},
  others: [],
  optional: false,
  progress: undefined,
  email: 'ada@example.com',
  towards: trading,
}
const signUp = { ...step, base: '/sign-up/a1' }
const at = (page: number) => ({ at: page, of: 6 })

const credential = (id: string, more: object = {}) => ({
  id: `c-${id}`,
  factor: { id },
  label: undefined,
  hint: undefined,
  createdAt: now - 90 * day,
  usedAt: now - day,
  ...more,
})
const held = [
  credential('password'),
  credential('totp'),
  credential('passkey', { label: 'iCloud Keychain', createdAt: now - 12 * day, usedAt: now }),
  credential('sms', { hint: '+44 •••• ••0123', usedAt: undefined }),
  credential('email', { hint: 'a••@example.com' }),
  credential('recovery-code', { hint: '9', usedAt: undefined }),
]

const picture = <Name extends keyof Pages>(title: string, page: Name, locals: Locals<Name>): Picture => ({
  title,
  page,
  locals: locals as Picture['locals'],
})

type Problems = NonNullable<Picture['locals']['problem']>
const wrong = (code: Problems['code'], field: string | undefined, text: string) => ({ problem: { code, field, text } })

const wrongCode = wrong('wrong_code', 'code', 'That isn’t the right code. Check it and try again. Four tries left.')
const start = { base: '/sign-in/a1', email: '', passkey: passkeyOptions, signUp: '/sign-up?from=a1', towards: trading }
const account = { person: { email: 'ada@example.com' } }

/** Every page in every state that people meet: empty, typed, refused, very long, in the longer language. */
export const gallery: readonly Picture[] = [
  picture('start', 'sign-in/start', start),
  picture('start-without-app', 'sign-in/start', { ...start, towards: undefined, passkey: undefined }),
  picture('start-refused', 'sign-in/start', {
    ...start,
    email: 'ada@example.com',
    ...wrong('wrong_credentials', 'password', 'That email and password don’t match. Check both and try again.'),
  }),
  picture('start-slow-down', 'sign-in/start', {
    ...start,
    email: longEmail,
    ...wrong('slow_down', undefined, 'That was too often in a short time. Wait 40 seconds, then try again.'),
  }),
  picture('start-passkey-refused', 'sign-in/start', {
    ...start,
    ...wrong('wrong_passkey', 'response', 'That passkey doesn’t open this account. Try another one.'),
  }),
  picture('start-de', 'sign-in/start', { ...start, locale: 'de', towards: longApp }),

  picture('sign-up-email', 'sign-in/enrol', {
    ...signUp,
    factor: { id: 'email' },
    shown: undefined,
    progress: at(1),
    email: undefined,
    signIn: '/sign-in?from=a1',
  }),
  picture('sign-up-email-refused', 'sign-in/enrol', {
    ...signUp,
    factor: { id: 'email' },
    shown: undefined,
    typed: { email: 'ada.example.com' },
    progress: at(1),
    ...wrong('invalid_email', 'email', 'That isn’t a complete email address. It should look like name@example.com.'),
  }),
  picture('sign-up-email-code', 'sign-in/enrol', {
    ...signUp,
    factor: { id: 'email' },
    shown: { to: 'ada@example.com', resendAt: now + 30_000 },
    typed: { email: 'ada@example.com' },
    progress: at(2),
  }),
  picture('sign-up-email-code-long', 'sign-in/enrol', {
    ...signUp,
    locale: 'de',
    factor: { id: 'email' },
    shown: { to: longEmail, resendAt: now - 1 },
    typed: { email: longEmail },
    progress: at(2),
    towards: longApp,
  }),
  picture('sign-up-password', 'sign-in/enrol', { ...signUp, factor: { id: 'password' }, progress: at(3) }),
  picture('sign-up-password-refused', 'sign-in/enrol', {
    ...signUp,
    factor: { id: 'password' },
    progress: at(3),
    ...wrong('password_common', 'password', 'That password is easy to guess, or has been stolen somewhere before.'),
  }),
  picture('sign-up-authenticator', 'sign-in/enrol', {
    ...signUp,
    factor: { id: 'totp' },
    shown: { secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', uri: 'otpauth://totp/Latchkey:ada?secret=JBSW', qr },
    others: [others.sms],
    progress: at(4),
  }),
  picture('sign-up-authenticator-refused', 'sign-in/enrol', {
    ...signUp,
    locale: 'de',
    factor: { id: 'totp' },
    shown: { secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', uri: 'otpauth://totp/Latchkey:ada?secret=JBSW', qr },
    others: [others.sms],
    progress: at(4),
    ...wrong('wrong_code', 'code', 'Das ist nicht der richtige Code. Prüfen Sie ihn und versuchen Sie es noch einmal.'),
  }),
  picture('sign-up-authenticator-closed', 'sign-in/enrol', {
    ...signUp,
    factor: { id: 'totp' },
    shown: undefined,
    others: [others.sms],
    progress: at(4),
    ...wrong('way_closed', undefined, 'That was too many tries, so this way is closed for now. Use another way.'),
  }),
  picture('sign-up-phone', 'sign-in/enrol', {
    ...signUp,
    factor: { id: 'sms' },
    shown: undefined,
    others: [others.totp],
    progress: at(4),
  }),
  picture('sign-up-phone-refused', 'sign-in/enrol', {
    ...signUp,
    factor: { id: 'sms' },
    shown: undefined,
    typed: { phone: '0151 23' },
    others: [others.totp],
    progress: at(4),
    ...wrong('invalid_phone', 'phone', 'We can’t text that number. Begin with + and the country code.'),
  }),
  picture('sign-up-phone-code', 'sign-in/enrol', {
    ...signUp,
    factor: { id: 'sms' },
    shown: { to: '+447700900123', resendAt: now + 30_000 },
    typed: { phone: '+447700900123' },
    others: [others.totp],
    progress: at(4),
    ...wrongCode,
  }),
  picture('sign-up-recovery-codes', 'sign-in/enrol', {
    ...signUp,
    factor: { id: 'recovery-code' },
    shown: { codes: tenCodes },
    progress: at(5),
  }),
  picture('sign-up-recovery-codes-refused', 'sign-in/enrol', {
    ...signUp,
    locale: 'de',
    factor: { id: 'recovery-code' },
    shown: { codes: tenCodes },
    progress: at(5),
    ...wrong('unsaved_codes', 'saved', 'Bewahren Sie die Codes zuerst auf, und setzen Sie dann hier das Häkchen.'),
  }),
  picture('sign-up-passkey', 'sign-in/enrol', {
    ...signUp,
    factor: { id: 'passkey' },
    shown: { options: creation },
    optional: true,
    progress: at(6),
  }),
  picture('sign-up-passkey-de', 'sign-in/enrol', {
    ...signUp,
    locale: 'de',
    factor: { id: 'passkey' },
    shown: { options: creation },
    optional: true,
    progress: at(6),
    ...wrong('wrong_passkey', 'response', 'Dieser Passkey passt nicht zu diesem Konto.'),
  }),

  picture('prove-password', 'sign-in/prove', { ...step, factor: { id: 'password' } }),
  picture('prove-authenticator', 'sign-in/prove', {
    ...step,
    factor: { id: 'totp' },
    others: [others.sms, others.email, others.last],
  }),
  picture('prove-authenticator-refused', 'sign-in/prove', {
    ...step,
    factor: { id: 'totp' },
    others: [others.sms, others.last],
    ...wrongCode,
  }),
  picture('prove-authenticator-closed', 'sign-in/prove', {
    ...step,
    email: longEmail,
    factor: { id: 'totp' },
    others: [others.sms, others.email, others.last],
    ...wrong('way_closed', undefined, 'That was too many tries, so this way is closed for now. Use another way.'),
  }),
  picture('prove-sms', 'sign-in/prove', {
    ...step,
    factor: { id: 'sms' },
    shown: { to: '+44 •••• ••0123', resendAt: now + 24_000 },
    others: [others.totp, others.email, others.last],
  }),
  picture('prove-sms-unsent', 'sign-in/prove', {
    ...step,
    factor: { id: 'sms' },
    shown: undefined,
    others: [others.totp],
    ...wrong('slow_down', undefined, 'That was too often in a short time. Wait 20 seconds, then try again.'),
  }),
  picture('prove-email-de', 'sign-in/prove', {
    ...step,
    locale: 'de',
    factor: { id: 'email' },
    shown: { to: 'w••@investments.example.co.uk', resendAt: now - 1 },
    others: [others.totp, others.last],
    towards: longApp,
    email: longEmail,
  }),
  picture('prove-passkey', 'sign-in/prove', {
    ...step,
    factor: { id: 'passkey' },
    shown: { options: passkeyOptions },
    others: [others.totp],
  }),
  picture('prove-recovery-code', 'sign-in/prove', { ...step, factor: { id: 'recovery-code' }, others: [others.totp] }),
  picture('prove-recovery-code-refused', 'sign-in/prove', {
    ...step,
    locale: 'de',
    factor: { id: 'recovery-code' },
    others: [others.totp],
    ...wrong('wrong_code', 'code', 'Das ist nicht der richtige Code. Prüfen Sie ihn und versuchen Sie es noch einmal.'),
  }),

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
