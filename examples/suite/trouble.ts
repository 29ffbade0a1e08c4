import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client'

/** A failure that a person or a program is told of: its code, its status and its words. */
export class Trouble extends Error {
  readonly code: string
  readonly status: number
  readonly title: string
  readonly advice: string
  /** What the page offers: to log in (again), or the way home. */
  readonly offer: 'login' | 'home'
  /** Latchkey's own word for it, for whoever runs the app. */
  readonly reason: string | undefined

  constructor(code: keyof typeof troubles, cause?: unknown) {
    super(code, { cause })
    const [status, title, advice, offer] = troubles[code]
    this.name = 'Trouble'
    this.code = code
    this.status = status
    this.title = title
    this.advice = advice
    this.offer = offer
    this.reason = reasonOf(cause)
  }
}

type Told = readonly [status: number, title: string, advice: string, offer: 'login' | 'home']

const troubles = {
  access_denied: [
    403,
    'You were not signed in',
    'The sign-in was stopped before it was finished. Nothing was shared with this app.',
    'login',
  ],
  stale: [
    400,
    'This sign-in can’t be finished here',
    'It was begun in another browser, begun too long ago, or finished already. Start again; it takes a moment.',
    'login',
  ],
  refused: [
    400,
    'Latchkey turned this sign-in down',
    'You have done nothing wrong. Try once more; if it happens again, this app is set up in a way that Latchkey does not accept.',
    'login',
  ],
  away: [
    503,
    'Latchkey is not answering',
    'Nobody can sign in until it is back. What you see here while signed in stays as it is. Try again in a moment.',
    'login',
  ],
  session_ended: [
    401,
    'Your session has ended',
    'Latchkey gives this app no new token: you signed out, or a session was ended for safety. Nothing of yours is lost.',
    'login',
  ],
  signed_out: [401, 'You are not signed in', 'There is something to show here once you are.', 'login'],
  no_refresh_token: [
    409,
    'There is nothing to refresh with',
    'Latchkey gave this app no refresh token. Log in again when the access token has passed.',
    'home',
  ],
  cross_origin: [
    403,
    'That came from somewhere else',
    'Another site asked for this in your name, so nothing was done. Use the buttons of this app.',
    'home',
  ],
  not_found: [404, 'There is no such page', 'The address may be mistyped, or the page may have moved.', 'home'],
  method_not_allowed: [
    405,
    'That is not how this page is asked for',
    'Go back to the start and use the buttons there.',
    'home',
  ],
  internal: [
    500,
    'This app has failed',
    'It is our fault, and it is in our log. Go back to the start and try again.',
    'home',
  ],
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
