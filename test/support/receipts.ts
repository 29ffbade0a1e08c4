import { type AuthenticationResponseJSON, verifyAuthenticationResponse } from '@simplewebauthn/server'
import type { Evidence } from '../../src/factors/webauthn.ts'
import { type Approved, digestOf } from '../../src/flows/approval-statement.ts'

/** Verifies that this challenge (base64url) was signed with that key, at this origin, by somebody whom their device verified (WebAuthn, 7.2). */
export async function verifyEvidence(evidence: Evidence, { challenge, origin }: { challenge: string; origin: string }) {
  const { id, publicKey, ...response } = evidence
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

/** Tells whether the passkey of a receipt signed this very statement. Needs nothing but the receipt, as docs/integrating.md says. */
export async function verifyReceipt({ id, statement, evidence }: Approved & { id: string }): Promise<boolean> {
  return digestOf(statement) === id && verifyEvidence(evidence, { challenge: id, origin: statement.iss })
}
