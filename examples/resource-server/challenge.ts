/** A request that does not pass: what to answer. */
export class Refused extends Error {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, unknown>> & { error: string }
  constructor(status: number, body: Refused['body'], headers: Refused['headers'] = {}) {
    super(body.error)
    this.status = status
    this.body = body
    this.headers = headers
  }
}

/** How a token is sent: a bearer may be anybody, DPoP proves its key (RFC 9449). */
export type Scheme = 'Bearer' | 'DPoP'

/** Refuses a token in the words of its scheme: what is wrong, and what would do. */
export type Refuse = (
  scheme: Scheme | undefined,
  error?: { error: string; status?: number; more?: Readonly<Record<string, string>> },
) => Refused

/** What DPoP proofs may be signed with. */
export const proofAlgorithms = ['ES256', 'EdDSA', 'Ed25519', 'PS256']

/**
 * Makes the refusals of one API: `WWW-Authenticate` (RFC 6750, 3; RFC 9449, 7.1; RFC 9470, 3) says where its metadata is
 * (RFC 9728, 5.1). Who sent no token learns the schemes and no more.
 */
export function refusing(metadata: string): Refuse {
  const challenge = (scheme: Scheme, told: Readonly<Record<string, string>>): string => {
    const all = {
      ...told,
      ...(scheme === 'DPoP' && { algs: proofAlgorithms.join(' ') }),
      resource_metadata: metadata,
    }
    return `${scheme} ${Object.entries(all)
      .map(([name, value]) => `${name}="${value}"`)
      .join(', ')}`
  }
  return (scheme, { error, status = 401, more = {} } = { error: 'unauthorized' }) => {
    const schemes: Scheme[] = scheme ? [scheme] : ['DPoP', 'Bearer']
    const told = scheme ? { error, ...more } : {}
    return new Refused(
      status,
      { error, ...more },
      { 'WWW-Authenticate': schemes.map(each => challenge(each, told)).join(', ') },
    )
  }
}

/** The header by which a caller follows one request through several servers (FAPI 1.0 Baseline, 6.2.1). */
export const interaction = 'x-fapi-interaction-id'

/** The id of an interaction as every answer repeats it: the caller's where it is a UUID, else a new one. */
export function interactionId(received: string | string[] | null | undefined): string {
  const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i
  return typeof received === 'string' && uuid.test(received) ? received : crypto.randomUUID()
}
