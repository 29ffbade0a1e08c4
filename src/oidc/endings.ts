import type { AdapterPayload, Provider } from 'oidc-provider'
import type { EventData, Origin, Record } from '../events.ts'
import type { Records } from './adapter.ts'
import type { PostLogout } from './logouts.ts'

export type Why = EventData<'session.ended'>['why']

interface Services {
  provider: Provider
  records: Records
  post: PostLogout
  record: Record
}

/** Ends a session: its cookie and its tokens are dead at once, and its apps are told. False when it is over already. */
export type EndSession = (uid: string, why: Why, origin?: Origin) => Promise<boolean>

/** Makes what ends sessions. Of several that end one at once, one does. */
export function endings({ provider, records, post, record }: Services): EndSession {
  const tell = async (client: string, account: string, sid: string | undefined): Promise<void> => {
    const app = await provider.Client.find(client)
    if (app?.backchannelLogoutUri) await post({ client, account, sid })
  }

  return async (uid, why, origin = {}) => {
    const ended: AdapterPayload | undefined = await records.sessions.take(uid)
    if (!ended) return false
    const apps = Object.entries(ended.authorizations ?? {})
    const { accountId: account } = ended
    const done = [
      records.revokeSession(uid),
      ...apps.map(([, { grantId }]) => grantId && records.revokeGrant(grantId)),
      account !== undefined && record('session.ended', { account, session: uid, why }, origin),
      ...apps.map(([client, { sid }]) => account !== undefined && tell(client, account, sid)),
    ]
    await Promise.all(done)
    return true
  }
}
