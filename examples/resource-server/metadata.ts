import { proofAlgorithms } from './challenge.ts'

/** What an API says of itself (RFC 9728, 2). */
export interface Described {
  issuer: string
  /** The API's resource identifier. */
  audience: string
  /** Scheme, host and port that callers address. */
  origin: string
  name?: string
  scopes?: readonly string[]
  /** What it has people approve (RFC 9396). */
  approvals?: readonly string[]
}

/** Where its metadata is: the well-known path, with that of the resource behind it (RFC 9728, 3.1). */
export function metadataPath(audience: string): string {
  const { pathname, search } = new URL(audience)
  return `/.well-known/oauth-protected-resource${pathname.replace(/\/$/, '')}${search}`
}

/** Its metadata: which servers its tokens are of, and how they are sent. */
export function metadataOf({ issuer, audience, name, scopes, approvals }: Described): object {
  return {
    resource: audience,
    authorization_servers: [issuer],
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: proofAlgorithms,
    ...(name && { resource_name: name }),
    ...(scopes && { scopes_supported: scopes }),
    ...(approvals && { authorization_details_types_supported: approvals }),
  }
}

/** How it is answered: to everybody, scripts of others included. */
export const metadataHeaders = {
  'Access-Control-Allow-Origin': '*',
  'Cache-Control': 'public, max-age=300',
  'Content-Type': 'application/json',
} as const
