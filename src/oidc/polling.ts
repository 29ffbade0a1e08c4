import { errors } from 'oidc-provider'
import type { Records } from '../records/adapter.ts'
import type { Grant } from './internals.ts'

/** Answers polls: who comes back too early is told so, each time for longer (RFC 8628, 3.5; CIBA Core 1.0, 11). */
export function polling(handle: Grant, records: Records, parameter: 'device_code' | 'auth_req_id'): Grant {
  return async ctx => {
    try {
      await handle(ctx)
    } catch (fault) {
      const { [parameter]: bearer } = ctx.oidc.params
      const waits = fault instanceof errors.AuthorizationPending && typeof bearer === 'string'
      if (waits && (await records.remote.polled(bearer))) throw new errors.SlowDown()
      throw fault
    }
  }
}
