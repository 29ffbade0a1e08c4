/** Why something could not be delivered, in the words of log, metrics and `latchkey doctor`. */
export const deliveryReasons = {
  'host-not-found': 'the host name cannot be resolved',
  'connection-refused': 'nothing listens at that host and port',
  'connection-lost': 'the connection was closed before the answer',
  'timed-out': 'there was no answer in time',
  'not-smtp':
    'what answers there does not speak SMTP, or not at that port (smtp:// starts in clear text, smtps:// with TLS)',
  'no-tls': 'the server offers no TLS, and without it nothing is sent',
  'tls-failed': 'TLS could not be agreed upon',
  'certificate-refused': 'the certificate is expired, for another host, or issued by nobody who is trusted',
  'sign-in-refused': 'the user name or password was refused',
  'sender-refused': 'the sender’s address was refused',
  'recipient-refused': 'the recipient was refused',
  'content-refused': 'the content was refused',
  'too-many': 'the other side asks to be sent less for a while',
  'refused-for-now': 'it was refused for now',
  refused: 'it was refused',
  redirected: 'it answered with a redirect, which is not followed',
  failed: 'the other side failed',
  expired: 'it was of no more use before it could be delivered',
  unreadable: 'it is sealed under a secret that is gone',
} as const satisfies Record<string, string>

export type DeliveryReason = keyof typeof deliveryReasons

/** What an operator has to know of a failed delivery; nothing here says who it was for. */
export interface DeliveryFacts {
  reason: DeliveryReason
  /** Where it was to be delivered, `host` or `host:port`. */
  host?: string | undefined
  /** The step at which it failed: an SMTP command (RFC 5321, 4.1) or CONN. */
  step?: string | undefined
  /** The reply code: of SMTP (RFC 5321, 4.2) or of HTTP. */
  reply?: number | undefined
}

interface Options {
  /** True when no later try could fare better: this recipient or this content was refused. */
  forGood?: boolean
  /** Milliseconds before which the other side does not want to be asked again. */
  retryAfter?: number | undefined
  cause?: unknown
}

/** Thrown when something was not delivered. */
export class DeliveryFault extends Error {
  readonly facts: DeliveryFacts
  readonly forGood: boolean
  readonly retryAfter: number | undefined
  constructor(facts: DeliveryFacts, { forGood = false, retryAfter, cause }: Options = {}) {
    super(deliveryReasons[facts.reason], { cause })
    this.name = 'DeliveryFault'
    this.facts = facts
    this.forGood = forGood
    this.retryAfter = retryAfter
  }
}

/** Describes why a delivery failed; an unexpected error is `failed`. */
export function factsOf(fault: unknown): DeliveryFacts {
  return fault instanceof DeliveryFault ? fault.facts : { reason: socketReason(fault) ?? 'failed' }
}

const sockets: Readonly<Record<string, DeliveryReason>> = {
  ENOTFOUND: 'host-not-found',
  EAI_AGAIN: 'host-not-found',
  EDNS: 'host-not-found',
  ECONNREFUSED: 'connection-refused',
  EHOSTUNREACH: 'connection-refused',
  ENETUNREACH: 'connection-refused',
  ECONNRESET: 'connection-lost',
  EPIPE: 'connection-lost',
  UND_ERR_SOCKET: 'connection-lost',
  ETIMEDOUT: 'timed-out',
  UND_ERR_CONNECT_TIMEOUT: 'timed-out',
  UND_ERR_HEADERS_TIMEOUT: 'timed-out',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate-refused',
  ERR_SSL_WRONG_VERSION_NUMBER: 'tls-failed',
}
/** How Node names what OpenSSL finds wrong with a certificate. */
const certificates = /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT|INVALID_|HOSTNAME_MISMATCH)|certificate/i

/** What an error of a socket means, looking through what wraps it; undefined where it says nothing of the connection. */
export function socketReason(fault: unknown): DeliveryReason | undefined {
  for (let at: unknown = fault, depth = 0; at instanceof Error && depth < 5; at = innerOf(at), depth++) {
    const code = String((at as { code?: unknown }).code ?? '')
    // Mailers replace the socket's code by one of their own; the socket's is then in the message alone.
    const known = sockets[code] ?? sockets[/\bE[A-Z]{4,}\b/.exec(at.message)?.[0] ?? '']
    if (known) return known
    if (certificates.test(code) || (/^(ETLS|ESOCKET)?$/.test(code) && certificates.test(at.message)))
      return 'certificate-refused'
    if (/^ERR_(SSL|TLS)_|^EPROTO$/.test(code) || at.message.includes('SSL routines')) return 'tls-failed'
    if (at.name === 'TimeoutError') return 'timed-out'
  }
  return undefined
}

function innerOf(fault: Error): unknown {
  return fault instanceof AggregateError ? fault.errors[0] : fault.cause
}
