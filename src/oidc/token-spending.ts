import { type AccessToken, errors, type KoaContextWithOIDC } from 'oidc-provider'
import { originOf } from '../accounts/device.ts'
import { CodeUsedTwice, type Records } from '../records/adapter.ts'
import type { Grant } from './internals.ts'
import type { Options } from './options.ts'
import { written } from './writing.ts'

/** Redeems authorization codes: a second redemption ends what the first was given (RFC 6749, 4.1.2), also when both come at once. */
export function codeRedemption(grant: Grant, records: Records): Grant {
  return async ctx => {
    try {
      const [granted] = await Promise.allSettled([grant(ctx)])
      // Also where no tokens were given: the code may have been spent before.
      await written(ctx)
      if (granted.status === 'rejected') throw granted.reason
    } catch (fault) {
      if (fault instanceof CodeUsedTwice) await records.revokeGrant(fault.grantId)
      throw fault
    }
  }
}

/** Answers polls by what was given to the app: one that comes too early is told to slow down, each time for longer (RFC 8628, 3.5; CIBA Core 1.0, 11). */
export function polling(grant: Grant, records: Records, parameter: 'device_code' | 'auth_req_id'): Grant {
  return async ctx => {
    try {
      await grant(ctx)
    } catch (fault) {
      const { [parameter]: bearer } = ctx.oidc.params
      const waits = fault instanceof errors.AuthorizationPending && typeof bearer === 'string'
      if (waits && (await records.remote.polled(bearer))) throw new errors.SlowDown()
      throw fault
    }
  }
}

/**
 * Spends the token of an approval when the API that it is for introspects it (RFC 7662, 2.2): of many requests, one is told that it is
 * active, and it is gone. Any other API is told that it is not, and changes nothing; so is this one while the app that it was given to is
 * disabled or gone.
 */
export function approvalSpending({ clients, emit }: Pick<Options, 'clients' | 'emit'>, records: Records) {
  return async (ctx: KoaContextWithOIDC, client: string, token: AccessToken): Promise<boolean> => {
    const { jti, aud, accountId: account = '', clientId = '', extra } = token
    if (!clients.declared().isApi(client, aud)) return false
    if (!(await ctx.oidc.provider.Client.find(clientId))) return false
    if (!(await records.takeToken(jti))) return false
    const spent = { account, client: clientId, receipt: String(extra?.txn), api: String(aud) }
    await emit('approval.spent', spent, originOf(ctx))
    return true
  }
}
