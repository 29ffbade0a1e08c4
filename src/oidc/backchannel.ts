import { type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider'
import { type Account, active } from '../accounts/account.ts'
import { originOf } from '../accounts/device.ts'
import type { Throttle } from '../accounts/throttle.ts'
import type { Clients } from '../clients/registry.ts'
import { sha256 } from '../crypto/digest.ts'
import type { SendMail } from '../delivery/mails.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import type { Mutes } from '../records/consents.ts'

const window = 10 * 60_000
/** So often an app may ask one person, and all apps together: nobody is to be asked until they give in. */
const fromOne = { tries: 5, window }
const fromAll = { tries: 10, window }
/** What an app may say that it is for, in characters: letters, digits and plain marks, in one line (CIBA Core 1.0, 7.1). */
const message = /^(?! )[\p{L}\p{N} .,:;#+\-/()€$£%&]{1,80}(?<! )$/u
/** Stands for people that there are not. */
const nobody = 'nobody.'

export interface Backchannel {
  clients: Clients
  accounts: { get(id: string): Promise<Account | undefined>; byEmail(email: string): Promise<Account | undefined> }
  throttle: Pick<Throttle, 'ration'>
  sendMail: SendMail
  emit: Emit
  onFault(fault: unknown, request?: string): void
  now(): number
}

/** Is it the name of somebody that there is not? */
export function isNobody(id: string): boolean {
  return id.startsWith(nobody)
}

/**
 * How apps ask a person who is not in front of them (CIBA Core 1.0). An app of the suite learns whom there is not; any
 * other is answered alike, and waits for nobody.
 */
export function backchannel(
  { clients, accounts, throttle, sendMail, emit, onFault, now }: Backchannel,
  mutes: Mutes,
): NonNullable<NonNullable<Configuration['features']>['ciba']> {
  const named = async (hint: string): Promise<Account | undefined> =>
    (await accounts.get(hint)) ?? (await accounts.byEmail(hint.trim().toLowerCase()))

  const pay = async (ctx: KoaContextWithOIDC, account: string): Promise<void> => {
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
      const told = (await clients.app(ctx.oidc.client?.clientId ?? ''))?.firstParty
      return told ? undefined : `${nobody}${sha256(hint)}`
    },
    processLoginHintToken: async () => {
      throw new errors.InvalidRequest('login_hint_token is not taken')
    },
    validateBindingMessage: async (_, text) => {
      if (text !== undefined && !message.test(text)) throw new errors.InvalidBindingMessage('1 to 80 plain characters')
    },
    validateRequestContext: async () => {},
    // Before the request is kept: what is too much leaves nothing behind.
    verifyUserCode: (ctx, { accountId }) => pay(ctx, accountId),
    triggerAuthenticationDevice: async (ctx, request, { accountId }, client) => {
      const app = await clients.app(client.clientId)
      const { binding_message: text } = request.params ?? {}
      const tell = async (): Promise<void> => {
        const person = await accounts.get(accountId)
        if (!person || !app) return
        const expiresAt = now() + request.remainingTTL * 1000
        await emit('request.received', { account: accountId, client: app.id }, originOf(ctx))
        const { email, phone, smsAlerts, locale } = person
        const asked = { app: app.name, message: typeof text === 'string' ? text : '', expiresAt }
        await sendMail('approval', { email, textTo: smsAlerts ? phone : undefined, locale }, asked)
      }
      // Not waited for: the time of the answer must not tell whether there is somebody to tell.
      void tell().catch(onFault)
    },
  }
}
