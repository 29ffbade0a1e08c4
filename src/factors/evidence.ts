import type { AuthenticationResponseJSON } from '@simplewebauthn/server'

/** What a passkey signed, with the key to hold it against: whoever has it can verify it, and nobody can sign in by it. */
export interface Evidence {
  /** Credential id and COSE public key, as base64url. */
  id: string
  publicKey: string
  /** As the browser sent them, base64url. */
  authenticatorData: string
  clientDataJSON: string
  signature: string
}

/** Was this challenge (base64url) signed with that key, at this origin, by somebody whom their device verified (WebAuthn, 7.2)? */
export async function holds(evidence: Evidence, { challenge, origin }: { challenge: string; origin: string }) {
  const { id, publicKey, ...response } = evidence
  const { verifyAuthenticationResponse } = await import('@simplewebauthn/server')
  const sent: AuthenticationResponseJSON = { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response }
  const credential = { id, publicKey: new Uint8Array(Buffer.from(publicKey, 'base64url')), counter: 0 }
  try {
    const { verified } = await verifyAuthenticationResponse({
      response: sent,
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: new URL(origin).hostname,
      requireUserVerification: true,
      credential,
    })
    return verified
  } catch {
    return false
  }
}
