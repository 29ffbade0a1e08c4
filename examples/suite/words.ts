import type { Session } from './sessions.ts'
import { isPhrase, type PhraseKey, type Speech } from './speech.ts'

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

/** RFC 8176; methods of one thing (a passkey is a key, held in hardware or software, and a user's gesture) share their words. */
const amrs: Readonly<Record<string, PhraseKey>> = {
  pwd: 'amr.pwd',
  otp: 'amr.otp',
  sms: 'amr.sms',
  swk: 'amr.passkey',
  hwk: 'amr.passkey',
  pop: 'amr.passkey',
  fpt: 'amr.fpt',
  face: 'amr.face',
  pin: 'amr.pin',
}
const unsaid = new Set(['mfa', 'user'])

/** How somebody proved who they are, from `acr` and `amr`: "Two different factors: password and one-time code". */
export function how({ t, list }: Speech, acr: string | undefined, amr: readonly string[] = []): string {
  const sent = amr.includes('sms')
  const methods = amr
    .filter(each => !unsaid.has(each) && !(each === 'otp' && sent))
    .map(each => (amrs[each] ? t(amrs[each]) : each))
  const said = list(new Set(methods))
  const known = `acr.${acr}`
  const level = isPhrase(known) ? t(known) : acr
  if (level !== undefined && said !== '') return t('how', { level, methods: said })
  return level ?? (said || t('how.unknown'))
}

/** How long is left, in words that do not pretend to more precision than a glance needs. */
function span({ t }: Speech, milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000)
  if (seconds < 60) return t('left.seconds', { count: seconds })
  const minutes = Math.round(seconds / 60)
  return minutes < 90 ? t('left.minutes', { count: minutes }) : t('left.hours', { count: Math.round(minutes / 60) })
}

/** Reads a session aloud. */
export function inWords({ held, startedAt }: Session, now: number, speech: Speech): Person {
  const moment = (at: number): Moment => ({ iso: new Date(at).toISOString(), shown: speech.moment(at) })
  const { claims, access } = held
  const email = typeof claims.email === 'string' ? claims.email : undefined
  const name = typeof claims.name === 'string' && claims.name !== '' ? claims.name : undefined
  const acr = typeof claims.acr === 'string' ? claims.acr : undefined
  const amr = Array.isArray(claims.amr) ? claims.amr.filter(each => typeof each === 'string') : []
  return {
    called: name ?? email ?? claims.sub,
    name,
    email,
    how: how(speech, acr, amr),
    acr,
    since: moment(startedAt),
    proved: typeof claims.auth_time === 'number' ? moment(claims.auth_time * 1000) : undefined,
    until: moment(access.expiresAt),
    left: access.expiresAt > now ? span(speech, access.expiresAt - now) : undefined,
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
