import { createHash } from 'node:crypto'
import { calculateJwkThumbprint, decodeProtectedHeader, EmbeddedJWK, jwtVerify } from 'jose'
import { proofAlgorithms } from './challenge.ts'

/** A request as its proof must describe it. */
interface Proved {
  method: string
  /** Without query and fragment. */
  url: string
  /** The access token that came along. */
  token: string
}

/** Judges the proof of one request (RFC 9449, 4.3 and 7); resolves to its key's thumbprint, or to undefined. */
export type JudgeProof = (proof: unknown, of: Proved) => Promise<string | undefined>

/** How old a proof may be, in seconds. */
const window = 60
/** How far its maker's clock may be off, in seconds (FAPI 2.0 Security Profile, 5.3.2.1). */
const skew = 10

/** May this key be verified by? Who sends it made it up: RSA with a long modulus or exponent keeps a server busy. */
function affordable(proof: string): boolean {
  const { jwk } = decodeProtectedHeader(proof)
  const bytes = (text: unknown): number => (typeof text === 'string' ? Buffer.from(text, 'base64url').length : Infinity)
  return jwk?.kty !== 'RSA' || (bytes(jwk.n) <= 512 && bytes(jwk.e) <= 4)
}

/** Makes the judge of proofs. What was seen is remembered in this process; several need one memory between them. */
export function proofs(now: () => number): JudgeProof {
  const seen = new Map<string, number>()

  /** Proofs come in the order of time, nearly: the oldest leave first. */
  const first = (key: string): boolean => {
    for (const [each, until] of seen) {
      if (until > now()) break
      seen.delete(each)
    }
    if (seen.has(key)) return false
    seen.set(key, now() + 2 * window * 1000)
    return true
  }

  return async (proof, { method, url, token }) => {
    if (typeof proof !== 'string') return undefined
    try {
      if (!affordable(proof)) return undefined
      const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
        typ: 'dpop+jwt',
        algorithms: proofAlgorithms,
        maxTokenAge: window,
        clockTolerance: skew,
        currentDate: new Date(now()),
        requiredClaims: ['jti', 'htm', 'htu', 'iat', 'ath'],
      })
      const { htm, htu, ath, jti } = payload
      const bare = URL.parse(String(htu))
      if (!bare || htm !== method || bare.origin + bare.pathname !== url) return undefined
      if (ath !== createHash('sha256').update(token).digest('base64url')) return undefined
      const jkt = await calculateJwkThumbprint(protectedHeader.jwk ?? {})
      // By its digest: who makes proofs chooses how long their names are.
      const name = createHash('sha256').update(`${jkt} ${jti}`).digest('base64url')
      return first(name) ? jkt : undefined
    } catch {
      return undefined
    }
  }
}
