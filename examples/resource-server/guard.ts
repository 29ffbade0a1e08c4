import { Refused, refusing, type Scheme } from './challenge.ts'
import { proofs } from './dpop.ts'
import { latchkeyAt } from './latchkey.ts'
import { metadataPath } from './metadata.ts'
import { signatures } from './signed.ts'
import { tokens } from './tokens.ts'

export { Refused } from './challenge.ts'

/** What an API knows of Latchkey, and of itself. */
export interface Options {
  issuer: string
  /** The client that the API is: it authenticates to ask about signed requests, and about what was approved. */
  client: { id: string; secret: string }
  /** The API's resource identifier: access tokens must be for it. */
  audience: string
  /** Scheme, host and port that callers address; what they sign begins with it. */
  origin: string
  /** Proxies whose X-Forwarded-For is believed: addresses or CIDR blocks. */
  proxies?: readonly string[]
  /** Milliseconds since the epoch. */
  now?: () => number
}

/** A request as any server has it. */
export interface Received {
  method: string
  /** Path and query, as they were sent. */
  target: string
  /** By lower-case names. */
  headers: Readonly<Record<string, string | string[] | undefined>>
  body: Uint8Array
  /** Who is at the other end of the connection. */
  peer: string
}

/** What an act takes: a scope, and of people how well and how lately (seconds) they proved who they are (RFC 9470). */
export interface Need {
  scope: string
  acr?: 'mfa' | 'aal2' | 'phr'
  maxAge?: number
  /** Or this very act, approved (RFC 9396): the `type` of what was. */
  approval?: string
}

/** On whose behalf a request comes, and what it may do. */
export interface Caller {
  account: string
  scope: ReadonlySet<string>
  /** The API key that signed it; undefined when it came with an access token. */
  key: string | undefined
  /** The account is to wait until then (seconds since the epoch) with what cannot be undone. */
  heldUntil?: number | undefined
  /** What is to be done, and nothing else; its token is spent. */
  approved?: { detail: Readonly<Record<string, unknown>>; receipt: string }
}

/** Says whose request it is, by its access token or its signature, and that it may do what it asks. Throws Refused. */
export type Guard = (received: Received, need: Need) => Promise<Caller>

/** Guards an API: access tokens are verified here, signed requests by Latchkey, which alone knows what was seen before. */
export function guard(options: Options): Guard {
  const { issuer, audience, origin, client, now = Date.now } = options
  const refuse = refusing(origin + metadataPath(audience))
  const latchkey = latchkeyAt(issuer, client)
  const byToken = tokens({ issuer, audience, origin, latchkey, refuse, proof: proofs(now), now })
  const bySignature = signatures(options, latchkey.authorization, () => refuse(undefined))

  return async (received, need) => {
    const { authorization } = received.headers
    const [, sent = '', token] = /^(Bearer|DPoP) +([\w.~+/-]+=*)$/i.exec(String(authorization ?? '')) ?? []
    const scheme: Scheme = sent.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer'
    if (token !== undefined) return byToken({ scheme, token }, received, need)
    // What people have to approve, a key cannot.
    if (need.approval !== undefined) throw refuse(undefined)
    const caller = await bySignature(received, need.scope)
    if (!caller.scope.has(need.scope)) throw new Refused(403, { error: 'insufficient_scope' })
    return caller
  }
}

/** Throws Refused while the account is to wait with what cannot be undone: what protects it was changed lately, perhaps by a thief. `now` is in milliseconds. */
export function waitWhileHeld({ heldUntil = 0 }: Pick<Caller, 'heldUntil'>, now: number): void {
  if (heldUntil * 1000 > now) throw new Refused(403, { error: 'account_held', until: heldUntil })
}
