import { createRemoteJWKSet, type JWTVerifyGetKey, jwtVerify } from 'jose'

/** Whose sessions end: those of one session at Latchkey, or all of one person. */
export interface Ended {
  sub: string | undefined
  sid: string | undefined
}

export interface Expected {
  issuer: string
  clientId: string
  jwksUri(): Promise<URL>
  now(): number
}

const event = 'http://schemas.openid.net/event/backchannel-logout'
/** Seconds by which two clocks may differ. */
const tolerance = 30

const text = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** Judges logout tokens by OpenID Connect Back-Channel Logout 1.0, 2.6; throws at any that it would not act on. */
export function logoutTokens({ issuer, clientId, jwksUri, now }: Expected): (token: unknown) => Promise<Ended> {
  /** Tokens acted on, and when (in seconds) they would have passed anyway. */
  const seen = new Map<string, number>()
  let keys: JWTVerifyGetKey | undefined

  return async token => {
    if (!text(token)) throw new TypeError('no logout_token')
    keys ??= createRemoteJWKSet(await jwksUri(), { timeoutDuration: 3000 })
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience: clientId,
      typ: 'logout+jwt',
      algorithms: ['ES256', 'EdDSA', 'Ed25519'],
      requiredClaims: ['iat', 'exp', 'jti', 'events'],
      clockTolerance: tolerance,
      currentDate: new Date(now()),
    })
    const { sub, sid, jti, events, nonce, iat = 0, exp = 0 } = payload
    const seconds = now() / 1000
    if (iat > seconds + tolerance) throw new TypeError('issued in the future')
    if (!text(sub) && !text(sid)) throw new TypeError('names neither sub nor sid')
    if (!isObject(events) || !isObject(events[event])) throw new TypeError('is about another event')
    if (nonce !== undefined) throw new TypeError('has a nonce')
    for (const [old, until] of seen) if (until < seconds) seen.delete(old)
    if (!text(jti) || seen.has(jti)) throw new TypeError('was seen before')
    seen.set(jti, exp + tolerance)
    return { sub: text(sub) ? sub : undefined, sid: text(sid) ? sid : undefined }
  }
}

/** Is a session with these ID token claims one of them? Without a `sid` of its own, a session ends with its person. */
export function concerns(ended: Ended, claims: { sub: string; sid?: unknown }): boolean {
  if (ended.sub !== undefined && ended.sub !== claims.sub) return false
  return ended.sid === undefined || (claims.sid === undefined ? ended.sub !== undefined : ended.sid === claims.sid)
}
