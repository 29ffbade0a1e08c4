import { longEmail, type Picture, picture, step, wrong } from './gallery-samples.ts'

const change = { ...step, base: '/account/add/a1', towards: undefined, reason: 'You’re changing: Email' }

/** What people come to when something is forgotten, lost, or was not them; and proofs that a change asks for. */
export const recoveries: readonly Picture[] = [
  picture('forgot', 'recovery/forgot', { email: '', from: '' }),
  picture('forgot-refused', 'recovery/forgot', {
    email: 'ada@example',
    from: '',
    ...wrong('invalid_email', 'email', 'Enter a complete email address, for example name@example.com.'),
  }),
  picture('forgot-slow-down', 'recovery/forgot', {
    email: longEmail,
    from: '',
    locale: 'de',
    ...wrong('slow_down', undefined, 'Zu viele Versuche. Warten Sie 20 Minuten, und versuchen Sie es dann erneut.'),
  }),
  picture('forgot-sent', 'recovery/sent', { email: 'ada@example.com', from: '' }),
  picture('forgot-sent-long', 'recovery/sent', { email: longEmail, from: '', locale: 'de' }),
  picture('reset', 'recovery/reset', { action: '/reset/x' }),
  picture('reset-to-app', 'recovery/reset', { action: '/reset/x', towards: step.towards }),
  picture('reset-prove', 'sign-in/prove', { ...step, towards: undefined, factor: { id: 'totp' } }),
  picture('not-me', 'recovery/not-me', { action: '/not-me/x' }),
  picture('not-me-de', 'recovery/not-me', { action: '/not-me/x', locale: 'de' }),
  picture('disowned', 'recovery/disowned', { email: 'a••@example.com' }),
  picture('recover', 'recovery/ways', {}),
  picture('recover-de', 'recovery/ways', { locale: 'de' }),
  picture('error-link', 'error', { status: 410, code: 'link_expired', retryAfter: undefined, request: 'r-7Qd2f9' }),
  picture('change-prove', 'sign-in/prove', {
    ...step,
    base: '/account/change/a1',
    towards: undefined,
    reason: 'Sie entfernen: Der Passwortmanager mit dem allerlängsten Namen, den es überhaupt gibt',
    factor: { id: 'password' },
    email: longEmail,
    locale: 'de',
  }),
  picture('change-email', 'sign-in/enrol', { ...change, factor: { id: 'email' }, shown: undefined }),
]
