import type { Provider } from 'oidc-provider'
import { wordsOf } from '../errors.ts'
import type { Emit } from '../events.ts'
import type { Replacements } from './internals.ts'

/** Word that an app's session has ended, for one app. */
interface Logout {
  client: string
  account: string
  /** The session as the app knows it. */
  sid: string | undefined
}

/** Keeps word for an app until the app has heard it. */
export type PostLogout = (logout: Logout) => Promise<void>

/**
 * The library tells apps once, and forgets those that are down. Ours is kept until it is heard (OpenID Connect
 * Back-Channel Logout 1.0, 2.5), whichever way the session ended.
 */
export function logouts({ provider, post, emit }: { provider: Provider; post: PostLogout; emit: Emit }) {
  let send: ReturnType<Replacements['tellLogout']>
  const tellLogout: Replacements['tellLogout'] = own => {
    send = own
    return ({ clientId: client }, account, sid) => post({ client, account, sid })
  }

  /** Tells an app that its session has ended; `refused` when saying it again would change nothing. Throws when the app did not hear. */
  const tellApp = async ({ client, account, sid }: Logout): Promise<'heard' | 'refused'> => {
    const app = await provider.Client.find(client)
    // It was taken out of the file, or wants to hear no more.
    if (!app?.backchannelLogoutUri) return 'heard'
    try {
      await send(app, account, sid)
    } catch (fault) {
      await emit('logout.failed', { client, account, reason: reasonOfCall(fault, app.backchannelLogoutUri) })
      if (refuses(statusOf(fault))) return 'refused'
      throw fault
    }
    await emit('logout.delivered', { client, account })
    return 'heard'
  }
  return { tellLogout, tellApp }
}

export type TellApp = ReturnType<typeof logouts>['tellApp']

/** Tells whether a repetition is useless: the app refuses it with 400 (2.8), or redirects, and what is signed goes nowhere else. */
const refuses = (status: number): boolean => status === 400 || (status >= 300 && status < 400)

/** The status that an app answered with; 0 where it did not. */
export function statusOf(fault: unknown): number {
  return (fault as { response?: { status?: number } }).response?.status ?? 0
}

/** Why a notice did not reach an app: its host, and what it answered or what failed. */
export function reasonOfCall(fault: unknown, uri: string): string {
  const status = statusOf(fault)
  return status > 0 ? `${new URL(uri).host} answered ${status}` : wordsOf(fault)
}
