import type { AdapterPayload, Provider } from 'oidc-provider'
import type { Emit, EventData, Origin } from '../events.ts'
import type { Records } from '../records/adapter.ts'
import type { Consents } from '../records/consents.ts'
import type { PostLogout } from './logouts.ts'

export type Why = EventData<'session.ended'>['why']

interface Services {
  provider: Provider
  records: Records
  post: PostLogout
  emit: Emit
}

/** Takes back what an app was allowed: its tokens are dead at once, and it is told of each session's end. False when nothing was. */
export type RevokeApp = (account: string, client: string, origin?: Origin) => Promise<boolean>

/** Ends a session: its cookie and its tokens are dead at once, and its apps are told. False when it is over already. */
export type EndSession = (uid: string, why: Why, origin?: Origin) => Promise<boolean>

/** Makes what tells an app that its session has ended, where it wants to hear. */
function telling({ provider, post }: Pick<Services, 'provider' | 'post'>) {
  return async (client: string, account: string, sid: string | undefined): Promise<void> => {
    const app = await provider.Client.find(client)
    if (app?.backchannelLogoutUri) await post({ client, account, sid })
  }
}

/** Makes what takes consents back. */
export function revoking({ consents, ...services }: Services & { consents: Consents }): RevokeApp {
  const { records, emit } = services
  const tell = telling(services)
  return async (account, client, origin = {}) => {
    if (!(await consents.revoke(account, client))) return false
    await emit('consent.revoked', { account, client }, origin)
    for (const uid of await records.sessions.of(account)) {
      const left = await records.sessions.leave(uid, client)
      if (left) await tell(client, account, left.sid)
    }
    return true
  }
}

/** Makes what ends sessions. Of several that end one at once, one does. */
export function endings(services: Services): EndSession {
  const { records, emit } = services
  const tell = telling(services)

  return async (uid, why, origin = {}) => {
    const ended: AdapterPayload | undefined = await records.sessions.take(uid)
    if (!ended) return false
    const apps = Object.entries(ended.authorizations ?? {})
    const { accountId: account } = ended
    const done = [
      records.revokeSession(uid),
      ...apps.map(([, { grantId }]) => grantId && records.revokeGrant(grantId)),
      account !== undefined && emit('session.ended', { account, session: uid, why }, origin),
      ...apps.map(([client, { sid }]) => account !== undefined && tell(client, account, sid)),
    ]
    await Promise.all(done)
    return true
  }
}
