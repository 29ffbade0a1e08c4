import type { Session } from './sessions.ts'

/** What a session says of its person, as they would say it themselves. */
export interface Person {
  /** What to call them. */
  called: string
  name: string | undefined
  email: string | undefined
  how: string
  acr: string | undefined
  since: Moment
  /** When they last proved who they are, which single sign-on does not ask for again. */
  proved: Moment | undefined
  until: Moment
  /** "for 4 minutes more", or undefined once the access token has passed. */
  left: string | undefined
  refreshable: boolean
}

interface Moment {
  iso: string
  shown: string
}

const acrs: Readonly<Record<string, string>> = {
  mfa: 'Two steps',
  aal2: 'Two different factors',
  phr: 'Phishing-resistant',
}

/** RFC 8176; methods of one thing (a passkey is a key, held in hardware or software, and a user's gesture) share their words. */
const amrs: Readonly<Record<string, string>> = {
  pwd: 'password',
  otp: 'one-time code',
  sms: 'code by SMS',
  swk: 'passkey',
  hwk: 'passkey',
  pop: 'passkey',
  fpt: 'fingerprint',
  face: 'face',
  pin: 'PIN',
}
const unsaid = new Set(['mfa', 'user'])

const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' })
const list = new Intl.ListFormat('en-GB')

function moment(at: number): Moment {
  return { iso: new Date(at).toISOString(), shown: `${format.format(at)} UTC` }
}

/** How somebody proved who they are, from `acr` and `amr`: "Two different factors: password and one-time code". */
export function how(acr: string | undefined, amr: readonly string[] = []): string {
  const sent = amr.includes('sms')
  const methods = amr.filter(each => !unsaid.has(each) && !(each === 'otp' && sent)).map(each => amrs[each] ?? each)
  const said = list.format(new Set(methods))
  const level = acr === undefined ? undefined : (acrs[acr] ?? acr)
  return [level, said].filter(Boolean).join(': ') || 'Latchkey does not say'
}

/** How long, in words that do not pretend to more precision than a glance needs. */
function span(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000)
  if (seconds < 60) return `${seconds} ${seconds === 1 ? 'second' : 'seconds'}`
  const minutes = Math.round(seconds / 60)
  if (minutes < 90) return `${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`
  return `${Math.round(minutes / 60)} hours`
}

/** Reads a session aloud. */
export function inWords({ held, startedAt }: Session, now: number): Person {
  const { claims, access } = held
  const email = typeof claims.email === 'string' ? claims.email : undefined
  const name = typeof claims.name === 'string' && claims.name !== '' ? claims.name : undefined
  const acr = typeof claims.acr === 'string' ? claims.acr : undefined
  const amr = Array.isArray(claims.amr) ? claims.amr.filter(each => typeof each === 'string') : []
  return {
    called: name ?? email ?? claims.sub,
    name,
    email,
    how: how(acr, amr),
    acr,
    since: moment(startedAt),
    proved: typeof claims.auth_time === 'number' ? moment(claims.auth_time * 1000) : undefined,
    until: moment(access.expiresAt),
    left: access.expiresAt > now ? `for ${span(access.expiresAt - now)} more` : undefined,
    refreshable: held.refreshToken !== undefined,
  }
}

/** Reads a session out for programs: claims and times, never a token. */
export function inFigures({ held, startedAt }: Session): object {
  const { type, scope, claims, expiresAt } = held.access
  const expires = new Date(expiresAt).toISOString()
  return {
    sub: held.claims.sub,
    signed_in_at: new Date(startedAt).toISOString(),
    expires_at: expires,
    claims: held.claims,
    access_token: { token_type: type, scope, expires_at: expires, claims },
    refresh_token: { held: held.refreshToken !== undefined, rotations: held.rotations },
  }
}
