import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose'
import { Refused } from './challenge.ts'

/** What Latchkey says of an opaque token (RFC 7662, 2.2; RFC 9396, 9.2). */
export interface Introspected {
  active: boolean
  sub?: string
  aud?: string
  cnf?: { jkt?: string }
  /** The receipt of what was approved. */
  txn?: string
  authorization_details?: readonly (Readonly<Record<string, unknown>> & { type: string })[]
}

/** Latchkey, as an API meets it. */
export interface Latchkey {
  /** Its public keys, kept for five minutes. */
  keys: JWTVerifyGetKey
  /** Asks about a token of this API's; throws Refused (503) while nobody answers. */
  introspect(token: string): Promise<Introspected>
  /** Authenticates the API. */
  authorization: string
}

/** Finds Latchkey when it is first needed, and again until that has worked once. */
export function latchkeyAt(issuer: string, client: { id: string; secret: string }): Latchkey {
  const authorization = `Basic ${btoa(`${client.id}:${encodeURIComponent(client.secret)}`)}`
  let found: Promise<{ keys: JWTVerifyGetKey; introspection: string }> | undefined
  const find = async () => {
    const answer = await fetch(`${issuer}/.well-known/openid-configuration`)
    const { jwks_uri, introspection_endpoint } = (await answer.json()) as Record<string, string>
    const keys = createRemoteJWKSet(new URL(jwks_uri ?? ''), { cacheMaxAge: 300_000 })
    return { keys, introspection: introspection_endpoint ?? '' }
  }
  const known = () => {
    found ??= find()
    // What failed once may work the next time.
    found.catch(() => {
      found = undefined
    })
    return found
  }
  return {
    authorization,
    keys: async (header, token) => (await known()).keys(header, token),
    introspect: async token => {
      const body = new URLSearchParams({ token, token_type_hint: 'access_token' })
      const ask = async () => fetch((await known()).introspection, { method: 'POST', headers: { authorization }, body })
      const answer = await ask().catch(() => undefined)
      if (answer?.status !== 200) throw new Refused(503, { error: 'not_verified' })
      return (await answer.json()) as Introspected
    },
  }
}

/** Could the keys not be had, so that nobody knows whether a token is good? */
export function unreached(fault: unknown): boolean {
  return (
    fault instanceof TypeError ||
    fault instanceof errors.JWKSTimeout ||
    (fault as Error).message.includes('HTTP response')
  )
}
