import type { RefreshToken, TokenEndpointGrantContext } from 'oidc-provider'
import type { Records } from './adapter.ts'
import { renew, short } from './grants.ts'

interface Services {
  records: Records
  /** Milliseconds. */
  session: { idle: number; max: number }
  now: () => number
}

export type Prolong = (ctx: TokenEndpointGrantContext, spent: RefreshToken) => Promise<void>

/**
 * An app that refreshes is somebody at work: the session lives on, and the grant with it. Each family does it at most
 * once in a tenth of the idle time, so that a refresh is one write as a rule.
 */
export function prolonging({ records, session: { idle, max }, now }: Services): Prolong {
  const tenth = (at: number): number => Math.floor(at / (idle / 10))

  return async ({ oidc }, { iat, sessionUid }) => {
    if (tenth(iat * 1000) === tenth(now())) return
    const { Grant: grant } = oidc.entities
    const end = (loginTs: number): number => Math.min(now() + idle, loginTs * 1000 + max)
    await Promise.all([
      sessionUid !== undefined && records.sessions.prolong(sessionUid, end),
      grant && short(grant, max) && renew(grant),
    ])
  }
}
