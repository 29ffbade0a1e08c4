import { type JWTPayload, jwtVerify } from 'jose'
import { type Refuse, Refused, type Scheme } from './challenge.ts'
import type { JudgeProof } from './dpop.ts'
import type { Caller, Need, Options, Received } from './guard.ts'
import { type Latchkey, unreached } from './latchkey.ts'

/** Judges an access token; throws Refused. */
export type JudgeToken = (sent: { scheme: Scheme; token: string }, received: Received, need: Need) => Promise<Caller>

interface Services extends Pick<Options, 'issuer' | 'audience' | 'origin'> {
  latchkey: Latchkey
  refuse: Refuse
  proof: JudgeProof
  now: () => number
}

/** Assurance, rising. */
const acrs = ['mfa', 'aal2', 'phr']

/** Makes the judge of access tokens: JWTs are verified here (RFC 9068, 4), what was approved is asked of Latchkey, once. */
export function tokens({ issuer, audience, origin, latchkey, refuse, proof, now }: Services): JudgeToken {
  /** The key that the request proves, of one that claims to. */
  const proved = async ({ scheme, token }: { scheme: Scheme; token: string }, received: Received) => {
    if (scheme === 'Bearer') return undefined
    const { method, target, headers } = received
    const url = new URL(target, origin)
    const jkt = await proof(headers.dpop, { method, url: url.origin + url.pathname, token })
    if (jkt === undefined) throw refuse(scheme, { error: 'invalid_dpop_proof' })
    return jkt
  }

  /** A bound token is good with its key alone, and a proof counts only where a token is bound to it (RFC 9449, 7.1). */
  const bound = (cnf: unknown, jkt: string | undefined): boolean => {
    if (typeof cnf !== 'object' || cnf === null) return cnf === undefined && jkt === undefined
    // What else it may be bound to (RFC 8705) this API cannot see.
    return Object.keys(cnf).join() === 'jkt' && 'jkt' in cnf && cnf.jkt === jkt
  }

  const readJwt = async (token: string): Promise<JWTPayload> => {
    const requiredClaims = ['exp', 'iat', 'sub', 'client_id', 'jti']
    const currentDate = new Date(now())
    const { payload } = await jwtVerify(token, latchkey.keys, {
      issuer,
      audience,
      typ: 'at+jwt',
      requiredClaims,
      currentDate,
    })
    return payload
  }

  /** Has somebody proved enough, and not too long ago (RFC 9470, 3)? */
  const enough = ({ acr, auth_time }: JWTPayload, { acr: wanted, maxAge }: Need): boolean => {
    const rank = acrs.indexOf(String(acr))
    if (wanted !== undefined && (rank < 0 || rank < acrs.indexOf(wanted))) return false
    return maxAge === undefined || Number(auth_time) + maxAge >= now() / 1000
  }

  return async (sent, received, need) => {
    const { scheme, token } = sent
    const invalid = () => refuse(scheme, { error: 'invalid_token' })
    const jwt = token.split('.').length === 3
    // Asking about what was approved spends it: only who is to carry it out asks.
    if (jwt === (need.approval !== undefined)) throw invalid()
    const jkt = await proved(sent, received)
    if (need.approval !== undefined) {
      const told = await latchkey.introspect(token)
      const [detail] = told.authorization_details ?? []
      if (!told.active || told.aud !== audience || !bound(told.cnf, jkt) || detail?.type !== need.approval)
        throw invalid()
      return {
        account: String(told.sub),
        scope: new Set(),
        key: undefined,
        approved: { detail, receipt: String(told.txn) },
      }
    }
    const claims = await readJwt(token).catch(fault => {
      throw unreached(fault) ? new Refused(503, { error: 'not_verified' }) : invalid()
    })
    if (!bound(claims.cnf, jkt)) throw invalid()
    const scope = new Set(typeof claims.scope === 'string' ? claims.scope.split(' ') : [])
    if (!scope.has(need.scope))
      throw refuse(scheme, { error: 'insufficient_scope', status: 403, more: { scope: need.scope } })
    if (!enough(claims, need)) {
      const { acr, maxAge } = need
      const more = { ...(acr && { acr_values: acr }), ...(maxAge !== undefined && { max_age: String(maxAge) }) }
      throw refuse(scheme, { error: 'insufficient_user_authentication', more })
    }
    const heldUntil = typeof claims.hold_until === 'number' ? claims.hold_until : undefined
    return { account: String(claims.sub), scope, key: undefined, heldUntil }
  }
}
