import { originOf } from '../accounts/device.ts'
import type { Clients } from '../clients/registry.ts'
import type { Emit } from '../events.ts'
import type { Records } from '../records/adapter.ts'
import type { Spend } from './features.ts'

interface Services {
  clients: Clients
  records: Records
  emit: Emit
}

/**
 * Spends the token of an approval when the API that it is for asks about it (RFC 7662, 2.2): of many who ask, one hears
 * that it is active, and it is gone. Anybody else hears that it is not, and changes nothing.
 */
export function spending({ clients, records, emit }: Services): Spend {
  return async (ctx, client, { jti, aud, accountId: account = '', clientId = '', extra }) => {
    if (!clients.declared().isApi(client, aud)) return false
    if (!(await records.takeToken(jti))) return false
    const spent = { account, client: clientId, receipt: String(extra?.txn), api: String(aud) }
    await emit('approval.spent', spent, originOf(ctx))
    return true
  }
}
