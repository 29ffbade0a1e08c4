import { type Configuration, errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider'
import { type Account, active } from '../accounts/account.ts'
import { originOf } from '../accounts/device.ts'
import { sha256 } from '../crypto/digest.ts'
import { Problem } from '../errors.ts'
import type { Mutes } from '../records/consents.ts'
import { ping } from './library-models.ts'
import { reasonOfCall, statusOf } from './logout.ts'
import type { Options } from './options.ts'

const window = 10 * 60_000
/** How often one app may ask one person, and all apps together: nobody is to be asked until they give in. */
const fromOne = { tries: 5, window }
const fromAll = { tries: 10, window }
/** What an app may say that it is for, in characters: letters, digits and plain marks, in one line (CIBA Core 1.0, 7.1). */
const message = /^(?! )[\p{L}\p{N} .,:;#+\-/()€$£%&]{1,80}(?<! )$/u
/** The name of a person who does not exist begins with this. */
const nobody = 'nobody.'

/** Tells whether this is the name of a person who does not exist. */
export function isNobody(id: string): boolean {
  return id.startsWith(nobody)
}

/**
 * Configures how apps ask a person who is not in front of them (CIBA Core 1.0). An app of the suite is told when there is no such person;
 * any other app gets the usual answer, and waits for nobody.
 */
export function backchannel(
  { clients, accounts, throttle, sendMail, emit, onFault, now }: Options,
  mutes: Mutes,
): NonNullable<NonNullable<Configuration['features']>['ciba']> {
  const named = async (hint: string): Promise<Account | undefined> =>
    (await accounts.get(hint)) ?? (await accounts.byEmail(hint.trim().toLowerCase()))

  const spend = async (ctx: KoaContextWithOIDC, account: string): Promise<void> => {
    const client = ctx.oidc.client?.clientId ?? ''
    try {
      if (await mutes.has(account, client)) throw new Problem('slow_down')
      await throttle.ration('approval.asked', `${account} ${client}`, fromOne)
      await throttle.ration('approval.asked', account, fromAll)
    } catch (fault) {
      if (!(fault instanceof Problem)) throw fault
      const denied = new errors.AccessDenied('this person is not to be asked now')
      // CIBA Core 1.0, 13.
      throw Object.assign(denied, { status: 403, statusCode: 403 })
    }
  }

  return {
    enabled: true,
    deliveryModes: ['poll', 'ping'],
    processLoginHint: async (ctx, hint = '') => {
      const found = await named(hint)
      if (active(found)) return found.id
      const trusted = (await clients.app(ctx.oidc.client?.clientId ?? ''))?.firstParty
      return trusted ? undefined : `${nobody}${sha256(hint)}`
    },
    processLoginHintToken: async () => {
      throw new errors.InvalidRequest('login_hint_token is not taken')
    },
    validateBindingMessage: async (_, text) => {
      if (text !== undefined && !message.test(text)) throw new errors.InvalidBindingMessage('1 to 80 plain characters')
    },
    validateRequestContext: async () => {},
    // Before the request is stored: what is too much leaves nothing behind.
    verifyUserCode: (ctx, { accountId }) => spend(ctx, accountId),
    triggerAuthenticationDevice: async (ctx, request, { accountId }, client) => {
      const app = await clients.app(client.clientId)
      const { binding_message: text } = request.params ?? {}
      const ask = async (): Promise<void> => {
        const person = await accounts.get(accountId)
        if (!person || !app) return
        const expiresAt = now() + request.remainingTTL * 1000
        await emit('request.received', { account: accountId, client: app.id }, originOf(ctx))
        const { email, phone, smsAlerts, locale } = person
        const asked = { app: app.name, message: typeof text === 'string' ? text : '', expiresAt }
        await sendMail('approval', { email, textTo: smsAlerts ? phone : undefined, locale, account: accountId }, asked)
      }
      // Not awaited: the time of the answer must not tell whether there is such a person.
      void ask().catch(onFault)
    },
  }
}

/** Tells apps that wait for a ping that their request was answered, by the token that they gave for it (CIBA Core 1.0, 10.2). */
export function pings({ provider, emit }: { provider: Provider; emit: Options['emit'] }) {
  /** Pings an app; `refused` when doing it again would change nothing. Throws when the app could not take it. */
  return async (told: Parameters<Options['postPing']>[0]): Promise<'heard' | 'refused'> => {
    const { client, auth_req_id: jti, token } = told
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
