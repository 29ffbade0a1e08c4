import type { AdapterPayload, Provider } from 'oidc-provider'
import type { EventData, Origin, Record } from '../events.ts'
import type { Records } from './adapter.ts'

export type Why = EventData<'session.ended'>['why']

interface Services {
  provider: Provider
  records: Records
  record: Record
}

/** Ends a session: its tokens are dead at once, and its apps are told (OpenID Connect Back-Channel Logout 1.0). */
export type EndSession = (uid: string, why: Why, origin?: Origin) => Promise<void>

/** Makes what ends sessions. Of several that end one at once, one does. */
export function endings({ provider, records, record }: Services): EndSession {
  const tell = async (client: string, account: string, sid: string | undefined, origin: Origin): Promise<void> => {
    const found = await provider.Client.find(client)
    if (!found?.backchannelLogoutUri) return
    const { backchannelLogout } = found as unknown as { backchannelLogout(sub: string, sid?: string): Promise<void> }
    const delivered = await backchannelLogout.call(found, account, sid).then(
      () => true,
      () => false,
    )
    await record(delivered ? 'logout.delivered' : 'logout.failed', { client, account }, origin)
  }

  return async (uid, why, origin = {}) => {
    const ended: AdapterPayload | undefined = await records.sessions.take(uid)
    if (!ended) return
    const apps = Object.entries(ended.authorizations ?? {})
    await Promise.all([
      records.revokeSession(uid),
      ...apps.map(([, { grantId }]) => grantId && records.revokeGrant(grantId)),
    ])
    const { accountId: account } = ended
    if (account === undefined) return
    await record('session.ended', { account, session: uid, why }, origin)
    await Promise.all(apps.map(([client, { sid }]) => tell(client, account, sid, origin)))
  }
}
