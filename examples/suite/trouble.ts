import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client'

/** A failure that a person or a program is told of: its code and its status. */
export class Trouble extends Error {
  readonly code: keyof typeof troubles
  readonly status: number
  /** What the page offers: to log in (again), or the way home. */
  readonly offer: 'login' | 'home'
  /** Latchkey's own word for it, for whoever runs the app. */
  readonly reason: string | undefined

  constructor(code: keyof typeof troubles, cause?: unknown) {
    super(code, { cause })
    const [status, offer] = troubles[code]
    this.name = 'Trouble'
    this.code = code
    this.status = status
    this.offer = offer
    this.reason = reasonOf(cause)
  }
}

type Told = readonly [status: number, offer: 'login' | 'home']

// What each is called, and what to do next, is said in `trouble.<code>.title` and `trouble.<code>.advice`.
const troubles = {
  access_denied: [403, 'login'],
  stale: [400, 'login'],
  refused: [400, 'login'],
  away: [503, 'login'],
  session_ended: [401, 'login'],
  signed_out: [401, 'login'],
  no_refresh_token: [409, 'home'],
  cross_origin: [403, 'home'],
  not_found: [404, 'home'],
  method_not_allowed: [405, 'home'],
  internal: [500, 'home'],
} as const satisfies Record<string, Told>

const unreached = new Set(['OAUTH_TIMEOUT', 'OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_RESPONSE_IS_NOT_JSON'])
const passing = new Set(['server_error', 'temporarily_unavailable'])

function reasonOf(fault: unknown): string | undefined {
  if (!(fault instanceof AuthorizationResponseError || fault instanceof ResponseBodyError)) return undefined
  return /^[a-z_]{1,64}$/.test(fault.error) ? fault.error : undefined
}

/** Names what went wrong between this app and Latchkey (RFC 6749, 4.1.2.1 and 5.2). */
export function troubleWithLatchkey(fault: unknown): Trouble {
  if (fault instanceof Trouble) return fault
  if (fault instanceof AuthorizationResponseError || fault instanceof ResponseBodyError) {
    if (passing.has(fault.error)) return new Trouble('away', fault)
    return new Trouble(fault.error === 'access_denied' ? 'access_denied' : 'refused', fault)
  }
  // fetch says no more of a server that cannot be reached than `TypeError: fetch failed`.
  if (fault instanceof TypeError && fault.cause !== undefined) return new Trouble('away', fault)
  if (fault instanceof ClientError) return new Trouble(unreached.has(fault.code ?? '') ? 'away' : 'refused', fault)
  return new Trouble('internal', fault)
}
