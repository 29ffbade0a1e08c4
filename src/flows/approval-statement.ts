import { canonical, sha256 } from '../crypto/digest.ts'
import type { Evidence } from '../factors/webauthn.ts'
import type { Detail } from './approval-details.ts'

/** All that somebody approves: what, for which app, as whom, in which request. Nothing else can be the same again. */
export interface Statement {
  purpose: 'approval'
  /** The issuer, whose origin the passkey is of. */
  iss: string
  sub: string
  client_id: string
  /** The request's own random name. */
  request: string
  /** When it was asked for, in seconds since the epoch. */
  iat: number
  authorization_details: readonly [Detail]
}

/** What a receipt keeps: enough to verify the approval without us. */
export interface Approved {
  statement: Statement
  evidence: Evidence
}

/** What is signed: the digest (SHA-256, base64url) of the statement in its one spelling (RFC 8785). It names the receipt, too. */
export function digestOf(statement: Statement): string {
  return sha256(canonical(statement))
}
