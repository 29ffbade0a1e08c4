import { CodeUsedTwice, type Records } from '../records/adapter.ts'
import type { Grant } from './internals.ts'

/** Redeems codes: a second redemption ends what the first was given (RFC 6749, 4.1.2), also when both come at once. */
export function redeeming(handle: Grant, records: Records): Grant {
  return async ctx => {
    try {
      await handle(ctx)
    } catch (fault) {
      if (fault instanceof CodeUsedTwice) await records.revokeGrant(fault.grantId)
      throw fault
    }
  }
}
