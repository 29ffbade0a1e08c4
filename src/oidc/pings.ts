import type { Provider } from 'oidc-provider'
import type { Emit } from '../events.ts'
import type { Ping } from '../records/remote-requests.ts'
import { ping } from './internals.ts'
import { reasonOfCall, statusOf } from './logouts.ts'

/** Word to an app that its request was answered. */
interface AppPing extends Ping {
  client: string
}

/** Keeps word for an app until it has heard it, or its request has run out. */
export type PostPing = (ping: AppPing) => Promise<void>

/** Tells an app to come for its tokens; `refused` when saying it again would change nothing. Throws when the app did not hear. */
export type TellPing = (ping: AppPing) => Promise<'heard' | 'refused'>

/** Makes what tells apps, by the token that they gave for it (CIBA Core 1.0, 10.2). */
export function pings({ provider, emit }: { provider: Provider; emit: Emit }): TellPing {
  return async ({ client, auth_req_id: jti, token }) => {
    const app = await provider.Client.find(client)
    // It was taken out of the file, or polls now.
    if (app?.backchannelTokenDeliveryMode !== 'ping') return 'heard'
    try {
      await ping(provider, app, { jti, params: { client_notification_token: token } })
    } catch (fault) {
      const reason = reasonOfCall(fault, app.backchannelClientNotificationEndpoint ?? '')
      await emit('ping.failed', { client, reason })
      // The token goes to the address that was declared and to no other (CIBA Core 1.0, 10.2): a redirect is a refusal.
      const status = statusOf(fault)
      if (status >= 300 && status < 500 && status !== 429) return 'refused'
      throw fault
    }
    return 'heard'
  }
}
