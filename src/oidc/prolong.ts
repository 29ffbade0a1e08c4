import type { RefreshToken, TokenEndpointGrantContext } from 'oidc-provider'
import { originOf } from '../accounts/device.ts'
import type { Emit } from '../events.ts'
import type { Records } from '../records/adapter.ts'
import { renew, short } from './grants.ts'

interface Services {
  records: Records
  /** Milliseconds. */
  session: { idle: number; max: number }
  emit: Emit
  now: () => number
}

/** Resolves to when the session must be looked at again, in milliseconds; undefined where it did not have to be now. */
export type Prolong = (ctx: TokenEndpointGrantContext, spent: RefreshToken) => Promise<number | undefined>

/**
 * An app that refreshes is somebody at work: the session lives on, and the grant with it. Once in a tenth of the idle
 * time is enough; until then the session lives, or has ended and taken this token along, and need not be looked at.
 */
export function prolonging({ records, session: { idle, max }, emit, now }: Services): Prolong {
  return async (ctx, { accountId, expiresWithSession, sessionUid }) => {
    if (!expiresWithSession || sessionUid === undefined) return undefined
    const { Grant: grant } = ctx.oidc.entities
    const end = (loginTs: number): number => Math.min(now() + idle, loginTs * 1000 + max)
    const [ends] = await Promise.all([
      records.sessions.prolong(sessionUid, end),
      grant && short(grant, max) && renew(grant),
    ])
    if (ends === undefined) return undefined
    await emit('session.seen', { account: accountId, session: sessionUid }, originOf(ctx))
    return Math.min(now() + idle / 10, ends)
  }
}
