import type { AdapterPayload, Provider } from 'oidc-provider'
import { wordsOf } from '../errors.ts'
import type { EventData, Origin } from '../events.ts'
import type { Records } from '../records/adapter.ts'
import type { Consents } from '../records/consents.ts'
import type { Replacements } from './library-models.ts'
import type { Options } from './options.ts'

export type EndReason = EventData<'session.ended'>['why']
export type EndSession = ReturnType<typeof sessionEnding>['endSession']

type Services = Pick<Options, 'postLogout' | 'emit'> & { provider: Provider; records: Records; consents: Consents }

/** Ends sessions and takes back what apps were allowed: cookies and tokens are dead at once, and the apps are told. */
export function sessionEnding({ provider, records, consents, postLogout, emit }: Services) {
  const notify = async (client: string, account: string, sid: string | undefined): Promise<void> => {
    const app = await provider.Client.find(client)
    if (app?.backchannelLogoutUri) await postLogout({ client, account, sid })
  }

  return {
    /** Ends a session. False when it is over already: of several that end one at once, one does. */
    endSession: async (uid: string, why: EndReason, origin: Origin = {}): Promise<boolean> => {
      const ended: AdapterPayload | undefined = await records.sessions.take(uid)
      if (!ended) return false
      const apps = Object.entries(ended.authorizations ?? {})
      const { accountId: account } = ended
      const done = [
        records.revokeSession(uid),
        ...apps.map(([, { grantId }]) => grantId && records.revokeGrant(grantId)),
        account !== undefined && emit('session.ended', { account, session: uid, why }, origin),
        ...apps.map(([client, { sid }]) => account !== undefined && notify(client, account, sid)),
      ]
      await Promise.all(done)
      return true
    },
    /** Revokes an account's consent to an app, with its tokens and its part in each session. False when there was none. */
    revokeApp: async (account: string, client: string, origin: Origin = {}): Promise<boolean> => {
      if (!(await consents.revoke(account, client))) return false
      await emit('consent.revoked', { account, client }, origin)
      for (const uid of await records.sessions.of(account)) {
        const left = await records.sessions.leave(uid, client)
        if (left) await notify(client, account, left.sid)
      }
      return true
    },
  }
}

/**
 * The library tells apps of a logout once, and forgets those that are down. Here a notice is kept until the app has taken it (OpenID
 * Connect Back-Channel Logout 1.0, 2.5), whichever way the session ended.
 */
export function logoutNotices({ provider, postLogout, emit }: Pick<Services, 'provider' | 'postLogout' | 'emit'>) {
  let send: ReturnType<Replacements['tellLogout']>
  const tellLogout: Replacements['tellLogout'] = own => {
    send = own
    return ({ clientId: client }, account, sid) => postLogout({ client, account, sid })
  }

  /** Sends a logout notice to its app; `refused` when sending it again would change nothing. Throws when the app could not take it. */
  const tellApp = async (notice: Parameters<typeof postLogout>[0]): Promise<'heard' | 'refused'> => {
    const { client, account, sid } = notice
    const app = await provider.Client.find(client)
    // It was taken out of the file, or wants no notices any more.
    if (!app?.backchannelLogoutUri) return 'heard'
    try {
      await send(app, account, sid)
    } catch (fault) {
      await emit('logout.failed', { client, account, reason: reasonOfCall(fault, app.backchannelLogoutUri) })
      const status = statusOf(fault)
      // The app refuses it with 400 (2.8), or redirects, and what is signed goes nowhere else.
      if (status === 400 || (status >= 300 && status < 400)) return 'refused'
      throw fault
    }
    await emit('logout.delivered', { client, account })
    return 'heard'
  }
  return { tellLogout, tellApp }
}

/** Returns the status that an app answered with; 0 where it did not answer. */
export function statusOf(fault: unknown): number {
  return (fault as { response?: { status?: number } }).response?.status ?? 0
}

/** Says why a notice did not reach an app: its host, and what it answered or what failed. */
export function reasonOfCall(fault: unknown, uri: string): string {
  const status = statusOf(fault)
  return status > 0 ? `${new URL(uri).host} answered ${status}` : wordsOf(fault)
}
