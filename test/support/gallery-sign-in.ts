import {
  closed,
  longApp,
  longEmail,
  now,
  others,
  type Picture,
  passkeyOptions,
  picture,
  start,
  step,
  wrong,
  wrongCode,
} from './gallery-samples.ts'

/** A change that asks once more who is there. */
const stepUp = {
  ...step,
  base: '/account/change/a1',
  cancel: '/account/change/a1/cancel',
  towards: undefined,
  reason: 'You are removing: Old phone',
}

/** Everything that a sign-in asks. */
export const signIns: readonly Picture[] = [
  picture('start', 'sign-in/start', start),
  picture('start-without-app', 'sign-in/start', { ...start, towards: undefined, passkey: undefined }),
  picture('start-refused', 'sign-in/start', {
    ...start,
    email: 'ada@example.com',
    ...wrong('wrong_credentials', 'password', 'The email or password is incorrect. Check both and try again.'),
  }),
  picture('start-slow-down', 'sign-in/start', {
    ...start,
    email: longEmail,
    ...wrong('slow_down', undefined, 'Too many attempts. Wait 40 seconds, then try again.'),
  }),
  picture('start-passkey-refused', 'sign-in/start', {
    ...start,
    ...wrong('wrong_passkey', 'response', 'This passkey belongs to a different account. Use another passkey.'),
  }),
  picture('start-passkey-changed', 'sign-in/start', {
    ...start,
    ...wrong(
      'passkey_changed',
      'response',
      'Dieser Passkey lässt sich jetzt auf andere Geräte kopieren oder nicht mehr kopieren. Deshalb nehmen wir ihn nicht mehr an. Melden Sie sich auf anderem Weg an, entfernen Sie diesen Passkey unter „Sicherheit“, und erstellen Sie einen neuen.',
    ),
    locale: 'de',
  }),
  picture('start-passkey-unknown', 'sign-in/start', {
    ...start,
    problem: {
      code: 'unknown_credential',
      field: 'response',
      credential: 'cGFzc2tleQ',
      text: 'This passkey no longer belongs to any account. Use another way to sign in, and delete this passkey from your device.',
    },
  }),
  picture('start-switch', 'sign-in/start', { ...start, email: 'ada@example.com', switches: '/interaction/a1' }),
  picture('start-de', 'sign-in/start', { ...start, locale: 'de', towards: longApp }),

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
    ...closed(
      'Too many attempts. This sign-in method is closed for now. Use another way, or wait 9 minutes and try again.',
    ),
  }),
  picture('prove-authenticator-closed-alone', 'sign-in/prove', {
    ...step,
    factor: { id: 'totp' },
    cancel: '/sign-in/a1/cancel',
    ...closed('Too many attempts. Wait 9 minutes, then try again.', 'none'),
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
    ...wrong('slow_down', undefined, 'Too many attempts. Wait 20 seconds, then try again.'),
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
  picture('prove-step-up', 'sign-in/prove', {
    ...stepUp,
    factor: { id: 'passkey' },
    shown: { options: passkeyOptions },
    others: [others.totp, others.last],
  }),
  picture('prove-step-up-password', 'sign-in/prove', {
    ...stepUp,
    factor: { id: 'password' },
    email: longEmail,
    locale: 'de',
    ...wrong('wrong_credentials', 'password', 'Das Passwort ist falsch. Prüfen Sie es, und versuchen Sie es erneut.'),
  }),
  picture('prove-step-up-code', 'sign-in/prove', {
    ...stepUp,
    factor: { id: 'totp' },
    others: [],
    current: 'Work phone',
    ...wrongCode,
  }),
  picture('prove-recovery-code', 'sign-in/prove', { ...step, factor: { id: 'recovery-code' }, others: [others.totp] }),
  picture('prove-recovery-code-refused', 'sign-in/prove', {
    ...step,
    switches: '/interaction/a1',
    locale: 'de',
    factor: { id: 'recovery-code' },
    others: [others.totp],
    ...wrong('wrong_code', 'code', 'Dieser Code ist falsch. Prüfen Sie ihn, und versuchen Sie es erneut.'),
  }),
]
